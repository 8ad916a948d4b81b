//! One evaluation of one customer under one taxonomy as of one date.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "class_assignment")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub assignment_id: i64,
    pub customer_id: i64,
    pub taxonomy_id: String,
    pub version_id: i64,
    pub class_id: String,
    pub evidence: String,
    pub as_of: i32,
    pub run_id: Option<i64>,
    pub recorded_at: i64,
    pub superseded_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
