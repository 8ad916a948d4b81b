//! The table that scoring owns: spans of scores.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, integer_null, text, text_null,
};

use super::drop_tables;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let span = Table::create()
            .table("score_span")
            .col(big_integer("customer_id"))
            .col(big_integer("known_from"))
            .col(big_integer_null("known_to"))
            .col(big_integer_null("closed_known"))
            .col(big_integer_null("run_id"))
            .col(integer("valid_from"))
            .col(integer_null("valid_to"))
            .col(integer("line_id"))
            .col(text_null("grade"))
            .col(text("bins"))
            .col(text("inputs"))
            .primary_key(
                Index::create()
                    .col("line_id")
                    .col("customer_id")
                    .col("valid_from")
                    .col("known_from"),
            )
            .to_owned();
        manager.create_table(span).await?;
        // One open span a customer, whoever writes it.
        let open = Index::create()
            .name("score_span_open")
            .table("score_span")
            .col("line_id")
            .col("customer_id")
            .unique()
            .and_where(Expr::col("valid_to").is_null())
            .and_where(Expr::col("known_to").is_null())
            .to_owned();
        manager.create_index(open).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["score_span"]).await
    }
}
