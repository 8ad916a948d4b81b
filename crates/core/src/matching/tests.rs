//! The model on records whose true pairs are known.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::*;

const SITES: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/data/org_dedupe_chicago/sites.csv"
));

/// Records with a true id first, and pairs that are found of them with their probability.
struct Matched {
    truth: Vec<String>,
    pairs: Vec<(usize, usize, Decimal)>,
}

/// Does what a run does, in one piece.
fn matched(fields: &[(&str, Comparison)], rows: &[(String, Vec<String>)]) -> Matched {
    let fields: Vec<Field> = fields
        .iter()
        .map(|(id, comparison)| Field { id: (*id).to_owned(), comparison: *comparison })
        .collect();
    let place = |id: &str| fields.iter().position(|field| field.id == id);
    let records: Vec<Record> = rows
        .iter()
        .map(|(_, row)| Record::new(&fields, |id| Some(row[place(id)?].as_str().into())))
        .collect();
    let number = |place: usize| i64::try_from(place).unwrap();
    let at = |number: i64| &records[usize::try_from(number).unwrap()];
    let (mut entries, mut terms) = (Vec::new(), Terms::new(&fields));
    for (place, record) in records.iter().enumerate() {
        entries.extend(keys(&fields, record).into_iter().map(|key| (key, number(place))));
        terms.add(record);
    }
    let (index, frequencies) = (Index::new(entries), terms.count());
    let mut estimate = Estimate::new(&fields);
    let mut drawn: Vec<&Record> = Vec::new();
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|place| draw(number(*place)));
    drawn.extend(order.iter().take(400).map(|place| &records[*place]));
    for (place, one) in drawn.iter().enumerate() {
        drawn[place + 1..].iter().for_each(|other| estimate.see_random(one, other));
    }
    for field in 0..fields.len() {
        let (pairs, all) = index.pairs(Rule::same(field), 2_000);
        let with = records.iter().filter(|record| record.has_values().nth(field) == Some(true));
        estimate.look(field, all, coverage(with.count(), records.len()));
        pairs.iter().for_each(|(one, other)| estimate.see(at(*one), at(*other)));
    }
    let model = estimate.model(records.len());
    let mut pairs = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let mut found = Vec::new();
        for key in keys(&fields, record) {
            index.add_later(key, number(place), &mut found);
        }
        found.sort_unstable();
        found.dedup();
        for other in found {
            let score = model.score(record, at(other), &frequencies);
            pairs.push((place, usize::try_from(other).unwrap(), score.probability));
        }
    }
    Matched { truth: rows.iter().map(|(truth, _)| truth.clone()).collect(), pairs }
}

impl Matched {
    /// Precision and recall of the pairs from a probability on, in per mille.
    fn quality(&self, least: Decimal) -> (usize, usize) {
        let mut sizes: HashMap<&str, usize> = HashMap::new();
        self.truth.iter().for_each(|id| *sizes.entry(id).or_default() += 1);
        let all: usize = sizes.values().map(|size| size * (size - 1) / 2).sum();
        let said: Vec<_> = self.pairs.iter().filter(|pair| pair.2 >= least).collect();
        let right = said.iter().filter(|pair| self.truth[pair.0] == self.truth[pair.1]).count();
        (1_000 * right / said.len().max(1), 1_000 * right / all)
    }
}

#[test]
fn organisations_with_dirty_names_and_addresses() {
    let mut reader = csv::Reader::from_reader(SITES.as_bytes());
    let rows: Vec<(String, Vec<String>)> = reader
        .records()
        .map(|row| {
            let row: Vec<String> = row.unwrap().iter().map(str::to_owned).collect();
            (row[0].clone(), row[1..].to_vec())
        })
        .collect();
    assert_eq!(rows.len(), 3_337);
    let fields = [
        ("name", Comparison::Name),
        ("address", Comparison::Text),
        ("zip", Comparison::Exact),
        ("phone", Comparison::Phone),
    ];
    let matched = matched(&fields, &rows);
    let (precision, recall) = matched.quality(Decimal::new(5, 1));
    assert!(precision >= 880 && recall >= 870, "precision {precision}, recall {recall}");
    let (precision, _) = matched.quality(Decimal::new(99, 2));
    assert!(precision >= 960, "precision {precision}");
    // All pairs but a few in a thousand share a key.
    let (_, recall) = matched.quality(Decimal::ZERO);
    assert!(recall >= 995, "recall {recall}");
}

