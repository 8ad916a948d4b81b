//! The tables every service builds on: identity, settings, business date, change log, definitions, runs,
//! request ids.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, boolean, integer, integer_null, pk_auto, text,
    text_null,
};

use super::{drop_tables, key_text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_identity(manager).await?;
        create_settings(manager).await?;
        create_business_date(manager).await?;
        create_change_log(manager).await?;
        create_definition(manager).await?;
        create_run(manager).await?;
        create_parts_of_run(manager).await?;
        create_request(manager).await?;
        create_write_probe(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            "write_probe",
            "request",
            "run_request",
            "run_pin",
            "run_customer",
            "run_partition",
            "run",
            "definition_version",
            "definition",
            "change_cursor",
            "change_log",
            "business_date",
            "settings",
            "database_identity",
        ];
        drop_tables(manager, &tables).await
    }
}

/// Its one row is added when the tables are there.
async fn create_identity(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let identity = Table::create()
        .table("database_identity")
        .col(integer("identity_id").primary_key())
        .col(text("identity"))
        .to_owned();
    manager.create_table(identity).await
}

async fn create_settings(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let settings = Table::create()
        .table("settings")
        .col(integer("settings_id").primary_key())
        .col(text("base_currency"))
        .col(text("time_zone"))
        .to_owned();
    manager.create_table(settings).await
}

async fn create_business_date(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let decision = Table::create()
        .table("business_date")
        .col(big_pk_auto("decision_id"))
        .col(integer_null("fixed_on"))
        .col(text("decided_by"))
        .col(big_integer("decided_at"))
        .to_owned();
    manager.create_table(decision).await
}

async fn create_change_log(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let change = Table::create()
        .table("change_log")
        .col(key_text(manager, "position").primary_key())
        .col(integer("topic"))
        .col(text("customers"))
        .col(integer("first_day"))
        .col(integer("last_day"))
        .col(integer_null("as_of"))
        .col(big_integer("recorded_at"))
        .col(text_null("traceparent"))
        .col(key_text(manager, "cause").null())
        .to_owned();
    manager.create_table(change).await?;
    let by_topic = Index::create()
        .name("change_log_topic")
        .table("change_log")
        .col("topic")
        .col("position")
        .to_owned();
    manager.create_index(by_topic).await?;
    let cursor = Table::create()
        .table("change_cursor")
        .col(key_text(manager, "consumer").primary_key())
        .col(key_text(manager, "position"))
        .col(text_null("lease_owner"))
        .col(big_integer_null("lease_until"))
        .to_owned();
    manager.create_table(cursor).await
}

async fn create_definition(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let definition = Table::create()
        .table("definition")
        .col(pk_auto("definition_key"))
        .col(key_text(manager, "kind"))
        .col(key_text(manager, "definition_id"))
        .col(big_integer_null("retired_at"))
        .col(text_null("retired_by"))
        .to_owned();
    manager.create_table(definition).await?;
    let by_name = Index::create()
        .name("definition_name")
        .table("definition")
        .col("kind")
        .col("definition_id")
        .unique()
        .to_owned();
    manager.create_index(by_name).await?;
    let version = Table::create()
        .table("definition_version")
        .col(big_pk_auto("version_id"))
        .col(key_text(manager, "kind"))
        .col(key_text(manager, "definition_id"))
        .col(big_integer("version"))
        .col(integer("revision"))
        .col(text("document"))
        .col(text_null("frozen"))
        .col(big_integer("drafted_at"))
        .col(text_null("drafted_by"))
        .col(big_integer_null("approved_at"))
        .col(text_null("approved_by"))
        .col(big_integer_null("published_at"))
        .col(text_null("published_by"))
        .foreign_key(
            ForeignKey::create()
                .from("definition_version", ("kind", "definition_id"))
                .to("definition", ("kind", "definition_id")),
        )
        .to_owned();
    manager.create_table(version).await?;
    let by_number = Index::create()
        .name("definition_version_number")
        .table("definition_version")
        .col("kind")
        .col("definition_id")
        .col("version")
        .unique()
        .to_owned();
    manager.create_index(by_number).await
}

