//! One evaluation of a customer under a scorecard.

use sea_orm::entity::prelude::*;

use crate::change_log::Position;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "score")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub score_id: i64,
    pub customer_id: i64,
    pub scorecard_id: String,
    pub version_id: i64,
    pub as_of: i32,
    /// 1/10,000 point; null when the customer is not scored.
    pub score: Option<i64>,
    pub grade: Option<String>,
    /// Bins of the indicators in order, `5,,3`: empty where there is none.
    pub bins: String,
    /// Points of the indicators in order, 1/10,000 point, `1000000,,500000`.
    pub points: String,
    /// JSON: for each indicator its value, contribution and missing-value policy.
    pub detail: String,
    /// Changes of facts up to this position of the change log are in it.
    pub facts_position: Position,
    /// Null when it followed from a change.
    pub run_id: Option<i64>,
    pub recorded_at: i64,
    pub superseded_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
