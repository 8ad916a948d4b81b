//! Reading classes.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use super::super::evidence;
use super::line::{LEFT_OUT, names};
use super::sight::{Seen, sight, sight_of};
use super::{Assignment, ClassColumns, View};
use crate::bulk::{self, Column, ColumnType};
use crate::facts::CustomerSet;
use crate::history::{self, Segment, Sight, Subject, chosen};
use crate::{Database, Error, Page, PageRequest, time};

/// The place of a stay in a history: its first day, when it became known in microseconds since
/// 1970, and its line.
pub type HistoryKey = (i32, i64, i32);

/// What an [`Assignment`] is made of. What a stay rests on is the latest note of its first day
/// that is not younger than the stay: one that was merged with a later one keeps that. Who is left
/// out has no class, whose id is the empty one.
const SELECT: &str = "SELECT s.customer_id, s.known_from, s.known_to, s.closed_known, s.run_id, \
     s.valid_from, s.valid_to, s.line_id, \
     coalesce((SELECT n.class_id FROM class_name n WHERE n.class_no = s.class_no), '') AS class, \
     (SELECT e.evidence FROM class_evidence e \
     WHERE e.line_id = s.line_id AND e.customer_id = s.customer_id AND \
     e.valid_from = s.valid_from AND e.known_from <= s.known_from \
     ORDER BY e.known_from DESC LIMIT 1) AS evidence FROM class_span s";

/// A customer's class under a taxonomy, or `None` when it has none then.
pub async fn get(
    db: &Database,
    customer: CustomerId,
    taxonomy: &str,
    view: View,
) -> Result<Option<Assignment>, Error> {
    let Some(sight) = sight(db, taxonomy, view).await? else { return Ok(None) };
    // The text is the same for every customer, and is prepared once.
    let sql = format!("{SELECT} WHERE {} AND customer_id = $1", sight.condition);
    let mut found = assignments(db, taxonomy, &sight, &sql, vec![customer.0.into()]).await?;
    Ok(found.pop())
}

/// A customer whom the taxonomy leaves out then, with the reason; `None` when it does not.
pub async fn left_out(
    db: &Database,
    customer: CustomerId,
    taxonomy: &str,
    view: View,
) -> Result<Option<Assignment>, Error> {
    let seen = sight_of(db, taxonomy, view, Seen::LeftOut).await?;
    let Some(sight) = seen else { return Ok(None) };
    let sql = format!("{SELECT} WHERE {} AND customer_id = $1", sight.condition);
    let mut found = assignments(db, taxonomy, &sight, &sql, vec![customer.0.into()]).await?;
    Ok(found.pop())
}

/// The last day for which the customer was classified under the taxonomy, as known at a time
/// (now, when it is `None`); `None` when it never was.
pub async fn evaluated_through(
    db: &Database,
    customer: CustomerId,
    taxonomy: &str,
    known_at: Option<DateTime<Utc>>,
) -> Result<Option<NaiveDate>, Error> {
    let known_at = known_at.map(time::micros);
    let timeline = history::timeline(db.reader(), Subject::Classes, taxonomy, known_at).await?;
    let Some(line) = timeline.last() else { return Ok(None) };
    let customer = Some(customer.0);
    let day = history::evaluated_through(db.reader(), line.line_id, customer, known_at).await?;
    day.map(time::date).transpose()
}

/// The customers of a class, or of every class when `class` is `None`, by customer; of
/// [`LEFT_OUT`] those whom the taxonomy leaves out. The key of a page is a customer id.
pub async fn members(
    db: &Database,
    taxonomy: &str,
    class: Option<&str>,
    view: View,
    page: &PageRequest,
) -> Result<Page<Assignment>, Error> {
    let nobody = Page { items: Vec::new(), next: None };
    let seen = if class == Some(LEFT_OUT) { Seen::LeftOut } else { Seen::Members };
    let Some(sight) = sight_of(db, taxonomy, view, seen).await? else { return Ok(nobody) };
    let mut sql = format!("{SELECT} WHERE {}", sight.condition);
    if let Some(class) = class {
        let names = names(db.reader(), taxonomy).await?;
        let number = names.iter().find(|(_, name)| *name == class).map(|(number, _)| *number);
        let Some(number) = number else { return Ok(nobody) };
        sql.push_str(&format!(" AND class_no = {number}"));
    }
    if let Some(after) = page.after {
        sql.push_str(&format!(" AND customer_id > {after}"));
    }
    sql.push_str(&format!(" ORDER BY customer_id LIMIT {}", page.fetch()));
    let rows = assignments(db, taxonomy, &sight, &sql, Vec::new()).await?;
    Ok(Page::of(page, rows, |row| row.customer.0))
}

