//! A customer with all that is asked of it at once: who it is, its codes, and its class under each
//! taxonomy in force. One statement of the database finds the customer and reads all of it; which
//! lines are in force is looked at before, at most once in a tenth of a second.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kehu_core::contact_key::SameNumber;
use kehu_core::{CustomerId, Reference};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use crate::change_log::{Position, Reading, considered_through};
use crate::coding::codes::{CodeRow, EndReason};
use crate::history::{self, Segment, Subject};
use crate::ingestion::Summary;
use crate::{Database, Error, dialect, time};

/// How long it is taken as known which lines are in force.
const GOOD: Duration = Duration::from_millis(100);
/// So many customers that one key leads to are told apart.
pub const MOST_FOUND: usize = 10;

/// What leads to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Its number.
    Customer(CustomerId),
    /// The normal form of a code that was given to it.
    Code(String),
    /// The normal form of a code that sources, or the one that is named, say that it has had.
    ExternalCode(String, Option<String>),
    /// Its key in a source.
    Reference(Reference),
    /// Its key in whichever source.
    AnyReference(String),
    /// A key of its phone number, see [`kehu_core::contact_key::phone`].
    Phone(String),
    /// That of its e-mail address.
    Email(String),
}

/// A customer with what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The customer.
    pub customer: CustomerId,
    /// The customer that the key was of, where that one is merged into this one.
    pub absorbed: Option<CustomerId>,
    /// Who it is.
    pub summary: Summary,
    /// Every code it has or had: current ones first, then latest first.
    pub codes: Vec<CodeRow>,
    /// Its classes, by taxonomy.
    pub classes: Vec<LiveClass>,
}

/// The class of a customer under a taxonomy now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveClass {
    /// The id of the taxonomy.
    pub taxonomy: String,
    /// The number of its version in force, over all taxonomies.
    pub version_id: i64,
    /// The id of the class.
    pub class: String,
    /// The first day, in days since 1970-01-01.
    pub since: i32,
}

/// What a look-up came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The customer.
    One(Box<Found>),
    /// The keys lead to nobody.
    Nobody,
    /// They lead to several, ascending; beyond [`MOST_FOUND`] one more.
    Several(Vec<CustomerId>),
}

/// The lines that are in force, and up to where everything was considered before that was looked at.
#[derive(Debug)]
pub struct Live {
    /// By taxonomy.
    lines: Vec<(String, Segment)>,
    /// A look-up by it has considered everything up to here.
    pub through: Position,
}

/// What was found to be in force lately.
#[derive(Debug, Default)]
pub(crate) struct Lately(Mutex<Option<(Instant, Arc<Live>)>>);

/// The lines in force, as of a moment ago; `anew`, as of now.
pub async fn live(db: &Database, anew: bool) -> Result<Arc<Live>, Error> {
    let asked = Instant::now();
    let lately = db.live.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((_, live)) = lately.filter(|(at, _)| !anew && at.elapsed() < GOOD) {
        return Ok(live);
    }
    let through = considered_through(db, Reading::Codes).await?;
    let timelines = history::timelines(db.reader(), Subject::Classes).await?;
    let last = timelines.into_iter().filter_map(|(name, it)| Some((name, it.last()?.clone())));
    let live = Arc::new(Live { lines: last.collect(), through });
    *db.live.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((asked, Arc::clone(&live)));
    Ok(live)
}

/// The customer that the keys lead to, all of them together.
pub async fn look_up(db: &Database, live: &Live, keys: &[Key]) -> Result<Outcome, Error> {
    let reader = db.reader();
    let (sql, values) = Query { backend: reader.get_database_backend(), values: Vec::new() }
        .whole(keys, &live.lines);
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    let rows = reader.query_all_raw(statement).await?;
    let mut found = BTreeSet::new();
    for row in rows.iter().filter_map(|row| of_kind(row, WHO).transpose()) {
        found.insert(CustomerId(row?.try_get_by_index(1)?));
    }
    let (Some(customer), 1) = (found.first().copied(), found.len()) else {
        return Ok(match found.is_empty() {
            true => Outcome::Nobody,
            false => Outcome::Several(found.into_iter().collect()),
        });
    };
    let mut one = Found {
        customer,
        absorbed: None,
        summary: Summary::default(),
        codes: Vec::new(),
        classes: Vec::new(),
    };
    let mut exists = false;
    for row in &rows {
        exists |= one.add(row, &live.lines)?;
    }
    if !exists {
        return Ok(Outcome::Nobody);
    }
    one.codes.sort_by(|left, right| {
        let place = |code: &CodeRow| (!code.current, std::cmp::Reverse(code.created_at));
        (place(left), &left.normal).cmp(&(place(right), &right.normal))
    });
    one.classes.sort_by(|left, right| left.taxonomy.cmp(&right.taxonomy));
    Ok(Outcome::One(Box::new(one)))
}

