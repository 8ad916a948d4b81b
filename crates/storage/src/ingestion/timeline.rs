//! What happened with a customer, whatever kind of record says so.

use std::cmp::{Ordering, Reverse};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{CustomerId, Money, Quantity};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    Statement, Value,
};

use super::OrderKind;
use super::entity::sales_order;
use super::kinds::{KINDS, TimelineQuery};
use super::merges;
use super::sources::Names;
use crate::{Database, Error, Page, PageRequest, time};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the timeline.
    pub key: TimelineKey,
    /// What it was: `sale`, `return`, `adjustment`, `cancelled` for an order, and what other kinds
    /// of record call theirs.
    pub kind: String,
    /// The name of its source.
    pub source: String,
    /// The source's key of it.
    pub external_id: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Its business date.
    pub on: NaiveDate,
    /// Its amounts, if it has some.
    pub amounts: Option<Amounts>,
    /// Number of its lines.
    pub line_count: i32,
    /// Channel of the sale or the contact.
    pub channel: Option<String>,
    /// Of a return, the source's key of the sale that it takes back.
    pub sale: Option<String>,
    /// Of a sale, the source's keys of the customer's returns that take it back, by time.
    pub returns: Vec<String>,
    /// What a contact was about.
    pub contact: Option<Contact>,
    /// Of a merge, who was merged into whom.
    pub merge: Option<MergeDetail>,
}

/// A merge of customers, or the end of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeDetail {
    /// Its number.
    pub merge_id: i64,
    /// Who is or was part of the survivor.
    pub absorbed: CustomerId,
    /// Who stands or stood for both.
    pub survivor: CustomerId,
    /// Why.
    pub reason: String,
    /// By whom; empty where sign-on is off.
    pub actor: String,
}

/// The amounts of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amounts {
    /// ISO 4217.
    pub currency: String,
    /// In its own currency.
    pub amount: Money,
    /// In the base currency.
    pub base_amount: Money,
}

/// What a contact with a customer was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// What it was: of an interaction its kind, of an answer to a survey what it measures,
    /// of an assessment `prospects`.
    pub kind: String,
    /// The product's code.
    pub product: Option<String>,
    /// The product's category.
    pub category: Option<String>,
    /// Whether the customer complained.
    pub is_complaint: bool,
    /// What came of it.
    pub outcome: Option<String>,
    /// What was said, in free words.
    pub note: Option<String>,
    /// The survey, or the wave of it, that it answers.
    pub survey: Option<String>,
    /// The score that was given.
    pub score: Option<Quantity>,
    /// Who judged.
    pub assessor: Option<String>,
    /// The business date from which on the judgement counts no more.
    pub expires_on: Option<NaiveDate>,
}

/// The place of an event in a timeline, which falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimelineKey {
    /// When it happened, in microseconds.
    pub at: i64,
    /// Which query it comes from, for those of one instant.
    pub query: i64,
    /// Its number there.
    pub place: i64,
}

impl TimelineKey {
    /// Before every event.
    const START: Self = Self { at: i64::MAX, query: i64::MAX, place: i64::MAX };

    /// The least number of a query, at the same instant, that was passed already.
    fn passed(&self, query: i64) -> i64 {
        match query.cmp(&self.query) {
            Ordering::Less => i64::MAX,
            Ordering::Equal => self.place,
            Ordering::Greater => i64::MIN,
        }
    }
}

/// A page of what happened with a customer, newest first.
pub async fn timeline(
    db: &Database,
    customer: CustomerId,
    page: &PageRequest<TimelineKey>,
) -> Result<Page<Event, TimelineKey>, Error> {
    let names = Names::load(db.reader()).await?;
    let mut events = Vec::new();
    let queries = KINDS.iter().flat_map(|kind| kind.timeline).chain(&merges::TIMELINE);
    for (number, query) in (0..).zip(queries) {
        for row in read(db, number, query, customer, page).await? {
            events.push(decode(&row, number, query, &names)?);
        }
    }
    events.sort_unstable_by_key(|event| Reverse(event.key));
    let mut page = Page::of(page, events, |event| event.key);
    tie(db, customer, &mut page.items).await?;
    Ok(page)
}

