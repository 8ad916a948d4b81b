//! What columns hold.

use serde::{Deserialize, Serialize};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The source's key of the order; rows with the same one are its lines.
    OrderId,
    /// The source's key of the customer.
    CustomerId,
    /// The date of the order, with or without the time.
    Date,
    /// The time of day, where it stands alone.
    Time,
    /// Product code.
    Product,
    /// Product name.
    Description,
    /// Product category.
    Category,
    /// Brand.
    Brand,
    /// Units; 1 when there is no such column.
    Quantity,
    /// Price of one unit.
    UnitPrice,
    /// Amount of the line after discount.
    Amount,
    /// What was taken off the line.
    Discount,
    /// ISO 4217 currency.
    Currency,
    /// Sales channel.
    Channel,
    /// A status that tells cancelled orders, returns and adjustments apart.
    Status,
    /// Country of the customer: code or name.
    Country,
    /// Province or state of the customer.
    Province,
    /// City of the customer.
    City,
    /// Name of the customer.
    CustomerName,
    /// Kind of customer.
    CustomerType,
    /// Industry of the customer.
    Industry,
    /// A code that the customer has had elsewhere.
    Code,
    /// Of a return, the source's key of the sale that it takes back.
    SaleId,
    /// What one unit cost the enterprise.
    UnitCost,
    /// What the line cost it.
    Cost,
    /// The source's key of an invoice; rows with the same one are its payments.
    InvoiceId,
    /// The date on which an invoice was issued.
    IssueDate,
    /// The date by which it is to be paid.
    DueDate,
    /// Why it is paid late, in the source's words.
    LateReason,
    /// The source's key of a payment.
    PaymentId,
    /// When it was made.
    PaymentDate,
    /// What it paid.
    PaymentAmount,
    /// The source's key of a contact.
    InteractionId,
    /// What a contact was: call, visit …
    Kind,
    /// Who turned to whom.
    Direction,
    /// How long it took: seconds, or hours, minutes and seconds with colons.
    Duration,
    /// Whether the customer complained.
    Complaint,
    /// What came of it.
    Outcome,
    /// What was said.
    Note,
    /// Whether the record was a mistake, and never counts.
    Withdrawn,
    /// The source's key of an answer to a survey.
    AnswerId,
    /// The survey, or the wave of it.
    Survey,
    /// What it measures: csat, nps, ces, comment.
    Measure,
    /// The score.
    Score,
    /// The score of the least satisfied.
    WorstScore,
    /// The score of the most satisfied.
    BestScore,
    /// What the customer wrote.
    Comment,
    /// The source's key of an assessment.
    AssessmentId,
    /// The date from which on an assessment counts no more.
    ExpireDate,
    /// Who judged.
    Assessor,
    /// What the judgement rests on.
    Evidence,
    /// First day of the relation with a customer.
    RegistrationDate,
    /// When the source last changed the record.
    Updated,
    /// The first day on which a rate is valid.
    StartDate,
    /// Units of the base currency for one.
    Rate,
}

impl Role {
    /// Its name in a mapping.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrderId => "order_id",
            Self::CustomerId => "customer_id",
            Self::Date => "date",
            Self::Time => "time",
            Self::Product => "product",
            Self::Description => "description",
            Self::Category => "category",
            Self::Brand => "brand",
            Self::Quantity => "quantity",
            Self::UnitPrice => "unit_price",
            Self::Amount => "amount",
            Self::Discount => "discount",
            Self::Currency => "currency",
            Self::Channel => "channel",
            Self::Status => "status",
            Self::Country => "country",
            Self::Province => "province",
            Self::City => "city",
            Self::CustomerName => "customer_name",
            Self::CustomerType => "customer_type",
            Self::Industry => "industry",
            Self::Code => "code",
            Self::SaleId => "sale_id",
            Self::UnitCost => "unit_cost",
            Self::Cost => "cost",
            Self::InvoiceId => "invoice_id",
            Self::IssueDate => "issue_date",
            Self::DueDate => "due_date",
            Self::LateReason => "late_reason",
            Self::PaymentId => "payment_id",
            Self::PaymentDate => "payment_date",
            Self::PaymentAmount => "payment_amount",
            Self::InteractionId => "interaction_id",
            Self::Kind => "kind",
            Self::Direction => "direction",
            Self::Duration => "duration",
            Self::Complaint => "complaint",
            Self::Outcome => "outcome",
            Self::Note => "note",
            Self::Withdrawn => "withdrawn",
            Self::AnswerId => "answer_id",
            Self::Survey => "survey",
            Self::Measure => "measure",
            Self::Score => "score",
            Self::WorstScore => "worst_score",
            Self::BestScore => "best_score",
            Self::Comment => "comment",
            Self::AssessmentId => "assessment_id",
            Self::ExpireDate => "expire_date",
            Self::Assessor => "assessor",
            Self::Evidence => "evidence",
            Self::RegistrationDate => "registration_date",
            Self::Updated => "updated",
            Self::StartDate => "start_date",
            Self::Rate => "rate",
        }
    }

    /// Whether it holds a date or a time with its date.
    pub(crate) fn is_date(self) -> bool {
        matches!(
            self,
            Self::Date
                | Self::IssueDate
                | Self::DueDate
                | Self::PaymentDate
                | Self::ExpireDate
                | Self::RegistrationDate
                | Self::Updated
                | Self::StartDate
        )
    }

    /// Whether it holds a number.
    pub(crate) fn is_number(self) -> bool {
        matches!(
            self,
            Self::Quantity
                | Self::UnitPrice
                | Self::Amount
                | Self::UnitCost
                | Self::Cost
                | Self::PaymentAmount
                | Self::Score
                | Self::WorstScore
                | Self::BestScore
                | Self::Rate
        )
    }
}