/// What a row tells of.
const WHO: i32 = 0;
const PROFILE: i32 = 1;
const REFERENCE: i32 = 2;
const CODE: i32 = 3;
const CLASS: i32 = 4;
/// Numbers and texts of a row, after what it tells of and of which customer.
const NUMBERS: usize = 7;
const TEXTS: usize = 6;

fn of_kind(row: &QueryResult, kind: i32) -> Result<Option<&QueryResult>, Error> {
    Ok((row.try_get_by_index::<i32>(0)? == kind).then_some(row))
}

fn number(row: &QueryResult, place: usize) -> Result<Option<i64>, Error> {
    Ok(row.try_get_by_index(2 + place)?)
}

fn given(row: &QueryResult, place: usize) -> Result<i64, Error> {
    number(row, place)?.ok_or_else(|| Error::Corrupt("a look-up lacks a number".to_owned()))
}

fn small(number: i64) -> Result<i32, Error> {
    i32::try_from(number).map_err(|error| Error::Corrupt(error.to_string()))
}

fn text(row: &QueryResult, place: usize) -> Result<Option<String>, Error> {
    Ok(row.try_get_by_index(2 + NUMBERS + place)?)
}

impl Found {
    /// Adds what a row tells; whether it is the row of the customer itself.
    fn add(&mut self, row: &QueryResult, lines: &[(String, Segment)]) -> Result<bool, Error> {
        match row.try_get_by_index::<i32>(0)? {
            WHO => {
                let home = CustomerId(given(row, 0)?);
                self.absorbed = self.absorbed.or(Some(home)).filter(|home| *home != self.customer);
            }
            PROFILE => {
                self.summary.display_name = text(row, 0)?;
                self.summary.region_code = text(row, 1)?;
                self.summary.city = text(row, 2)?;
                self.summary.industry_code = text(row, 3)?;
                return Ok(true);
            }
            REFERENCE => {
                if let (Some(source), Some(external_id)) = (text(row, 0)?, text(row, 1)?) {
                    let reference = Reference { source, external_id };
                    let first = self.summary.reference.take().into_iter().chain([reference]).min();
                    self.summary.reference = first;
                }
            }
            CODE => self.codes.push(self.code(row)?),
            _ => self.classes.extend(class(row, lines)?),
        }
        Ok(false)
    }

    fn code(&self, row: &QueryResult) -> Result<CodeRow, Error> {
        let home = CustomerId(row.try_get_by_index(1)?);
        let mut code = CodeRow {
            normal: text(row, 0)?.unwrap_or_default(),
            code: text(row, 1)?.unwrap_or_default(),
            scheme: text(row, 2)?.unwrap_or_default(),
            customer: home,
            class_code: text(row, 3)?.unwrap_or_default(),
            as_of: time::date(small(given(row, 0)?)?)?,
            current: given(row, 1)? == 1,
            created_at: time::instant(given(row, 2)?)?,
            ended_at: number(row, 3)?.map(time::instant).transpose()?,
            run_id: None,
            ended_because: match number(row, 4)? {
                Some(reason) => Some(EndReason::of(small(reason)?)?),
                None => None,
            },
            ended_for: text(row, 4)?,
            successor: text(row, 5)?,
            imported: given(row, 5)? == 1,
        };
        if let (true, Some(since)) = (home != self.customer, number(row, 6)?) {
            code.merged_into(self.customer, time::instant(since)?);
        }
        Ok(code)
    }
}

fn class(row: &QueryResult, lines: &[(String, Segment)]) -> Result<Option<LiveClass>, Error> {
    let line_id = given(row, 0)?;
    let line = lines.iter().find(|(_, line)| i64::from(line.line_id) == line_id);
    let Some((taxonomy, line)) = line else { return Ok(None) };
    Ok(Some(LiveClass {
        taxonomy: taxonomy.clone(),
        version_id: line.version_id,
        class: text(row, 0)?.unwrap_or_default(),
        since: small(given(row, 1)?)?.max(line.from),
    }))
}

/// The statement, with what stands in its places.
struct Query {
    backend: sea_orm::DbBackend,
    values: Vec<Value>,
}

