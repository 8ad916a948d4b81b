//! The rows that follow a customer into another one, and come back.

use kehu_core::CustomerId;
use sea_orm::{ConnectionTrait, Statement};

use crate::ingestion::kinds::KINDS;
use crate::{Error, Transaction, dialect};

/// The tables of references and of records, former versions among them.
fn tables() -> impl Iterator<Item = &'static str> {
    let records = KINDS.iter().filter_map(|kind| kind.versions).map(|place| place.table);
    ["customer_reference"].into_iter().chain(records)
}

/// Gives all rows of one customer to another; each says by whom it came.
pub(super) async fn give(
    transaction: &Transaction,
    from: CustomerId,
    to: CustomerId,
) -> Result<(), Error> {
    let backend = transaction.get_database_backend();
    for table in tables() {
        let sql = format!(
            "UPDATE {table} SET absorbed_id = COALESCE(absorbed_id, customer_id), \
             customer_id = $1 WHERE customer_id = $2"
        );
        let values = [to.0.into(), from.0.into()];
        transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}

/// Gives the rows that came by `homes` back to one of them, from the customer who has them.
pub(super) async fn give_back(
    transaction: &Transaction,
    from: CustomerId,
    to: CustomerId,
    homes: &[i64],
) -> Result<(), Error> {
    let backend = transaction.get_database_backend();
    let is_any = dialect::in_array(backend, 3);
    for table in tables() {
        let sql = format!(
            "UPDATE {table} SET absorbed_id = NULLIF(absorbed_id, $1), customer_id = $1 \
             WHERE customer_id = $2 AND absorbed_id {is_any}"
        );
        let values = [to.0.into(), from.0.into(), dialect::array(backend, homes)];
        transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}
