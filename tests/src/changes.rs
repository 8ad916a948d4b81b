//! Changes that nothing but a test made.

use chrono::TimeDelta;
use kehu_core::CustomerId;
use kehu_server::clock;
use kehu_storage::{
    Database,
    change_log::{self, NewChange, Topic},
};

use crate::day;

/// A change of one customer, a minute old.
pub fn change(topic: Topic) -> NewChange {
    NewChange {
        topic,
        customers: vec![CustomerId(1)],
        first_day: day("2026-02-01"),
        last_day: day("2026-02-01"),
        as_of: None,
        recorded_at: clock::now() - TimeDelta::minutes(1),
        cause: None,
    }
}

/// Appends a change, in the current span.
pub async fn append(db: &Database, topic: Topic) {
    let transaction = db.begin().await.expect("a transaction begins");
    change_log::append(&transaction, &change(topic)).await.expect("a change is appended");
    transaction.commit().await.expect("a transaction is committed");
}
