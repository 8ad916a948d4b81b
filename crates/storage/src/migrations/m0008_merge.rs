//! Customers that turned out to be one: the links between them, and beside each record the customer
//! that it came by, where that one is merged into another.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, integer, integer_null, text, text_null,
};

use super::drop_tables;

/// The tables whose rows are of a customer and follow it into another. Null in the column, which is
/// nearly always so, means that a row came by the customer that it is of.
const FOLLOWING: [&str; 6] = [
    "customer_reference",
    "sales_order",
    "invoice",
    "interaction",
    "survey_answer",
    "prospect_assessment",
];

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in FOLLOWING {
            let column = ColumnDef::new("absorbed_id").big_integer().null().take();
            let with_column = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(with_column).await?;
        }
        create_merge(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in FOLLOWING {
            let without = Table::alter().table(table).drop_column("absorbed_id").to_owned();
            manager.alter_table(without).await?;
        }
        drop_tables(manager, &["customer_merge"]).await
    }
}

/// A row a merge, for ever. `root_id` is the customer that stands for the absorbed one now, at the
/// end of all links; null once the merge is undone.
async fn create_merge(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let merge = Table::create()
        .table("customer_merge")
        .col(big_pk_auto("merge_id"))
        .col(big_integer("absorbed_id"))
        .col(big_integer("survivor_id"))
        .col(big_integer_null("root_id"))
        .col(text("reason"))
        .col(text("merged_by"))
        .col(big_integer("merged_at"))
        .col(integer("merged_on"))
        .col(big_integer("created_at"))
        .col(text_null("undo_reason"))
        .col(text_null("undone_by"))
        .col(big_integer_null("undone_at"))
        .col(integer_null("undone_on"))
        .to_owned();
    manager.create_table(merge).await?;
    // A customer is merged into one other at a time, whoever writes it.
    let absorbed = Index::create()
        .name("customer_merge_absorbed")
        .table("customer_merge")
        .col("absorbed_id")
        .unique()
        .and_where(Expr::col("root_id").is_not_null())
        .to_owned();
    manager.create_index(absorbed).await?;
    let by_root = Index::create()
        .name("customer_merge_root")
        .table("customer_merge")
        .col("root_id")
        .to_owned();
    manager.create_index(by_root).await?;
    for (name, column) in
        [("customer_merge_past", "absorbed_id"), ("customer_merge_survivor", "survivor_id")]
    {
        let index = Index::create().name(name).table("customer_merge").col(column).to_owned();
        manager.create_index(index).await?;
    }
    Ok(())
}
