//! Reads a row as a record of its own: a customer, an invoice with one of its payments, a contact …

use chrono::{DateTime, NaiveDate, Utc};
use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    CustomerProfile, CustomerRecord, ExchangeRate, Interaction, Invoice, InvoicePayment, Problem,
    ProblemReason, ProspectAssessment, RecordKind, SurveyAnswer, SurveyMeasure, record::Kind,
};
use kehu_core::limits;
use prost_types::{Duration, Timestamp};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use crate::cells::{Cells, money};
use crate::choice::Words;
use crate::columns::{FileKind, Role};
use crate::customer::Profiles;
use crate::row::Row;
use crate::wire;

/// Seconds of an hour.
const HOUR: i64 = 3_600;

/// Reads the records of a kind of file.
#[derive(Debug)]
pub(crate) struct RecordReader {
    profiles: Profiles,
    words: Words,
}

/// What was read of a row. With problems it is not to be used.
#[derive(Debug)]
pub(crate) struct ReadRecord {
    /// The source's key of it; empty of a rate.
    pub(crate) key: String,
    /// The source's key of its customer; empty of a rate.
    pub(crate) customer: String,
    /// When it happened; 1970 where it has no time.
    pub(crate) at: DateTime<Utc>,
    pub(crate) record: Kind,
    pub(crate) problems: Vec<Problem>,
}

/// A row that is being read.
struct Reading<'a> {
    cells: &'a mut Cells,
    words: &'a Words,
    row: &'a Row,
    problems: Vec<Problem>,
}

impl FileKind {
    /// What its records are in the contract; unspecified of rates, which nobody refers to.
    pub(crate) fn record_kind(self) -> RecordKind {
        match self {
            Self::Orders => RecordKind::Order,
            Self::Customers => RecordKind::Customer,
            Self::Invoices => RecordKind::Invoice,
            Self::Interactions => RecordKind::Interaction,
            Self::Surveys => RecordKind::SurveyAnswer,
            Self::Assessments => RecordKind::ProspectAssessment,
            Self::ExchangeRates => RecordKind::Unspecified,
        }
    }
}

impl RecordReader {
    /// Of files of `kind`, in these words.
    pub(crate) fn new(words: Words) -> Self {
        Self { profiles: Profiles::default(), words }
    }

    /// Reads a row that has the cells of the header.
    pub(crate) fn read(&mut self, kind: FileKind, row: &Row, cells: &mut Cells) -> ReadRecord {
        let mut profile = CustomerProfile::default();
        let mut codes = Vec::new();
        let mut problems = Vec::new();
        if kind == FileKind::Customers {
            let (said, wrong) = self.profiles.read(row, &cells.layout, &mut cells.cleaned);
            profile = said.profile.clone();
            codes.extend(said.code());
            problems.extend_from_slice(wrong);
        }
        let mut reading = Reading { cells, words: &self.words, row, problems };
        let customer = match kind {
            FileKind::ExchangeRates => String::new(),
            _ => reading.cells.customer(row, &mut reading.problems),
        };
        let read = match kind {
            FileKind::Customers => reading.customer(&customer, profile, codes),
            FileKind::Invoices => reading.invoice(&customer),
            FileKind::Surveys => reading.answer(&customer),
            FileKind::Assessments => reading.assessment(&customer),
            FileKind::ExchangeRates => reading.rate(),
            // Orders are read line by line, and not here.
            FileKind::Interactions | FileKind::Orders => reading.interaction(&customer),
        };
        let (key, at, record) = read;
        ReadRecord { key, customer, at, record, problems: reading.problems }
    }
}

