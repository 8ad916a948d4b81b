//! The version of a scorecard that a run computes.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scoring_run")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub scorecard_id: String,
    pub version_id: i64,
    pub as_of: i32,
}

impl ActiveModelBehavior for ActiveModel {}
