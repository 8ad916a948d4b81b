//! Reading classes.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kehu_core::CustomerId;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::super::customers;
use super::super::entity::class_assignment::{Column, Entity};
use super::super::evidence;
use super::{Assignment, ClassColumns, View};
use crate::facts::CustomerSet;
use crate::{Database, Error, Page, PageRequest, time};

/// The name of the table where a second evaluation of the same customer is looked for.
const OTHER: &str = "other";

/// A customer's class under a taxonomy, or `None` when it has none then.
pub async fn get(
    db: &Database,
    customer: CustomerId,
    taxonomy: &str,
    view: View,
) -> Result<Option<Assignment>, Error> {
    let row = with_end(view)
        .filter(in_view(taxonomy, view))
        .filter(Column::CustomerId.eq(customer.0))
        .into_model::<Row>()
        .one(db.reader())
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// The customers of a class, or of every class when `class` is `None`, by customer; the key of
/// a page is a customer id.
pub async fn members(
    db: &Database,
    taxonomy: &str,
    class: Option<&str>,
    view: View,
    page: &PageRequest,
) -> Result<Page<Assignment>, Error> {
    let mut rows = with_end(view).filter(in_view(taxonomy, view));
    if let Some(class) = class {
        rows = rows.filter(Column::ClassId.eq(class));
    }
    if let Some(after) = page.after {
        rows = rows.filter(Column::CustomerId.gt(after));
    }
    let rows = rows.order_by_asc(Column::CustomerId).limit(page.fetch());
    let rows = rows.into_model::<Row>().all(db.reader()).await?;
    Page::of(page, rows, |row| row.customer_id).try_map(TryInto::try_into)
}

/// Every class a customer had, of one taxonomy or of all, latest date first; with those that
/// were superseded, when asked. The key of a page is the date in days and the assignment's
/// number.
pub async fn history(
    db: &Database,
    customer: CustomerId,
    taxonomy: Option<&str>,
    superseded: bool,
    page: &PageRequest<(i32, i64)>,
) -> Result<Page<Assignment, (i32, i64)>, Error> {
    let mut rows = with_end(View::default()).filter(Column::CustomerId.eq(customer.0));
    if let Some(taxonomy) = taxonomy {
        rows = rows.filter(Column::TaxonomyId.eq(taxonomy));
    }
    if !superseded {
        rows = rows.filter(Column::SupersededAt.is_null());
    }
    if let Some((as_of, assignment_id)) = page.after {
        let same_date = Column::AsOf.eq(as_of).and(Column::AssignmentId.lt(assignment_id));
        rows = rows.filter(Column::AsOf.lt(as_of).or(same_date));
    }
    let rows = rows
        .order_by_desc(Column::AsOf)
        .order_by_desc(Column::AssignmentId)
        .limit(page.fetch())
        .into_model::<Row>()
        .all(db.reader())
        .await?;
    Page::of(page, rows, |row| (row.as_of, row.assignment_id)).try_map(TryInto::try_into)
}

/// The classes of many customers under a taxonomy; those without one are left out.
pub async fn at(
    db: &Database,
    taxonomy: &str,
    customers: &CustomerSet,
    view: View,
) -> Result<ClassColumns, Error> {
    let mut columns = ClassColumns::default();
    for condition in customers::conditions(customers, Column::CustomerId) {
        let rows: Vec<(i64, String, i64, i32)> = Entity::find()
            .select_only()
            .columns([Column::CustomerId, Column::ClassId, Column::VersionId, Column::AsOf])
            .filter(in_view(taxonomy, view))
            .filter(condition)
            .order_by_asc(Column::CustomerId)
            .into_tuple()
            .all(db.reader())
            .await?;
        for (customer, class, version_id, as_of) in rows {
            columns.customers.push(customer);
            columns.classes.push(class);
            columns.version_ids.push(version_id);
            columns.as_of.push(as_of);
        }
    }
    Ok(columns)
}

/// The latest date for which each of the customers has a class under one of the taxonomies;
/// customers without one are left out.
pub async fn latest_dates(
    db: &Database,
    taxonomies: &[&str],
    customers: &[CustomerId],
) -> Result<BTreeMap<CustomerId, NaiveDate>, Error> {
    let mut dates = BTreeMap::new();
    let customers = CustomerSet::Ids(customers.iter().map(|customer| customer.0).collect());
    for condition in customers::conditions(&customers, Column::CustomerId) {
        let rows: Vec<(i64, i32)> = Entity::find()
            .select_only()
            .column(Column::CustomerId)
            .column_as(Column::AsOf.max(), "as_of")
            .filter(Column::TaxonomyId.is_in(taxonomies.iter().copied()))
            .filter(Column::SupersededAt.is_null())
            .filter(condition)
            .group_by(Column::CustomerId)
            .into_tuple()
            .all(db.reader())
            .await?;
        for (customer, as_of) in rows {
            dates.insert(CustomerId(customer), time::date(as_of)?);
        }
    }
    Ok(dates)
}

/// Rows of `taxonomy` in view: standing at the time, and of the latest such date up to the date.
/// Both databases look the latest date up in an index, row by row, which makes a page cheap
/// however long the table is (an anti-join reads it from its start).
fn in_view(taxonomy: &str, view: View) -> Condition {
    let mut latest = evaluations(view);
    latest.expr(other(Column::AsOf).max());
    let mut condition =
        Condition::all().add(Column::TaxonomyId.eq(taxonomy)).add(stood(None, view));
    if let Some(date) = view.true_on.map(time::days) {
        latest.and_where(other(Column::AsOf).lte(date));
        condition = condition.add(Column::AsOf.lte(date));
    }
    condition.add(Expr::col((Entity, Column::AsOf)).eq(subquery(latest)))
}

/// Selects all columns, and `valid_to`: the date of the next evaluation.
fn with_end(view: View) -> Select<Entity> {
    let mut next = evaluations(view);
    next.expr(other(Column::AsOf).min())
        .and_where(other(Column::AsOf).gt(Expr::col((Entity, Column::AsOf))));
    Entity::find().expr_as(subquery(next), "valid_to")
}

/// Selects from the evaluations of the same customer and taxonomy that stood at the time.
fn evaluations(view: View) -> SelectStatement {
    Query::select()
        .from_as(Entity, Alias::new(OTHER))
        .and_where(other(Column::CustomerId).equals((Entity, Column::CustomerId)))
        .and_where(other(Column::TaxonomyId).equals((Entity, Column::TaxonomyId)))
        .cond_where(stood(Some(OTHER), view))
        .to_owned()
}

fn subquery(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(select.into()))
}

