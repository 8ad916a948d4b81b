//! One decision about the business date; the last one holds.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "business_date")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub decision_id: i64,
    /// Null when the date is that of every day anew.
    pub fixed_on: Option<i32>,
    pub decided_by: String,
    pub decided_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
