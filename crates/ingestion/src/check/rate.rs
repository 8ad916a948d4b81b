//! Exchange rates.

use kehu_contract::ingestion::{ExchangeRate, ProblemReason, RecordKind};
use kehu_core::{Rate, currency};
use kehu_storage::ingestion::Entry;

use super::raw::Raw;
use super::{Checked, Checker, Given, Problems, values};
use kehu_core::decimal::{self, NotANumber};

const DECIMALS: u32 = 10;

impl Given for ExchangeRate {
    fn kind(&self) -> &'static str {
        "exchange_rate"
    }

    fn check(&self, checker: &Checker, problems: &mut Problems) -> Option<Checked> {
        checker.rate(self, problems).map(Checked::Good)
    }

    fn key(&self) -> Option<(RecordKind, &str)> {
        None
    }

    fn raw(&self) -> Raw {
        let mut raw = Raw::default();
        raw.push("currency", &self.currency_code);
        raw.push_date("start_date", self.start_date.as_ref());
        raw.push("rate", self.rate.as_ref().map_or("", |rate| &rate.value));
        raw
    }
}

impl Checker {
    /// An exchange rate; `None` only with problems.
    fn rate(&self, given: &ExchangeRate, problems: &mut Problems) -> Option<Entry> {
        let currency = self.foreign_currency(&given.currency_code, problems);
        let start_on = values::date("exchange_rate.start_date", given.start_date, problems);
        let text = given.rate.as_ref().map_or("", |rate| rate.value.as_str());
        let rate = rate(text, problems);
        Some(Entry::Rate { currency: currency?, start_on: start_on?, rate: rate? })
    }

    fn foreign_currency(&self, code: &str, problems: &mut Problems) -> Option<String> {
        let field = "exchange_rate.currency_code";
        if code.is_empty() {
            problems.add(field, ProblemReason::FieldMissing, "must not be empty");
            return None;
        }
        let Some(code) = currency::parse(code) else {
            let text = "must be an ISO 4217 currency";
            problems.add(field, ProblemReason::CurrencyUnknown, text);
            return None;
        };
        if code == self.base_currency {
            let text = "must not be the base currency";
            problems.add(field, ProblemReason::ValueUnknown, text);
            return None;
        }
        Some(code.to_owned())
    }
}

fn rate(text: &str, problems: &mut Problems) -> Option<Rate> {
    let field = "exchange_rate.rate";
    if text.is_empty() {
        problems.add(field, ProblemReason::FieldMissing, "must be given");
        return None;
    }
    let number = match decimal::parse(text) {
        Err(NotANumber::Invalid) => {
            let text = "must be a decimal number such as 0.8612";
            problems.add(field, ProblemReason::NumberInvalid, text);
            return None;
        }
        Err(NotANumber::OutOfRange) => None,
        Ok(number) => Some(number.normalize()).filter(|number| number.scale() <= DECIMALS),
    };
    let rate = number.and_then(|number| Rate::from_decimal(number).ok());
    if rate.is_none() {
        let text = "must be above zero, with at most ten decimals";
        problems.add(field, ProblemReason::OutOfRange, text);
    }
    rate
}
