//! Runs that count how good the data is, and that one is started for each business day.

use async_trait::async_trait;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use kehu_contract::ingestion::ProblemReason;
use kehu_core::attribute::{Attributes, Sensitivity};
use kehu_core::calendar::BusinessCalendar;
use kehu_runs::{Daily, Evaluated, Job, Partition, RunContext};
use kehu_server::{Fault, clock};
use kehu_storage::ingestion::attributes::DeclaredAttributes;
use kehu_storage::ingestion::quality::{self as store, Since, Tally};
use kehu_storage::{
    Database, Transaction, business_date, document,
    facts::CustomerSet,
    run::{Cut, Kind, NewRun, Run},
};

/// Runs that count.
pub(crate) const KIND: Kind = Kind { name: "quality", cut: Cut::Ranges, after: &[] };

/// Reasons that say that a field is empty.
const MISSING: [ProblemReason; 2] = [ProblemReason::FieldMissing, ProblemReason::CustomerMissing];

/// A run that counts everything as of a business date.
pub(crate) fn new_run(day: NaiveDate) -> NewRun {
    NewRun {
        kind: KIND,
        request: document::write(&()),
        as_of: Some(day),
        partition_size: None,
        request_id: None,
        caller: None,
    }
}

/// Carries out these runs.
pub(crate) struct QualityJob {
    db: Database,
    attributes: DeclaredAttributes,
    calendar: BusinessCalendar,
}

impl QualityJob {
    pub(crate) fn new(
        db: Database,
        attributes: DeclaredAttributes,
        calendar: BusinessCalendar,
    ) -> Self {
        Self { db, attributes, calendar }
    }

    /// What is of no range of customers, counted once.
    async fn prepare(&self, context: &RunContext) -> Result<(), Fault> {
        let part = (context.run.run_id, store::OF_ALL);
        if store::has_part(&self.db, part).await? {
            return Ok(());
        }
        let mut tally = Tally::default();
        context.phase("rejects").await?;
        let (missing, mut after) = (MISSING.map(i32::from), 0);
        store::count_refused(&self.db, &mut tally).await?;
        while let Some(last) = store::count_faults(&self.db, after, &missing, &mut tally).await? {
            context.check()?;
            after = last;
        }
        context.phase("repeated values").await?;
        let attributes = self.attributes.current().await?;
        store::count_repeats(&self.db, &identifying(&attributes), &mut tally).await?;
        let transaction = self.db.begin().await?;
        store::keep_part(&transaction, part, tally).await?;
        Ok(transaction.commit().await?)
    }

    async fn count(&self, context: &RunContext, piece: &Partition) -> Result<(), Fault> {
        let CustomerSet::Range(first, last) = piece.customers else {
            return Err(Fault::internal("a piece of a measurement is a range of customers"));
        };
        let since = Since::of(end_of(&self.calendar, day(&context.run)?));
        let (tally, done) = store::count_range(&self.db, (first, last), since).await?;
        let transaction = self.db.begin().await?;
        store::keep_part(&transaction, (context.run.run_id, piece.number), tally).await?;
        context.finish_partition(&transaction, piece, done, 0).await?;
        Ok(transaction.commit().await?)
    }
}

/// The attributes that lead to a person, which no two customers should share.
fn identifying(attributes: &Attributes) -> Vec<&str> {
    let all = attributes.iter();
    all.filter(|one| one.sensitivity == Sensitivity::Identifying)
        .map(|one| one.id.as_str())
        .collect()
}

/// When a business date is over.
fn end_of(calendar: &BusinessCalendar, day: NaiveDate) -> DateTime<Utc> {
    calendar.instant(day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN))
}

fn day(run: &Run) -> Result<NaiveDate, Fault> {
    run.as_of.ok_or_else(|| Fault::internal("a measurement is of a date"))
}

#[async_trait]
impl Job for QualityJob {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        self.prepare(context).await?;
        context.phase("counting").await?;
        while let Some(piece) = context.next().await? {
            self.count(context, &piece).await?;
        }
        Ok(())
    }

    async fn complete(&self, run: &Run, transaction: &Transaction) -> Result<(), Fault> {
        Ok(store::finish(transaction, run.run_id, day(run)?, clock::now()).await?)
    }
}

/// Counts anew each business day, once somebody has asked for the first time. What went by is not
/// counted: it would be of today.
pub(crate) struct DailyQuality {
    db: Database,
    calendar: BusinessCalendar,
}

impl DailyQuality {
    pub(crate) fn new(db: Database, calendar: BusinessCalendar) -> Self {
        Self { db, calendar }
    }
}

#[async_trait]
impl Daily for DailyQuality {
    fn name(&self) -> &'static str {
        "quality"
    }

    async fn evaluated(&self) -> Result<Vec<Evaluated>, Fault> {
        let Some(last) = store::last_measured(&self.db).await? else { return Ok(Vec::new()) };
        let today = business_date::current(&self.db, &self.calendar, clock::now()).await?.date;
        let yesterday = today.checked_sub_days(Days::new(1)).unwrap_or(today);
        let through = last.measured_on.max(yesterday);
        Ok(vec![Evaluated { id: "data".to_owned(), through, since: last.measured_at }])
    }

    fn run(&self, _: Vec<String>, day: NaiveDate) -> Result<NewRun, Fault> {
        Ok(new_run(day))
    }
}
