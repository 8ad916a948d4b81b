//! Days that runs had evaluated and that were taken back.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer};

use super::drop_tables;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by =
            Table::alter().table("run").add_column(big_integer_null("retracted_by")).to_owned();
        manager.alter_table(by).await?;
        create_retraction(manager).await?;
        create_retracted(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["history_retracted", "history_retraction"]).await?;
        let by = Table::alter().table("run").drop_column("retracted_by").to_owned();
        manager.alter_table(by).await
    }
}

/// The days that runs took back from lines.
async fn create_retraction(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let retraction = Table::create()
        .table("history_retraction")
        .col(integer("line_id"))
        .col(integer("day"))
        .col(big_integer("run_id"))
        .col(big_integer("known_from"))
        .primary_key(Index::create().col("line_id").col("day").col("run_id"))
        .to_owned();
    manager.create_table(retraction).await
}

/// What was known to have been looked at before it was taken back; one customer where first and
/// last are the same.
async fn create_retracted(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let retracted = Table::create()
        .table("history_retracted")
        .col(integer("line_id"))
        .col(integer("day"))
        .col(big_integer("first_customer"))
        .col(big_integer("last_customer"))
        .col(big_integer("known_from"))
        .col(big_integer("known_to"))
        .primary_key(
            Index::create()
                .col("line_id")
                .col("day")
                .col("first_customer")
                .col("last_customer")
                .col("known_from"),
        )
        .to_owned();
    manager.create_table(retracted).await
}
