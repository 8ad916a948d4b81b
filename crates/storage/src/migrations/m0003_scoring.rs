//! The tables that scoring owns: scorecards with their versions, and scores with their
//! history.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, integer, integer_null, text, text_null,
};

use super::{drop_tables, key_text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_scorecard_version(manager).await?;
        create_score(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["score", "scorecard_version"]).await
    }
}

async fn create_scorecard_version(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let version = Table::create()
        .table("scorecard_version")
        .col(big_pk_auto("version_id"))
        .col(key_text(manager, "scorecard_id"))
        .col(big_integer("version"))
        .col(integer("state"))
        .col(text("definition"))
        .col(text_null("calibration"))
        .col(integer_null("calibrated_on"))
        .col(big_integer("population"))
        .col(big_integer("created_at"))
        .col(big_integer_null("published_at"))
        .to_owned();
    manager.create_table(version).await?;
    let by_name = Index::create()
        .name("scorecard_version_name")
        .table("scorecard_version")
        .col("scorecard_id")
        .col("version")
        .unique()
        .to_owned();
    manager.create_index(by_name).await
}

async fn create_score(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let score = Table::create()
        .table("score")
        .col(big_pk_auto("score_id"))
        .col(big_integer("customer_id"))
        .col(key_text(manager, "scorecard_id"))
        .col(big_integer("version_id"))
        .col(integer("as_of"))
        .col(big_integer_null("score"))
        .col(text_null("grade"))
        .col(text("bins"))
        .col(text("points"))
        .col(text("detail"))
        .col(key_text(manager, "facts_position"))
        .col(big_integer_null("run_id"))
        .col(big_integer("recorded_at"))
        .col(big_integer_null("superseded_at"))
        .to_owned();
    manager.create_table(score).await?;
    let history = Index::create()
        .name("score_history")
        .table("score")
        .col("scorecard_id")
        .col("customer_id")
        .col("as_of")
        .col("recorded_at")
        .to_owned();
    manager.create_index(history).await?;
    let live = Index::create()
        .name("score_live")
        .table("score")
        .col("scorecard_id")
        .col("customer_id")
        .col("as_of")
        .unique()
        .and_where(Expr::col("superseded_at").is_null())
        .to_owned();
    manager.create_index(live).await
}
