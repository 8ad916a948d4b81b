//! The tables that ingestion owns: sources, customers, orders, invoices,
//! interactions, answers to surveys, rates, streams, rejects.
//!
//! Lines and orders have no foreign keys: they are written by one store, in one transaction,
//! and checking each of half a million rows again doubles the time of loading them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, integer, integer_null, text, text_null,
};

use super::{drop_tables, key_text, m0002_rejects};
use crate::dialect::{create_sequence, drop_sequence};
use crate::ingestion::{
    ASSESSMENT_NUMBER, CUSTOMER_NUMBER, INTERACTION_NUMBER, INVOICE_NUMBER, ORDER_NUMBER,
    SURVEY_NUMBER,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_source(manager).await?;
        create_customer(manager).await?;
        create_profile_value(manager).await?;
        create_external_code(manager).await?;
        create_order(manager).await?;
        create_invoice(manager).await?;
        create_interaction(manager).await?;
        create_survey_answer(manager).await?;
        create_assessment(manager).await?;
        create_exchange_rate(manager).await?;
        create_stream(manager).await?;
        m0002_rejects::create(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            "reject",
            "ingest_stream",
            "exchange_rate",
            "prospect_assessment",
            "survey_answer",
            "interaction",
            "invoice_payment",
            "invoice",
            "order_line",
            "external_code",
            "sales_order",
            "customer_reference",
            "profile_value",
            "customer",
            "source",
        ];
        drop_tables(manager, &tables).await?;
        drop_sequence(manager.get_connection(), CUSTOMER_NUMBER).await?;
        drop_sequence(manager.get_connection(), ORDER_NUMBER).await?;
        drop_sequence(manager.get_connection(), INVOICE_NUMBER).await?;
        drop_sequence(manager.get_connection(), INTERACTION_NUMBER).await?;
        drop_sequence(manager.get_connection(), SURVEY_NUMBER).await?;
        drop_sequence(manager.get_connection(), ASSESSMENT_NUMBER).await
    }
}

async fn create_source(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let source = Table::create()
        .table("source")
        .col(big_pk_auto("source_id"))
        .col(key_text(manager, "name").unique_key())
        .to_owned();
    manager.create_table(source).await
}

