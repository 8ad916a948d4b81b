//! Something that was done with a definition; never changed.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "definition_event")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub event_id: i64,
    pub kind: String,
    pub definition_id: String,
    pub version: i64,
    /// What was done, see `definitions/events.rs`.
    pub deed: i32,
    pub done_at: i64,
    pub done_by: Option<String>,
    /// Why, or what was said; empty when nobody said.
    pub note: String,
    /// The version that was published once more.
    pub former_version: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
