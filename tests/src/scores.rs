//! Scores put on record as a run or a follower does, without their evaluation.

use kehu_storage::history::{Guarded, Subject, Writer};
use kehu_storage::scoring::scorecards::Version;
use kehu_storage::scoring::scores::{self, Evaluated, Evaluation, Scope, ScoreLine};
use kehu_storage::{Database, Error};

use crate::classes::{Recorded, known, position};
use crate::day;

/// The line of a version that is in force, a new one when there is none.
pub async fn line(db: &Database, version: &Version) -> Result<ScoreLine, Error> {
    let timeline = scores::in_force(db.reader(), &version.definition.id).await?;
    let lines = timeline.segments().iter();
    if let Some(line) = lines.rev().find(|line| line.version_id == version.version_id) {
        return ScoreLine::load(db.reader(), line.line_id, line.version_id).await;
    }
    let transaction = db.begin().await?;
    let line = ScoreLine::open(&transaction, version, None).await?;
    transaction.commit().await?;
    Ok(line)
}

/// Records what a look at some customers, ascending, has given for a day, from the position of
/// this number in the change log.
pub async fn look(
    db: &Database,
    line: &ScoreLine,
    (as_of, number): (&str, i64),
    customers: &[i64],
    found: &[Evaluated],
) -> Result<Recorded, Error> {
    let evaluation = Evaluation {
        line,
        day: day(as_of),
        position: position(1, number),
        run_id: None,
        scope: Scope::Customers(customers),
    };
    let transaction = db.begin().await?;
    let guarded = Guarded::Customers(customers);
    let mut writer = Writer::begin(&transaction, Subject::Scores, guarded, 1).await?;
    let changed = scores::record(&mut writer, &evaluation, found).await?;
    transaction.commit().await?;
    let changed = changed.into_iter().map(|customer| customer.0).collect();
    Ok(Recorded { changed, known: known(db).await? })
}

/// Counts a day as evaluated for everybody, which brings the line in force.
pub async fn complete(db: &Database, line: &ScoreLine, as_of: &str) -> Result<(), Error> {
    let transaction = db.begin().await?;
    scores::complete(&transaction, line, day(as_of)).await?;
    transaction.commit().await
}

/// Records scores of a day, and counts it as evaluated for everybody.
pub async fn score(
    db: &Database,
    version: &Version,
    (as_of, number): (&str, i64),
    found: &[Evaluated],
) -> Result<Recorded, Error> {
    let line = line(db, version).await?;
    let customers: Vec<i64> = found.iter().map(|one| one.customer.0).collect();
    let recorded = look(db, &line, (as_of, number), &customers, found).await?;
    complete(db, &line, as_of).await?;
    Ok(Recorded { known: known(db).await?, ..recorded })
}
