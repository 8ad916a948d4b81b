//! The tables that coding owns: taxonomies, classes, code schemes, codes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, big_pk_auto, integer, text};

use super::{drop_tables, key_text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_taxonomy_version(manager).await?;
        create_class_assignment(manager).await?;
        create_code_scheme(manager).await?;
        create_code(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables =
            ["code", "code_sequence", "code_scheme", "class_assignment", "taxonomy_version"];
        drop_tables(manager, &tables).await
    }
}

async fn create_taxonomy_version(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let taxonomy_version = Table::create()
        .table("taxonomy_version")
        .col(big_pk_auto("version_id"))
        .col(key_text(manager, "taxonomy_id"))
        .col(big_integer("version"))
        .col(text("definition"))
        .col(big_integer("created_at"))
        .col(big_integer_null("published_at"))
        .to_owned();
    manager.create_table(taxonomy_version).await?;
    let by_name = Index::create()
        .name("taxonomy_version_name")
        .table("taxonomy_version")
        .col("taxonomy_id")
        .col("version")
        .unique()
        .to_owned();
    manager.create_index(by_name).await
}

async fn create_class_assignment(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let class_assignment = Table::create()
        .table("class_assignment")
        .col(big_pk_auto("assignment_id"))
        .col(big_integer("customer_id"))
        .col(key_text(manager, "taxonomy_id"))
        .col(big_integer("version_id"))
        .col(key_text(manager, "class_id"))
        .col(text("evidence"))
        .col(integer("as_of"))
        .col(big_integer_null("run_id"))
        .col(big_integer("recorded_at"))
        .col(big_integer_null("superseded_at"))
        .foreign_key(
            ForeignKey::create()
                .from("class_assignment", "version_id")
                .to("taxonomy_version", "version_id"),
        )
        .to_owned();
    manager.create_table(class_assignment).await?;
    let history = Index::create()
        .name("class_assignment_history")
        .table("class_assignment")
        .col("customer_id")
        .col("taxonomy_id")
        .col("as_of")
        .to_owned();
    manager.create_index(history).await?;
    let members = Index::create()
        .name("class_assignment_members")
        .table("class_assignment")
        .col("taxonomy_id")
        .col("class_id")
        .col("customer_id")
        .to_owned();
    manager.create_index(members).await?;
    // One result for a date holds at a time, whoever computes it.
    let live = Index::create()
        .name("class_assignment_live")
        .table("class_assignment")
        .col("taxonomy_id")
        .col("customer_id")
        .col("as_of")
        .unique()
        .and_where(Expr::col("superseded_at").is_null())
        .to_owned();
    manager.create_index(live).await
}

async fn create_code_scheme(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let code_scheme = Table::create()
        .table("code_scheme")
        .col(key_text(manager, "scheme_id").primary_key())
        .col(text("definition"))
        .col(big_integer("created_at"))
        .to_owned();
    manager.create_table(code_scheme).await?;
    let code_sequence = Table::create()
        .table("code_sequence")
        .col(key_text(manager, "scheme_id"))
        .col(key_text(manager, "prefix"))
        .col(big_integer("last"))
        .primary_key(Index::create().col("scheme_id").col("prefix"))
        .foreign_key(
            ForeignKey::create().from("code_sequence", "scheme_id").to("code_scheme", "scheme_id"),
        )
        .to_owned();
    manager.create_table(code_sequence).await
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
        .foreign_key(ForeignKey::create().from("code", "scheme_id").to("code_scheme", "scheme_id"))
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
