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
    /// The name of the kind of the record; empty where its key is not known.
    pub record_kind: String,
    /// The source's key of the record; empty where it is not known.
    pub external_id: String,
    /// 1 where it may be but a part of the record, as a line of a file is; else 0.
    pub part: i32,
    /// When it was closed; null while it is open.
    pub settled_at: Option<i64>,
    /// Why it was discarded; null where it was not.
    pub discard_reason: Option<String>,
    /// Who discarded it; empty where sign-on is off.
    pub discarded_by: Option<String>,
    /// It was found that it cannot be read whole.
    pub damaged: bool,
}

impl ActiveModelBehavior for ActiveModel {}
