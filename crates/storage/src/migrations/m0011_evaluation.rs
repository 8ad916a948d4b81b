//! How well taxonomies do, evaluated on dates.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_pk_auto, integer, text};

use super::drop_tables;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let evaluation = Table::create()
            .table("taxonomy_evaluation")
            .col(big_pk_auto("evaluation_id"))
            .col(integer("taxonomy_key"))
            .col(big_integer("version"))
            .col(integer("as_of"))
            .col(big_integer("run_id"))
            .col(big_integer("evaluated_at"))
            .col(text("evaluation"))
            .to_owned();
        manager.create_table(evaluation).await?;
        let of_run = Index::create()
            .name("taxonomy_evaluation_run")
            .table("taxonomy_evaluation")
            .col("run_id")
            .col("taxonomy_key")
            .unique()
            .to_owned();
        manager.create_index(of_run).await?;
        let of_taxonomy = Index::create()
            .name("taxonomy_evaluation_taxonomy")
            .table("taxonomy_evaluation")
            .col("taxonomy_key")
            .col("evaluation_id")
            .to_owned();
        manager.create_index(of_taxonomy).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["taxonomy_evaluation"]).await
    }
}
