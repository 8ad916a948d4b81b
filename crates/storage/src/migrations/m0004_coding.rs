//! The tables that coding owns: classes and codes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, integer, integer_null, pk_auto, text,
};

use super::{drop_tables, key_text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_class_span(manager).await?;
        index_left_out(manager).await?;
        create_code_sequence(manager).await?;
        create_code(manager).await?;
        create_code_left_out(manager).await?;
        create_class_change(manager).await?;
        create_action_completion(manager).await?;
        create_class_override(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            "class_override",
            "action_completion",
            "class_change",
            "class_stay",
            "code_left_out",
            "code",
            "code_skip",
            "code_sequence",
            "class_evidence",
            "class_span",
            "class_name",
        ];
        drop_tables(manager, &tables).await
    }
}

/// A row a stay of a customer in a class. The order of the columns keeps a row narrow on
/// PostgreSQL; what a stay rests on stands in a table of its own, which reports never read.
async fn create_class_span(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let class_name = Table::create()
        .table("class_name")
        .col(pk_auto("class_no"))
        .col(key_text(manager, "taxonomy_id"))
        .col(key_text(manager, "class_id"))
        .to_owned();
    manager.create_table(class_name).await?;
    let by_name = Index::create()
        .name("class_name_id")
        .table("class_name")
        .col("taxonomy_id")
        .col("class_id")
        .unique()
        .to_owned();
    manager.create_index(by_name).await?;
    let class_span = Table::create()
        .table("class_span")
        .col(big_integer("customer_id"))
        .col(big_integer("known_from"))
        .col(big_integer_null("known_to"))
        .col(big_integer_null("closed_known"))
        .col(big_integer_null("run_id"))
        .col(integer("valid_from"))
        .col(integer_null("valid_to"))
        .col(integer("line_id"))
        .col(integer("class_no"))
        .primary_key(
            Index::create().col("line_id").col("customer_id").col("valid_from").col("known_from"),
        )
        .to_owned();
    manager.create_table(class_span).await?;
    // One open stay a customer, whoever writes it.
    let open = Index::create()
        .name("class_span_open")
        .table("class_span")
        .col("line_id")
        .col("customer_id")
        .unique()
        .and_where(Expr::col("valid_to").is_null())
        .and_where(Expr::col("known_to").is_null())
        .to_owned();
    manager.create_index(open).await?;
    let evidence = Table::create()
        .table("class_evidence")
        .col(big_integer("customer_id"))
        .col(big_integer("known_from"))
        .col(integer("valid_from"))
        .col(integer("line_id"))
        .col(text("evidence"))
        .primary_key(
            Index::create().col("line_id").col("customer_id").col("valid_from").col("known_from"),
        )
        .to_owned();
    manager.create_table(evidence).await
}

/// Class 0 is that of who is left out: few or none, and counted often.
async fn index_left_out(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let left_out = Index::create()
        .name("class_span_left_out")
        .table("class_span")
        .col("line_id")
        .col("customer_id")
        .and_where(Expr::col("class_no").eq(0))
        .to_owned();
    manager.create_index(left_out).await
}

async fn create_code_sequence(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let code_sequence = Table::create()
        .table("code_sequence")
        .col(key_text(manager, "scheme_id"))
        .col(key_text(manager, "prefix"))
        .col(big_integer("last"))
        .primary_key(Index::create().col("scheme_id").col("prefix"))
        .to_owned();
    manager.create_table(code_sequence).await?;
    // With the codes it makes up every number that a counter has given out.
    let code_skip = Table::create()
        .table("code_skip")
        .col(key_text(manager, "scheme_id"))
        .col(key_text(manager, "prefix"))
        .col(big_integer("number"))
        .col(text("normal"))
        .col(big_integer("customer_id"))
        .col(big_integer("recorded_at"))
        .col(big_integer_null("run_id"))
        .primary_key(Index::create().col("scheme_id").col("prefix").col("number"))
        .to_owned();
    manager.create_table(code_skip).await
}

