//! How long statements take, by OpenTelemetry's conventions for databases.

use std::sync::LazyLock;
use std::time::Duration;

use opentelemetry::metrics::{AsyncInstrument, Histogram};
use opentelemetry::{KeyValue, global};

/// Records how long a statement of a database took.
pub(super) fn record(system: &'static str, sql: &str, elapsed: Duration, failed: bool) {
    static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| {
        global::meter("kehu")
            .f64_histogram("db.client.operation.duration")
            .with_unit("s")
            .with_description("Duration of database statements")
            .build()
    });
    let mut attributes = vec![
        KeyValue::new("db.system.name", system),
        KeyValue::new("db.operation.name", operation(sql)),
    ];
    if failed {
        attributes.push(KeyValue::new("error.type", "_OTHER"));
    }
    DURATION.record(elapsed.as_secs_f64(), &attributes);
}

/// How many connections of a pool are in use, and how many there may be.
pub(super) struct Use {
    pub(super) used: usize,
    pub(super) most: usize,
}

/// Has the connections of a pool counted whenever metrics are collected; `None` once it is gone.
#[expect(clippy::cast_precision_loss, reason = "a measurement")]
pub(super) fn watch(pool: &'static str, read: impl Fn() -> Option<Use> + Send + Sync + 'static) {
    let tell = move |observer: &dyn AsyncInstrument<f64>| {
        let Some(Use { used, most }) = read() else { return };
        for (state, connections) in [("used", used), ("idle", most.saturating_sub(used))] {
            let attributes = [
                KeyValue::new("db.client.connection.pool.name", pool),
                KeyValue::new("db.client.connection.state", state),
            ];
            observer.observe(connections as f64, &attributes);
        }
    };
    global::meter("kehu")
        .f64_observable_gauge("db.client.connection.count")
        .with_unit("{connection}")
        .with_description("Connections to the database that are used, or may be")
        .with_callback(tell)
        .build();
}

/// Records how long it took to get a connection of a pool.
pub(super) fn waited(pool: &'static str, time: Duration) {
    static WAIT: LazyLock<Histogram<f64>> = LazyLock::new(|| {
        global::meter("kehu")
            .f64_histogram("db.client.connection.wait_time")
            .with_unit("s")
            .with_description("How long it took to get a connection from the pool")
            .build()
    });
    WAIT.record(time.as_secs_f64(), &[KeyValue::new("db.client.connection.pool.name", pool)]);
}

/// The kind of a statement, which is its first word; `OTHER` for what is rare.
fn operation(sql: &str) -> &'static str {
    let first = sql.split_whitespace().next().unwrap_or_default();
    let known = ["SELECT", "INSERT", "UPDATE", "DELETE", "COPY"];
    known.into_iter().find(|word| first.eq_ignore_ascii_case(word)).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use super::operation;

    #[test]
    fn the_first_word_of_a_statement_is_its_operation() {
        for (sql, name) in [
            ("SELECT 1", "SELECT"),
            ("\n  insert into \"t\" values (1)", "INSERT"),
            ("UPDATE t SET a = 1", "UPDATE"),
            ("DELETE FROM t", "DELETE"),
            ("COPY t FROM STDIN", "COPY"),
            ("WITH x AS (SELECT 1) SELECT * FROM x", "OTHER"),
            ("", "OTHER"),
        ] {
            assert_eq!(operation(sql), name, "{sql}");
        }
    }
}
