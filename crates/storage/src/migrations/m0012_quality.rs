//! How good data is, as it was measured, and how much of what classes rest on was there.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, integer_null, text};

use super::{drop_tables, key_text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_part(manager).await?;
        let measurement = Table::create()
            .table("quality_measurement")
            .col(integer("measured_on").primary_key())
            .col(big_integer("run_id"))
            .col(big_integer("measured_at"))
            .to_owned();
        manager.create_table(measurement).await?;
        create_line(manager).await?;
        count_inputs(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in INPUTS {
            let without = Table::alter().table("class_evidence").drop_column(column).to_owned();
            manager.alter_table(without).await?;
        }
        drop_tables(manager, &["quality_line", "quality_measurement", "quality_part"]).await
    }
}

/// Values that predicates asked for, and those of them that were there; null in notes of before.
const INPUTS: [&str; 2] = ["inputs", "present"];

async fn count_inputs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for column in INPUTS {
        let with_column =
            Table::alter().table("class_evidence").add_column(integer_null(column)).to_owned();
        manager.alter_table(with_column).await?;
    }
    Ok(())
}

/// What a piece of a run has counted; it goes with the run.
async fn create_part(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let part = Table::create()
        .table("quality_part")
        .col(big_integer("run_id"))
        .col(integer("partition"))
        .col(text("tally"))
        .primary_key(Index::create().col("run_id").col("partition"))
        .foreign_key(
            ForeignKey::create()
                .from("quality_part", "run_id")
                .to("run", "run_id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(part).await
}

/// A row a day, source, kind of record and field. Source 0 is all of them, the field `''` the
/// records as a whole.
async fn create_line(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut key = Index::create();
    key.col("measured_on").col("source_id").col("record_kind").col("field");
    let line = Table::create()
        .table("quality_line")
        .col(integer("measured_on"))
        .col(big_integer("source_id"))
        .col(key_text(manager, "record_kind"))
        .col(key_text(manager, "field"))
        .col(big_integer("held"))
        .col(big_integer("expected"))
        .col(big_integer("present"))
        .col(big_integer("missing"))
        .col(big_integer("invalid"))
        .col(big_integer_null("repeated"))
        .col(big_integer_null("recent"))
        .col(big_integer_null("latest_at"))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(line).await
}
