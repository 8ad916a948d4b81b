//! A code that a source says a customer has had.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "external_code")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub normal: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: i64,
    pub code: String,
}

impl ActiveModelBehavior for ActiveModel {}