impl Reading<'_> {
    fn customer(
        &mut self,
        customer: &str,
        mut profile: CustomerProfile,
        codes: Vec<String>,
    ) -> (String, DateTime<Utc>, Kind) {
        profile.registration_date = self.day(Role::RegistrationDate);
        let record = CustomerRecord {
            external_id: customer.to_owned(),
            profile: Some(profile),
            codes,
            source_update_time: self.updated(),
        };
        (customer.to_owned(), DateTime::UNIX_EPOCH, Kind::Customer(record))
    }

    fn invoice(&mut self, customer: &str) -> (String, DateTime<Utc>, Kind) {
        let external_id = self.needed_key(Role::InvoiceId);
        let at = self.needed_time(Role::IssueDate);
        self.needed_time(Role::DueDate);
        let mut beside = Vec::new();
        let amount = self.cells.number(self.row, Role::Amount, &mut beside, &mut self.problems);
        if amount.is_none() && self.problems.is_empty() {
            self.missing(Role::Amount);
        }
        let currency_code = self.cells.currency(self.row, &beside, &mut self.problems);
        let record = Invoice {
            external_id: external_id.clone(),
            customer_external_id: customer.to_owned(),
            order_external_id: self.key(Role::OrderId),
            status: self.choice(Role::Status),
            issue_date: self.day(Role::IssueDate),
            due_date: self.day(Role::DueDate),
            currency_code,
            amount: amount.and_then(money),
            payments: self.payment(amount).into_iter().collect(),
            source_update_time: self.updated(),
            late_reason: self.text(Role::LateReason, limits::NAME),
        };
        (external_id, at, Kind::Invoice(record))
    }

    /// The payment of a row. One without an amount of its own is of the whole invoice where the file
    /// has no column for it; the key of one without a key is its day.
    fn payment(&mut self, whole: Option<Decimal>) -> Option<InvoicePayment> {
        let paid =
            self.cells.number(self.row, Role::PaymentAmount, &mut Vec::new(), &mut self.problems);
        let time = self.cells.time(self.row, Role::PaymentDate, &mut self.problems);
        let has_amounts = self.cells.layout.place(Role::PaymentAmount).is_some();
        let Some(time) = time else {
            if paid.is_some_and(|paid| !paid.is_zero()) && self.problems.is_empty() {
                self.missing(Role::PaymentDate);
            }
            return None;
        };
        if has_amounts && paid.is_none() && self.problems.is_empty() {
            self.missing(Role::PaymentAmount);
        }
        let stated = self.key(Role::PaymentId);
        let external_id =
            if stated.is_empty() { self.cells.calendar.date(time).to_string() } else { stated };
        let amount = if has_amounts { paid } else { whole };
        Some(InvoicePayment {
            external_id,
            payment_time: Some(wire::timestamp(time)),
            amount: amount.and_then(money),
        })
    }

    fn interaction(&mut self, customer: &str) -> (String, DateTime<Utc>, Kind) {
        let at = self.needed_time(Role::Date);
        let kind = self.needed_text(Role::Kind, limits::NAME);
        let record = Interaction {
            external_id: self.own_key(Role::InteractionId),
            customer_external_id: customer.to_owned(),
            kind,
            interaction_time: Some(wire::timestamp(at)),
            channel: self.text(Role::Channel, limits::TEXT),
            direction: self.choice(Role::Direction),
            duration: self.duration(),
            product_code: self.text(Role::Product, limits::PRODUCT),
            category: self.text(Role::Category, limits::TEXT),
            complaint: self.choice(Role::Complaint) == 1,
            outcome: self.text(Role::Outcome, limits::TEXT),
            note: self.text(Role::Note, limits::DESCRIPTION),
            withdrawn: self.choice(Role::Withdrawn) == 1,
            source_update_time: self.updated(),
        };
        (record.external_id.clone(), at, Kind::Interaction(record))
    }

    fn answer(&mut self, customer: &str) -> (String, DateTime<Utc>, Kind) {
        let at = self.needed_time(Role::Date);
        let measure = self.choice(Role::Measure);
        if measure == SurveyMeasure::Unspecified as i32 && self.problems.is_empty() {
            self.missing(Role::Measure);
        }
        let record = SurveyAnswer {
            external_id: self.own_key(Role::AnswerId),
            customer_external_id: customer.to_owned(),
            survey: self.text(Role::Survey, limits::TEXT),
            measure,
            answer_time: Some(wire::timestamp(at)),
            score: self.number(Role::Score),
            worst_score: self.number(Role::WorstScore),
            best_score: self.number(Role::BestScore),
            channel: self.text(Role::Channel, limits::TEXT),
            product_code: self.text(Role::Product, limits::PRODUCT),
            category: self.text(Role::Category, limits::TEXT),
            comment: self.text(Role::Comment, limits::DESCRIPTION),
            withdrawn: self.choice(Role::Withdrawn) == 1,
            source_update_time: self.updated(),
        };
        (record.external_id.clone(), at, Kind::SurveyAnswer(record))
    }

    fn assessment(&mut self, customer: &str) -> (String, DateTime<Utc>, Kind) {
        let at = self.needed_time(Role::Date);
        self.needed_time(Role::ExpireDate);
        let score = self.number(Role::Score);
        if score.is_none() && self.problems.is_empty() {
            self.missing(Role::Score);
        }
        let record = ProspectAssessment {
            external_id: self.own_key(Role::AssessmentId),
            customer_external_id: customer.to_owned(),
            assessment_date: self.day(Role::Date),
            expire_date: self.day(Role::ExpireDate),
            score,
            assessor: self.needed_text(Role::Assessor, limits::TEXT),
            evidence: self.needed_text(Role::Evidence, limits::DESCRIPTION),
            withdrawn: self.choice(Role::Withdrawn) == 1,
            source_update_time: self.updated(),
        };
        (record.external_id.clone(), at, Kind::ProspectAssessment(record))
    }

    fn rate(&mut self) -> (String, DateTime<Utc>, Kind) {
        let at = self.needed_time(Role::StartDate);
        let rate = self.number(Role::Rate);
        if rate.is_none() && self.problems.is_empty() {
            self.missing(Role::Rate);
        }
        let currency = self.cells.cell(self.row, Role::Currency).trim().is_empty();
        if currency {
            self.missing(Role::Currency);
        }
        let record = ExchangeRate {
            currency_code: self.cells.currency(self.row, &[], &mut self.problems),
            start_date: self.day(Role::StartDate),
            rate,
        };
        (String::new(), at, Kind::ExchangeRate(record))
    }

    fn missing(&mut self, role: Role) {
        let text = "the row needs it";
        self.problems.push(self.cells.problem(role, ProblemReason::FieldMissing, text));
    }

    fn key(&mut self, role: Role) -> String {
        self.cells.key(self.row, role, &mut self.problems)
    }

    fn needed_key(&mut self, role: Role) -> String {
        let before = self.problems.len();
        let key = self.key(role);
        if key.is_empty() && self.problems.len() == before {
            self.missing(role);
        }
        key
    }

    /// The key of a record that needs none of its source: without a column for it, it is made of the
    /// whole row, the same each time.
    fn own_key(&mut self, role: Role) -> String {
        if self.cells.layout.place(role).is_some() {
            return self.needed_key(role);
        }
        let mut digest = Sha256::new();
        for place in 0..self.row.width() {
            digest.update(self.row.cell(place).trim());
            digest.update([0]);
        }
        hex::encode(&digest.finalize()[..16])
    }

    fn text(&mut self, role: Role, limit: usize) -> String {
        self.cells.text(self.row, role, limit, &mut self.problems)
    }

    fn needed_text(&mut self, role: Role, limit: usize) -> String {
        let before = self.problems.len();
        let text = self.text(role, limit);
        if text.is_empty() && self.problems.len() == before {
            self.missing(role);
        }
        text
    }

    fn needed_time(&mut self, role: Role) -> DateTime<Utc> {
        self.cells.needed_time(self.row, role, &mut self.problems)
    }

    fn day(&mut self, role: Role) -> Option<google::Date> {
        // What is wrong with a needed one has been told.
        let told = self.problems.iter().any(|it| it.field == self.cells.layout.column(role));
        let day: Option<NaiveDate> =
            if told { None } else { self.cells.day(self.row, role, &mut self.problems) };
        day.map(wire::date)
    }

    fn updated(&mut self) -> Option<Timestamp> {
        self.cells.time(self.row, Role::Updated, &mut self.problems).map(wire::timestamp)
    }

    fn number(&mut self, role: Role) -> Option<google::Decimal> {
        let number = self.cells.number(self.row, role, &mut Vec::new(), &mut self.problems)?;
        Some(google::Decimal { value: number.normalize().to_string() })
    }

    /// The number in the contract of one of a few; 0 for an empty cell.
    fn choice(&mut self, role: Role) -> i32 {
        let cell = self.cells.cell(self.row, role).to_owned();
        let cell = self.cells.cleaned.key(&cell).into_owned();
        if cell.is_empty() {
            return 0;
        }
        self.words.find(role, &cell).unwrap_or_else(|| {
            let (possible, role_name) = (self.words.possible(role), role.name());
            let text = format!(
                "not one of {possible}: correct it, or state what it means as \
                 values.{role_name} in the mapping"
            );
            self.problems.push(self.cells.problem(role, ProblemReason::ValueUnknown, &text));
            0
        })
    }

    /// Seconds, or hours, minutes and seconds with colons between them.
    fn duration(&mut self) -> Option<Duration> {
        let cell = self.cells.cell(self.row, Role::Duration).to_owned();
        let cell = self.cells.cleaned.key(&cell).into_owned();
        if cell.is_empty() {
            return None;
        }
        let seconds = seconds(&cell);
        if seconds.is_none() {
            let text = "not a duration: state seconds, or hours:minutes:seconds";
            let reason = ProblemReason::NumberInvalid;
            self.problems.push(self.cells.problem(Role::Duration, reason, text));
        }
        Some(Duration { seconds: seconds?, nanos: 0 })
    }
}

