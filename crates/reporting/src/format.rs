//! Numbers, amounts and dates as people of one language read them.

use crate::{currency, labels::Labels};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use kehu_core::label::Language;
use rust_decimal::{Decimal, RoundingStrategy::MidpointNearestEven};

/// The way of writing of one page.
#[derive(Debug, Clone)]
pub(crate) struct Format {
    language: Language,
    prefix: String,
    minor_digits: u32,
}

/// Written where there is no number.
pub(crate) const NOTHING: &str = "–";

const MINUS: &str = "−";

impl Format {
    /// The way of writing in `language` with amounts in `currency` (ISO 4217).
    pub(crate) fn new(language: Language, currency: &str) -> Self {
        let prefix = match currency::symbol(currency) {
            Some(symbol) => symbol.to_owned(),
            None => format!("{currency}\u{a0}"),
        };
        Self { language, prefix, minor_digits: currency::minor_digits(currency) }
    }

    /// A count: `4,338`.
    pub(crate) fn count(&self, count: i64) -> String {
        signed(Decimal::from(count), "", 0)
    }

    /// A change of a count: `+12`, `−3`, `±0`.
    pub(crate) fn change(&self, change: i64) -> String {
        match change {
            0 => "±0".to_owned(),
            1.. => format!("+{}", self.count(change)),
            _ => self.count(change),
        }
    }

    /// An amount with its minor unit: `£8,911,407.90`.
    pub(crate) fn amount(&self, amount: Decimal) -> String {
        signed(amount, &self.prefix, self.minor_digits)
    }

    /// An amount in whole units: `£8,911,408`.
    pub(crate) fn whole(&self, amount: Decimal) -> String {
        signed(amount, &self.prefix, 0)
    }

    /// A short amount: `£8.9M`, `¥891万`.
    pub(crate) fn short(&self, amount: Decimal) -> String {
        self.shorten(amount, &self.prefix)
    }

    /// A short count: `1.2k`, `3万`.
    pub(crate) fn short_count(&self, count: Decimal) -> String {
        self.shorten(count, "")
    }

    /// A share as a percentage with one decimal: `74.6%`.
    pub(crate) fn percent(&self, share: Option<Decimal>) -> String {
        match share {
            Some(share) => format!("{}%", signed(share * Decimal::ONE_HUNDRED, "", 1)),
            None => NOTHING.to_owned(),
        }
    }

    /// A date: `10 December 2011`, `2011年12月10日`.
    pub(crate) fn date(&self, date: NaiveDate) -> String {
        let (year, month, day) = (date.year(), date.month(), date.day());
        match self.language {
            Language::En => format!("{day} {} {year}", self.long_month_name(date)),
            Language::ZhCn => format!("{year}年{month}月{day}日"),
        }
    }

    /// A month: `December 2011`, `2011年12月`.
    pub(crate) fn month(&self, month: NaiveDate) -> String {
        match self.language {
            Language::En => format!("{} {}", self.long_month_name(month), month.year()),
            Language::ZhCn => format!("{}年{}月", month.year(), month.month()),
        }
    }

    /// A month in few letters: `Dec`, `12月`.
    pub(crate) fn short_month(&self, month: NaiveDate) -> String {
        match self.language {
            Language::En => self.long_month_name(month).chars().take(3).collect(),
            Language::ZhCn => format!("{}月", month.month()),
        }
    }

    /// An instant in a time zone: `10 December 2011, 14:03:22`.
    pub(crate) fn instant(&self, instant: DateTime<Utc>, zone: Tz) -> String {
        let local = instant.with_timezone(&zone);
        let (date, time) = (self.date(local.date_naive()), local.format("%H:%M:%S"));
        match self.language {
            Language::En => format!("{date}, {time}"),
            Language::ZhCn => format!("{date} {time}"),
        }
    }

