//! Files as people send them: what is good in them is read, what is not is refused alone, with
//! its line and reason.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::path::PathBuf;

use kehu_contract::ingestion::{
    CustomerRecord, ExchangeRate, Order, OrderKind, OrderStatus, Problem, RefusedRow, record::Kind,
};
use kehu_tables::{Error, Mapping, Profile, Table};
use tempfile::TempDir;

const HEADER: &str = "order,customer,date,product,quantity,price,currency,country\n";

/// What was read of a file.
#[derive(Debug, Default)]
struct Read {
    orders: Vec<Order>,
    customers: Vec<CustomerRecord>,
    rates: Vec<ExchangeRate>,
    refused: Vec<(i64, RefusedRow)>,
    profile: Profile,
}

impl Read {
    /// The refused lines as `line reason column`.
    fn refusals(&self) -> Vec<String> {
        let refused = self.refused.iter().map(|(line, row)| {
            let problems: Vec<String> = row.problems.iter().map(summary).collect();
            format!("{line} {}", problems.join(", "))
        });
        refused.collect()
    }

    /// The orders as `key customer lines`.
    fn summary(&self) -> Vec<String> {
        let orders = self.orders.iter().map(|order| {
            let lines: Vec<String> =
                order.lines.iter().map(|line| line.line_number.to_string()).collect();
            format!("{} {} {}", order.external_id, order.customer_external_id, lines.join("+"))
        });
        orders.collect()
    }
}

fn summary(problem: &Problem) -> String {
    let reason = problem.reason().as_str_name().trim_start_matches("PROBLEM_REASON_");
    format!("{reason} {}", problem.field).trim_end().to_owned()
}