async fn create_run(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let run = Table::create()
        .table("run")
        .col(big_pk_auto("run_id"))
        .col(key_text(manager, "kind"))
        .col(integer("state"))
        .col(text("phase"))
        .col(text("request"))
        .col(integer_null("as_of"))
        .col(integer_null("partition_size"))
        .col(big_integer("done"))
        .col(big_integer("changed"))
        .col(big_integer("total"))
        .col(integer("attempt"))
        .col(integer("progress"))
        .col(boolean("cancel_requested"))
        .col(integer_null("error_code"))
        .col(text_null("error_reason"))
        .col(text_null("error_message"))
        .col(key_text(manager, "request_id").null().unique_key())
        .col(text_null("caller"))
        .col(big_integer("turn"))
        .col(big_integer("after_turn"))
        .col(big_integer("created_at"))
        .col(big_integer_null("started_at"))
        .col(big_integer_null("finished_at"))
        .col(text_null("traceparent"))
        .to_owned();
    manager.create_table(run).await?;
    let by_state = Index::create()
        .name("run_state")
        .table("run")
        .col("state")
        .col("kind")
        .col("run_id")
        .to_owned();
    manager.create_index(by_state).await
}

/// What belongs to a run, and goes with it.
async fn create_parts_of_run(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let partition = Table::create()
        .table("run_partition")
        .col(big_integer("run_id"))
        .col(integer("partition"))
        .col(big_integer("first_customer"))
        .col(big_integer("last_customer"))
        .col(big_integer("expected"))
        .col(text_null("owner"))
        .col(big_integer_null("lease_until"))
        .col(integer("attempt"))
        .col(integer("tries"))
        .col(integer("progress"))
        .col(boolean("finished"))
        .primary_key(Index::create().col("run_id").col("partition"))
        .foreign_key(ForeignKey::create().from("run_partition", "run_id").to("run", "run_id"))
        .to_owned();
    manager.create_table(partition).await?;
    // Of every customer, without a foreign key: checking a million rows takes longer than writing.
    let customer = Table::create()
        .table("run_customer")
        .col(big_integer("run_id"))
        .col(integer("partition"))
        .col(big_integer("customer_id"))
        .primary_key(Index::create().col("run_id").col("partition").col("customer_id"))
        .to_owned();
    manager.create_table(customer).await?;
    let pin = Table::create()
        .table("run_pin")
        .col(big_integer("run_id"))
        .col(key_text(manager, "kind"))
        .col(key_text(manager, "definition_id"))
        .col(big_integer_null("version"))
        .primary_key(Index::create().col("run_id").col("kind").col("definition_id"))
        .foreign_key(ForeignKey::create().from("run_pin", "run_id").to("run", "run_id"))
        .to_owned();
    manager.create_table(pin).await?;
    let request = Table::create()
        .table("run_request")
        .col(key_text(manager, "request_id").primary_key())
        .col(big_integer("run_id"))
        .foreign_key(ForeignKey::create().from("run_request", "run_id").to("run", "run_id"))
        .to_owned();
    manager.create_table(request).await?;
    let by_run =
        Index::create().name("run_request_run").table("run_request").col("run_id").to_owned();
    manager.create_index(by_run).await?;
    let by_definition = Index::create()
        .name("run_pin_definition")
        .table("run_pin")
        .col("kind")
        .col("definition_id")
        .col("run_id")
        .to_owned();
    manager.create_index(by_definition).await
}

async fn create_request(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let request = Table::create()
        .table("request")
        .col(key_text(manager, "request_id").primary_key())
        .col(text("method"))
        .col(text("digest"))
        .col(ColumnDef::new("response").blob().not_null())
        .col(big_integer("recorded_at"))
        .to_owned();
    manager.create_table(request).await?;
    let by_age = Index::create().name("request_age").table("request").col("recorded_at").to_owned();
    manager.create_index(by_age).await
}

/// Empty, but for the moment in which it is tried whether the database takes writes.
async fn create_write_probe(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let probe = Table::create()
        .table("write_probe")
        .col(integer("probe_id").primary_key())
        .col(text("filler"))
        .to_owned();
    manager.create_table(probe).await
}
