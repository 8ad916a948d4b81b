//! A code scheme; it never changes.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "code_scheme")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub scheme_id: String,
    pub definition: String,
    pub created_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