fn file(content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.csv");
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn scan(content: &[u8], mapping: &str) -> Result<Table, Error> {
    let (_folder, path) = file(content);
    Table::scan(&path, Mapping::parse(mapping)?)
}

fn read(content: impl AsRef<[u8]>, mapping: &str) -> Read {
    let (_folder, path) = file(content.as_ref());
    let table = Table::scan(&path, Mapping::parse(mapping).unwrap()).unwrap();
    let mut reader = table.read("Europe/London", "GBP").unwrap();
    let mut read = Read::default();
    let mut counted = Profile::default();
    for batch in reader.by_ref() {
        let batch = batch.unwrap();
        batch.orders.iter().for_each(|order| counted.add_order(order, false));
        for record in batch.batch.records {
            match record.kind.unwrap() {
                Kind::Order(order) => read.orders.push(order),
                Kind::Customer(customer) => read.customers.push(customer),
                Kind::ExchangeRate(rate) => read.rates.push(rate),
                Kind::RefusedRow(row) => read.refused.push((record.line_number, row)),
                other => panic!("files hold no such record: {other:?}"),
            }
        }
    }
    read.profile = reader.profile().with_orders(counted);
    read
}

#[test]
fn a_bad_cell_costs_its_line() {
    let huge = "x".repeat(10 << 20);
    let long = "x".repeat(129);
    for (line, refusal) in [
        ("1,,2011-01-01,P,1,2,,", "CUSTOMER_MISSING customer"),
        (",a,2011-01-01,P,1,2,,", "FIELD_MISSING order"),
        ("1,a,,P,1,2,,", "FIELD_MISSING date"),
        ("1,a,2011-02-30,P,1,2,,", "DATE_INVALID date"),
        ("1,a,01/02/2011,P,1,2,,", "DATE_INVALID date"),
        ("1,a,9999-12-31,P,1,2,,", "OUT_OF_RANGE date"),
        ("1,a,2011-01-01,P,,2,,", "FIELD_MISSING quantity"),
        ("1,a,2011-01-01,P,1,,,", "FIELD_MISSING price"),
        ("1,a,2011-01-01,P,1e309,2,,", "OUT_OF_RANGE quantity"),
        ("1,a,2011-01-01,P,NaN,2,,", "FIELD_MISSING quantity"),
        ("1,a,2011-01-01,P,--,2,,", "NUMBER_INVALID quantity"),
        ("1,a,2011-01-01,P,1,\"12,34.5\",,", "NUMBER_INVALID price"),
        ("1,a,2011-01-01,P,1,-2,,", "PRICE_NEGATIVE price"),
        ("1,a,2011-01-01,P,1,999999999999999,,", "OUT_OF_RANGE price"),
        ("1,a,2011-01-01,P,999999999,999999999,,", "OUT_OF_RANGE price"),
        ("1,a,2011-01-01,P,1,2,QQQ,", "CURRENCY_UNKNOWN currency"),
        ("1,a,2011-01-01,P,1,2,", "COLUMNS_MISMATCH"),
        ("1,a,2011-01-01,P,1,2,,,x", "COLUMNS_MISMATCH"),
        ("1,a,2011-01-01,\"P,1,2,,", "COLUMNS_MISMATCH"),
        ("1,a,2011-01-01,P\u{7},1,2,,", "TEXT_INVALID product"),
        (&format!("1,a,2011-01-01,{long},1,2,,"), "FIELD_TOO_LONG product"),
        (&format!("1,a,2011-01-01,{huge},1,2,,"), "FIELD_TOO_LONG"),
        (&format!("1,a,2011-01-01,\"{huge}\",1,2,,"), "FIELD_TOO_LONG"),
        (
            "1,,2011-02-30,P,x,-2,QQQ,",
            "CUSTOMER_MISSING customer, DATE_INVALID date, NUMBER_INVALID quantity, PRICE_NEGATIVE price, CURRENCY_UNKNOWN currency",
        ),
    ] {
        let good = "1,a,2011-01-01,P,1,2,,\n";
        let read = read(format!("{HEADER}{good}{line}\n{good}2,b,2011-01-01,P,1,2,,\n"), "");
        let shown = &line[..line.len().min(60)];
        assert_eq!(read.refusals(), [format!("3 {refusal}")], "{shown}");
        assert_eq!(read.summary(), ["1 a 2+4", "2 b 5"], "{shown}");
        let raw = &read.refused[0].1;
        assert_eq!(raw.raw, line[..line.len().min(64 * 1024)], "{shown}");
        assert_eq!(raw.raw_length, line.len() as i64, "{shown}");
        assert_eq!(read.profile.lines, 4);
    }
}

#[test]
fn bytes_that_are_no_text() {
    let content = [HEADER.as_bytes(), b"1,a,2011-01-01,caf\xe9,1,2,,\n2,b,2011-01-01,P,1,2,,\n"];
    let read_strictly = read(content.concat(), "encoding = \"utf-8\"");
    assert_eq!(read_strictly.refusals(), ["2 TEXT_INVALID"]);
    assert_eq!(read_strictly.refused[0].1.raw, "1,a,2011-01-01,caf\u{fffd},1,2,,");
    assert_eq!(read_strictly.summary(), ["2 b 3"]);
    for mapping in ["encoding = \"latin-1\"", ""] {
        let as_latin = read(content.concat(), mapping);
        assert_eq!(as_latin.orders[0].lines[0].product_code, "café", "{mapping}");
        assert_eq!(as_latin.profile.encoding, "windows-1252");
    }
}

#[test]
fn files_that_cannot_be_read() {
    let many = format!("{HEADER}{}", "1,a,yesterday,P,1,2,,\n".repeat(10));
    let days = many.replace("yesterday", "45296");
    let counts = many.replace("yesterday", "2024115");
    for (content, mapping, error) in [
        (&b""[..], "", "the file is empty: its first line must name the columns"),
        (b"\n\n", "", "the file is empty: its first line must name the columns"),
        (b"PK\x03\x04 and so on", "", "the file is a spreadsheet or a ZIP archive: save it as CSV"),
        (b"%PDF-1.7", "", "the file is a PDF document: save it as CSV"),
        (b"\xff\xfe\0\0o\0\0\0", "", "the file is text in UTF-32, not in UTF-8: save it as CSV"),
        (
            days.as_bytes(),
            "",
            "no date of the column \"date\" has a known form: 45296 is a number, not a date. If it \
             counts days as spreadsheets do it is 2024-01-05: state date_formats = [\"excel\"]",
        ),
        (
            counts.as_bytes(),
            "",
            "no date of the column \"date\" has a known form: 2024115 is a number, and a date in no \
             usual form: correct it, or state date_formats",
        ),
        (many.as_bytes(), "", "no date of the column \"date\" has a known form: state it"),
        (b"order,order,customer,date,amount\n", "", "the header names order more than once"),
        (b"id;amount\n1;2\n", "", "the header lacks order_id (invoiceno, invoice,"),
        (b"a,b\n", "columns = 3", "the mapping cannot be used: TOML parse error"),
        (
            HEADER.as_bytes(),
            "columns = { order_id = \"Bon\", customer_id = \"customer\", date = \"date\", amount = \"Summe\" }",
            "the header lacks the column \"Bon\" of the mapping, the column \"Summe\" of the mapping; it has order, customer,",
        ),
    ] {
        let found = scan(content, mapping).unwrap_err().to_string();
        assert!(found.starts_with(error), "{found}");
    }
    let missing = Table::scan("/nowhere/file.csv".as_ref(), Mapping::default()).unwrap_err();
    assert_eq!(missing.to_string(), "cannot open /nowhere/file.csv");
}

#[test]
fn a_header_alone_is_an_empty_table() {
    let read = read(HEADER, "");
    assert_eq!((read.orders.len(), read.refused.len()), (0, 0));
    let encoding = "UTF-8".to_owned();
    assert_eq!(read.profile, Profile { encoding, kind: "orders", ..Profile::default() });
}

#[test]
fn damaged_gzip_is_an_error_with_its_place() {
    let mut packed = Vec::new();
    let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::default());
    encoder.write_all(HEADER.as_bytes()).unwrap();
    for line in 0..1_000 {
        writeln!(encoder, "{line},a,2011-01-01,P{line},1,2,,").unwrap();
    }
    encoder.finish().unwrap();
    assert_eq!(read(&packed, "").orders.len(), 1_000);
    packed.truncate(packed.len() / 2);
    let error = scan(&packed, "").unwrap_err();
    assert!(matches!(error, Error::Read { line, .. } if line > 1), "{error}");
}