/// Numbers of customers and orders come from sequences, drawn before the rows are written: a
/// writer waits for nobody, and what was drawn in vain is a gap.
async fn create_customer(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_sequence(manager.get_connection(), CUSTOMER_NUMBER).await?;
    let customer = Table::create()
        .table("customer")
        .col(big_integer("customer_id").primary_key())
        .col(text_null("display_name"))
        .col(text_null("customer_type"))
        .col(text_null("region_code"))
        .col(text_null("province"))
        .col(text_null("city"))
        .col(text_null("industry_code"))
        .col(integer_null("registered_on"))
        .col(text("attributes"))
        .col(integer_null("moved_on"))
        .col(big_integer("version"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .to_owned();
    manager.create_table(customer).await?;
    let reference = Table::create()
        .table("customer_reference")
        .col(big_integer("source_id"))
        .col(key_text(manager, "external_id"))
        .col(key_text(manager, "look"))
        .col(big_integer("customer_id"))
        .primary_key(Index::create().col("source_id").col("external_id"))
        .to_owned();
    manager.create_table(reference).await?;
    let by_look = Index::create()
        .name("customer_reference_look")
        .table("customer_reference")
        .col("source_id")
        .col("look")
        .to_owned();
    manager.create_index(by_look).await?;
    let by_customer = Index::create()
        .name("customer_reference_customer")
        .table("customer_reference")
        .col("customer_id")
        .to_owned();
    manager.create_index(by_customer).await
}

/// A row is a value that a source gave to a field of a customer; what holds of all of them is in the
/// row of the customer. The version is that of the customer, and decides between values of one time.
async fn create_profile_value(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut key = Index::create();
    key.col("customer_id").col("field").col("said_at").col("version");
    let value = Table::create()
        .table("profile_value")
        .col(big_integer("customer_id"))
        .col(key_text(manager, "field"))
        .col(big_integer("said_at"))
        .col(big_integer("version"))
        .col(text_null("value"))
        .col(big_integer("source_id"))
        .col(integer("said_on"))
        .col(big_integer("last_said_at"))
        .col(big_integer("recorded_at"))
        .col(big_integer_null("superseded_at"))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(value).await
}

/// Codes that sources say their customers have had; two customers may have the same one.
async fn create_external_code(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let code = Table::create()
        .table("external_code")
        .col(key_text(manager, "normal"))
        .col(big_integer("source_id"))
        .col(big_integer("customer_id"))
        .col(text("code"))
        .primary_key(Index::create().col("normal").col("source_id").col("customer_id"))
        .to_owned();
    manager.create_table(code).await?;
    let by_customer = Index::create()
        .name("external_code_customer")
        .table("external_code")
        .col("customer_id")
        .to_owned();
    manager.create_index(by_customer).await
}

/// A row is a version of an order, known from `recorded_at` to `superseded_at`; its lines stay with
/// it. One version of an order stands at a time.
async fn create_order(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_sequence(manager.get_connection(), ORDER_NUMBER).await?;
    let order = Table::create()
        .table("sales_order")
        .col(big_integer("order_id").primary_key())
        .col(big_integer("customer_id"))
        .col(big_integer("source_id"))
        .col(key_text(manager, "external_id"))
        .col(integer("kind"))
        .col(integer("status"))
        .col(big_integer("ordered_at"))
        .col(integer("ordered_on"))
        .col(integer("ordered_hour"))
        .col(text("currency"))
        .col(big_integer("amount"))
        .col(big_integer("base_amount"))
        .col(integer("line_count"))
        .col(text_null("channel"))
        .col(text_null("sale_external_id"))
        .col(text("digest"))
        .col(big_integer_null("source_updated_at"))
        .col(big_integer("recorded_at"))
        .col(big_integer_null("superseded_at"))
        .to_owned();
    manager.create_table(order).await?;
    let by_key = Index::create()
        .name("sales_order_external_id")
        .table("sales_order")
        .col("source_id")
        .col("external_id")
        .unique()
        .and_where(Expr::col("superseded_at").is_null())
        .to_owned();
    manager.create_index(by_key).await?;
    create_former_index(manager, "sales_order", "sales_order_former").await?;
    let by_customer = Index::create()
        .name("sales_order_customer")
        .table("sales_order")
        .col("customer_id")
        .col("ordered_on")
        .to_owned();
    manager.create_index(by_customer).await?;
    create_order_line(manager).await
}

async fn create_order_line(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let line = Table::create()
        .table("order_line")
        .col(big_integer("order_id"))
        .col(big_integer("line_number"))
        .col(text_null("product"))
        .col(text_null("description"))
        .col(text_null("category"))
        .col(text_null("brand"))
        .col(big_integer("quantity"))
        .col(big_integer("unit_price"))
        .col(big_integer_null("discount"))
        .col(big_integer("amount"))
        .col(big_integer("base_amount"))
        .col(big_integer_null("cost"))
        .col(big_integer_null("base_cost"))
        .primary_key(Index::create().col("order_id").col("line_number"))
        .to_owned();
    manager.create_table(line).await
}

/// Finds former versions by the source's key; one that comes again is not kept twice.
async fn create_former_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    name: &'static str,
) -> Result<(), DbErr> {
    let former = Index::create()
        .name(name)
        .table(table)
        .col("source_id")
        .col("external_id")
        .and_where(Expr::col("superseded_at").is_not_null())
        .to_owned();
    manager.create_index(former).await
}

/// Versions of invoices, as of orders; their payments stay with them.
async fn create_invoice(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_sequence(manager.get_connection(), INVOICE_NUMBER).await?;
    let invoice = Table::create()
        .table("invoice")
        .col(big_integer("invoice_id").primary_key())
        .col(big_integer("customer_id"))
        .col(big_integer("source_id"))
        .col(key_text(manager, "external_id"))
        .col(text_null("order_external_id"))
        .col(integer("status"))
        .col(big_integer("issued_at"))
        .col(integer("issued_on"))
        .col(integer("due_on"))
        .col(integer_null("settled_on"))
        .col(text("currency"))
        .col(big_integer("amount"))
        .col(big_integer("base_amount"))
        .col(text("digest"))
        .col(big_integer_null("source_updated_at"))
        .col(big_integer("recorded_at"))
        .col(big_integer_null("superseded_at"))
        .to_owned();
    manager.create_table(invoice).await?;
    let by_key = Index::create()
        .name("invoice_external_id")
        .table("invoice")
        .col("source_id")
        .col("external_id")
        .unique()
        .and_where(Expr::col("superseded_at").is_null())
        .to_owned();
    manager.create_index(by_key).await?;
    create_former_index(manager, "invoice", "invoice_former").await?;
    let by_customer = Index::create()
        .name("invoice_customer")
        .table("invoice")
        .col("customer_id")
        .col("issued_on")
        .to_owned();
    manager.create_index(by_customer).await?;
    let payment = Table::create()
        .table("invoice_payment")
        .col(big_integer("invoice_id"))
        .col(integer("payment_number"))
        .col(key_text(manager, "external_id"))
        .col(big_integer("paid_at"))
        .col(integer("paid_on"))
        .col(big_integer("amount"))
        .col(big_integer("base_amount"))
        .primary_key(Index::create().col("invoice_id").col("payment_number"))
        .to_owned();
    manager.create_table(payment).await
}

/// Versions of interactions, as of orders.
async fn create_interaction(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_sequence(manager.get_connection(), INTERACTION_NUMBER).await?;
    let interaction = Table::create()
        .table("interaction")
        .col(big_integer("interaction_id").primary_key())
        .col(big_integer("customer_id"))
        .col(big_integer("source_id"))
        .col(key_text(manager, "external_id"))
        .col(text("kind"))
        .col(big_integer("occurred_at"))
        .col(integer("occurred_on"))
        .col(text_null("channel"))
        .col(integer_null("direction"))
        .col(integer_null("duration_seconds"))
        .col(text_null("product"))
        .col(text_null("category"))
        .col(integer("complaint"))
        .col(text_null("outcome"))
        .col(text_null("note"))
        .col(integer("withdrawn"))
        .col(text("digest"))
        .col(big_integer_null("source_updated_at"))
        .col(big_integer("recorded_at"))
        .col(big_integer_null("superseded_at"))
        .to_owned();
    manager.create_table(interaction).await?;
    let by_key = Index::create()
        .name("interaction_external_id")
        .table("interaction")
        .col("source_id")
        .col("external_id")
        .unique()
        .and_where(Expr::col("superseded_at").is_null())
        .to_owned();
    manager.create_index(by_key).await?;
    let by_customer = Index::create()
        .name("interaction_customer")
        .table("interaction")
        .col("customer_id")
        .col("occurred_on")
        .to_owned();
    manager.create_index(by_customer).await
}

/// Versions of answers to surveys, as of orders.
async fn create_survey_answer(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_sequence(manager.get_connection(), SURVEY_NUMBER).await?;
    let answer = Table::create()
        .table("survey_answer")
        .col(big_integer("survey_answer_id").primary_key())
        .col(big_integer("customer_id"))
        .col(big_integer("source_id"))
        .col(key_text(manager, "external_id"))
        .col(text_null("survey"))
        .col(text("measure"))
        .col(big_integer("answered_at"))
        .col(integer("answered_on"))
        .col(big_integer_null("score"))
        .col(big_integer_null("points"))
        .col(text_null("channel"))
        .col(text_null("product"))
        .col(text_null("category"))
        .col(text_null("comment"))
        .col(integer("withdrawn"))
        .col(text("digest"))
        .col(big_integer_null("source_updated_at"))
        .col(big_integer("recorded_at"))
        .col(big_integer_null("superseded_at"))
        .to_owned();
    manager.create_table(answer).await?;
    let by_key = Index::create()
        .name("survey_answer_external_id")
        .table("survey_answer")
        .col("source_id")
        .col("external_id")
        .unique()
        .and_where(Expr::col("superseded_at").is_null())
        .to_owned();
    manager.create_index(by_key).await?;
    let by_customer = Index::create()
        .name("survey_answer_customer")
        .table("survey_answer")
        .col("customer_id")
        .col("answered_on")
        .to_owned();
    manager.create_index(by_customer).await
}

/// Versions of assessments, as of orders.
async fn create_assessment(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_sequence(manager.get_connection(), ASSESSMENT_NUMBER).await?;
    let assessment = Table::create()
        .table("prospect_assessment")
        .col(big_integer("prospect_assessment_id").primary_key())
        .col(big_integer("customer_id"))
        .col(big_integer("source_id"))
        .col(key_text(manager, "external_id"))
        .col(big_integer("assessed_at"))
        .col(integer("assessed_on"))
        .col(integer("expires_on"))
        .col(big_integer("score"))
        .col(text("assessor"))
        .col(text("evidence"))
        .col(integer("withdrawn"))
        .col(text("digest"))
        .col(big_integer_null("source_updated_at"))
        .col(big_integer("recorded_at"))
        .col(big_integer_null("superseded_at"))
        .to_owned();
    manager.create_table(assessment).await?;
    let by_key = Index::create()
        .name("prospect_assessment_external_id")
        .table("prospect_assessment")
        .col("source_id")
        .col("external_id")
        .unique()
        .and_where(Expr::col("superseded_at").is_null())
        .to_owned();
    manager.create_index(by_key).await?;
    let by_customer = Index::create()
        .name("prospect_assessment_customer")
        .table("prospect_assessment")
        .col("customer_id")
        .col("assessed_on")
        .to_owned();
    manager.create_index(by_customer).await
}

async fn create_exchange_rate(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let rate = Table::create()
        .table("exchange_rate")
        .col(key_text(manager, "currency"))
        .col(integer("start_on"))
        .col(big_integer("rate"))
        .primary_key(Index::create().col("currency").col("start_on"))
        .to_owned();
    manager.create_table(rate).await
}

async fn create_stream(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let stream = Table::create()
        .table("ingest_stream")
        .col(key_text(manager, "stream_id").primary_key())
        .col(big_integer("source_id"))
        .col(text("origin"))
        .col(big_integer("epoch"))
        .col(big_integer("last_sequence"))
        .col(big_integer("accepted"))
        .col(big_integer("unchanged"))
        .col(big_integer("rejected"))
        .col(big_integer("reused"))
        .col(big_integer("cleaned"))
        .col(big_integer("started_at"))
        .col(big_integer("updated_at"))
        .to_owned();
    manager.create_table(stream).await
}
