//! A refused record.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reject")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub reject_id: i64,
    pub source_id: i64,
    pub stream_id: String,
    pub origin: String,
    pub line_number: i64,
    pub reason: i32,
    pub problems: String,
    pub raw: String,
    pub raw_length: i64,
    /// Who sent it; empty where sign-on is off.
    pub caller: String,
    /// Bytes of the caller's rejects up to this one and with it.
    pub through: i64,
    pub recorded_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