    fn long_month_name(&self, date: NaiveDate) -> &'static str {
        let place = usize::try_from(date.month0()).expect("0 to 11");
        Labels::of(self.language).months[place]
    }

    fn shorten(&self, number: Decimal, prefix: &str) -> String {
        let units: [(i64, &str); 3] = match self.language {
            Language::En => [(1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")],
            Language::ZhCn => [(1_000_000_000_000, "万亿"), (100_000_000, "亿"), (10_000, "万")],
        };
        for (unit, name) in units {
            let unit = Decimal::from(unit);
            if number.abs() >= unit {
                let number = number / unit;
                let digits = u32::from(number.abs() < Decimal::ONE_HUNDRED);
                let rounded = number.round_dp_with_strategy(digits, MidpointNearestEven);
                return signed(rounded, prefix, rounded.normalize().scale()) + name;
            }
        }
        let rounded = number.round_dp_with_strategy(1, MidpointNearestEven);
        let digits = if number.abs() < Decimal::TEN { rounded.normalize().scale() } else { 0 };
        signed(number, prefix, digits)
    }
}

/// The number with thousands separators, its sign before the prefix.
fn signed(number: Decimal, prefix: &str, digits: u32) -> String {
    let mut number = number.round_dp_with_strategy(digits, MidpointNearestEven);
    number.rescale(digits);
    let sign = if number.is_sign_negative() && !number.is_zero() { MINUS } else { "" };
    let text = number.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{prefix}{}{point}{fraction}", group(whole))
}

fn group(digits: &str) -> String {
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn amounts() {
        let pounds = Format::new(Language::En, "GBP");
        assert_eq!(pounds.amount(decimal("8911407.904")), "£8,911,407.90");
        assert_eq!(pounds.amount(decimal("-0.125")), "−£0.12");
        assert_eq!(pounds.amount(decimal("-0.001")), "£0.00");
        assert_eq!(pounds.whole(decimal("999.5")), "£1,000");
        assert_eq!(Format::new(Language::En, "JPY").amount(decimal("1234.5")), "JP¥1,234");
        assert_eq!(Format::new(Language::En, "CHF").amount(decimal("1")), "CHF\u{a0}1.00");
    }

    #[test]
    fn short_amounts_by_language() {
        let pounds = Format::new(Language::En, "GBP");
        let yuan = Format::new(Language::ZhCn, "CNY");
        for (number, en, zh) in [
            ("0", "£0", "¥0"),
            ("2.5", "£2.5", "¥2.5"),
            ("15.32", "£15", "¥15"),
            ("1500", "£1.5k", "¥1,500"),
            ("250000", "£250k", "¥25万"),
            ("-8911407.9", "−£8.9M", "−¥891万"),
            ("123456789", "£123M", "¥1.2亿"),
        ] {
            assert_eq!(pounds.short(decimal(number)), en);
            assert_eq!(yuan.short(decimal(number)), zh);
        }
    }

    #[test]
    fn counts_and_percentages() {
        let format = Format::new(Language::En, "GBP");
        assert_eq!(format.count(-1_234_567), "−1,234,567");
        assert_eq!([format.change(5), format.change(0), format.change(-5)], ["+5", "±0", "−5"]);
        assert_eq!(format.percent(Some(decimal("0.746"))), "74.6%");
        assert_eq!(format.percent(None), NOTHING);
    }

    #[test]
    fn dates_by_language() {
        let (en, zh) = (Format::new(Language::En, "GBP"), Format::new(Language::ZhCn, "GBP"));
        let day = "2011-12-09".parse().unwrap();
        assert_eq!(en.date(day), "9 December 2011");
        assert_eq!(zh.date(day), "2011年12月9日");
        assert_eq!(
            (en.month(day).as_str(), zh.month(day).as_str()),
            ("December 2011", "2011年12月")
        );
        assert_eq!((en.short_month(day).as_str(), zh.short_month(day).as_str()), ("Dec", "12月"));
        let instant = "2011-12-09T20:30:00Z".parse().unwrap();
        let zone = chrono_tz::Asia::Shanghai;
        assert_eq!(en.instant(instant, zone), "10 December 2011, 04:30:00");
        assert_eq!(zh.instant(instant, zone), "2011年12月10日 04:30:00");
    }
}
