//! The tables that scoring owns: spans of scores, and the days for which everybody was evaluated.

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
        create_score_span(manager).await?;
        create_score_day(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["score_day", "score_span"];
        drop_tables(manager, &tables).await
    }
}

async fn create_score_span(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let span = Table::create()
        .table("score_span")
        .col(big_pk_auto("span_id"))
        .col(big_integer("customer_id"))
        .col(integer("scorecard_key"))
        .col(big_integer("version_id"))
        .col(integer("valid_from"))
        .col(integer("valid_to"))
        .col(text_null("grade"))
        .col(text("bins"))
        .col(text("inputs"))
        .col(key_text(manager, "facts_position"))
        .col(big_integer_null("run_id"))
        .col(big_integer("known_from"))
        .col(big_integer("known_to"))
        .col(big_integer_null("closed_known"))
        .to_owned();
    manager.create_table(span).await?;
    let history = Index::create()
        .name("score_span_history")
        .table("score_span")
        .col("scorecard_key")
        .col("customer_id")
        .col("valid_from")
        .to_owned();
    manager.create_index(history).await?;
    // Of two writers that both end a customer's history with a span of their own, one fails.
    let end = Index::create()
        .name("score_span_end")
        .table("score_span")
        .col("scorecard_key")
        .col("customer_id")
        .col("valid_to")
        .unique()
        .and_where(Expr::col("known_to").eq(i64::MAX))
        .to_owned();
    manager.create_index(end).await
}

async fn create_score_day(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let day = Table::create()
        .table("score_day")
        .col(integer("scorecard_key"))
        .col(integer("day"))
        .col(big_integer("version_id"))
        .col(big_integer("known_from"))
        .primary_key(Index::create().col("scorecard_key").col("day").col("version_id"))
        .to_owned();
    manager.create_table(day).await
}