/// Puts to each sale the customer's returns that take it back. A return of another customer takes
/// back nothing of this one's.
async fn tie(db: &Database, customer: CustomerId, events: &mut [Event]) -> Result<(), Error> {
    let sales = events.iter().filter(|event| event.kind == "sale");
    let keys: Vec<&str> = sales.map(|event| event.external_id.as_str()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    use sales_order::Column as Of;
    let found: Vec<(i64, Option<String>, String)> = sales_order::Entity::find()
        .select_only()
        .columns([Of::SourceId, Of::SaleExternalId, Of::ExternalId])
        .filter(Of::CustomerId.eq(customer.0))
        .filter(Of::SupersededAt.is_null())
        .filter(Of::Kind.eq(OrderKind::Return.number()))
        .filter(Of::SaleExternalId.is_in(keys))
        .order_by_asc(Of::OrderedAt)
        .order_by_asc(Of::ExternalId)
        .into_tuple()
        .all(db.reader())
        .await?;
    let names = Names::load(db.reader()).await?;
    for (source_id, sale, external_id) in found {
        let source = names.get(source_id)?;
        let takes_back = |event: &&mut Event| {
            event.kind == "sale"
                && event.source == source
                && Some(&event.external_id) == sale.as_ref()
        };
        if let Some(event) = events.iter_mut().find(takes_back) {
            event.returns.push(external_id);
        }
    }
    Ok(())
}

/// The newest of one query after the page before.
async fn read(
    db: &Database,
    number: i64,
    query: &TimelineQuery,
    customer: CustomerId,
    page: &PageRequest<TimelineKey>,
) -> Result<Vec<QueryResult>, Error> {
    let after = page.after.unwrap_or(TimelineKey::START);
    let (TimelineQuery::Trade(query) | TimelineQuery::Contact(query) | TimelineQuery::Merge(query)) =
        query;
    let sql = format!(
        "SELECT * FROM ({query}) AS events WHERE happened_at < $2 \
         OR happened_at = $2 AND place < $3 ORDER BY happened_at DESC, place DESC LIMIT $4"
    );
    let fetch = i64::try_from(page.fetch()).unwrap_or(i64::MAX);
    let values: [Value; 4] =
        [customer.0.into(), after.at.into(), after.passed(number).into(), fetch.into()];
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(db.reader().query_all_raw(statement).await?)
}

fn decode(
    row: &QueryResult,
    number: i64,
    query: &TimelineQuery,
    names: &Names,
) -> Result<Event, Error> {
    let at = row.try_get("", "happened_at")?;
    let mut event = Event {
        key: TimelineKey { at, query: number, place: row.try_get("", "place")? },
        kind: row.try_get("", "kind")?,
        source: String::new(),
        external_id: String::new(),
        at: time::instant(at)?,
        on: time::date(row.try_get("", "day")?)?,
        amounts: None,
        line_count: 0,
        channel: None,
        sale: None,
        returns: Vec::new(),
        contact: None,
        merge: None,
    };
    if let TimelineQuery::Merge(_) = query {
        event.merge = Some(merge(row)?);
        return Ok(event);
    }
    event.source = names.get(row.try_get("", "source_id")?)?;
    event.external_id = row.try_get("", "external_id")?;
    event.channel = row.try_get("", "channel")?;
    match query {
        TimelineQuery::Trade(_) => {
            event.amounts = Some(amounts(row)?);
            event.line_count = row.try_get("", "line_count")?;
            event.sale = row.try_get("", "takes_back")?;
        }
        TimelineQuery::Contact(_) => event.contact = Some(contact(row)?),
        TimelineQuery::Merge(_) => {}
    }
    Ok(event)
}

fn merge(row: &QueryResult) -> Result<MergeDetail, Error> {
    Ok(MergeDetail {
        merge_id: row.try_get("", "place")?,
        absorbed: CustomerId(row.try_get("", "absorbed_id")?),
        survivor: CustomerId(row.try_get("", "survivor_id")?),
        reason: row.try_get("", "reason")?,
        actor: row.try_get("", "actor")?,
    })
}

fn amounts(row: &QueryResult) -> Result<Amounts, Error> {
    Ok(Amounts {
        currency: row.try_get("", "currency")?,
        amount: Money(row.try_get("", "amount")?),
        base_amount: Money(row.try_get("", "base_amount")?),
    })
}

fn contact(row: &QueryResult) -> Result<Contact, Error> {
    let complaint: i32 = row.try_get("", "complaint")?;
    Ok(Contact {
        kind: row.try_get("", "contact_kind")?,
        product: row.try_get("", "product")?,
        category: row.try_get("", "category")?,
        is_complaint: complaint != 0,
        outcome: row.try_get("", "outcome")?,
        note: row.try_get("", "note")?,
        survey: row.try_get("", "survey")?,
        score: row.try_get::<Option<i64>>("", "score")?.map(Quantity),
        assessor: row.try_get("", "assessor")?,
        expires_on: row.try_get::<Option<i32>>("", "expires_on")?.map(time::date).transpose()?,
    })
}
