//! What classification and coding tell about themselves: whom they leave out, how many customers are
//! in each class, and how many codes are left.

use std::sync::LazyLock;
use std::time::Duration;

use kehu_core::calendar::BusinessCalendar;
use kehu_core::code_scheme::CodeScheme;
use kehu_core::taxonomy::Taxonomy;
use kehu_server::telemetry::metrics::{CODING_CODES_LEFT, CODING_CUSTOMERS, CODING_LEFT_OUT};
use kehu_server::{Fault, clock};
use kehu_storage::coding::{classes, codes};
use kehu_storage::{Database, business_date, definitions};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge};
use tokio_util::sync::CancellationToken;

/// How often customers and codes are counted: each time is one reading of all classes.
const INTERVAL: Duration = Duration::from_secs(300);

/// Counts customers that a taxonomy gave no class, or a code scheme no code.
pub(crate) fn left_out(by: &'static str, id: &str, customers: usize) {
    static LEFT_OUT: LazyLock<Counter<u64>> = LazyLock::new(|| CODING_LEFT_OUT.counter());
    if let Ok(customers @ 1..) = u64::try_from(customers) {
        let attributes = [
            KeyValue::new("kehu.left_out.by", by),
            KeyValue::new("kehu.left_out.id", id.to_owned()),
        ];
        LEFT_OUT.add(customers, &attributes);
    }
}

/// Counts customers by class and the codes that are left, again and again until `stop`.
pub async fn keep_counting(db: Database, calendar: BusinessCalendar, stop: CancellationToken) {
    CODING_LEFT_OUT.counter().add(0, &[]);
    loop {
        if let Err(fault) = count(&db, &calendar).await {
            tracing::debug!(%fault, "customers and codes were not counted");
        }
        if stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_none() {
            return;
        }
    }
}

async fn count(db: &Database, calendar: &BusinessCalendar) -> Result<(), Fault> {
    let today = business_date::current(db, calendar, clock::now()).await?.date;
    let view = classes::View { true_on: Some(today), known_at: None };
    for version in definitions::in_force::<Taxonomy>(db, &[] as &[&str]).await? {
        let counts = classes::counts(db, &version.definition.id, view).await?;
        tell_customers(&version.definition, |class| counts.get(class).copied().unwrap_or(0));
    }
    for version in definitions::in_force::<CodeScheme>(db, &[] as &[&str]).await? {
        let given = codes::most_given(db, &version.definition.id).await?;
        tell_codes(&version.definition, given);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a measurement")]
fn tell_customers(taxonomy: &Taxonomy, customers: impl Fn(&str) -> i64) {
    static CUSTOMERS: LazyLock<Gauge<f64>> = LazyLock::new(|| CODING_CUSTOMERS.gauge());
    for class in &taxonomy.classes {
        let attributes = [
            KeyValue::new("kehu.taxonomy", taxonomy.id.clone()),
            KeyValue::new("kehu.class", class.id.clone()),
        ];
        CUSTOMERS.record(customers(&class.id) as f64, &attributes);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a measurement")]
fn tell_codes(scheme: &CodeScheme, given: i64) {
    static LEFT: LazyLock<Gauge<f64>> = LazyLock::new(|| CODING_CODES_LEFT.gauge());
    // One that does not compile any more gives none.
    let capacity = scheme.compile().map_or(0, |compiled| compiled.capacity());
    let left = capacity.saturating_sub(given.unsigned_abs());
    LEFT.record(left as f64, &[KeyValue::new("kehu.code_scheme", scheme.id.clone())]);
}
