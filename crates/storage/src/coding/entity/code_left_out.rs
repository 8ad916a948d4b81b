//! A customer that is due for a code and got none.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "code_left_out")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub scheme_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: i64,
    pub reason: String,
    pub as_of: i32,
    pub created_at: i64,
    pub run_id: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
