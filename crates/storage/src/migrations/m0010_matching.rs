//! Customers that are probably one, and the model that says so.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, integer, text, text_null,
};

use super::drop_tables;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let model = Table::create()
            .table("match_model")
            .col(big_integer("run_id").primary_key())
            .col(text("model"))
            .to_owned();
        manager.create_table(model).await?;
        create_candidate(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["match_candidate", "match_model"]).await
    }
}

/// A row a pair of customers, the one with the smaller number first. The versions are those of the
/// customers when they were compared last, and when somebody decided.
async fn create_candidate(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let candidate = Table::create()
        .table("match_candidate")
        .col(big_pk_auto("candidate_id"))
        .col(big_integer("one_id"))
        .col(big_integer("other_id"))
        .col(big_integer("one_version"))
        .col(big_integer("other_version"))
        .col(integer("probability"))
        .col(text("evidence"))
        .col(big_integer("run_id"))
        .col(big_integer("found_at"))
        .col(integer("state").default(0))
        .col(big_integer_null("decided_one_version"))
        .col(big_integer_null("decided_other_version"))
        .col(big_integer_null("decided_at"))
        .col(text_null("decided_by"))
        .col(text_null("reason"))
        .col(big_integer_null("merge_id"))
        .to_owned();
    manager.create_table(candidate).await?;
    let pair = Index::create()
        .name("match_candidate_pair")
        .table("match_candidate")
        .col("one_id")
        .col("other_id")
        .unique()
        .to_owned();
    manager.create_index(pair).await?;
    let other = Index::create()
        .name("match_candidate_other")
        .table("match_candidate")
        .col("other_id")
        .to_owned();
    manager.create_index(other).await?;
    let listed = Index::create()
        .name("match_candidate_listed")
        .table("match_candidate")
        .col("state")
        .col("probability")
        .col("candidate_id")
        .to_owned();
    manager.create_index(listed).await
}
