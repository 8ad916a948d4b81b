//! What was done with definitions, and what simulations of them came to.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, integer, text, text_null,
};

use super::{drop_tables, key_text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_definition_event(manager).await?;
        create_simulation_part(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["simulation_part", "definition_event"]).await
    }
}

async fn create_definition_event(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let event = Table::create()
        .table("definition_event")
        .col(big_pk_auto("event_id"))
        .col(key_text(manager, "kind"))
        .col(key_text(manager, "definition_id"))
        .col(big_integer("version"))
        .col(integer("deed"))
        .col(big_integer("done_at"))
        .col(text_null("done_by"))
        .col(text("note"))
        .col(big_integer_null("former_version"))
        .foreign_key(
            ForeignKey::create()
                .from("definition_event", ("kind", "definition_id"))
                .to("definition", ("kind", "definition_id")),
        )
        .to_owned();
    manager.create_table(event).await?;
    let by_definition = Index::create()
        .name("definition_event_definition")
        .table("definition_event")
        .col("kind")
        .col("definition_id")
        .col("event_id")
        .to_owned();
    manager.create_index(by_definition).await
}

/// A row a piece of a run; it goes with the run.
async fn create_simulation_part(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let part = Table::create()
        .table("simulation_part")
        .col(big_integer("run_id"))
        .col(integer("partition"))
        .col(key_text(manager, "position"))
        .col(text("tally"))
        .primary_key(Index::create().col("run_id").col("partition"))
        .foreign_key(
            ForeignKey::create()
                .from("simulation_part", "run_id")
                .to("run", "run_id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(part).await
}
