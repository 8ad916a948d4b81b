//! A system that records come from.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "source")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub source_id: i64,
    pub name: String,
}

impl ActiveModelBehavior for ActiveModel {}
