//! The key of a customer in a source.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_reference")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub external_id: String,
    /// How the key looks at a glance, see `kehu_core::key::look`.
    pub look: String,
    pub customer_id: i64,
    /// The customer that it was first linked to, where that one is merged into `customer_id`.
    pub absorbed_id: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
