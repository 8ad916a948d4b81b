//! What there is to do for customers by the strategies of their classes, and what was done.
//!
//! What is due is not kept: it follows from the class that a customer was told to be in, since when,
//! what was ticked off in that stay, and the strategy in force. So it is never out of step with
//! classes, and a strategy that changes is in effect for everybody at once.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{CustomerId, taxonomy::Taxonomy};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use super::changes::{Stay, stay};
use super::classes::class_numbers;
use super::watch;
use crate::change_log::{self, NewChange, Position, Topic};
use crate::definitions::{self, Definition};
use crate::history;
use crate::{Database, Error, Page, PageRequest, Transaction, time};

/// What a strategy plans for each member of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The id of the class.
    pub class: String,
    /// What kind of thing, and the channel, as names say them: letters, digits and `-`; the latter
    /// may be empty.
    pub kind: &'static str,
    pub channel: String,
    /// It is due so many days after the class was entered, or after it was done last.
    pub days: u32,
    /// Whether it is to be done again and again, or once in a stay.
    pub repeated: bool,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// For whom.
    pub customer: CustomerId,
    /// The place among what is planned.
    pub plan: usize,
    /// Since when the customer is in the class.
    pub since: NaiveDate,
    /// When it is due.
    pub due: NaiveDate,
}

/// The place of something to do in a list: the customer, and the place among what is planned.
pub type DueKey = (i64, i32);

/// Which action it is: whatever is asked about it, it is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionKey {
    /// The id of the taxonomy.
    pub taxonomy: String,
    /// For whom.
    pub customer: CustomerId,
    /// The id of the class.
    pub class: String,
    /// Since when the customer is in the class.
    pub since: NaiveDate,
    /// What kind of thing.
    pub kind: String,
    /// The channel; empty when it is bound to none.
    pub channel: String,
    /// When it is due.
    pub due: NaiveDate,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The business date on which it was done.
    pub done_on: NaiveDate,
    /// By whom; empty when nobody said.
    pub by: String,
    /// What is worth knowing of it; may be empty.
    pub note: String,
    /// When it was ticked off.
    pub at: DateTime<Utc>,
    /// The number of the taxonomy's version whose strategy asked for it.
    pub version_id: i64,
}