#[test]
fn lines_of_an_order_may_lie_apart() {
    let content = [
        "1,a,2011-01-02 10:00,P,1,2,,",
        "2,b,2011-01-01 09:00,P,1,2,,",
        "1,a,2011-01-02 08:00,P,1,2,,",
        "3,c,2011-01-01 09:00,P,1,2,,",
        "2,b,2011-01-01 09:00,P,1,2,GBP,",
    ];
    let read = read(format!("{HEADER}{}", content.join("\n")), "");
    assert_eq!(read.summary(), ["1 a 2+4", "3 c 5", "2 b 3+6"]);
    assert_eq!(read.refusals(), [""; 0]);
    assert_eq!(read.orders[0].order_time, Some("2011-01-02T08:00:00Z".parse().unwrap()));
}

#[test]
fn changes_to_cells_are_counted() {
    let content = [
        "1,17850.0,2011-01-01, two words ,1,£12.50,gbp,",
        "2,a,2011-01-01,\"two\nlines\",1,\"£1,234.00\",,",
        "3,a,2011-01-01,P,(5.00),1.5E+1,,",
        "4,a,2011-01-01,P,5-,1,,",
    ];
    let read = read(format!("{HEADER}{}", content.join("\n")), "");
    assert_eq!(read.refusals(), [""; 0]);
    let cleaned: Vec<String> =
        read.profile.cleaned.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    let expected = [
        "accounting_negative 1",
        "currency_sign 2",
        "exponent 1",
        "key_decimals 1",
        "line_break 1",
        "thousands 1",
        "trailing_minus 1",
        "trimmed 1",
    ];
    assert_eq!(cleaned, expected);
    assert_eq!(read.orders[0].customer_external_id, "17850");
    assert_eq!(read.orders[1].lines[0].product_code, "two lines");
    let price = read.orders[1].lines[0].unit_price.as_ref().unwrap();
    assert_eq!((price.units, price.nanos), (1_234, 0));
    let kinds: Vec<OrderKind> = read.orders.iter().map(Order::kind).collect();
    assert_eq!(kinds, [OrderKind::Sale, OrderKind::Sale, OrderKind::Return, OrderKind::Return]);
}

/// A French file, with everything a mapping can state.
const FRENCH: &str = r#"
    decimal_comma = true
    date_formats = ["%d/%m/%Y %H:%M"]
    time_zone = "Europe/Paris"
    currency = "EUR"
    [columns]
    order_id = "Commande"
    customer_id = "Client"
    date = "Date"
    time = "Heure"
    amount = "Montant"
    status = "État"
    customer_name = "Nom"
    [status]
    cancelled = ["Annulée"]
    returned = ["Retour"]
    [attributes]
    loyalty = "Carte"
    [[rates]]
    currency = "EUR"
    start_date = "2011-01-01"
    rate = "0.86"
