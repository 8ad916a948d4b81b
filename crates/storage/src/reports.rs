//! What reports read: aggregates, computed in the database over the records of the other services.
//!
//! The query of a report is a SELECT that runs on both databases. In its FROM clause it names what
//! it reads in braces, and gets it as of the [`Basis`], under the same name:
//!
//! | relation | columns |
//! |---|---|
//! | `{orders}` | orders that count, up to the date: `customer_id`, `ordered_on`, `purchase` (a sale above zero), `returned` (goods that came back), `high`, `low` (its amount) |
//! | `{baskets}` | the products of each completed sale above zero up to the date, each once: `customer_id`, `order_id`, `ordered_on`, `product` (its code, never null) |
//! | `{sold_lines}` | the lines of those sales, of which `product` may be null: their columns, and `description`, `category`, `brand` (which may be null) |
//! | `{interactions}` | interactions up to the date: `customer_id`, `occurred_on`, `kind` |
//! | `{classes}` | who is in which class on the date: `customer_id`, `class_no` |
//! | `{class_inputs}` | the same with what the class rests on, as it was seen when the customer came into it: `inputs` (values that the predicates asked for), `present` (those of them that were there); 0 where that is not on record |
//! | `{other_classes}` | the same under the other taxonomy; nobody without one |
//! | `{earlier_classes}` | the same on the earlier date; nobody without one |
//! | `{class_names}` | ids of classes: `class_no`, `class_id` |
//! | `{invoices}` | invoices issued up to the date of which something is still to be paid then: `customer_id`, `past_due` (days since the due date, 0 and below before), `high`, `low` (what is to be paid) |
//! | `{due_invoices}` | invoices issued in the 365 days that end with the date and paid in full or past due on it: `customer_id`, `days_late` (0 and below when paid in time), `late_reason` (null where none is said), `excused` (1 or 0) |
//! | `{answers}` | answers to surveys up to the date: `customer_id`, `answered_on`, `survey`, `product`, `measure` (`csat`, `nps`, `ces`, `comment`), `score` (as given) and `points` (0 to 100), both in 1/10,000, `commented` (1 or 0) |
//! | `{periods}` | the periods: `period` (their place), `first_day`, `last_day` |
//!
//! `{wanted}` behind a column of texts holds for those that [`Basis::rows_among`] is given.
//!
//! Days count from 1970-01-01. Amounts are in two parts, `high` times 2^32 and `low`, because the
//! sum of 64-bit numbers may not be one: SQLite refuses it. A query sums both parts, and
//! [`Rows::amount`] puts them together again, exactly.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::money::AMOUNT_SCALE;
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, Value};

use crate::bulk::{self, Column, ColumnType};
use crate::coding::classes::{View, seen};
use crate::ingestion::{InvoiceStatus, OrderKind, OrderStatus};
use crate::{Database, Error, dialect, time};

/// What the lower part of an amount counts up to.
const PART: i64 = 1 << 32;

/// As of when a report is drawn, of whom, and against what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// The business date.
    pub as_of: NaiveDate,
    /// When classes must have been known; `None` for now.
    pub known_at: Option<DateTime<Utc>>,
    /// The taxonomy of the classes; without one there are none.
    pub taxonomy: Option<String>,
    /// The taxonomy to hold against it.
    pub other_taxonomy: Option<String>,
    /// The earlier date.
    pub earlier: Option<NaiveDate>,
    /// First and last day of each period.
    pub periods: Vec<(NaiveDate, NaiveDate)>,
}

/// The rows of a query.
#[derive(Debug, Clone)]
pub struct Rows {
    columns: Vec<(&'static str, Column)>,
}

impl Basis {
    /// Without classes, earlier date and periods.
    pub fn of(as_of: NaiveDate) -> Self {
        Self {
            as_of,
            known_at: None,
            taxonomy: None,
            other_taxonomy: None,
            earlier: None,
            periods: Vec::new(),
        }
    }

