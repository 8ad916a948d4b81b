//! A day for which everybody was evaluated under a version of a scorecard.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "score_day")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub scorecard_key: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version_id: i64,
    pub known_from: i64,
}

impl ActiveModelBehavior for ActiveModel {}
