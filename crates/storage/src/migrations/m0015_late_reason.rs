//! Why invoices are paid late, and which reasons are excused.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, text, text_null};

use super::{drop_tables, key_text};
use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reason = dialect::key_text_null(manager.get_database_backend(), "late_reason");
        let reason = Table::alter().table("invoice").add_column(reason).to_owned();
        manager.alter_table(reason).await?;
        let by_reason = Index::create()
            .name("invoice_late_reason")
            .table("invoice")
            .col("late_reason")
            .col("customer_id")
            .and_where(Expr::col("late_reason").is_not_null())
            .to_owned();
        manager.create_index(by_reason).await?;
        create_late_reason(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["late_reason"]).await?;
        let index = Index::drop().name("invoice_late_reason").table("invoice").to_owned();
        manager.drop_index(index).await?;
        let reason = Table::alter().table("invoice").drop_column("late_reason").to_owned();
        manager.alter_table(reason).await
    }
}

/// A row a change. On a day holds, of the changes from that day or before, the last one.
async fn create_late_reason(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let late_reason = Table::create()
        .table("late_reason")
        .col(key_text(manager, "late_reason"))
        .col(big_integer("version"))
        .col(integer("excused"))
        .col(integer("from_day"))
        .col(text("reason"))
        .col(big_integer("changed_at"))
        .col(text_null("changed_by"))
        .primary_key(Index::create().col("late_reason").col("version"))
        .to_owned();
    manager.create_table(late_reason).await
}