    /// The rows of a query and what its columns hold, those of amounts apart: each amount `name`
    /// of `amounts` is the columns `name_high` and `name_low`.
    pub async fn rows(
        &self,
        db: &Database,
        query: &str,
        columns: &[(&'static str, ColumnType)],
    ) -> Result<Rows, Error> {
        self.read(db, query, Vec::new(), columns).await
    }

    /// The same for a query that has `{wanted}` behind a column, which is to be one of these texts.
    pub async fn rows_among(
        &self,
        db: &Database,
        query: &str,
        wanted: &[&str],
        columns: &[(&'static str, ColumnType)],
    ) -> Result<Rows, Error> {
        let backend = db.reader().get_database_backend();
        let query = query.replace("{wanted}", &dialect::in_array(backend, 1));
        self.read(db, &query, vec![dialect::text_array(backend, wanted)], columns).await
    }

    async fn read(
        &self,
        db: &Database,
        query: &str,
        values: Vec<Value>,
        columns: &[(&'static str, ColumnType)],
    ) -> Result<Rows, Error> {
        let sql = self.fill(db, query).await?;
        let _place = db.aggregate().await?;
        let read = bulk::read(db.reader(), &sql, values, columns).await?;
        let names = columns.iter().map(|(name, _)| *name);
        Ok(Rows { columns: names.zip(read).collect() })
    }

    /// The number of the version that gave the classes on a date; `None` when none did.
    pub async fn version_on(&self, db: &Database, date: NaiveDate) -> Result<Option<i64>, Error> {
        let Some(taxonomy) = &self.taxonomy else { return Ok(None) };
        let view = View { true_on: Some(date), known_at: self.known_at };
        Ok(seen(db, taxonomy, view).await?.map(|sight| sight.segment.version_id))
    }

    /// The query with its relations put in.
    async fn fill(&self, db: &Database, query: &str) -> Result<String, Error> {
        let mut filled = String::with_capacity(query.len());
        let mut rest = query;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            let relation = match name {
                "orders" => self.orders(),
                "baskets" => {
                    let columns = "DISTINCT o.customer_id, o.order_id, o.ordered_on, l.product";
                    format!("{} AND l.product IS NOT NULL", self.sold_lines(columns))
                }
                "sold_lines" => self.sold_lines(
                    "o.customer_id, o.order_id, o.ordered_on, l.product, l.description, \
                     l.category, l.brand",
                ),
                "interactions" => self.interactions(),
                "invoices" => self.invoices(),
                "due_invoices" => self.due_invoices(),
                "answers" => self.answers(),
                "classes" => self.classes(db, &self.taxonomy, Some(self.as_of)).await?,
                "class_inputs" => self.class_inputs(db).await?,
                "other_classes" => self.classes(db, &self.other_taxonomy, Some(self.as_of)).await?,
                "earlier_classes" => self.classes(db, &self.taxonomy, self.earlier).await?,
                "class_names" => "SELECT class_no, class_id FROM class_name".to_owned(),
                "periods" => self.period_rows(),
                _ => return Err(Error::Corrupt(format!("no relation is named {name:?}"))),
            };
            filled.push_str(&format!("{before}({relation}) AS {name}"));
            rest = behind;
        }
        Ok(filled + rest)
    }

    fn orders(&self) -> String {
        format!(
            "SELECT customer_id, ordered_on, kind = {sale} AND base_amount > 0 AS purchase, \
             kind = {back} AS returned, base_amount / {PART} AS high, base_amount % {PART} AS low \
             FROM sales_order WHERE superseded_at IS NULL AND status = {completed} \
             AND ordered_on <= {day}",
            sale = OrderKind::Sale.number(),
            back = OrderKind::Return.number(),
            completed = OrderStatus::Completed.number(),
            day = time::days(self.as_of),
        )
    }

    fn sold_lines(&self, columns: &str) -> String {
        format!(
            "SELECT {columns} FROM sales_order o JOIN order_line l ON l.order_id = o.order_id \
             WHERE o.superseded_at IS NULL AND o.status = {completed} AND o.kind = {sale} \
             AND o.base_amount > 0 AND o.ordered_on <= {day}",
            sale = OrderKind::Sale.number(),
            completed = OrderStatus::Completed.number(),
            day = time::days(self.as_of),
        )
    }

    fn interactions(&self) -> String {
        format!(
            "SELECT customer_id, occurred_on, kind FROM interaction \
             WHERE superseded_at IS NULL AND withdrawn = 0 AND occurred_on <= {day}",
            day = time::days(self.as_of),
        )
    }

    fn invoices(&self) -> String {
        let (day, issued) = (time::days(self.as_of), InvoiceStatus::Issued.number());
        // Payments are taken off part by part; what the lower part then owes goes to the upper one.
        format!(
            "SELECT customer_id, past_due, high, low FROM (\
             SELECT customer_id, past_due, high + low / {PART} AS high, low % {PART} AS low FROM (\
             SELECT i.customer_id, {day} - i.due_on AS past_due, \
             i.base_amount / {PART} - CAST(coalesce(sum(p.base_amount / {PART}), 0) AS bigint) \
             AS high, \
             i.base_amount % {PART} - CAST(coalesce(sum(p.base_amount % {PART}), 0) AS bigint) \
             AS low FROM invoice i LEFT JOIN invoice_payment p \
             ON p.invoice_id = i.invoice_id AND p.paid_on <= {day} \
             WHERE i.superseded_at IS NULL AND i.status = {issued} AND i.issued_on <= {day} \
             GROUP BY i.invoice_id, i.customer_id, i.due_on, i.base_amount) AS parts) AS rest \
             WHERE high > 0 OR (high = 0 AND low > 0)"
        )
    }

    /// As the facts of invoices have them, from which the features of credit are made.
    fn due_invoices(&self) -> String {
        format!(
            "SELECT i.customer_id, CASE WHEN i.settled_on <= {day} THEN i.settled_on ELSE {day} \
             END - i.due_on AS days_late, i.late_reason, COALESCE((SELECT r.excused \
             FROM late_reason r WHERE r.late_reason = i.late_reason AND r.from_day <= {day} \
             ORDER BY r.version DESC LIMIT 1), 0) AS excused FROM invoice i \
             WHERE i.superseded_at IS NULL AND i.status = {issued} AND i.issued_on <= {day} \
             AND i.issued_on > {day} - 365 AND (i.settled_on <= {day} OR i.due_on < {day})",
            day = time::days(self.as_of),
            issued = InvoiceStatus::Issued.number(),
        )
    }

    fn answers(&self) -> String {
        format!(
            "SELECT customer_id, answered_on, survey, product, measure, score, points, \
             CASE WHEN comment IS NULL THEN 0 ELSE 1 END AS commented FROM survey_answer \
             WHERE superseded_at IS NULL AND withdrawn = 0 \
             AND answered_on <= {day}",
            day = time::days(self.as_of),
        )
    }

    async fn classes(
        &self,
        db: &Database,
        taxonomy: &Option<String>,
        date: Option<NaiveDate>,
    ) -> Result<String, Error> {
        let condition = self.seen(db, taxonomy, date).await?;
        Ok(format!("SELECT customer_id, class_no FROM class_span WHERE {condition}"))
    }

    /// What a stay rests on is the latest note of its first day that is not younger.
    async fn class_inputs(&self, db: &Database) -> Result<String, Error> {
        let condition = self.seen(db, &self.taxonomy, Some(self.as_of)).await?;
        Ok(format!(
            "SELECT customer_id, class_no, inputs, present FROM (\
             SELECT s.customer_id, s.class_no, COALESCE(e.inputs, 0) AS inputs, \
             COALESCE(e.present, 0) AS present, ROW_NUMBER() OVER \
             (PARTITION BY s.customer_id ORDER BY e.known_from DESC) AS place FROM (\
             SELECT customer_id, class_no, line_id, valid_from, known_from FROM class_span \
             WHERE {condition}) AS s LEFT JOIN class_evidence e ON e.line_id = s.line_id \
             AND e.customer_id = s.customer_id AND e.valid_from = s.valid_from \
             AND e.known_from <= s.known_from) AS noted WHERE place = 1"
        ))
    }

    /// The condition on the stays that are seen under a taxonomy on a date.
    async fn seen(
        &self,
        db: &Database,
        taxonomy: &Option<String>,
        date: Option<NaiveDate>,
    ) -> Result<String, Error> {
        if let (Some(taxonomy), Some(date)) = (taxonomy, date) {
            let view = View { true_on: Some(date), known_at: self.known_at };
            if let Some(sight) = seen(db, taxonomy, view).await? {
                return Ok(sight.condition);
            }
        }
        Ok("1 = 0".to_owned())
    }

    fn period_rows(&self) -> String {
        let mut rows =
            vec!["SELECT 0 AS period, 0 AS first_day, 0 AS last_day WHERE 1 = 0".to_owned()];
        for (period, (first, last)) in self.periods.iter().enumerate() {
            let (first, last) = (time::days(*first), time::days(*last));
            rows.push(format!("SELECT {period}, {first}, {last}"));
        }
        rows.join(" UNION ALL ")
    }
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A whole number that is never null, of the column `name` of a row.
    pub fn whole(&self, name: &str, row: usize) -> Result<i64, Error> {
        match self.column(name)? {
            Column::I64(values) => Ok(values[row]),
            Column::I32(values) => Ok(values[row].into()),
            _ => Err(Error::Corrupt(format!("{name} is no whole number"))),
        }
    }

    /// A text, or null.
    pub fn text(&self, name: &str, row: usize) -> Result<Option<&str>, Error> {
        match self.column(name)? {
            Column::Text(values) => Ok(Some(&values[row])),
            Column::OptText(values) => Ok(values[row].as_deref()),
            _ => Err(Error::Corrupt(format!("{name} is no text"))),
        }
    }

    /// The amount whose parts are the columns `name_high` and `name_low`, four decimals.
    pub fn amount(&self, name: &str, row: usize) -> Result<Decimal, Error> {
        let high = self.whole(&format!("{name}_high"), row)?;
        let low = self.whole(&format!("{name}_low"), row)?;
        let sum = i128::from(high) * i128::from(PART) + i128::from(low);
        Decimal::try_from_i128_with_scale(sum, AMOUNT_SCALE)
            .map_err(|_| Error::Corrupt(format!("{name} has more digits than can be kept")))
    }

    fn column(&self, name: &str) -> Result<&Column, Error> {
        let found = self.columns.iter().find(|(known, _)| *known == name);
        let (_, column) =
            found.ok_or_else(|| Error::Corrupt(format!("the query gives no column {name}")))?;
        Ok(column)
    }
}
