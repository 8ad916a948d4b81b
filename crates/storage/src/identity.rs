//! Which database it is, so that what one has given out is not taken by another. A copy of it is
//! the same.

use sea_orm::{ConnectionTrait, Statement};

use crate::{Database, Error, dialect};

/// The identity of a database: 16 characters of 0-9 and A-F.
pub async fn get(db: &Database) -> Result<&str, Error> {
    let identity = db.identity.get_or_try_init(async || {
        let sql = "SELECT identity FROM database_identity";
        let statement = Statement::from_string(db.reader().get_database_backend(), sql);
        let row = db.reader().query_one_raw(statement).await?;
        let row = row.ok_or_else(|| Error::Corrupt("the database has no identity".to_owned()))?;
        Ok::<String, Error>(row.try_get("", "identity")?)
    });
    identity.await.map(String::as_str)
}

/// Gives an identity to a database that has none.
pub(crate) async fn give(connection: &impl ConnectionTrait) -> Result<(), Error> {
    let backend = connection.get_database_backend();
    let sql = format!(
        "INSERT INTO database_identity (identity_id, identity) VALUES (1, {}) \
         ON CONFLICT DO NOTHING",
        dialect::random_hexadecimal(backend)
    );
    connection.execute_raw(Statement::from_string(backend, sql)).await?;
    Ok(())
}
