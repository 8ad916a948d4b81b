//! How far an ingest stream has come.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ingest_stream")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: String,
    pub source_id: i64,
    pub origin: String,
    pub epoch: i64,
    pub last_sequence: i64,
    pub accepted: i64,
    pub unchanged: i64,
    pub rejected: i64,
    pub reused: i64,
    pub cleaned: i64,
    pub started_at: i64,
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
