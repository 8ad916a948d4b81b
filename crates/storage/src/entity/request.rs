//! A request that was answered, with its answer.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    pub method: String,
    pub digest: String,
    pub response: Vec<u8>,
    pub recorded_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
