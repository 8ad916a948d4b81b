//! One entry of the change log.

use sea_orm::entity::prelude::*;

use crate::change_log::Position;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: Position,
    pub topic: i32,
    pub customers: String,
    pub first_day: i32,
    pub last_day: i32,
    pub as_of: Option<i32>,
    pub recorded_at: i64,
    pub traceparent: Option<String>,
    pub cause: Option<Position>,
}

impl ActiveModelBehavior for ActiveModel {}
