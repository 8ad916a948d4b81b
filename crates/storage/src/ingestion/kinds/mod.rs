//! The kinds of record, one file each: what a record of it holds, its tables and columns, its lines
//! in a timeline, and what analytics reads of it. What goes through records, the batch, its
//! writing, the timeline, the facts, goes through what is listed here.

mod assessment;
mod customer;
mod interaction;
mod invoice;
mod order;
mod rate;
mod survey;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::money::OutOfRange;
use kehu_core::{Money, Rate};

use super::versions::{self, Place, Writing};
use super::write::Moved;
use super::{Batch, Profile, revalue};
use crate::facts::FactTable;
use crate::{Error, dialect};

pub(crate) use assessment::ASSESSMENT_NUMBER;
pub use assessment::NewAssessment;
pub(crate) use interaction::INTERACTION_NUMBER;
pub use interaction::{Direction, NewInteraction};
pub(crate) use invoice::INVOICE_NUMBER;
pub use invoice::{InvoiceStatus, NewInvoice, PaymentRow};
pub use order::{LineRow, NewOrder, OrderKind, OrderStatus};
pub(super) use rate::{Changed, held};
pub use rate::{ListedRate, RateTable, list_rates, load_rates};
pub(crate) use survey::SURVEY_NUMBER;
pub use survey::{Measure, NewSurveyAnswer};

/// The name of the kind of customers.
pub(super) const CUSTOMER: &str = "customer";

/// Every kind, in the order in which the records of a batch are written.
pub(crate) static KINDS: [&Kind; 7] = [
    &rate::KIND,
    &customer::KIND,
    &order::KIND,
    &invoice::KIND,
    &interaction::KIND,
    &survey::KIND,
    &assessment::KIND,
];

/// A kind of record.
#[derive(Debug)]
pub(crate) struct Kind {
    /// How answers and measurements name it.
    pub(crate) name: &'static str,
    /// What it adds to the timeline of a customer.
    pub(crate) timeline: &'static [TimelineQuery],
    /// The tables that analytics reads of it.
    pub(crate) facts: &'static [FactTable],
    /// Its amounts, if it has some.
    pub(super) valued: Option<&'static Valued>,
    /// Where its versions are, which follow their customer when it is merged into another; `None` of
    /// a kind that is not kept in versions.
    pub(super) versions: Option<&'static Place>,
    /// What is counted of it to say how good data is.
    pub(super) measured: &'static [Measured],
}

/// Rows of a kind of record of which is counted which fields are there. `r` are its records.
#[derive(Debug)]
pub(super) struct Measured {
    /// From where the rows are, in the words of a FROM clause.
    pub(super) from: &'static str,
    /// Fields that may be empty, as the contract names them, and where they are.
    pub(super) fields: &'static [(&'static str, &'static str)],
    /// When a record happened, in microseconds, and what two of one customer do not have in common
    /// unless they are one; `None` for rows that are parts of records.
    pub(super) alike: Option<(&'static str, &'static str)>,
}

/// The amounts of a kind of record, and how they are converted to the base currency. Its tables have
/// `amount` and `base_amount`.
#[derive(Debug)]
pub(super) struct Valued {
    /// Where the records are. They have a `currency`, and are converted at the rate of their day.
    pub(super) place: &'static Place,
    /// The table of their parts.
    pub(super) parts: &'static str,
    /// Its column with the place of a part in its record.
    pub(super) part: &'static str,
    /// The amount of a record and those of its parts, in order, in the base currency.
    pub(super) convert: Convert,
    /// Columns of a part with a further amount that may be null, and with the same in the base
    /// currency.
    pub(super) also: Option<(&'static str, &'static str)>,
}

/// Converts the amount of a record and those of its parts at a rate.
pub(super) type Convert = fn(Money, &[Money], Rate) -> Result<(Money, Vec<Money>), OutOfRange>;

