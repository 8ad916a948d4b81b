//! Taking turns over something that has no row to lock yet.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::execute;

/// The kind of lock; any number that no other kind has.
const CURRENCY: i32 = 0x6b72;

/// Until the transaction ends, nobody else [changes](change_rates) a rate of the currency; SQLite's
/// one writer is alone anyway.
pub(crate) async fn use_rates(
    connection: &impl ConnectionTrait,
    currency: &str,
) -> Result<(), DbErr> {
    turn(connection, "SELECT pg_advisory_xact_lock_shared($1, hashtext($2))", currency).await
}

/// Waits for whoever [uses](use_rates) rates of the currency, and keeps others from it until the
/// transaction ends. Several currencies are asked for in one order, or two could wait for each
/// other.
pub(crate) async fn change_rates(
    connection: &impl ConnectionTrait,
    currency: &str,
) -> Result<(), DbErr> {
    turn(connection, "SELECT pg_advisory_xact_lock($1, hashtext($2))", currency).await
}

async fn turn(connection: &impl ConnectionTrait, sql: &str, currency: &str) -> Result<(), DbErr> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    execute(connection, sql, [CURRENCY.into(), currency.into()]).await
}
