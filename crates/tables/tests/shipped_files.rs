//! The files that are shipped, read from end to end: what is counted must be what their READMEs
//! say.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use kehu_contract::ingestion::{Record, RecordBatch, record::Kind};
use kehu_tables::{Mapping, Profile, Table};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name)
}

fn mapping(name: &str) -> Mapping {
    Mapping::parse(&std::fs::read_to_string(data(name)).unwrap()).unwrap()
}

fn read(path: &Path, mapping: Mapping) -> (Vec<RecordBatch>, Profile, String) {
    let table = Table::scan(path, mapping).unwrap();
    let stream_id = table.stream_id().to_owned();
    let mut reader = table.read("Europe/London", "GBP").unwrap();
    let mut counted = Profile::default();
    let mut batches = Vec::new();
    for read in reader.by_ref() {
        let read = read.unwrap();
        read.orders.iter().for_each(|order| counted.add_order(order, false));
        batches.push(read.batch);
    }
    (batches, reader.profile().with_orders(counted), stream_id)
}

fn tally(profile: &Profile, kind: &str) -> (u64, u64, String) {
    let tally = profile.read.iter().find(|tally| tally.kind == kind).unwrap();
    (tally.orders, tally.lines, tally.amount.normalize().to_string())
}

#[test]
fn online_retail() {
    let file = data("online_retail/online_retail_2010_2011.csv.gz");
    let (batches, profile, stream_id) = read(&file, mapping("online_retail/mapping.toml"));
    check_online_retail(&profile);
    check_batches(&batches);

    // The same content unpacked and with the other usual header needs no mapping.
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("second edition.csv");
    write_second_edition(&file, &plain);
    let (again, second, other_id) = read(&plain, Mapping::default());
    check_online_retail(&second);
    assert_eq!(again.len(), batches.len());
    for (again, batch) in again.iter().zip(&batches) {
        let place = batch.sequence;
        assert!(good_records(again).eq(good_records(batch)), "batch {place} differs");
    }
    assert_ne!(other_id, stream_id);
}

/// Without refused rows, whose problems name the columns.
fn good_records(batch: &RecordBatch) -> impl Iterator<Item = &Record> {
    batch.records.iter().filter(|record| !matches!(record.kind, Some(Kind::RefusedRow(_))))
}

fn check_online_retail(profile: &Profile) {
    assert_eq!(profile.lines, 541_909);
    assert_eq!(profile.orders, 25_900);
    assert_eq!(profile.customers, 4_372);
    assert_eq!(profile.countries, 38);
    assert_eq!(profile.lines_without_customer, 135_080);
    assert_eq!(profile.lines_without_description, 1_454);
    assert_eq!((profile.cancellation_lines, profile.cancellation_orders), (9_288, 3_836));
    assert_eq!(profile.adjustment_lines, 3);
    assert_eq!(profile.negative_quantities, 10_624);
    assert_eq!(profile.negative_prices, 2);
    assert_eq!(profile.zero_prices, 2_515);
    assert_eq!(profile.repeated_lines, 5_268);
    assert_eq!(profile.total_amount.to_string(), "9747747.934");
    assert_eq!(tally(profile, "sale"), (18_536, 397_924, "8911407.904".to_owned()));
    assert_eq!(tally(profile, "return"), (3_654, 8_905, "-611342.09".to_owned()));
    assert_eq!(profile.read.len(), 2);
    assert_eq!(profile.refused, BTreeMap::from([("CUSTOMER_MISSING".to_owned(), 135_080)]));
}

fn check_batches(batches: &[RecordBatch]) {
    let (mut customers, mut orders, mut refused) = (0, 0, 0);
    for (batch, sequence) in batches.iter().zip(1..) {
        assert_eq!(batch.sequence, sequence);
        assert!(batch.records.len() <= 5_000);
        for record in &batch.records {
            match record.kind.as_ref().unwrap() {
                Kind::Customer(_) => customers += 1,
                Kind::Order(_) => orders += 1,
                Kind::RefusedRow(_) => refused += 1,
                other => panic!("there is no such record in the file: {other:?}"),
            }
        }
    }
    // Eight customers have orders from two countries, and some go back and forth.
    assert!((4_372 + 8..4_500).contains(&customers), "{customers}");
    assert_eq!((orders, refused), (22_190, 135_080));
}

fn write_second_edition(packed: &Path, plain: &Path) {
    let mut content = String::new();
    let file = std::fs::File::open(packed).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut content).unwrap();
    let content = content.replacen("InvoiceNo", "Invoice", 1);
    let content =
        content.replacen("UnitPrice", "Price", 1).replacen("CustomerID", "Customer ID", 1);
    std::fs::File::create(plain).unwrap().write_all(content.as_bytes()).unwrap();
}

#[test]
fn complete_journey() {
    let file = data("complete_journey/transactions_sample.csv.gz");
    let (batches, profile, _) = read(&file, mapping("complete_journey/mapping.toml"));
    assert_eq!((profile.lines, profile.orders, profile.customers), (75_000, 47_243, 2_377));
    assert_eq!(tally(&profile, "sale"), (47_243, 75_000, "233935.24".to_owned()));
    assert_eq!(profile.refused, BTreeMap::new());
    let mut lines = 0;
    let mut discount = kehu_core::Money::ZERO;
    for record in batches.iter().flat_map(|batch| &batch.records) {
        let Some(Kind::Order(order)) = &record.kind else { panic!("orders only") };
        assert_eq!(order.currency_code, "USD");
        lines += order.lines.len();
        for line in &order.lines {
            let part = line.discount.as_ref().unwrap();
            let part = kehu_core::Money::from_units_nanos(part.units, part.nanos).unwrap();
            discount = discount.checked_add(part).unwrap();
        }
    }
    assert_eq!(lines, 75_000);
    // 40,180.91 of the shop, 1,356.71 and 242.10 of coupons.
    assert_eq!(discount.to_decimal().normalize().to_string(), "41779.72");
}
