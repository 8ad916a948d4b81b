//! What a file may say.

use crate::facts::tables;
use crate::{ColumnKind, Feature};

const HEAD: &str =
    "id: x\nzh: 数\nen: X\ngroup: mine\ntype: integer\nunit: \"1\"\ndescription: It.\n";

fn parse(more: &str, sql: &str) -> Result<Feature, String> {
    let text = format!("/*\n{HEAD}{more}*/\n{sql}");
    Feature::parse(&text, &tables()).map_err(|error| error.to_string())
}

#[test]
fn a_file_is_a_feature_and_names_its_tables() {
    for (sql, reads) in [
        ("SELECT customer_id, count(*) AS x FROM orders GROUP BY customer_id", "customers,orders"),
        (
            "WITH sold AS (SELECT customer_id, amount FROM lines) \
             SELECT customer_id, count(*) AS x FROM sold GROUP BY customer_id;",
            "customers,lines",
        ),
        (
            "SELECT o.customer_id, count(*) AS x FROM orders o JOIN prices p ON o.amount > p.lines \
             GROUP BY o.customer_id HAVING count(*) > 1 ORDER BY x",
            "customers,orders,prices",
        ),
    ] {
        let feature = parse("window: 12m\nmissing: \"0\"\n", sql).unwrap();
        assert_eq!((feature.id.as_str(), feature.kind), ("x", ColumnKind::Integer));
        assert_eq!((feature.label.zh.as_str(), feature.window.as_deref()), ("数", Some("12m")));
        assert_eq!(Vec::from_iter(feature.tables).join(","), reads, "{sql}");
    }
}

#[test]
fn what_is_not_a_feature_is_refused_with_the_reason() {
    let good = "SELECT customer_id, count(*) AS x FROM orders GROUP BY customer_id";
    for (more, sql, reason) in [
        ("colour: red\n", good, "unknown field `colour`"),
        ("window: 30 days\n", good, "write days as 30d"),
        ("window: 0d\n", good, "write days as 30d"),
        ("missing: 1 2\n", good, "missing: is one expression"),
        ("missing: \"(\"\n", good, "missing: "),
        ("", "", "is one SELECT"),
        ("", "DROP TABLE orders", "is one SELECT"),
        ("", "SELECT customer_id, 1 AS x FROM orders; SELECT 1", "is one SELECT"),
        ("", "SELECT customer_id, 1 AS x FROM secrets", "there is no table secrets"),
        ("", "SELECT customer_id, 1 AS y FROM orders", "one named x"),
        ("", "SELECT 1 AS x FROM orders", "gives two columns"),
        ("", "SELECT customer_id, x FROM", "Expected"),
    ] {
        let error = parse(more, sql).unwrap_err();
        assert!(error.contains(reason), "{sql}: {error}");
    }
    let error = Feature::parse("SELECT 1", &tables()).unwrap_err().to_string();
    assert!(error.contains("starts with a comment"), "{error}");
    let capital = format!("/*\n{}*/{good}", HEAD.replace("id: x", "id: X"));
    let error = Feature::parse(&capital, &tables()).unwrap_err().to_string();
    assert!(error.contains("all small"), "{error}");
}
