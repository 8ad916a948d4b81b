//! A piece of a run: its preparation (number 0) or the customers of a range.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "run_partition")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub partition: i32,
    pub first_customer: i64,
    pub last_customer: i64,
    /// Customers in the range when the run was cut.
    pub expected: i64,
    /// Who is at it; stays when it is finished.
    pub owner: Option<String>,
    /// Not to be taken before; null when nobody is at it.
    pub lease_until: Option<i64>,
    /// How often it was taken: what tells one lease from another.
    pub attempt: i32,
    /// How often in a row it was taken without the run getting on.
    pub tries: i32,
    /// The progress of the run when it was last taken.
    pub progress: i32,
    pub finished: bool,
}

impl ActiveModelBehavior for ActiveModel {}
