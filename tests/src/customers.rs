//! Customers that nothing but a test made.

use kehu_storage::{
    Database,
    bulk::{Column, OnConflict, insert},
};
use std::ops::RangeInclusive;

/// Creates customers with these ids, of whom nothing is known.
pub async fn customers(db: &Database, ids: RangeInclusive<i64>) {
    let ids: Vec<i64> = ids.collect();
    let rows = ids.len();
    let columns = [
        ("customer_id", Column::I64(ids)),
        ("attributes", Column::Text(vec!["[1,1,{}]".to_owned(); rows])),
        ("version", Column::I64(vec![1; rows])),
        ("created_at", Column::I64(vec![0; rows])),
        ("updated_at", Column::I64(vec![0; rows])),
    ];
    let transaction = db.begin().await.expect("a transaction begins");
    let inserted = insert(&transaction, "customer", &columns, OnConflict::Fail).await;
    inserted.expect("customers are inserted");
    transaction.commit().await.expect("a transaction is committed");
}