/// A SELECT of what happened with the customer `$1`, which ends with a condition: `happened_at` (in
/// microseconds), `place` (a number that no two of one instant share), `day`, `kind`, `source_id`,
/// `external_id`, `channel`, and what its variant says. A merge has no source, key and channel.
#[derive(Debug)]
pub(crate) enum TimelineQuery {
    /// `currency`, `amount`, `base_amount`, `line_count` and `takes_back` (the source's key of the
    /// sale that it takes back).
    Trade(&'static str),
    /// `contact_kind`, `product`, `category`, `complaint` (1 or 0), `outcome`, `note`,
    /// `survey`, `score` (1/10,000), `assessor` and `expires_on` (a day).
    Contact(&'static str),
    /// `absorbed_id` and `survivor_id` (customers), `reason` and `actor`.
    Merge(&'static str),
}

/// One good record.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A customer as its source knows it; what is empty leaves what is held as it is.
    Customer {
        /// The source's key of it.
        external_id: String,
        /// What is known about it.
        profile: Profile,
        /// Codes that the source says it has had.
        codes: Vec<String>,
        /// When its source last changed it, where the source says so.
        source_updated_at: Option<DateTime<Utc>>,
    },
    /// An order, whole.
    Order(NewOrder),
    /// An invoice, whole.
    Invoice(NewInvoice),
    /// An interaction, whole.
    Interaction(Box<NewInteraction>),
    /// An answer to a survey, whole.
    SurveyAnswer(Box<NewSurveyAnswer>),
    /// An assessment of prospects, whole.
    Assessment(Box<NewAssessment>),
    /// The rate of a currency from a day on.
    Rate {
        /// ISO 4217.
        currency: String,
        /// The first day.
        start_on: NaiveDate,
        /// Units of the base currency for one unit.
        rate: Rate,
    },
}

impl Entry {
    /// The name of its kind and the source's key of it; a rate has none.
    pub(super) fn key(&self) -> Option<(&'static str, &str)> {
        Some(match self {
            Self::Customer { external_id, .. } => (CUSTOMER, external_id),
            Self::Order(order) => (order::KIND.name, &order.external_id),
            Self::Invoice(invoice) => (invoice::KIND.name, &invoice.external_id),
            Self::Interaction(contact) => (interaction::KIND.name, &contact.external_id),
            Self::SurveyAnswer(answer) => (survey::KIND.name, &answer.external_id),
            Self::Assessment(assessment) => (assessment::KIND.name, &assessment.external_id),
            Self::Rate { .. } => return None,
        })
    }

    /// The source's key of the customer that it is about, if it is about one.
    pub(super) fn customer(&self) -> Option<&str> {
        match self {
            Self::Customer { external_id, .. } => Some(external_id),
            Self::Order(order) => Some(&order.customer),
            Self::Invoice(invoice) => Some(&invoice.customer),
            Self::Interaction(interaction) => Some(&interaction.customer),
            Self::SurveyAnswer(answer) => Some(&answer.customer),
            Self::Assessment(assessment) => Some(&assessment.customer),
            Self::Rate { .. } => None,
        }
    }

    /// The currency of its amounts, and the day at whose rate they are converted.
    pub(super) fn priced(&self) -> Option<(&str, NaiveDate)> {
        match self {
            Self::Order(order) => Some((&order.currency, order.ordered_on)),
            Self::Invoice(invoice) => Some((&invoice.currency, invoice.issued_on)),
            Self::Customer { .. }
            | Self::Interaction(_)
            | Self::SurveyAnswer(_)
            | Self::Assessment(_)
            | Self::Rate { .. } => None,
        }
    }

    /// Converts its amounts at a rate.
    pub(super) fn convert(&mut self, rate: Rate) -> Result<(), OutOfRange> {
        match self {
            Self::Order(order) => order.convert(rate),
            Self::Invoice(invoice) => invoice.convert(rate),
            Self::Customer { .. }
            | Self::Interaction(_)
            | Self::SurveyAnswer(_)
            | Self::Assessment(_)
            | Self::Rate { .. } => Ok(()),
        }
    }
}

/// Writes records, kind by kind.
pub(super) async fn write(
    writing: &Writing<'_>,
    batch: &Batch,
    moved: &mut Moved,
) -> Result<(), Error> {
    rate::take_turn(writing.transaction, batch).await?;
    let changed = rate::write(writing, &batch.entries, moved).await?;
    let entries = revalue::convert(writing.transaction, batch).await?;
    let entries: &[Entry] = &entries;
    customer::write(writing, entries, moved).await?;
    let orders = select(entries, |entry| match entry {
        Entry::Order(order) => Some(order),
        _ => None,
    });
    versions::write(writing, &orders, moved).await?;
    let invoices = select(entries, |entry| match entry {
        Entry::Invoice(invoice) => Some(invoice),
        _ => None,
    });
    if invoices.iter().any(|invoice| invoice.late_reason.is_some()) {
        dialect::use_late_reasons(writing.transaction).await?;
    }
    versions::write(writing, &invoices, moved).await?;
    let interactions = select(entries, |entry| match entry {
        Entry::Interaction(interaction) => Some(interaction.as_ref()),
        _ => None,
    });
    versions::write(writing, &interactions, moved).await?;
    let answers = select(entries, |entry| match entry {
        Entry::SurveyAnswer(answer) => Some(answer.as_ref()),
        _ => None,
    });
    versions::write(writing, &answers, moved).await?;
    let assessments = select(entries, |entry| match entry {
        Entry::Assessment(assessment) => Some(assessment.as_ref()),
        _ => None,
    });
    versions::write(writing, &assessments, moved).await?;
    revalue::revalue(writing.transaction, &changed, moved).await
}

/// The records of one kind.
fn select<T>(entries: &[Entry], of: impl Fn(&Entry) -> Option<&T>) -> Vec<&T> {
    entries.iter().filter_map(of).collect()
}