"#;

const FRENCH_SALES: &str = "\u{feff}Commande;Client;Nom;Date;Heure;Montant;État;Carte\n\
     1;c1;Dupont;31/01/2011;08:30;1.234,50;Payée;or\n\
     2;c1;Dupont;01/02/2011;09:00;10,00;annulée;or\n\
     3;c1;Dupont;02/02/2011;09:00;10,00;Retour;argent\n\
     4;c2;;02/02/2011;09:00;-5,00;;\n";

#[test]
fn a_mapping_for_another_country() {
    let read = read(FRENCH_SALES, FRENCH);
    assert_eq!(read.refusals(), [""; 0]);
    assert_eq!(read.rates[0].rate.as_ref().unwrap().value, "0.86");
    let kinds: Vec<_> = read.orders.iter().map(|order| (order.kind(), order.status())).collect();
    let expected = [
        (OrderKind::Sale, OrderStatus::Completed),
        (OrderKind::Sale, OrderStatus::Cancelled),
        (OrderKind::Return, OrderStatus::Completed),
        (OrderKind::Return, OrderStatus::Completed),
    ];
    assert_eq!(kinds, expected);
    let first = &read.orders[0];
    assert_eq!(first.order_time, Some("2011-01-31T07:30:00Z".parse().unwrap()));
    assert_eq!(
        (first.currency_code.as_str(), first.lines[0].quantity.as_ref().unwrap().value.as_str()),
        ("EUR", "1")
    );
    assert_eq!(first.lines[0].amount.as_ref().unwrap().units, 1_234);
}

#[test]
fn kinds_and_customers_of_another_country() {
    let read = read(FRENCH_SALES, FRENCH);
    let tallies: Vec<_> = read
        .profile
        .read
        .iter()
        .map(|tally| (tally.kind, tally.orders, tally.amount.normalize().to_string()))
        .collect();
    let expected = [
        ("sale", 1, "1234.5".to_owned()),
        ("cancelled", 1, "10".to_owned()),
        ("return", 2, "-15".to_owned()),
    ];
    assert_eq!(tallies, expected);
    // The customer again when it changed, and one of whom nothing is known.
    let customers: Vec<_> = read
        .customers
        .iter()
        .map(|customer| {
            let profile = customer.profile.as_ref().unwrap();
            let loyalty = profile.attributes.get("loyalty").cloned().unwrap_or_default();
            (customer.external_id.as_str(), profile.display_name.as_str(), loyalty)
        })
        .collect();
    let expected = [
        ("c1", "Dupont", "or".to_owned()),
        ("c1", "Dupont", "argent".to_owned()),
        ("c2", "", String::new()),
    ];
    assert_eq!(customers, expected);
}

#[test]
fn an_order_may_be_too_large() {
    let mut content = HEADER.to_owned();
    for line in 0..10_001 {
        content.push_str("1,a,2011-01-01,P,1,2,,\n");
        if line % 5_000 == 0 {
            content.push_str(&format!("good{line},a,2011-01-01,P,1,2,,\n"));
        }
    }
    let read = read(content, "");
    assert_eq!(read.orders.len(), 3);
    assert_eq!(read.refused.len(), 10_001);
    assert_eq!(summary(&read.refused[0].1.problems[0]), "OUT_OF_RANGE order");
}

#[test]
fn the_id_of_a_stream_is_of_content_and_mapping() {
    let id = |content: &str, mapping: &str| {
        scan(content.as_bytes(), mapping).unwrap().stream_id().to_owned()
    };
    let first = id(HEADER, "");
    assert_eq!(id(HEADER, ""), first);
    assert_ne!(id(HEADER, "source = \"shop\""), first);
    assert_ne!(id(&format!("{HEADER}\n"), ""), first);
}

#[test]
fn a_file_that_changed_meanwhile_is_noticed() {
    let (_folder, path) = file(format!("{HEADER}1,a,2011-01-01,P,1,2,,\n").as_bytes());
    let table = Table::scan(&path, Mapping::default()).unwrap();
    std::fs::write(&path, format!("{HEADER}1,a,2011-01-01,P,1,2,,\n2,a,2011-01-01,P,1,2,,\n"))
        .unwrap();
    let last = table.read("UTC", "GBP").unwrap().last().unwrap();
    assert!(matches!(last, Err(Error::Changed)));
}
