//! The table of refused records, which [`m0002_ingestion`](super::m0002_ingestion) creates.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, boolean, integer, text, text_null,
};

use super::key_text;

pub(super) async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let reject = Table::create()
        .table("reject")
        .col(big_pk_auto("reject_id"))
        .col(big_integer("source_id"))
        .col(key_text(manager, "stream_id"))
        .col(text("origin"))
        .col(big_integer("line_number"))
        .col(integer("reason"))
        .col(text("problems"))
        .col(text("raw"))
        .col(big_integer("raw_length"))
        .col(key_text(manager, "caller"))
        .col(big_integer("through"))
        .col(big_integer("recorded_at"))
        .col(text("record_kind"))
        .col(key_text(manager, "external_id"))
        .col(integer("part"))
        .col(big_integer_null("settled_at"))
        .col(text_null("discard_reason"))
        .col(text_null("discarded_by"))
        .col(boolean("damaged").default(false))
        .to_owned();
    manager.create_table(reject).await?;
    index(manager).await
}

async fn index(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let open = Expr::col("settled_at").is_null();
    let by_record = Index::create()
        .name("reject_open")
        .table("reject")
        .col("source_id")
        .col("record_kind")
        .col("external_id")
        .and_where(open.clone())
        .to_owned();
    manager.create_index(by_record).await?;
    let by_reason = Index::create()
        .name("reject_reason")
        .table("reject")
        .col("reason")
        .col("reject_id")
        .and_where(open)
        .to_owned();
    manager.create_index(by_reason).await?;
    let damaged = Index::create()
        .name("reject_damaged")
        .table("reject")
        .col("reject_id")
        .and_where(Expr::cust("damaged"))
        .to_owned();
    manager.create_index(damaged).await?;
    let by_caller = Index::create()
        .name("reject_caller")
        .table("reject")
        .col("caller")
        .col("through")
        .to_owned();
    manager.create_index(by_caller).await?;
    let by_stream = Index::create()
        .name("reject_stream")
        .table("reject")
        .col("stream_id")
        .col("reason")
        .col("reject_id")
        .to_owned();
    manager.create_index(by_stream).await
}
