//! How far a consumer of the change log has come.

use sea_orm::entity::prelude::*;

use crate::change_log::Position;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_cursor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub consumer: String,
    pub position: Position,
    pub lease_owner: Option<String>,
    pub lease_until: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
