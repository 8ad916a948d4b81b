//! A version of an order, a return or an adjustment.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sales_order")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: i64,
    pub customer_id: i64,
    pub source_id: i64,
    pub external_id: String,
    pub kind: i32,
    pub status: i32,
    pub ordered_at: i64,
    pub ordered_on: i32,
    pub ordered_hour: i32,
    pub currency: String,
    pub amount: i64,
    pub base_amount: i64,
    pub line_count: i32,
    pub channel: Option<String>,
    /// Of a return, the source's key of the sale that it takes back.
    pub sale_external_id: Option<String>,
    pub digest: String,
    /// When its source last changed it; null when the source does not say.
    pub source_updated_at: Option<i64>,
    pub recorded_at: i64,
    /// Null while it stands.
    pub superseded_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
