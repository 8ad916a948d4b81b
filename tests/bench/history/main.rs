//! Classes for `tests/bench/run history`.
//!
//! `history fill ADMIN_URL DATABASE CUSTOMERS` creates the database, unless it is there, and
//! writes 24 months of daily classes under two taxonomies: everybody on the first day, then on
//! each day those who move, about three times a customer. `history answer URL CUSTOMERS` answers
//! the questions that it reads, a word a line, with the seconds that it took and a number.

mod answer;
mod fill;

use std::error::Error;

/// Days of history, from [`FIRST_DAY`] on.
const DAYS: i32 = 730;
/// 2011-01-01, in days since 1970-01-01.
const FIRST_DAY: i32 = 14_975;
/// Customers looked at in one transaction.
const PARTITION: i64 = 20_000;
/// The taxonomies, and how many of their classes are used.
const TAXONOMIES: [(&str, usize); 2] = [("value-six", 6), ("rfm-8", 8)];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["fill", admin, database, customers] => {
            fill::fill(admin, database, customers.parse()?).await
        }
        ["answer", url, customers] => answer::answer(url, customers.parse()?).await,
        _ => Err("usage: history fill ADMIN_URL DATABASE CUSTOMERS | history answer URL CUSTOMERS"
            .into()),
    }
}