/// The primary key, the code's normal form, is what keeps a code from being given twice, ever.
async fn create_code(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let code = Table::create()
        .table("code")
        .col(key_text(manager, "normal").primary_key())
        .col(text("code"))
        .col(key_text(manager, "scheme_id"))
        .col(big_integer("customer_id"))
        .col(text("class_code"))
        .col(integer("as_of"))
        .col(integer("current"))
        .col(big_integer("created_at"))
        .col(big_integer_null("ended_at"))
        .col(big_integer_null("run_id"))
        .to_owned();
    manager.create_table(code).await?;
    let current = Index::create()
        .name("code_current")
        .table("code")
        .col("scheme_id")
        .col("customer_id")
        .unique()
        .and_where(Expr::col("current").eq(1))
        .to_owned();
    manager.create_index(current).await?;
    let by_customer =
        Index::create().name("code_customer").table("code").col("customer_id").to_owned();
    manager.create_index(by_customer).await
}

/// The class that was told last of each customer, and what was told, see `coding/changes.rs`.
async fn create_class_change(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let stay = Table::create()
        .table("class_stay")
        .col(big_integer("customer_id"))
        .col(big_integer("number"))
        .col(integer("taxonomy_key"))
        .col(integer_null("class_no"))
        .col(integer("since"))
        .primary_key(Index::create().col("taxonomy_key").col("customer_id"))
        .to_owned();
    manager.create_table(stay).await?;
    let change = Table::create()
        .table("class_change")
        .col(key_text(manager, "position"))
        .col(big_integer("customer_id"))
        .col(big_integer("number"))
        .col(big_integer("version_id"))
        .col(big_integer("recorded_at"))
        .col(integer("taxonomy_key"))
        .col(integer_null("from_class"))
        .col(integer_null("to_class"))
        .col(integer("day"))
        .primary_key(Index::create().col("position").col("taxonomy_key").col("customer_id"))
        .to_owned();
    manager.create_table(change).await
}

/// What was ticked off.
async fn create_action_completion(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let completion = Table::create()
        .table("action_completion")
        .col(big_pk_auto("completion_id"))
        .col(integer("taxonomy_key"))
        .col(big_integer("customer_id"))
        .col(integer("class_no"))
        .col(integer("since"))
        .col(key_text(manager, "kind"))
        .col(key_text(manager, "channel"))
        .col(integer("due"))
        .col(integer("done_on"))
        .col(text("completed_by"))
        .col(text("note"))
        .col(big_integer("completed_at"))
        .col(big_integer("version_id"))
        .to_owned();
    manager.create_table(completion).await?;
    let once = Index::create()
        .name("action_completion_once")
        .table("action_completion")
        .col("taxonomy_key")
        .col("customer_id")
        .col("class_no")
        .col("since")
        .col("kind")
        .col("channel")
        .col("due")
        .unique()
        .to_owned();
    manager.create_index(once).await
}

/// Classes that persons have set.
async fn create_class_override(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let class_override = Table::create()
        .table("class_override")
        .col(big_pk_auto("override_id"))
        .col(integer("taxonomy_key"))
        .col(big_integer("customer_id"))
        .col(key_text(manager, "class_id"))
        .col(integer("from_day"))
        .col(integer("until_day"))
        .col(text("reason"))
        .col(text("reviewer"))
        .col(text("set_by"))
        .col(big_integer("set_at"))
        .col(big_integer_null("ended_at"))
        .to_owned();
    manager.create_table(class_override).await?;
    let by_customer = Index::create()
        .name("class_override_customer")
        .table("class_override")
        .col("taxonomy_key")
        .col("customer_id")
        .to_owned();
    manager.create_index(by_customer).await
}

/// Who is due and got no code, and why.
async fn create_code_left_out(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let left_out = Table::create()
        .table("code_left_out")
        .col(key_text(manager, "scheme_id"))
        .col(big_integer("customer_id"))
        .col(text("reason"))
        .col(integer("as_of"))
        .col(big_integer("created_at"))
        .col(big_integer_null("run_id"))
        .primary_key(Index::create().col("scheme_id").col("customer_id"))
        .to_owned();
    manager.create_table(left_out).await
}