impl Query {
    fn place(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// The customers that a key is of.
    fn of_key(&mut self, key: &Key) -> String {
        match key {
            Key::Customer(customer) => {
                format!("SELECT CAST({} AS bigint) AS home", self.place(customer.0))
            }
            Key::Code(normal) => {
                format!(
                    "SELECT customer_id AS home FROM code WHERE normal = {}",
                    self.place(normal.as_str())
                )
            }
            Key::ExternalCode(normal, None) => format!(
                "SELECT customer_id AS home FROM external_code WHERE normal = {}",
                self.place(normal.as_str())
            ),
            Key::ExternalCode(normal, Some(source)) => format!(
                "SELECT e.customer_id AS home FROM source AS s JOIN external_code AS e ON \
                 e.source_id = s.source_id AND e.normal = {} WHERE s.name = {}",
                self.place(normal.as_str()),
                self.place(source.as_str())
            ),
            Key::Reference(Reference { source, external_id }) => format!(
                "SELECT r.customer_id AS home FROM source AS s JOIN customer_reference AS r ON \
                 r.source_id = s.source_id AND r.external_id = {} WHERE s.name = {}",
                self.place(external_id.as_str()),
                self.place(source.as_str())
            ),
            Key::AnyReference(external_id) => format!(
                "SELECT r.customer_id AS home FROM source AS s JOIN customer_reference AS r ON \
                 r.source_id = s.source_id AND r.external_id = {}",
                self.place(external_id.as_str())
            ),
            Key::Phone(key) => self.of_phone(&SameNumber::of(key)),
            Key::Email(key) => format!(
                "SELECT customer_id AS home FROM customer WHERE email_key = {}",
                self.place(key.as_str())
            ),
        }
    }

    fn of_phone(&mut self, same: &SameNumber) -> String {
        let shorter: Vec<&str> = same.shorter.iter().map(String::as_str).collect();
        self.values.push(dialect::text_array(self.backend, &shorter));
        let place = self.values.len();
        let each = dialect::from_each(self.backend, place, "customer", "phone_key = wanted");
        let shorter = format!("SELECT customer_id AS home {each}");
        let Some((from, below)) = &same.longer else { return shorter };
        let (from, below) = (self.place(from.as_str()), self.place(below.as_str()));
        format!(
            "{shorter} UNION SELECT customer_id AS home FROM customer WHERE phone_key >= {from} \
             AND phone_key < {below}"
        )
    }

    fn whole(mut self, keys: &[Key], lines: &[(String, Segment)]) -> (String, Vec<Value>) {
        let keys: Vec<String> = keys.iter().map(|key| self.of_key(key)).collect();
        let nothing = |places: usize, of: &str| vec![format!("CAST(NULL AS {of})"); places];
        let typed = nothing(NUMBERS - 1, "bigint").into_iter().chain(nothing(TEXTS, "text"));
        let typed: Vec<String> = typed.collect();
        let who = format!(
            "WITH who AS (SELECT k.home, coalesce(m.root_id, k.home) AS customer_id FROM (SELECT \
             DISTINCT home FROM ({}) AS each_key LIMIT {}) AS k LEFT JOIN customer_merge AS m ON \
             m.absorbed_id = k.home AND m.root_id IS NOT NULL), \
             found AS (SELECT DISTINCT customer_id FROM who), \
             homes AS (SELECT customer_id AS home, CAST(NULL AS bigint) AS merged_at FROM found \
             UNION ALL SELECT m.absorbed_id, m.merged_at FROM found JOIN customer_merge AS m ON \
             m.root_id = found.customer_id) \
             SELECT {WHO}, customer_id, home, {} FROM who",
            keys.join(" UNION ALL "),
            MOST_FOUND + 1,
            typed.join(", ")
        );
        (who + &profile() + &codes() + &classes(lines), self.values)
    }
}

/// The rows of a kind: `of` is the column of the customer, the others are filled up with nulls.
fn rows(kind: i32, of: &str, numbers: &[&str], texts: &[&str], from: &str) -> String {
    let mut columns = vec![of];
    columns.extend(numbers);
    columns.resize(1 + NUMBERS, "NULL");
    columns.extend(texts);
    columns.resize(1 + NUMBERS + TEXTS, "NULL");
    format!(" UNION ALL SELECT {kind}, {} FROM {from}", columns.join(", "))
}

fn profile() -> String {
    let customer = rows(
        PROFILE,
        "found.customer_id",
        &[],
        &["c.display_name", "c.region_code", "c.city", "c.industry_code"],
        "found JOIN customer AS c ON c.customer_id = found.customer_id",
    );
    let references = rows(
        REFERENCE,
        "found.customer_id",
        &[],
        &["s.name", "r.external_id"],
        "found JOIN customer_reference AS r ON r.customer_id = found.customer_id JOIN source AS s \
         ON s.source_id = r.source_id",
    );
    customer + &references
}

fn codes() -> String {
    let numbers = [
        "c.as_of",
        "c.current",
        "c.created_at",
        "c.ended_at",
        "c.ended_because",
        "c.imported",
        "homes.merged_at",
    ];
    let texts = ["c.normal", "c.code", "c.scheme_id", "c.class_code", "c.ended_for", "c.successor"];
    let from = "homes JOIN code AS c ON c.customer_id = homes.home";
    rows(CODE, "c.customer_id", &numbers, &texts, from)
}

fn classes(lines: &[(String, Segment)]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = lines.iter().map(|(_, line)| line.line_id.to_string()).collect();
    let from = format!(
        "found JOIN class_span AS s ON s.customer_id = found.customer_id AND s.line_id IN ({}) AND \
         s.valid_to IS NULL AND s.known_to IS NULL JOIN class_name AS n ON n.class_no = s.class_no",
        lines.join(", ")
    );
    rows(CLASS, "found.customer_id", &["s.line_id", "s.valid_from"], &["n.class_id"], &from)
}
