//! The codes that were given. A row is never deleted and its key, the normal form, never
//! changes: that is what makes a code unique for ever.

mod give;
mod import;
mod left_out;

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};

use super::customers::{self, ROWS_AT_ONCE};
use super::entity::code::{Column, Entity, Model};
use crate::change_log::Position;
use crate::facts::CustomerSet;
use crate::ingestion::merges;
use crate::{Database, Error, Page, PageRequest, Transaction, time};

pub use give::{
    Given, NewCode, Skipped, end, explain_end, give, most_given, put_back, skip, skipped, take,
};
pub use import::{Imported, import, owners, raise};
pub use left_out::{LeftOut, count_left_out, leave_out, left_out_of, list_left_out};

/// A code that was given to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// The code as it is printed.
    pub code: String,
    /// Its normal form: upper case, without separators.
    pub normal: String,
    /// The id of its scheme.
    pub scheme: String,
    /// Whose code it is or was.
    pub customer: CustomerId,
    /// The short code of the class it was given for.
    pub class_code: String,
    /// The date it was given for.
    pub as_of: NaiveDate,
    /// Whether it is the customer's code now.
    pub current: bool,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// When another took its place; `None` while it is current.
    pub ended_at: Option<DateTime<Utc>>,
    /// The run that gave it; `None` when it followed from a change.
    pub run_id: Option<i64>,
    /// Why another took its place; `None` while it is current, and of one that never was.
    pub ended_because: Option<EndReason>,
    /// The short code of the class that the one was given for which took its place.
    pub ended_for: Option<String>,
    /// That one, as it is printed; `None` where it ended with a merge.
    pub successor: Option<String>,
    /// Whether it comes from elsewhere.
    pub imported: bool,
}

/// Why a code ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The customer came into another class.
    ClassChange,
    /// The customer is merged into another.
    Merge,
    /// A code from elsewhere took its place.
    Import,
}

impl EndReason {
    /// As it is kept; that of a merge follows from the merge.
    fn number(self) -> i32 {
        match self {
            Self::ClassChange => 1,
            Self::Merge => 2,
            Self::Import => 3,
        }
    }

    pub(crate) fn of(number: i32) -> Result<Self, Error> {
        let all = [Self::ClassChange, Self::Merge, Self::Import];
        let found = all.into_iter().find(|reason| reason.number() == number);
        found.ok_or_else(|| Error::Corrupt(format!("{number} is no reason for which a code ends")))
    }
}

impl TryFrom<Model> for CodeRow {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        Ok(Self {
            code: row.code,
            normal: row.normal,
            scheme: row.scheme_id,
            customer: CustomerId(row.customer_id),
            class_code: row.class_code,
            as_of: time::date(row.as_of)?,
            current: row.current == 1,
            created_at: time::instant(row.created_at)?,
            ended_at: row.ended_at.map(time::instant).transpose()?,
            run_id: row.run_id,
            ended_because: row.ended_because.map(EndReason::of).transpose()?,
            ended_for: row.ended_for,
            successor: row.successor,
            imported: row.imported == 1,
        })
    }
}

impl CodeRow {
    /// As it is when its customer is merged into another: a former one of that other.
    pub(crate) fn merged_into(&mut self, survivor: CustomerId, since: DateTime<Utc>) {
        self.customer = survivor;
        self.current = false;
        if self.ended_at.is_none() {
            self.ended_at = Some(since);
            self.ended_because = Some(EndReason::Merge);
        }
    }
}

/// The current codes of many customers under one scheme, in columns of equal length, by
/// customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeColumns {
    /// Customer ids, ascending, each once.
    pub customers: Vec<i64>,
    /// Each one's code, as it is printed.
    pub codes: Vec<String>,
    /// The short code of the class it was given for.
    pub class_codes: Vec<String>,
    /// The date it was given for, in days since 1970-01-01.
    pub as_of: Vec<i32>,
}

