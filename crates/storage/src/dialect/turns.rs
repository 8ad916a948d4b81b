//! Taking turns over something that has no row to lock yet.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::execute;

/// The kinds of lock; any numbers that no other kind has.
const CURRENCY: i32 = 0x6b72;
const RUNS: i32 = 0x6b73;
const REJECTS: i32 = 0x6b74;
const REFERENCES: i32 = 0x6b75;
const LATE_REASONS: i32 = 0x6b76;

const SHARED: &str = "SELECT pg_advisory_xact_lock_shared($1, hashtext($2))";
const ALONE: &str = "SELECT pg_advisory_xact_lock($1, hashtext($2))";

/// Until the transaction ends, nobody else [changes](change_rates) a rate of the currency; SQLite's
/// one writer is alone anyway.
pub(crate) async fn use_rates(
    connection: &impl ConnectionTrait,
    currency: &str,
) -> Result<(), DbErr> {
    turn(connection, SHARED, CURRENCY, currency).await
}

/// Waits for whoever [uses](use_rates) rates of the currency, and keeps others from it until the
/// transaction ends. Several currencies are asked for in one order, or two could wait for each
/// other.
pub(crate) async fn change_rates(
    connection: &impl ConnectionTrait,
    currency: &str,
) -> Result<(), DbErr> {
    turn(connection, ALONE, CURRENCY, currency).await
}

/// Until the transaction ends, nobody else [changes](change_references) to whom references lead, so
/// that records are written to the customer whose they are when they are committed.
pub(crate) async fn use_references(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    turn(connection, SHARED, REFERENCES, "").await
}

/// Waits for whoever [uses](use_references) references, and keeps others from it until the
/// transaction ends.
pub(crate) async fn change_references(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    turn(connection, ALONE, REFERENCES, "").await
}

/// Until the transaction ends, nobody else [changes](change_late_reasons) whether reasons of late
/// payment are excused, so that who does finds the invoices that are being written.
pub(crate) async fn use_late_reasons(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    turn(connection, SHARED, LATE_REASONS, "").await
}

/// Waits for whoever [uses](use_late_reasons) reasons of late payment, and keeps others from it until
/// the transaction ends.
pub(crate) async fn change_late_reasons(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    turn(connection, ALONE, LATE_REASONS, "").await
}

/// Until the transaction ends, nobody else queues a run of the kind.
pub(crate) async fn queue_run(connection: &impl ConnectionTrait, kind: &str) -> Result<(), DbErr> {
    turn(connection, ALONE, RUNS, kind).await
}

/// Until the transaction ends, nobody else keeps rejects of the caller.
pub(crate) async fn keep_rejects(
    connection: &impl ConnectionTrait,
    caller: &str,
) -> Result<(), DbErr> {
    turn(connection, ALONE, REJECTS, caller).await
}

async fn turn(
    connection: &impl ConnectionTrait,
    sql: &str,
    kind: i32,
    of: &str,
) -> Result<(), DbErr> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    execute(connection, sql, [kind.into(), of.into()]).await
}
