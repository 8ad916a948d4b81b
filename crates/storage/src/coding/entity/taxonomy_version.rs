//! One version of a taxonomy: a draft until it is published, then never changed.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "taxonomy_version")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub version_id: i64,
    pub taxonomy_id: String,
    pub version: i64,
    pub definition: String,
    pub created_at: i64,
    pub published_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
