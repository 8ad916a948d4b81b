//! A change of whether a reason of late payment is excused, from a day on.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "late_reason")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub late_reason: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub excused: i32,
    pub from_day: i32,
    pub reason: String,
    pub changed_at: i64,
    pub changed_by: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
