//! The number of a scorecard, which stands for its id in the rows of many.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scorecard")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub scorecard_key: i32,
    pub scorecard_id: String,
}

impl ActiveModelBehavior for ActiveModel {}
