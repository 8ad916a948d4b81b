//! Which versions of taxonomies a run works with, and which lines it writes.

use chrono::NaiveDate;
use sea_orm::ConnectionTrait;

use super::classes::{self, ClassLine};
use super::taxonomies::TaxonomyVersion;
use crate::definitions::{self, pins};
use crate::history::{self, Line, Subject};
use crate::{Database, Error, Transaction, run};

/// A version that a run classifies under, and the line that it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The version.
    pub version: TaxonomyVersion,
    /// Its line.
    pub line: ClassLine,
}

/// What a run as of a day classifies under, by taxonomy: what it was pinned to before, otherwise
/// `versions`, the newest of their taxonomies, to which it is pinned from now on. Where the
/// newest is in force already, it is the one in force on the day; where it is not, the run is
/// given a line that nobody sees before it is complete.
pub async fn pin_versions(
    db: &Database,
    run_id: i64,
    as_of: NaiveDate,
    versions: &[TaxonomyVersion],
) -> Result<Vec<Pinned>, Error> {
    let transaction = db.begin().await?;
    for version in versions {
        classes::number(&transaction, version).await?;
    }
    transaction.commit().await?;
    let newest: Vec<_> = versions
        .iter()
        .map(|version| (version.definition.id.as_str(), version.version_id))
        .collect();
    let lines = history::pin(db, Subject::Classes, (run_id, as_of), &newest).await?;
    let mut pinned = Vec::new();
    for line in &lines {
        pinned.push(self::pinned(db, line).await?);
    }
    let pins: Vec<_> = pinned.iter().map(|one| pins::of(&one.version)).collect();
    run::pin(db, run_id, &pins).await?;
    Ok(pinned)
}

/// The lines that a run under way writes, by taxonomy.
pub async fn lines(transaction: &Transaction, run_id: i64) -> Result<Vec<ClassLine>, Error> {
    let mut lines = Vec::new();
    for line in history::lines(transaction, run_id).await? {
        lines.push(load(transaction, &line).await?);
    }
    Ok(lines)
}

/// The versions that runs are about to classify everybody under, with the days: whatever
/// changes meanwhile must be evaluated for those days, too.
pub async fn runs_under_way(db: &Database) -> Result<Vec<(Pinned, NaiveDate)>, Error> {
    let mut found = Vec::new();
    for (line, as_of) in history::under_way(db.reader(), Subject::Classes).await? {
        found.push((pinned(db, &line).await?, as_of));
    }
    Ok(found)
}

async fn load(connection: &impl ConnectionTrait, line: &Line) -> Result<ClassLine, Error> {
    ClassLine::load(connection, &line.name, line.line_id, line.version_id).await
}

async fn pinned(db: &Database, line: &Line) -> Result<Pinned, Error> {
    let version = definitions::by_number(db.reader(), line.version_id).await?;
    Ok(Pinned { version, line: load(db.reader(), line).await? })
}
