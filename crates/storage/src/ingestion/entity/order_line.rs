//! A line of an order.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_number: i64,
    pub product: Option<String>,
    pub description: Option<String>,
    pub category: Option<String>,
    pub brand: Option<String>,
    pub quantity: i64,
    pub unit_price: i64,
    pub discount: Option<i64>,
    pub amount: i64,
    pub base_amount: i64,
}

impl ActiveModelBehavior for ActiveModel {}
