//! What everything with a history on two axes of time shares: lines, which of them is in force,
//! what was looked at, and the order of writers.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, pk_auto, small_integer};

use super::{drop_tables, key_text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_lines(manager).await?;
        create_watermarks(manager).await?;
        create_runs(manager).await?;
        let guard = Table::create()
            .table("history_guard")
            .col(small_integer("subject"))
            .col(big_integer("bucket"))
            .col(big_integer("known"))
            .primary_key(Index::create().col("subject").col("bucket"))
            .to_owned();
        manager.create_table(guard).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            "history_guard",
            "history_run",
            "history_look",
            "history_watermark",
            "history_force",
            "history_line",
        ];
        drop_tables(manager, &tables).await
    }
}

async fn create_lines(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let line = Table::create()
        .table("history_line")
        .col(pk_auto("line_id"))
        .col(small_integer("subject"))
        .col(key_text(manager, "name"))
        .col(big_integer("version_id"))
        .col(big_integer_null("run_id"))
        .to_owned();
    manager.create_table(line).await?;
    let by_name = Index::create()
        .name("history_line_name")
        .table("history_line")
        .col("subject")
        .col("name")
        .to_owned();
    manager.create_index(by_name).await?;
    let force = Table::create()
        .table("history_force")
        .col(integer("line_id"))
        .col(big_integer("known_from"))
        .col(integer("from_day"))
        .primary_key(Index::create().col("line_id").col("known_from"))
        .foreign_key(
            ForeignKey::create().from("history_force", "line_id").to("history_line", "line_id"),
        )
        .to_owned();
    manager.create_table(force).await
}

async fn create_watermarks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let watermark = Table::create()
        .table("history_watermark")
        .col(integer("line_id"))
        .col(integer("day"))
        .col(big_integer("first_customer"))
        .col(big_integer("last_customer"))
        .col(key_text(manager, "position"))
        .col(big_integer("known_from"))
        .primary_key(
            Index::create().col("line_id").col("day").col("first_customer").col("known_from"),
        )
        .to_owned();
    manager.create_table(watermark).await?;
    let look = Table::create()
        .table("history_look")
        .col(integer("line_id"))
        .col(integer("day"))
        .col(big_integer("customer_id"))
        .col(key_text(manager, "position"))
        .col(big_integer("known_from"))
        .primary_key(Index::create().col("line_id").col("day").col("customer_id"))
        .to_owned();
    manager.create_table(look).await
}

/// The lines that runs under way write.
async fn create_runs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let run = Table::create()
        .table("history_run")
        .col(big_integer("run_id"))
        .col(integer("line_id"))
        .primary_key(Index::create().col("run_id").col("line_id"))
        .foreign_key(
            ForeignKey::create().from("history_run", "line_id").to("history_line", "line_id"),
        )
        .to_owned();
    manager.create_table(run).await
}