/// The code with this normal form (see `kehu_core::code_scheme::normalise`), current or former. That of
/// a customer who is merged into another is a former one of that other.
pub async fn resolve(db: &Database, normalised: &str) -> Result<Option<CodeRow>, Error> {
    let row = Entity::find_by_id(normalised.to_owned()).one(db.reader()).await?;
    let Some(row) = row else { return Ok(None) };
    let mut rows = [row.try_into()?];
    hand_on(db, &mut rows).await?;
    let [row] = rows;
    Ok(Some(row))
}

/// Gives the codes of customers who are merged into others to those, as former ones. The rows stay as
/// they are, so that a merge that is undone gives back every code as it was.
async fn hand_on(db: &Database, rows: &mut [CodeRow]) -> Result<(), Error> {
    let customers: Vec<i64> = rows.iter().map(|row| row.customer.0).collect();
    let survivors = merges::survivors(db.reader(), &customers).await?;
    for row in rows {
        let Some((root, since)) = survivors.get(&row.customer.0) else { continue };
        row.merged_into(CustomerId(*root), time::instant(*since)?);
    }
    Ok(())
}

/// A customer's code under a scheme now.
pub async fn current(
    db: &Database,
    scheme: &str,
    customer: CustomerId,
) -> Result<Option<CodeRow>, Error> {
    let row = Entity::find()
        .filter(Column::SchemeId.eq(scheme))
        .filter(Column::CustomerId.eq(customer.0))
        .filter(Column::Current.eq(1))
        .one(db.reader())
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// Every code a customer has or had, under every scheme, those of customers who are merged into it
/// among them: current ones first, then latest first.
pub async fn of_customer(db: &Database, customer: CustomerId) -> Result<Vec<CodeRow>, Error> {
    let absorbed = merges::absorbed_in(db.reader(), &[customer.0]).await?;
    let homes = [customer.0].into_iter().chain(absorbed.into_keys());
    let rows = Entity::find()
        .filter(Column::CustomerId.is_in(homes))
        .order_by_desc(Column::CreatedAt)
        .order_by_asc(Column::Normal)
        .all(db.reader())
        .await?;
    let rows: Result<Vec<CodeRow>, Error> = rows.into_iter().map(TryInto::try_into).collect();
    let mut rows = rows?;
    hand_on(db, &mut rows).await?;
    rows.sort_by_key(|row| !row.current);
    Ok(rows)
}

/// The current codes of many customers under a scheme; those without one are left out.
pub async fn current_of(
    db: &Database,
    scheme: &str,
    customers: &CustomerSet,
) -> Result<CodeColumns, Error> {
    read_current(db.reader(), scheme, customers).await
}

/// [`current_of`] as the transaction sees it.
pub async fn current_within(
    transaction: &Transaction,
    scheme: &str,
    customers: &CustomerSet,
) -> Result<CodeColumns, Error> {
    read_current(transaction, scheme, customers).await
}

async fn read_current(
    connection: &impl ConnectionTrait,
    scheme: &str,
    customers: &CustomerSet,
) -> Result<CodeColumns, Error> {
    let mut columns = CodeColumns::default();
    for condition in customers::conditions(customers, Column::CustomerId) {
        let rows: Vec<(i64, String, String, i32)> = Entity::find()
            .select_only()
            .columns([Column::CustomerId, Column::Code, Column::ClassCode, Column::AsOf])
            .filter(Column::SchemeId.eq(scheme))
            .filter(Column::Current.eq(1))
            .filter(condition)
            .filter(Expr::cust(merges::STANDS_FOR_ITSELF))
            .order_by_asc(Column::CustomerId)
            .into_tuple()
            .all(connection)
            .await?;
        for (customer, code, class_code, as_of) in rows {
            columns.customers.push(customer);
            columns.codes.push(code);
            columns.class_codes.push(class_code);
            columns.as_of.push(as_of);
        }
    }
    Ok(columns)
}

/// The codes whose normal form begins with `prefix`, a normal form itself, by normal form; of one
/// scheme when it is named, and only current ones when asked. The key of a page is a normal form.
pub async fn beginning_with(
    db: &Database,
    prefix: &str,
    scheme: Option<&str>,
    current: bool,
    page: &PageRequest<String>,
) -> Result<Page<CodeRow, String>, Error> {
    let mut query = Entity::find().filter(Column::Normal.gte(prefix));
    if let Some(end) = after_prefix(prefix) {
        query = query.filter(Column::Normal.lt(end));
    }
    if let Some(scheme) = scheme {
        query = query.filter(Column::SchemeId.eq(scheme));
    }
    if current {
        query = query.filter(Column::Current.eq(1)).filter(Expr::cust(merges::STANDS_FOR_ITSELF));
    }
    if let Some(after) = &page.after {
        query = query.filter(Column::Normal.gt(after.as_str()));
    }
    let rows = query.order_by_asc(Column::Normal).limit(page.fetch()).all(db.reader()).await?;
    let mut page = Page::of(page, rows, |row| row.normal.clone()).try_map(CodeRow::try_from)?;
    hand_on(db, &mut page.items).await?;
    Ok(page)
}

/// The first `limit` codes that meet a condition, in which `$1` stands for `normal`, and were given up to
/// a place, with their places; for watchers.
pub(super) async fn given_between(
    db: &Database,
    (condition, normal): (&str, &str),
    settled: Position,
    limit: usize,
) -> Result<Vec<(Position, CodeRow)>, Error> {
    let sql = format!(
        "SELECT * FROM code WHERE position IS NOT NULL AND {condition} AND position <= '{settled}' \
         ORDER BY position, normal LIMIT {limit}"
    );
    let values: Vec<sea_orm::Value> =
        if condition.contains("$1") { vec![normal.into()] } else { Vec::new() };
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let (mut places, mut rows) = (Vec::new(), Vec::new());
    for row in db.reader().query_all_raw(statement).await? {
        let row = Model::from_query_result(&row, "")?;
        places.push(row.position.unwrap_or(Position::START));
        rows.push(CodeRow::try_from(row)?);
    }
    hand_on(db, &mut rows).await?;
    Ok(places.into_iter().zip(rows).collect())
}

/// The least text that is greater than all that begin with `prefix`, byte by byte; `None` when there
/// is none.
fn after_prefix(prefix: &str) -> Option<String> {
    let last = prefix.chars().last()?;
    let next = (last as u32 + 1..=char::MAX as u32).find_map(char::from_u32)?;
    Some(format!("{}{next}", &prefix[..prefix.len() - last.len_utf8()]))
}

/// Those of the normal forms that were given, as the transaction sees it.
pub async fn taken(transaction: &Transaction, normals: &[&str]) -> Result<HashSet<String>, Error> {
    let mut taken = HashSet::new();
    for normals in normals.chunks(ROWS_AT_ONCE) {
        let found: Vec<String> = Entity::find()
            .select_only()
            .column(Column::Normal)
            .filter(Column::Normal.is_in(normals.iter().copied()))
            .into_tuple()
            .all(transaction)
            .await?;
        taken.extend(found);
    }
    Ok(taken)
}

/// Those of the normal forms that were given, as they are printed, sorted.
pub async fn existing(db: &Database, normals: &[String]) -> Result<Vec<String>, Error> {
    let mut existing = Vec::new();
    for normals in normals.chunks(ROWS_AT_ONCE) {
        let codes: Vec<String> = Entity::find()
            .select_only()
            .column(Column::Code)
            .filter(Column::Normal.is_in(normals.iter().map(String::as_str)))
            .into_tuple()
            .all(db.reader())
            .await?;
        existing.extend(codes);
    }
    existing.sort_unstable();
    Ok(existing)
}