fn other(column: Column) -> Expr {
    Expr::col((Alias::new(OTHER), column))
}

/// What was recorded and not superseded at the time.
fn stood(table: Option<&'static str>, view: View) -> Condition {
    let column = |column: Column| match table {
        Some(table) => Expr::col((Alias::new(table), column)),
        None => Expr::col((Entity, column)),
    };
    let standing = column(Column::SupersededAt).is_null();
    let Some(time) = view.known_at.map(time::micros) else {
        return Condition::all().add(standing);
    };
    let not_yet = column(Column::SupersededAt).gt(time);
    Condition::all().add(column(Column::RecordedAt).lte(time)).add(standing.or(not_yet))
}

#[derive(FromQueryResult)]
struct Row {
    assignment_id: i64,
    customer_id: i64,
    taxonomy_id: String,
    version_id: i64,
    class_id: String,
    evidence: String,
    as_of: i32,
    valid_to: Option<i32>,
    run_id: Option<i64>,
    recorded_at: i64,
    superseded_at: Option<i64>,
}

impl TryFrom<Row> for Assignment {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            assignment_id: row.assignment_id,
            customer: CustomerId(row.customer_id),
            taxonomy: row.taxonomy_id,
            version_id: row.version_id,
            class: row.class_id,
            evidence: evidence::decode(&row.evidence)?,
            as_of: time::date(row.as_of)?,
            valid_to: row.valid_to.map(time::date).transpose()?,
            run_id: row.run_id,
            recorded_at: time::instant(row.recorded_at)?,
            superseded_at: row.superseded_at.map(time::instant).transpose()?,
        })
    }
}
