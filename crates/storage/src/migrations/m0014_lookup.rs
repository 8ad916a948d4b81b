//! What customers are looked up by besides names and keys, phone numbers and e-mail addresses; of codes
//! why they ended, and which came from elsewhere; and where all that is watched stands in the change log.

use std::collections::BTreeMap;

use kehu_core::contact_key;
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer, integer_null, text_null};

use crate::dialect;
use crate::document;
use crate::ingestion::{EMAIL, PHONE};

/// The columns, and the indexes by which they are looked up.
const KEYS: [(&str, &str); 2] =
    [("phone_key", "customer_phone_key"), ("email_key", "customer_email_key")];

/// The tables of what is watched, and the indexes by which it is read in order.
const PLACES: [(&str, &str); 2] =
    [("code", "code_position"), ("action_completion", "action_completion_position")];

/// Customers that are given keys at once.
const PAGE: usize = 1_000;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, _) in KEYS {
            let column = dialect::key_text_null(manager.get_database_backend(), column);
            add(manager, "customer", column).await?;
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
        add(manager, "code", integer_null("ended_because").take()).await?;
        add(manager, "code", text_null("ended_for").take()).await?;
        add(manager, "code", text_null("successor").take()).await?;
        add(manager, "code", integer("imported").default(0).take()).await?;
        explain_ends(manager.get_connection()).await?;
        add_places(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, index) in KEYS {
            let index = Index::drop().name(index).table("customer").to_owned();
            manager.drop_index(index).await?;
            drop(manager, "customer", column).await?;
        }
        for column in ["ended_because", "ended_for", "successor", "imported"] {
            drop(manager, "code", column).await?;
        }
        for table in ["class_stay", "class_change"] {
            drop(manager, table, "earning").await?;
        }
        for (table, index) in PLACES {
            let index = Index::drop().name(index).table(table).to_owned();
            manager.drop_index(index).await?;
            drop(manager, table, "position").await?;
        }
        Ok(())
    }
}

async fn add(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: ColumnDef,
) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await
}

async fn drop(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await
}

/// Where in the change log a code was given, or an action ticked off; and whether a change of class was
/// told because of strategies, or for watchers alone.
async fn add_places(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (table, index) in PLACES {
        let column = dialect::key_text_null(manager.get_database_backend(), "position");
        add(manager, table, column).await?;
        let index = Index::create()
            .name(index)
            .table(table)
            .col("position")
            .and_where(Expr::col("position").is_not_null())
            .to_owned();
        manager.create_index(index).await?;
    }
    for table in ["class_stay", "class_change"] {
        add(manager, table, integer("earning").default(1).take()).await?;
    }
    Ok(())
}

/// Gives the customers that are there their keys.
async fn fill(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let page = format!(
        "SELECT customer_id, attributes FROM customer WHERE customer_id > $1 AND \
         (attributes LIKE '%\"{PHONE}\"%' OR attributes LIKE '%\"{EMAIL}\"%') \
         ORDER BY customer_id LIMIT {PAGE}"
    );
    let update = "UPDATE customer SET phone_key = $1, email_key = $2 WHERE customer_id = $3";
    let mut after = 0_i64;
    loop {
        let statement = Statement::from_sql_and_values(backend, &page, [after.into()]);
        let rows = connection.query_all_raw(statement).await?;
        for row in &rows {
            after = row.try_get("", "customer_id")?;
            let attributes: String = row.try_get("", "attributes")?;
            let attributes: BTreeMap<String, String> =
                document::read(&attributes).map_err(|error| DbErr::Custom(error.to_string()))?;
            let phone = attributes.get(PHONE).and_then(|phone| contact_key::phone(phone));
            let email = attributes.get(EMAIL).and_then(|email| contact_key::email(email));
            let values = [phone.into(), email.into(), after.into()];
            connection.execute_raw(Statement::from_sql_and_values(backend, update, values)).await?;
        }
        if rows.len() < PAGE {
            return Ok(());
        }
    }
}

/// Of the codes that ended before, another class was the reason, and the one that was given at the same
/// time took their place.
async fn explain_ends(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    let next = |column: &str| {
        format!(
            "(SELECT max(next.{column}) FROM code AS next WHERE next.scheme_id = code.scheme_id \
             AND next.customer_id = code.customer_id AND next.created_at = code.ended_at)"
        )
    };
    let sql = format!(
        "UPDATE code SET ended_because = 1, ended_for = {}, successor = {} \
         WHERE ended_at IS NOT NULL",
        next("class_code"),
        next("code")
    );
    connection.execute_unprepared(&sql).await?;
    Ok(())
}
