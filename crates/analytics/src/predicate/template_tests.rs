//! The predicates of the taxonomy templates over every combination of bins.

use std::sync::LazyLock;

use kehu_core::taxonomy::{Taxonomy, templates};
use kehu_core::{CustomerId, Value};

use crate::engine::Engine;
use crate::{ColumnKind, Frame, Limits, Schema};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Limits { memory: 1 << 20, threads: 1 }, []));

/// Every combination of three bins from 1 to `bins`.
fn combinations(bins: i64) -> Vec<[i64; 3]> {
    let mut all = Vec::new();
    for recency in 1..=bins {
        for frequency in 1..=bins {
            all.extend((1..=bins).map(|monetary| [recency, frequency, monetary]));
        }
    }
    all
}

/// For each combination the codes of the classes whose predicates hold, all of them.
fn matching(id: &str, columns: [&str; 3], combinations: &[[i64; 3]]) -> Vec<String> {
    let taxonomy: Taxonomy = templates().into_iter().find(|it| it.id == id).unwrap();
    let (mut schema, mut named) = (Schema::default(), Vec::new());
    for (place, name) in columns.into_iter().enumerate() {
        schema.add(name, ColumnKind::Integer);
        let values = combinations.iter().map(|bins| Value::Number(bins[place].into())).collect();
        named.push((name.to_owned(), ColumnKind::Integer, values));
    }
    let customers: Vec<_> = (1..).map(CustomerId).take(combinations.len()).collect();
    let frame = Frame::new(&customers).with_columns(named).unwrap();
    let mut codes = vec![String::new(); combinations.len()];
    for class in &taxonomy.classes {
        let Some(sql) = &class.predicate else { continue };
        let predicate = super::compile(sql, &schema, ENGINE.state()).unwrap();
        for (codes, holds) in codes.iter_mut().zip(predicate.evaluate(&frame).unwrap()) {
            codes.push_str(if holds == Some(true) { &class.code } else { "" });
        }
    }
    codes
}

/// The map of `rfm-11`: rows by recency from 5 to 1, columns by the mean of the two other bins,
/// rounded up.
const MAP: [&str; 5] = ["FPPCC", "MPPLL", "SSTLL", "HHRRX", "ZZRRX"];

#[test]
fn each_of_the_125_combinations_is_in_exactly_the_segment_of_the_map() {
    let combinations = combinations(5);
    let columns = ["rfm_recency_bin", "rfm_frequency_bin", "rfm_monetary_bin"];
    let found = matching("rfm-11", columns, &combinations);
    assert_eq!(found.len(), 125);
    for ([recency, frequency, monetary], codes) in combinations.iter().zip(found) {
        let row = MAP[usize::try_from(5 - recency).unwrap()];
        let column = usize::try_from((frequency + monetary + 1) / 2 - 1).unwrap();
        assert_eq!(codes, row[column..=column], "{recency} {frequency} {monetary}");
    }
}

#[test]
fn each_of_the_eight_combinations_has_its_type() {
    let columns = ["rfm_mean_recency_bin", "rfm_mean_frequency_bin", "rfm_mean_monetary_bin"];
    let found = matching("rfm-8", columns, &combinations(2));
    // 111 112 121 122 211 212 221 222
    assert_eq!(found, ["8", "4", "7", "3", "6", "2", "5", "1"]);
}
