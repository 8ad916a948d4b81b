//! The match keys of the names of customers, by which they are found however a name is written.

use kehu_core::match_key;
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::prelude::*;

use crate::dialect;

/// The columns, and the indexes by which they are looked up.
const KEYS: [(&str, &str); 2] =
    [("name_key", "customer_name_key"), ("person_key", "customer_person_key")];

/// Customers that are given keys at once.
const PAGE: usize = 1_000;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, _) in KEYS {
            let column = dialect::key_text_null(manager.get_database_backend(), column);
            let with_column = Table::alter().table("customer").add_column(column).to_owned();
            manager.alter_table(with_column).await?;
        }
        fill(manager.get_connection()).await?;
        for (column, index) in KEYS {
            let index = Index::create()
                .name(index)
                .table("customer")
                .col(column)
                .and_where(Expr::col(column).is_not_null())
                .to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, index) in KEYS {
            let index = Index::drop().name(index).table("customer").to_owned();
            manager.drop_index(index).await?;
            let without = Table::alter().table("customer").drop_column(column).to_owned();
            manager.alter_table(without).await?;
        }
        Ok(())
    }
}

/// Gives the customers that are there their keys.
async fn fill(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let page = format!(
        "SELECT customer_id, display_name FROM customer \
         WHERE customer_id > $1 AND display_name IS NOT NULL ORDER BY customer_id LIMIT {PAGE}"
    );
    let update = "UPDATE customer SET name_key = $1, person_key = $2 WHERE customer_id = $3";
    let mut after = 0_i64;
    loop {
        let statement = Statement::from_sql_and_values(backend, &page, [after.into()]);
        let rows = connection.query_all_raw(statement).await?;
        for row in &rows {
            after = row.try_get("", "customer_id")?;
            let name: String = row.try_get("", "display_name")?;
            let Some(keys) = match_key::of_name(&name) else { continue };
            let values = [keys.name.into(), keys.person.into(), after.into()];
            connection.execute_raw(Statement::from_sql_and_values(backend, update, values)).await?;
        }
        if rows.len() < PAGE {
            return Ok(());
        }
    }
}
