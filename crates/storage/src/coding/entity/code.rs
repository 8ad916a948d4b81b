//! A code that was given; a row is never deleted.

use sea_orm::entity::prelude::*;

use crate::change_log::Position;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "code")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub normal: String,
    pub code: String,
    pub scheme_id: String,
    pub customer_id: i64,
    pub class_code: String,
    pub as_of: i32,
    pub current: i32,
    pub created_at: i64,
    pub ended_at: Option<i64>,
    pub run_id: Option<i64>,
    pub ended_because: Option<i32>,
    pub ended_for: Option<String>,
    pub successor: Option<String>,
    pub imported: i32,
    pub position: Option<Position>,
}

impl ActiveModelBehavior for ActiveModel {}