/// `95`, `1:35`, `0:01:35`.
fn seconds(cell: &str) -> Option<i64> {
    let mut parts = cell.rsplit(':').map(|part| part.trim().parse::<u32>().ok().map(i64::from));
    let seconds = parts.next()??;
    let mut sum = seconds;
    for (factor, part) in [60, HOUR].into_iter().zip(parts.by_ref()) {
        sum += part?.checked_mul(factor)?;
    }
    parts.next().is_none().then_some(sum)
}

/// Adds the payments of another row to an invoice. Two of one day that have no keys of their own are
/// told apart by their place.
pub(crate) fn add_payments(invoice: &mut Invoice, payments: Vec<InvoicePayment>, keyed: bool) {
    for mut payment in payments {
        let day = payment.external_id.clone();
        let mut times = 1;
        while !keyed && invoice.payments.iter().any(|it| it.external_id == payment.external_id) {
            times += 1;
            payment.external_id = format!("{day}-{times}");
        }
        invoice.payments.push(payment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (cell, expected) in [
            ("95", Some(95)),
            ("1:35", Some(95)),
            ("1:00:05", Some(3_605)),
            ("1:1:1:1", None),
            ("-5", None),
            ("five", None),
            ("1:", None),
        ] {
            assert_eq!(seconds(cell), expected, "{cell}");
        }
    }
}
