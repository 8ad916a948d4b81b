//! One version of a scorecard.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scorecard_version")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub version_id: i64,
    pub scorecard_id: String,
    /// 1, 2, 3 … of the scorecard.
    pub version: i64,
    /// 1 draft, 2 published.
    pub state: i32,
    /// JSON of `kehu_core::scorecard::Scorecard`.
    pub definition: String,
    /// JSON of `kehu_core::scorecard::Calibration`; null in a draft.
    pub calibration: Option<String>,
    pub calibrated_on: Option<i32>,
    /// Customers it was calibrated over; 0 in a draft.
    pub population: i64,
    pub created_at: i64,
    pub published_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
