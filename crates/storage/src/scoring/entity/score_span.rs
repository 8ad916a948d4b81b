//! A span of days on which a customer's score under a scorecard rests on the same.

use sea_orm::entity::prelude::*;

use crate::change_log::Position;

/// The time that never comes: until then is known what nothing superseded.
pub(crate) const FOREVER: i64 = i64::MAX;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "score_span")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub span_id: i64,
    pub customer_id: i64,
    pub scorecard_key: i32,
    pub version_id: i64,
    /// The first day.
    pub valid_from: i32,
    /// The day after the last; the greatest number while it goes on.
    pub valid_to: i32,
    pub grade: Option<String>,
    /// Bins of the indicators in order, `5,,3`: empty where there is none.
    pub bins: String,
    /// JSON: the values of the features on the first day, in the scorecard's order.
    pub inputs: String,
    /// Changes of facts up to this position of the change log are in it.
    pub facts_position: Position,
    /// Null when it followed from a change.
    pub run_id: Option<i64>,
    pub known_from: i64,
    /// When another took its place; [`FOREVER`] while it stands.
    pub known_to: i64,
    /// When it was known that it ends; before that it went on. Null in one that goes on, and in
    /// one that had its end from the first.
    pub closed_known: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
