//! Something that is defined in versions.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "definition")]
pub(crate) struct Model {
    /// Stands for kind and id in the rows of many.
    #[sea_orm(primary_key)]
    pub definition_key: i32,
    /// `scorecard`, `taxonomy` …
    pub kind: String,
    pub definition_id: String,
    pub retired_at: Option<i64>,
    pub retired_by: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
