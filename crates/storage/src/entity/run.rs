//! A run: one long job.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "run")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub run_id: i64,
    pub kind: String,
    pub state: i32,
    pub phase: String,
    pub request: String,
    pub as_of: Option<i32>,
    /// Customers of a partition; null leaves it to the worker that cuts the run.
    pub partition_size: Option<i32>,
    pub done: i64,
    pub changed: i64,
    pub total: i64,
    /// 1 when it is first taken up, one more each time that a piece is taken up again.
    pub attempt: i32,
    /// Pieces that are finished.
    pub progress: i32,
    pub cancel_requested: bool,
    pub error_code: Option<i32>,
    pub error_reason: Option<String>,
    pub error_message: Option<String>,
    pub request_id: Option<String>,
    pub caller: Option<String>,
    /// Its place among the runs of its kind: the least goes first.
    pub turn: i64,
    /// Of the kinds it builds on it waits for runs of other callers up to this turn.
    pub after_turn: i64,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub traceparent: Option<String>,
    /// The run that took back what it found.
    pub retracted_by: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
