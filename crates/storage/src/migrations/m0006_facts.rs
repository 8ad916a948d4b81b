//! What is frozen of the facts of everybody, so that no customer's value moves with what others do
//! meanwhile: prices, month by month.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer};

use super::{drop_tables, key_text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let month = Table::create()
            .table("frozen_month")
            .col(integer("first_day").primary_key())
            .col(big_integer("run_id"))
            .col(big_integer("frozen_at"))
            .to_owned();
        manager.create_table(month).await?;
        let mut key = Index::create();
        key.col("first_day").col("category").col("currency").col("unit_price");
        let price = Table::create()
            .table("frozen_price")
            .col(integer("first_day"))
            .col(key_text(manager, "category"))
            .col(key_text(manager, "currency"))
            .col(big_integer("unit_price"))
            .col(big_integer("lines"))
            .primary_key(&mut key)
            .to_owned();
        manager.create_table(price).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["frozen_price", "frozen_month"]).await
    }
}