/// The classes of the customers of a set, by customer.
pub async fn of_customers(
    db: &Database,
    taxonomy: &str,
    view: View,
    customers: &CustomerSet,
) -> Result<Vec<Assignment>, Error> {
    let Some(sight) = sight(db, taxonomy, view).await? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for chosen in chosen(customers) {
        let sql = format!("{SELECT} WHERE {}{chosen} ORDER BY customer_id", sight.condition);
        found.extend(assignments(db, taxonomy, &sight, &sql, Vec::new()).await?);
    }
    Ok(found)
}

/// The stays that `sql` selects, as far as the line is in force.
async fn assignments(
    db: &Database,
    taxonomy: &str,
    sight: &Sight,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<Assignment>, Error> {
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let mut found = Vec::new();
    for row in db.reader().query_all_raw(statement).await? {
        let row = Row::from_query_result(&row, "")?.seen_at(sight.known_at);
        found.push(row.assignment(taxonomy, &sight.segment)?);
    }
    Ok(found)
}

/// Every class a customer had, of one taxonomy or of all, latest date first; with those that
/// were superseded, when asked.
pub async fn history(
    db: &Database,
    customer: CustomerId,
    taxonomy: Option<&str>,
    superseded: bool,
    page: &PageRequest<HistoryKey>,
) -> Result<Page<Assignment, HistoryKey>, Error> {
    let taxonomies = match taxonomy {
        Some(taxonomy) => vec![taxonomy.to_owned()],
        None => history::names(db.reader(), Subject::Classes).await?,
    };
    let mut lines: BTreeMap<i32, (Segment, usize)> = BTreeMap::new();
    for (place, taxonomy) in taxonomies.iter().enumerate() {
        let timeline = history::timeline(db.reader(), Subject::Classes, taxonomy, None).await?;
        for segment in timeline.segments() {
            lines.insert(segment.line_id, (segment.clone(), place));
        }
    }
    let sql = history_sql(customer, lines.values().map(|(line, _)| line), superseded, page);
    let mut rows = Vec::new();
    for row in history::query(db.reader(), &sql).await? {
        rows.push(Row::from_query_result(&row, "")?);
    }
    let key = |row: &Row| (row.valid_from, row.known_from, row.line_id);
    Page::of(page, rows, key).try_map(|row| {
        let line = lines.get(&row.line_id);
        let (line, place) = line.ok_or_else(|| Error::not_found("line", row.line_id))?;
        row.assignment(&taxonomies[*place], line)
    })
}

/// A stay of a line that was superseded before anybody saw it is left out.
fn history_sql<'a>(
    customer: CustomerId,
    lines: impl Iterator<Item = &'a Segment>,
    superseded: bool,
    page: &PageRequest<HistoryKey>,
) -> String {
    let mut seen = vec!["1 = 0".to_owned()];
    for Segment { line_id, from, to, known, .. } in lines {
        let mut of_line =
            format!("line_id = {line_id} AND (valid_to IS NULL OR valid_to > {from})");
        match (superseded, to) {
            (true, _) => {
                of_line.push_str(&format!(" AND (known_to IS NULL OR known_to > {known})"));
            }
            (false, None) => of_line.push_str(" AND known_to IS NULL"),
            (false, Some(to)) => {
                of_line.push_str(&format!(
                    " AND known_to IS NULL AND valid_from < {to} AND {from} < {to}"
                ));
            }
        }
        seen.push(of_line);
    }
    let mut sql =
        format!("{SELECT} WHERE customer_id = {} AND ({})", customer.0, seen.join(" OR "));
    if let Some((day, known, line_id)) = page.after {
        sql.push_str(&format!(
            " AND (valid_from < {day} OR (valid_from = {day} AND (known_from < {known} OR \
             (known_from = {known} AND line_id < {line_id}))))"
        ));
    }
    let limit = page.fetch();
    sql + &format!(" ORDER BY valid_from DESC, known_from DESC, line_id DESC LIMIT {limit}")
}