/// What is due by a day, by customer; for one alone, when it is named. `planned` has nothing but
/// what the strategies of the version in force plan.
pub async fn due(
    db: &Database,
    taxonomy: &str,
    planned: &[Planned],
    (customer, by): (Option<CustomerId>, NaiveDate),
    page: &PageRequest<DueKey>,
) -> Result<Page<Due, DueKey>, Error> {
    let numbers = class_numbers(db.reader(), taxonomy).await?;
    let rows = planned.iter().enumerate().filter_map(|(plan, one)| {
        let Planned { kind, channel, days, repeated, .. } = one;
        let (class_no, again) = (numbers.get(&one.class)?, i32::from(*repeated));
        Some(format!("({plan}, {class_no}, '{kind}', '{channel}', {days}, {again})"))
    });
    let rows: Vec<String> = rows.collect();
    if rows.is_empty() {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let key = definitions::key(db.reader(), &Taxonomy::KIND, taxonomy).await?;
    let mut of = customer.map(|one| format!(" AND s.customer_id = {}", one.0)).unwrap_or_default();
    let mut after = String::new();
    if let Some((customer, plan)) = page.after {
        of.push_str(&format!(" AND s.customer_id >= {customer}"));
        after = format!(" AND (customer_id, plan) > ({customer}, {plan})");
    }
    let (by, limit) = (time::days(by), page.fetch());
    let sql = format!(
        "WITH planned (plan, class_no, kind, channel, days, repeated) AS (VALUES {}), \
         stays AS (SELECT s.customer_id, s.since, p.plan, p.days, p.repeated, \
         (SELECT max(c.done_on) FROM action_completion AS c WHERE c.taxonomy_key = {key} AND \
         c.customer_id = s.customer_id AND c.class_no = s.class_no AND c.since = s.since AND \
         c.kind = p.kind AND c.channel = p.channel) AS done_on FROM class_stay AS s JOIN planned \
         AS p ON p.class_no = s.class_no WHERE s.taxonomy_key = {key}{of}), \
         found AS (SELECT customer_id, plan, since, coalesce(done_on, since) + days AS due FROM \
         stays WHERE repeated = 1 OR done_on IS NULL) \
         SELECT customer_id, plan, since, due FROM found WHERE due <= {by}{after} \
         ORDER BY customer_id, plan LIMIT {limit}",
        rows.join(", ")
    );
    let mut found = Vec::new();
    for row in history::query(db.reader(), &sql).await? {
        found.push(DueRow::from_query_result(&row, "")?);
    }
    let key = |row: &DueRow| (row.customer_id, row.plan);
    Page::of(page, found, key).try_map(Due::try_from)
}

#[derive(FromQueryResult)]
struct DueRow {
    customer_id: i64,
    plan: i32,
    since: i32,
    due: i32,
}

impl TryFrom<DueRow> for Due {
    type Error = Error;

    fn try_from(row: DueRow) -> Result<Self, Error> {
        Ok(Self {
            customer: CustomerId(row.customer_id),
            plan: usize::try_from(row.plan).map_err(|error| Error::Corrupt(error.to_string()))?,
            since: time::date(row.since)?,
            due: time::date(row.due)?,
        })
    }
}

/// Ticks an action off, and returns what was noted: what is given, or, when it was ticked off before,
/// what was noted then. `planned` is what the strategy in force plans of it, if it does.
/// [`Error::Refused`] when it is not due any more, or was never: the customer has left the class, or
/// it was done on another day.
pub async fn complete(
    db: &Database,
    action: &ActionKey,
    planned: Option<&Planned>,
    completion: &Completion,
) -> Result<Completion, Error> {
    let transaction = db.begin().await?;
    if let Some(before) = completed(&transaction, action).await? {
        return Ok(before);
    }
    let stay = stay(&transaction, &action.taxonomy, action.customer).await?;
    let stay = stay.filter(|it| it.class == action.class && it.since == time::days(action.since));
    let (Some(stay), Some(planned)) = (stay, planned) else {
        return Err(refused(action, "the customer is in that class no longer, or not since then"));
    };
    if due_on(&transaction, &stay, action, planned).await? != Some(time::days(action.due)) {
        return Err(refused(action, "it is not due on that day"));
    }
    let change = NewChange {
        topic: Topic::Codes,
        customers: vec![action.customer],
        first_day: completion.done_on,
        last_day: completion.done_on,
        as_of: Some(completion.done_on),
        recorded_at: completion.at,
        cause: None,
    };
    let position = change_log::append(&transaction, &change).await?;
    insert(&transaction, &stay, action, completion, position).await?;
    let noted = completed(&transaction, action).await?;
    let noted = noted.ok_or_else(|| Error::Corrupt("a completion is gone".to_owned()))?;
    transaction.commit().await?;
    Ok(noted)
}

fn refused(action: &ActionKey, why: &str) -> Error {
    Error::Refused {
        condition: "ACTION_DUE",
        subject: format!("{} of {}", action.kind, action.customer),
        description: format!("{why}: list what is due once more"),
    }
}

/// When an action is due in a stay; `None` when it was done, and is to be done once.
async fn due_on(
    transaction: &Transaction,
    stay: &Stay,
    action: &ActionKey,
    planned: &Planned,
) -> Result<Option<i32>, Error> {
    let sql = "SELECT max(done_on) FROM action_completion WHERE taxonomy_key = $1 AND \
               customer_id = $2 AND class_no = $3 AND since = $4 AND kind = $5 AND channel = $6";
    let values = place(stay, action);
    let backend = transaction.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let row = transaction.query_one_raw(statement).await?;
    let done_on: Option<i32> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    if done_on.is_some() && !planned.repeated {
        return Ok(None);
    }
    let days = i32::try_from(planned.days).map_err(|error| Error::Corrupt(error.to_string()))?;
    Ok(Some(done_on.unwrap_or(stay.since) + days))
}

/// What an action is kept under, but for the day on which it is due.
fn place(stay: &Stay, action: &ActionKey) -> [Value; 6] {
    [
        stay.taxonomy_key.into(),
        action.customer.0.into(),
        stay.class_no.into(),
        stay.since.into(),
        action.kind.as_str().into(),
        action.channel.as_str().into(),
    ]
}

async fn insert(
    transaction: &Transaction,
    stay: &Stay,
    action: &ActionKey,
    completion: &Completion,
    position: Position,
) -> Result<(), Error> {
    let sql = "INSERT INTO action_completion (taxonomy_key, customer_id, class_no, since, kind, \
               channel, due, done_on, completed_by, note, completed_at, version_id, position) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
               ON CONFLICT DO NOTHING";
    let noted: [Value; 7] = [
        time::days(action.due).into(),
        time::days(completion.done_on).into(),
        completion.by.as_str().into(),
        completion.note.as_str().into(),
        time::micros(completion.at).into(),
        completion.version_id.into(),
        position.to_string().into(),
    ];
    let values = place(stay, action).into_iter().chain(noted);
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

const SELECT: &str = "SELECT c.completion_id, d.definition_id AS taxonomy, c.customer_id, n.class_id AS class, \
     c.class_no, c.since, c.kind, c.channel, c.due, c.done_on, c.completed_by, c.note, \
     c.completed_at, c.version_id, c.position FROM action_completion AS c JOIN definition AS d ON \
     d.definition_key = c.taxonomy_key JOIN class_name AS n ON n.class_no = c.class_no";

/// What was noted of an action when it was ticked off, if it was.
async fn completed(
    connection: &impl ConnectionTrait,
    action: &ActionKey,
) -> Result<Option<Completion>, Error> {
    let sql = format!(
        "{SELECT} WHERE d.kind = $1 AND d.definition_id = $2 AND c.customer_id = $3 AND \
         n.class_id = $4 AND c.since = $5 AND c.kind = $6 AND c.channel = $7 AND c.due = $8"
    );
    let values: [Value; 8] = [
        Taxonomy::KIND.name.into(),
        action.taxonomy.as_str().into(),
        action.customer.0.into(),
        action.class.as_str().into(),
        time::days(action.since).into(),
        action.kind.as_str().into(),
        action.channel.as_str().into(),
        time::days(action.due).into(),
    ];
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let Some(row) = connection.query_one_raw(statement).await? else { return Ok(None) };
    let (_, completion) = CompletedRow::from_query_result(&row, "")?.read()?;
    Ok(Some(completion))
}

/// What was ticked off under a taxonomy, for one customer or for all, in the order in which it was.
pub async fn list_completed(
    db: &Database,
    taxonomy: &str,
    customer: Option<CustomerId>,
    page: &PageRequest<i64>,
) -> Result<Page<(ActionKey, Completion), i64>, Error> {
    let key = definitions::key(db.reader(), &Taxonomy::KIND, taxonomy).await?;
    let of = customer.map(|one| format!(" AND c.customer_id = {}", one.0)).unwrap_or_default();
    let sql = format!(
        "{SELECT} WHERE c.taxonomy_key = {key}{of} AND c.completion_id > {} ORDER BY \
         c.completion_id LIMIT {}",
        page.after.unwrap_or(0),
        page.fetch()
    );
    let mut rows = Vec::new();
    for row in history::query(db.reader(), &sql).await? {
        rows.push(CompletedRow::from_query_result(&row, "")?);
    }
    Page::of(page, rows, |row| row.completion_id).try_map(CompletedRow::read)
}

/// The first `limit` that meet a condition and were ticked off up to a place of the change log, with
/// their places and numbers; for watchers.
pub(super) async fn completed_between(
    db: &Database,
    taxonomy: Option<&str>,
    condition: &str,
    settled: Position,
    limit: usize,
) -> Result<Vec<(Position, i64, ActionKey, Completion)>, Error> {
    let of_taxonomy = watch::of_taxonomy(db, "c.taxonomy_key", taxonomy).await?;
    let sql = format!(
        "{SELECT} WHERE c.position IS NOT NULL AND {condition} AND c.position <= '{settled}'\
         {of_taxonomy} ORDER BY c.position, c.completion_id LIMIT {limit}"
    );
    let mut found = Vec::new();
    for row in history::query(db.reader(), &sql).await? {
        let row = CompletedRow::from_query_result(&row, "")?;
        let (position, number) = (row.position.unwrap_or(Position::START), row.completion_id);
        let (key, completion) = row.read()?;
        found.push((position, number, key, completion));
    }
    Ok(found)
}

#[derive(FromQueryResult)]
struct CompletedRow {
    position: Option<Position>,
    completion_id: i64,
    taxonomy: String,
    customer_id: i64,
    class: String,
    since: i32,
    kind: String,
    channel: String,
    due: i32,
    done_on: i32,
    completed_by: String,
    note: String,
    completed_at: i64,
    version_id: i64,
}

impl CompletedRow {
    fn read(self) -> Result<(ActionKey, Completion), Error> {
        let action = ActionKey {
            taxonomy: self.taxonomy,
            customer: CustomerId(self.customer_id),
            class: self.class,
            since: time::date(self.since)?,
            kind: self.kind,
            channel: self.channel,
            due: time::date(self.due)?,
        };
        let completion = Completion {
            done_on: time::date(self.done_on)?,
            by: self.completed_by,
            note: self.note,
            at: time::instant(self.completed_at)?,
            version_id: self.version_id,
        };
        Ok((action, completion))
    }
}
