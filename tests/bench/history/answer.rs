//! The questions, asked of storage's readers.

use std::error::Error;
use std::io::{Write, stdin, stdout};
use std::time::{Duration, Instant};

use kehu_core::CustomerId;
use kehu_storage::change_log::Position;
use kehu_storage::coding::classes::{self, ClassLine, Evaluation, NewClass, Scope, View};
use kehu_storage::facts::CustomerSet;
use kehu_storage::history::{Guarded, Subject, Writer};
use kehu_storage::{Database, PageRequest, time};
use sea_orm::{ConnectionTrait, Statement};

use crate::fill::{evidence, scattered};
use crate::{FIRST_DAY, PARTITION, TAXONOMIES};

/// The day that is asked about, and the one a month later.
const DAY: i32 = FIRST_DAY + 400;
const MONTH: i32 = 30;
/// One customer in so many moves on a day.
const MOVER: usize = 100;

/// Answers questions until there are no more.
pub(crate) async fn answer(url: &str, customers: i64) -> Result<(), Box<dyn Error>> {
    let db = Database::connect(url).await?;
    for question in stdin().lines() {
        let (time, number) = match question?.as_str() {
            "day" => day(&db, customers).await?,
            question => {
                let start = Instant::now();
                let number = ask(&db, question, customers).await?;
                (start.elapsed(), number)
            }
        };
        writeln!(stdout(), "{:.6} {number}", time.as_secs_f64())?;
        stdout().flush()?;
    }
    Ok(())
}

async fn ask(db: &Database, question: &str, customers: i64) -> Result<i64, Box<dyn Error>> {
    let taxonomy = TAXONOMIES[0].0;
    let view = on(DAY)?;
    Ok(match question {
        "counts" => count(classes::counts(db, taxonomy, view).await?.len())?,
        "all" => count(classes::at(db, taxonomy, &CustomerSet::All, view).await?.customers.len())?,
        "matrix" => {
            let later = on(DAY + MONTH)?;
            count(classes::moves(db, taxonomy, view, later).await?.len())?
        }
        "customer" => {
            let mut rows = 0;
            for number in 0..10 {
                let customer = CustomerId(1 + number * (customers / 10));
                let page = PageRequest::first(1_000);
                let history = classes::history(db, customer, Some(taxonomy), false, &page);
                rows += count(history.await?.items.len())?;
            }
            rows
        }
        "size" => number(db, "SELECT count(*) FROM class_span").await?,
        "bytes" => {
            let sql = "SELECT CAST(sum(pg_total_relation_size(oid)) AS bigint) FROM pg_class WHERE \
                       relkind = 'r' AND (relname LIKE 'class\\_%' OR relname LIKE 'history\\_%')";
            number(db, sql).await?
        }
        question => return Err(format!("no question {question}").into()),
    })
}

/// A day in which one customer in a hundred moves: everybody is looked at under both taxonomies.
/// How long that took, and how many moved.
async fn day(db: &Database, customers: i64) -> Result<(Duration, i64), Box<dyn Error>> {
    let (mut took, mut moves) = (Duration::ZERO, 0);
    for (taxonomy, _) in TAXONOMIES {
        let timeline = classes::in_force(db.reader(), taxonomy).await?;
        let segment = timeline.last().ok_or("a taxonomy in force")?;
        let (line_id, version_id) = (segment.line_id, segment.version_id);
        let line = ClassLine::load(db.reader(), taxonomy, line_id, version_id).await?;
        let through = classes::latest_classified(db, Some(taxonomy), None).await?;
        let day = through.and_then(|day| day.succ_opt()).ok_or("a day that follows")?;
        let results = next_day(db, taxonomy).await?;
        let start = Instant::now();
        for part in results.chunks(usize::try_from(PARTITION)?) {
            moves += write(db, &line, day, part).await?;
        }
        let transaction = db.begin().await?;
        classes::complete(&transaction, &line, day).await?;
        transaction.commit().await?;
        took += start.elapsed();
        assert_eq!(count(results.len())?, customers, "everybody is looked at");
    }
    Ok((took, moves))
}

/// The class of everybody on the next day.
async fn next_day(db: &Database, taxonomy: &str) -> Result<Vec<NewClass>, Box<dyn Error>> {
    let columns = classes::at(db, taxonomy, &CustomerSet::All, View::default()).await?;
    let mut names = columns.classes.clone();
    names.sort_unstable();
    names.dedup();
    let mut results = Vec::with_capacity(columns.customers.len());
    for (customer, held) in columns.customers.into_iter().zip(columns.classes) {
        let moves = scattered(customer, 7, MOVER) == 0;
        let place = names.binary_search(&held).map_err(|_| "a class that is there")?;
        let class = if moves { names[(place + 1) % names.len()].clone() } else { held };
        results.push(NewClass {
            customer: CustomerId(customer),
            class,
            evidence: evidence(customer),
        });
    }
    Ok(results)
}

async fn write(
    db: &Database,
    line: &ClassLine,
    day: chrono::NaiveDate,
    results: &[NewClass],
) -> Result<i64, Box<dyn Error>> {
    let ids: Vec<i64> = results.iter().map(|result| result.customer.0).collect();
    let scope = Scope::Range(ids[0], ids[ids.len() - 1]);
    let evaluation = Evaluation { line, day, position: Position::START, run_id: Some(2), scope };
    let transaction = db.begin().await?;
    let guarded = Guarded::Customers(&ids);
    let mut writer = Writer::begin(&transaction, Subject::Classes, guarded, 1).await?;
    let changed = classes::record(&mut writer, &evaluation, results).await?;
    transaction.commit().await?;
    count(changed.len())
}

fn on(day: i32) -> Result<View, Box<dyn Error>> {
    Ok(View { true_on: Some(time::date(day)?), known_at: None })
}

fn count(length: usize) -> Result<i64, Box<dyn Error>> {
    Ok(i64::try_from(length)?)
}

async fn number(db: &Database, sql: &str) -> Result<i64, Box<dyn Error>> {
    let statement = Statement::from_string(db.reader().get_database_backend(), sql);
    let row = db.reader().query_one_raw(statement).await?.ok_or("a row")?;
    Ok(row.try_get_by_index(0)?)
}