/// The classes of many customers under a taxonomy; those without one are left out.
pub async fn at(
    db: &Database,
    taxonomy: &str,
    customers: &CustomerSet,
    view: View,
) -> Result<ClassColumns, Error> {
    let Some(sight) = sight(db, taxonomy, view).await? else { return Ok(ClassColumns::default()) };
    let names = names(db.reader(), taxonomy).await?;
    let mut columns = ClassColumns::default();
    for chosen in chosen(customers) {
        // Sorted here: of a million PostgreSQL would sort on disk.
        let sql = format!(
            "SELECT customer_id, class_no, valid_from FROM class_span WHERE {}{chosen}",
            sight.condition
        );
        let types = [
            ("customer_id", ColumnType::I64),
            ("class_no", ColumnType::I32),
            ("valid_from", ColumnType::I32),
        ];
        let read = bulk::read_all(db.reader(), &sql, &types).await?;
        let read: [Column; 3] = read.try_into().expect("three columns were asked for");
        let [Column::I64(customers), Column::I32(classes), Column::I32(valid_from)] = read else {
            return Err(Error::Corrupt("classes are of other types".to_owned()));
        };
        let mut rows: Vec<_> = customers.into_iter().zip(classes).zip(valid_from).collect();
        rows.sort_unstable();
        columns
            .version_ids
            .resize(columns.version_ids.len() + rows.len(), sight.segment.version_id);
        for ((customer, class), valid_from) in rows {
            columns.customers.push(customer);
            columns.valid_from.push(valid_from.max(sight.segment.from));
            columns.classes.push(name(&names, class)?);
        }
    }
    Ok(columns)
}

/// The id of the class with this number.
pub(super) fn name(names: &BTreeMap<i32, String>, number: i32) -> Result<String, Error> {
    let name = names.get(&number).cloned();
    name.ok_or_else(|| Error::Corrupt(format!("class number {number} has no name")))
}

#[derive(FromQueryResult)]
struct Row {
    customer_id: i64,
    known_from: i64,
    known_to: Option<i64>,
    closed_known: Option<i64>,
    run_id: Option<i64>,
    valid_from: i32,
    valid_to: Option<i32>,
    line_id: i32,
    class: String,
    evidence: Option<String>,
}

impl Row {
    /// The row as it was known at a time: its end may not have been.
    fn seen_at(mut self, known_at: Option<i64>) -> Self {
        let later = |known: i64| known_at.is_some_and(|known_at| known > known_at);
        if self.closed_known.is_some_and(later) {
            self.valid_to = None;
        }
        self
    }

    /// The stay as far as its line is in force; one that begins after that ended with it.
    fn assignment(self, taxonomy: &str, line: &Segment) -> Result<Assignment, Error> {
        let replaced = line.to.is_some_and(|to| self.valid_from >= to || line.from >= to);
        let ended = if replaced { line.ended_known } else { None };
        let end = if replaced { None } else { line.to };
        let valid_to = [self.valid_to, end].into_iter().flatten().min();
        let superseded = [self.known_to, ended].into_iter().flatten().min();
        let evidence = self.evidence.as_deref().map(evidence::decode).transpose()?;
        let mut evidence = evidence.unwrap_or_default();
        let left_out = evidence::take_reason(&mut evidence);
        Ok(Assignment {
            customer: CustomerId(self.customer_id),
            taxonomy: taxonomy.to_owned(),
            version_id: line.version_id,
            class: self.class,
            evidence,
            left_out,
            valid_from: time::date(self.valid_from.max(line.from))?,
            valid_to: valid_to.map(time::date).transpose()?,
            run_id: self.run_id,
            recorded_at: time::instant(self.known_from.max(line.known))?,
            superseded_at: superseded.map(time::instant).transpose()?,
        })
    }
}
