//! Two years of classes, through the way that runs write them.

use std::collections::BTreeMap;
use std::error::Error;

use kehu_core::taxonomy::templates;
use kehu_core::{CustomerId, Value};
use kehu_server::clock;
use kehu_storage::change_log::Position;
use kehu_storage::coding::classes::{self, ClassLine, Evaluation, NewClass, Scope};
use kehu_storage::definitions::{self, Signed};
use kehu_storage::history::{Guarded, Subject, Writer};
use kehu_storage::{Database, time};
use sea_orm::ConnectionTrait;

use crate::{DAYS, FIRST_DAY, PARTITION, TAXONOMIES};

/// Moves of a customer in all.
const MOVES: i64 = 3;

/// Creates the database and fills it; nothing happens when it is there.
pub(crate) async fn fill(admin: &str, name: &str, customers: i64) -> Result<(), Box<dyn Error>> {
    let server = Database::connect(admin).await?;
    let sql = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
    let backend = server.reader().get_database_backend();
    let found =
        server.reader().query_one_raw(sea_orm::Statement::from_string(backend, sql)).await?;
    if found.is_some() {
        return Ok(());
    }
    let unfinished = format!("{name}_unfinished");
    for sql in
        [format!("DROP DATABASE IF EXISTS {unfinished}"), format!("CREATE DATABASE {unfinished}")]
    {
        server.reader().execute_unprepared(&sql).await?;
    }
    let (address, _) = admin.rsplit_once('/').ok_or("an address without a database")?;
    let db = Database::connect(&format!("{address}/{unfinished}")).await?;
    db.migrate().await?;
    for (taxonomy, classes) in TAXONOMIES {
        History::open(&db, taxonomy, classes, customers).await?.write(&db).await?;
    }
    db.reader().execute_unprepared("VACUUM ANALYZE").await?;
    db.close().await?;
    let rename = format!("ALTER DATABASE {unfinished} RENAME TO {name}");
    server.reader().execute_unprepared(&rename).await?;
    Ok(())
}

struct History {
    line: ClassLine,
    names: Vec<String>,
    /// The place of each customer's class; customer 1 comes first.
    places: Vec<usize>,
}

impl History {
    async fn open(
        db: &Database,
        taxonomy: &str,
        classes: usize,
        customers: i64,
    ) -> Result<Self, Box<dyn Error>> {
        let template = templates().into_iter().find(|template| template.id == taxonomy);
        let template = template.ok_or("a template that is there")?;
        let signed = Signed::at(clock::now());
        let draft = definitions::save_draft(db, &template, None, &signed).await?;
        let version = definitions::publish(db, &draft, &(), &signed).await?;
        let transaction = db.begin().await?;
        let line = ClassLine::open(&transaction, &version, None).await?;
        transaction.commit().await?;
        let names = template.classes.into_iter().take(classes).map(|class| class.id).collect();
        let places = (1..=customers).map(|id| scattered(id, 0, classes)).collect();
        Ok(Self { line, names, places })
    }

    async fn write(mut self, db: &Database) -> Result<(), Box<dyn Error>> {
        let customers = i64::try_from(self.places.len())?;
        for first in (1..=customers).step_by(usize::try_from(PARTITION)?) {
            let last = customers.min(first + PARTITION - 1);
            let ids: Vec<i64> = (first..=last).collect();
            self.record(db, FIRST_DAY, &ids, (first, last), last == customers).await?;
        }
        let mut movers: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
        for customer in 1..=customers {
            for number in 1..=MOVES {
                let day = scattered(customer, number, usize::try_from(DAYS - 1)?);
                movers.entry(FIRST_DAY + 1 + i32::try_from(day)?).or_default().push(customer);
            }
        }
        for day in FIRST_DAY + 1..FIRST_DAY + DAYS {
            let mut ids = movers.remove(&day).unwrap_or_default();
            ids.dedup();
            for customer in &ids {
                let place = &mut self.places[usize::try_from(customer - 1)?];
                *place = (*place + 1) % self.names.len();
            }
            self.record(db, day, &ids, (1, customers), true).await?;
        }
        Ok(())
    }

    /// Records the classes of some customers of a range that was looked at.
    async fn record(
        &self,
        db: &Database,
        day: i32,
        ids: &[i64],
        (first, last): (i64, i64),
        complete: bool,
    ) -> Result<(), Box<dyn Error>> {
        let results = ids.iter().map(|id| self.result(*id));
        let results: Vec<NewClass> = results.collect::<Result<_, _>>()?;
        let day = time::date(day)?;
        let scope = Scope::Range(first, last);
        let evaluation =
            Evaluation { line: &self.line, day, position: Position::START, run_id: Some(1), scope };
        let transaction = db.begin().await?;
        let guarded = Guarded::Customers(ids);
        let mut writer = Writer::begin(&transaction, Subject::Classes, guarded, 1).await?;
        classes::record(&mut writer, &evaluation, &results).await?;
        if complete {
            classes::complete(&transaction, &self.line, day).await?;
        }
        Ok(transaction.commit().await?)
    }

    fn result(&self, customer: i64) -> Result<NewClass, Box<dyn Error>> {
        let class = self.names[self.places[usize::try_from(customer - 1)?]].clone();
        Ok(NewClass { customer: CustomerId(customer), class, evidence: evidence(customer) })
    }
}

/// What a class of these taxonomies rests on, in size.
pub(crate) fn evidence(customer: i64) -> BTreeMap<String, Value> {
    let number = |number: i64| Value::Number(number.into());
    BTreeMap::from([
        ("amount_365d".to_owned(), number(customer % 100_000)),
        ("orders_total".to_owned(), number(customer % 40)),
        ("recency_days".to_owned(), number(customer % 365)),
    ])
}

/// A number below `below` that looks random and is the same each time (SplitMix64).
pub(crate) fn scattered(customer: i64, number: i64, below: usize) -> usize {
    let mut bits = customer.wrapping_mul(8).wrapping_add(number).cast_unsigned();
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((bits ^ (bits >> 31)) >> 16).unwrap_or_default() % below
}