/// People with a name out of many, of whom every fifth comes again with slips in two fields.
fn people() -> Vec<(String, Vec<String>)> {
    let names = ["wang", "li", "zhang", "liu", "chen", "yang", "huang", "zhao", "wu", "zhou"];
    let given = ["wei", "fang", "na", "min", "jing", "lei", "qiang", "jun", "yan", "jie"];
    let mut rows = Vec::new();
    for n in 0..500_usize {
        let die = |k: i64, sides: u64| draw(i64::try_from(n).unwrap() * 16 + k) % sides;
        let pick = |from: &[&'static str; 10], k| from[usize::try_from(die(k, 10)).unwrap()];
        let name = format!("{} {}{}", pick(&names, 0), pick(&given, 1), pick(&given, 2));
        let phone = format!("139{:08}", die(3, 100_000_000));
        let born = format!("19{:02}-{:02}-{:02}", 50 + die(4, 45), 1 + die(5, 12), 1 + die(6, 28));
        let mail = format!("{}{}@example.com", pick(&given, 7), die(8, 100_000));
        let row = vec![name, phone, born, mail];
        if n % 5 == 0 {
            let mut again = row.clone();
            again[n / 5 % 4].insert(1, 'x');
            again[(n / 5 + 1) % 4] = String::new();
            rows.push((n.to_string(), again));
        }
        rows.push((n.to_string(), row));
    }
    rows
}

#[test]
fn persons_with_slips_and_gaps() {
    let fields = [
        ("name", Comparison::Name),
        ("phone", Comparison::Phone),
        ("born", Comparison::Date),
        ("mail", Comparison::Email),
    ];
    let found = matched(&fields, &people());
    let (precision, recall) = found.quality(Decimal::new(5, 1));
    assert!(precision >= 980 && recall >= 950, "precision {precision}, recall {recall}");
    assert_eq!(found.pairs, matched(&fields, &people()).pairs, "another time it is the same");
}

#[test]
fn weights_add_up_to_the_probability() {
    let field = |id: &str, comparison| Field { id: id.to_owned(), comparison };
    let fields = [field("name", Comparison::Name), field("city", Comparison::Exact)];
    let record = |name: &str, city: &str| {
        let (name, city) = (name.to_owned(), city.to_owned());
        Record::new(&fields, move |id| {
            Some(if id == "name" { &name } else { &city }.clone().into())
        })
    };
    let levels = |values: [i64; 4]| values.map(|value| Decimal::new(value, 2));
    let of = |field: &Field, m, u| FieldModel { field: field.clone(), m: levels(m), u: levels(u) };
    let model = Model {
        prior: Decimal::new(1, 2),
        fields: vec![
            of(&fields[0], [5, 5, 10, 80], [97, 1, 1, 1]),
            of(&fields[1], [10, 0, 0, 90], [80, 0, 0, 20]),
        ],
    };
    let one = record("Acme Ltd", "Leeds");
    let score = |other: &Record| model.score(&one, other, &Frequencies::default());
    for (other, levels, probability) in [
        (record("ACME", "leeds"), [Level::Same, Level::Same], 784_314),
        (record("ACME", "York"), [Level::Same, Level::Different], 91_743),
        (record("ACME", ""), [Level::Same, Level::Missing], 446_927),
        (record("Zenith", "York"), [Level::Different, Level::Different], 65),
    ] {
        let score = score(&other);
        let found: Vec<Level> = score.evidence.iter().map(|evidence| evidence.level).collect();
        assert_eq!(found, levels);
        let off = score.probability - Decimal::new(probability, 6);
        assert!(off.abs() < Decimal::new(1, 3), "{} instead of {probability}", score.probability);
    }
    assert_eq!(score(&record("", "")).probability.round_dp(3), Decimal::new(1, 2));
}

#[test]
fn a_common_value_tells_less() {
    let fields = [Field { id: "name".to_owned(), comparison: Comparison::Name }];
    let record = |name: &str| {
        let name = name.to_owned();
        Record::new(&fields, move |_| Some(name.clone().into()))
    };
    let mut terms = Terms::new(&fields);
    let names = std::iter::repeat_n("张伟", 50).chain(["欧阳娜娜", "欧阳娜娜"]);
    let other: Vec<String> = (0..948).map(|n| format!("name{n}")).collect();
    names.chain(other.iter().map(String::as_str)).for_each(|name| terms.add(&record(name)));
    let frequencies = terms.count();
    let levels = |values: [i64; 4]| values.map(|value| Decimal::new(value, 2));
    let (m, u) = (levels([5, 5, 10, 80]), levels([97, 1, 1, 1]));
    let model = Model {
        prior: Decimal::new(1, 3),
        fields: vec![FieldModel { field: fields[0].clone(), m, u }],
    };
    let weight =
        |name: &str| model.score(&record(name), &record(name), &frequencies).evidence[0].weight;
    // log2(0.8 / 0.05), log2(0.8 / 0.002) and log2(0.8 / 0.001).
    assert_eq!(weight("张伟"), Decimal::new(4, 0));
    assert_eq!(weight("歐陽娜娜"), Decimal::new(8644, 3));
    assert_eq!(weight("name7"), Decimal::new(9644, 3));
}

#[test]
fn keys_that_too_many_share_find_nobody() {
    let entries = |count: i64| (1..=count).map(|n| (7 << 52, n)).collect();
    let most = i64::try_from(MOST_IN_BLOCK).unwrap();
    for (count, found, cut) in [(1, 0, 0), (2, 1, 0), (most, most - 1, 0), (most + 1, 0, 1)] {
        let index = Index::new(entries(count));
        let mut later = Vec::new();
        index.add_later(7 << 52, 1, &mut later);
        assert_eq!((i64::try_from(later.len()).unwrap(), index.cut()), (found, cut), "{count}");
    }
    let index = Index::new(entries(4));
    let (pairs, all) = index.pairs(Rule::same(7), 3);
    assert_eq!((pairs.as_slice(), all), (&[(1, 2), (1, 3), (1, 4)][..], 6));
    assert_eq!(index.pairs(Rule::same(6), 3), (Vec::new(), 0));
}

/// Nothing to learn from gives a model all the same, and nothing is beyond its numbers.
#[test]
fn few_records_and_none() {
    for rows in [0, 1, 2] {
        let people = people().into_iter().take(rows).collect::<Vec<_>>();
        let fields = [
            ("name", Comparison::Name),
            ("phone", Comparison::Phone),
            ("born", Comparison::Date),
            ("mail", Comparison::Email),
        ];
        for (_, _, probability) in matched(&fields, &people).pairs {
            assert!(probability >= Decimal::ZERO && probability <= Decimal::ONE);
        }
    }
}
