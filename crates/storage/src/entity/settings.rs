//! The one row of settings that never change.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "settings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub settings_id: i32,
    pub base_currency: String,
    pub time_zone: String,
}

impl ActiveModelBehavior for ActiveModel {}
