//! One version of a definition: a draft until it is published, then never changed.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "definition_version")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub version_id: i64,
    pub kind: String,
    pub definition_id: String,
    /// 1, 2, 3 … of the definition.
    pub version: i64,
    /// One more with each change, for etags.
    pub revision: i32,
    /// A document: what it says.
    pub document: String,
    /// A document: what publishing froze; null in a draft.
    pub frozen: Option<String>,
    /// When it was created, or last replaced as a draft, and by whom.
    pub drafted_at: i64,
    pub drafted_by: Option<String>,
    pub approved_at: Option<i64>,
    pub approved_by: Option<String>,
    /// Null in a draft.
    pub published_at: Option<i64>,
    pub published_by: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
