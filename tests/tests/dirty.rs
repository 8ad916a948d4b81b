//! Dirty files, as a person hands them in: each fault is answered with its reason and place,
//! and nothing else is lost.

use kehu_tests::{program, program::Server, until};
use sea_orm::ConnectionTrait;
use std::path::Path;

const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

fn write(folder: &Path, name: &str, content: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("the folder can be written");
    path.display().to_string()
}

#[tokio::test]
async fn files_that_cannot_be_read_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::on(&folder.path().join("data")).await;
    let import = async |path: &str| program::fail(&["import", path, "--server", &server.url]).await;

    let empty = write(folder.path(), "empty.csv", b"");
    let (code, said) = import(&empty).await;
    assert_eq!(code, 65);
    assert!(said.contains("the file is empty"), "{said}");

    let header = write(folder.path(), "header.csv", b"name,colour\nLin,blue\n");
    let (code, said) = import(&header).await;
    assert_eq!(code, 65);
    assert!(said.contains("the header lacks") && said.contains("colour"), "{said}");

    let mapping = write(folder.path(), "mapping.toml", b"colour = 1\n");
    let sales = write(folder.path(), "sales.csv", HEADER.as_bytes());
    let arguments = ["import", &sales, "--mapping", &mapping, "--server", &server.url];
    let (code, said) = program::fail(&arguments).await;
    assert_eq!(code, 65);
    assert!(said.contains("mapping.toml: ") && said.contains("colour"), "{said}");

    let said = server.succeed(&["import", &sales]).await;
    assert!(said.contains("no line; nothing was loaded"), "{said}");
    let said = server.succeed(&["rejects"]).await;
    assert_eq!(said, "Nothing of the kind was refused.\n");

    let (code, said) = import("/nowhere/sales.csv").await;
    assert_eq!(code, 66);
    assert!(said.contains("/nowhere/sales.csv"), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn each_bad_row_is_refused_with_its_place_and_the_rest_is_loaded() {
    let mut content = Vec::from(HEADER);
    content.extend("1,A,GRÜN,2,2011-01-03 10:00,1.50,17,France\n".bytes());
    content.extend(b"2,A,NO SUCH DAY,1,2011-02-30 10:00,1.50,17,France\n");
    content.extend(b"3,A,TOO BIG,1,2011-01-03 10:00,1e309,17,France\n");
    content.extend(b"4,A,RETURNED,-1,2011-01-04 10:00,1.50,17,France\n");
    content.extend(b"5,A,NOBODY,1,2011-01-03 10:00,1.50,,France\n");
    content.extend(b"6,A,\xff\xfe,1,2011-01-03 10:00,1.50,18,France\n");
    content.extend(b"7,A,");
    content.extend(std::iter::repeat_n(b'x', 10 << 20));
    content.extend(b",1,2011-01-03 10:00,1.50,18,France\n");
    content.extend(b"8,A,SHORT ROW,1\n");
    content.extend(b"9,A,GOOD AGAIN,1,2011-01-05 10:00,2,19,Germany\n");

    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "sales.csv", &content);
    let server = Server::on(&folder.path().join("data")).await;
    let said = server.succeed(&["import", &file, "--output", "json"]).await;
    let loaded: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(loaded["profile"]["lines"], 9, "{said}");
    assert_eq!(loaded["rejectedRecords"], 6, "{said}");

    let rejects = server.succeed(&["rejects", "--all"]).await;
    for (line, reason) in [
        (3, "date-invalid"),
        (4, "out-of-range"),
        (6, "customer-missing"),
        (7, "text-invalid"),
        (8, "field-too-long"),
        (9, "columns-mismatch"),
    ] {
        let place = format!("sales.csv:{line}  ");
        let listed = rejects.lines().find(|text| text.starts_with(&place));
        let listed = listed.unwrap_or_else(|| panic!("no {place} in:\n{rejects}"));
        assert!(listed.contains(reason), "{listed}");
    }

    let listed = server.succeed(&["rejects", "--all", "--output", "json"]).await;
    let lines = listed.lines().map(serde_json::from_str::<serde_json::Value>);
    let places: Vec<_> = lines.map(|reject| reject.unwrap()["lineNumber"].clone()).collect();
    assert_eq!(places, ["3", "4", "6", "7", "8", "9"]);

    let again = server.succeed(&["import", &file]).await;
    assert!(again.contains("nothing was loaded twice"), "{again}");
    server.stop().await;
}

#[tokio::test]
async fn a_currency_needs_to_exist_and_to_have_a_rate() {
    let folder = tempfile::tempdir().unwrap();
    let content = "order_id,customer_id,date,amount,currency\n\
        1,17,2024-05-01,10,EUR\n2,17,2024-05-01,10,XQQ\n3,17,2024-05-01,10,USD\n4,17,2024-05-01,10,CHF\n";
    let file = write(folder.path(), "sales.csv", content.as_bytes());
    let mapping = "[[rates]]\ncurrency = \"USD\"\nstart_date = \"2024-01-01\"\nrate = \"0.9\"\n";
    let mapping = write(folder.path(), "mapping.toml", mapping.as_bytes());
    let data = folder.path().join("data").display().to_string();
    let server = Server::start(&[
        "--data-dir",
        &data,
        "--base-currency",
        "EUR",
        "--time-zone",
        "Europe/Berlin",
    ])
    .await;
    server.succeed(&["import", &file, "--mapping", &mapping]).await;
    let rejects = server.succeed(&["rejects", "--all"]).await;
    assert!(rejects.contains("sales.csv:3  ") && rejects.contains("currency-unknown"), "{rejects}");
    assert!(rejects.contains("sales.csv:5  ") && rejects.contains("rate-missing"), "{rejects}");
    assert!(!rejects.contains("sales.csv:4  "), "{rejects}");
    server.stop().await;
}

#[tokio::test]
async fn a_file_of_which_nothing_can_be_loaded_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let content = "order_id,customer_id,date,amount,currency\n1,c1,2024-01-05,100,USD\n";
    let file = write(folder.path(), "sales.csv", content.as_bytes());
    let server = euros(&folder.path().join("data")).await;
    for _ in 0..2 {
        let arguments = ["import", &file, "--server", &server.url];
        let (code, said) = program::fail(&arguments).await;
        assert_eq!(code, 65, "{said}");
        assert!(said.contains("none of the 1 lines could be loaded: rate-missing 1"), "{said}");
    }
    server.stop().await;
    let data = folder.path().join("quickstart").display().to_string();
    let (code, said) = program::fail(&[
        "quickstart",
        "--exit",
        "--data-dir",
        &data,
        "--base-currency",
        "EUR",
        "--input",
        &file,
    ])
    .await;
    assert_eq!(code, 65, "{said}");
    assert!(said.contains("rate-missing 1"), "{said}");
}

async fn euros(data: &Path) -> Server {
    let data = data.display().to_string();
    let zone = ["--base-currency", "EUR", "--time-zone", "Europe/Berlin"];
    Server::start(&[&["--data-dir", &data][..], &zone].concat()).await
}

/// Dates that a spreadsheet left as numbers: the refusal says what they would be and what to state,
/// and stated so they are read.
#[tokio::test]
async fn dates_as_numbers_are_read_once_that_is_stated() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"order_id,customer_id,date,amount\n1,c1,45296,10\n2,c2,45297.5,20\n";
    let file = write(folder.path(), "in.csv", text);
    let server = euros(&folder.path().join("data")).await;
    let (code, said) = program::fail(&["import", &file, "--server", &server.url]).await;
    assert_eq!(code, 65, "{said}");
    assert!(said.contains("none of the 2 lines could be loaded: date-invalid 2"), "{said}");
    let rejects = server.succeed(&["rejects"]).await;
    let told = "a number, not a date. If it counts days as spreadsheets do it is 2024-01-05: state \
                date_formats = [\"excel\"] in the mapping then";
    assert!(rejects.contains(told), "{rejects}");

    let mapping = write(folder.path(), "map.toml", b"date_formats = [\"excel\"]\n");
    let said = server.succeed(&["import", &file, "--mapping", &mapping]).await;
    assert!(said.contains("2 were new or changed, 0 held already, none refused"), "{said}");
    let held = server.succeed(&["data"]).await;
    assert!(held.contains("2 orders count, from 2024-01-05 to 2024-01-06"), "{held}");
    server.stop().await;
}

/// An order after today is loaded, and the figures say that it does not count yet, the second time
/// as well.
#[tokio::test]
async fn orders_after_today_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"order_id,customer_id,date,amount\n1,c1,2024-01-05,10\n2,c2,2111-01-01,20\n";
    let file = write(folder.path(), "in.csv", text);
    let server = euros(&folder.path().join("data")).await;
    for _ in 0..2 {
        let said = server.succeed(&["import", &file]).await;
        let noticed = "noticed    1 orders dated after today, which count on their day";
        assert!(said.contains(noticed), "{said}");
    }
    server.stop().await;
}

/// What is refused comes back in the file's own columns, with all lines of its orders, and loads once
/// it is corrected.
#[tokio::test]
async fn what_was_refused_is_corrected_and_sent_back() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "order_id;customer_id;date;amount;note\n\
        1;c1;2024-01-05;10,50;\"a; b\"\n1;c1;2024-01-05;x;\n2;c2;2024-01-05;20,00;\n3;c3;2024-01-05\n";
    let file = write(folder.path(), "bad.csv", bad.as_bytes());
    let server = euros(&folder.path().join("data")).await;
    let out = folder.path().join("to-correct.csv").display().to_string();
    let said = server.succeed(&["import", &file, "--rejects", &out]).await;
    assert!(
        said.contains("bad.csv:3  amount") && said.contains("3 lines to correct are in"),
        "{said}"
    );
    let written = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    let header = "\u{feff}order_id;customer_id;date;amount;note;kehu_reason";
    assert_eq!(lines[..2], [header, "1;c1;2024-01-05;10,50;\"a; b\";"]);
    assert!(lines[2].starts_with("1;c1;2024-01-05;x;;amount: "), "{written}");
    assert!(lines[3].starts_with("3;c3;2024-01-05;;;"), "{written}");
    assert_eq!(lines.len(), 4, "{written}");

    let corrected =
        written.replace(";x;", ";1,50;").replace("3;c3;2024-01-05;;", "3;c3;2024-01-05;7,00;");
    let corrected = write(folder.path(), "to-correct.csv", corrected.as_bytes());
    let again = ["import", &corrected, "--rejects", &corrected];
    let said = server.succeed(&again).await;
    assert!(!said.contains("no use for kehu_reason"), "{said}");
    assert!(said.contains("Of the whole file 2 were new or changed"), "{said}");
    assert_eq!(server.succeed(&["rejects"]).await, "Nothing of the kind was refused.\n");
    let timeline = server.succeed(&["timeline", "c1"]).await;
    assert!(timeline.contains("12.00"), "{timeline}");
    server.stop().await;
}

/// What a corrected file brings is closed, what nothing is to come of is discarded, and what the
/// disk has spoilt is told by health and holds up nothing.
#[tokio::test]
async fn what_was_refused_is_seen_to() {
    let folder = tempfile::tempdir().unwrap();
    let header = "order_id,customer_id,date,amount\n";
    let bad = format!("{header}1,c1,2024-02-30,10\n2,c2,2024-01-05,1x\n3,c3,2024-01-05,2x\n");
    let bad = write(folder.path(), "bad.csv", bad.as_bytes());
    let data = folder.path().join("data");
    let server = euros(&data).await;
    let (code, said) = program::fail(&["import", &bad, "--server", &server.url]).await;
    assert_eq!(code, 65, "{said}");
    let good = format!("{header}1,c1,2024-02-29,10\n");
    let good = write(folder.path(), "good.csv", good.as_bytes());
    server.succeed(&["import", &good]).await;
    let open = server.succeed(&["rejects"]).await;
    assert!(!open.contains("bad.csv:2") && open.contains("bad.csv:3  amount"), "{open}");
    let discard = ["rejects", "discard", "rejects/2", "--why", "typed twice"];
    assert_eq!(server.succeed(&discard).await, "discarded 1\n");
    let discarded = server.succeed(&["rejects", "--state", "discarded"]).await;
    assert!(discarded.contains("discarded: typed twice"), "{discarded}");
    assert_eq!(server.succeed(&["health"]).await, "SERVING\n");
    server.stop().await;

    let url = format!("sqlite://{}", data.join("kehu.db").display());
    let database = sea_orm::Database::connect(url).await.unwrap();
    let spoil = "UPDATE reject SET problems = 'x' WHERE reject_id = 3";
    database.execute_unprepared(spoil).await.unwrap();
    database.close().await.unwrap();
    let server = euros(&data).await;
    until("health tells of the damaged reject", async || {
        server.succeed(&["health"]).await.contains("1 reject cannot be read whole any more")
    })
    .await;
    let damaged = server.succeed(&["rejects", "--damaged"]).await;
    assert!(damaged.contains("bad.csv:4  ") && damaged.contains("3,c3,2024-01-05,2x"), "{damaged}");
    server.stop().await;
}

/// Every fault has an order of its own: two that are mended as they are read, eight that are not taken
/// in, the same sale under a second number, and a customer under a key that looks the same.
const FAULTY: &str = "order_id,customer_id,customer_name,date,product,quantity,unit_price,currency
1,c1,Li Wei,2024-05-01,tea,1,10,EUR
2, c1 ,Li Wei,2024-05-02,tea,1,10,EUR
３,c1,Li Wei,2024-05-03,tea,1,10,EUR
4,,Nobody,2024-05-02,tea,1,10,EUR
5,N/A,Nobody,2024-05-03,tea,1,10,EUR
6,c2,Wang Fang,2024-02-30,tea,1,10,EUR
7,c2,Wang Fang,2024-05-03,tea,one,10,EUR
8,c2,Wang Fang,2024-05-03,tea,1,10,XQQ
9,c2,Wang Fang,2024-05-03,tea,1,-10,EUR
10,c2,Wang Fang,2024-05-05,tea,1
11,c2,Wang Fang,2024-05-06,tea,1,1e309,EUR
12,c2,Wang Fang,2024-05-05,tea,1,10,EUR
13,c2,Wang Fang,2024-05-05,tea,1,10,EUR
14,C1,Li Wei,2024-05-07,tea,1,12,EUR
";

const CORRECTED: &str =
    "order_id,customer_id,customer_name,date,product,quantity,unit_price,currency
4,c2,Wang Fang,2024-05-02,tea,1,10,EUR
6,c2,Wang Fang,2024-02-29,tea,1,11,EUR
7,c2,Wang Fang,2024-05-03,tea,1,12,EUR
8,c2,Wang Fang,2024-05-03,tea,1,13,EUR
9,c2,Wang Fang,2024-05-03,tea,1,14,EUR
10,c2,Wang Fang,2024-05-05,tea,1,15,EUR
11,c2,Wang Fang,2024-05-06,tea,1,16,EUR
";

/// What is measured of a field of a kind of record, as held, refused, missing and repeated.
fn measured(quality: &serde_json::Value, kind: &str, field: &str) -> [String; 4] {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let lines = quality["lines"].as_array().expect("it has lines");
    let is_it = |line: &&serde_json::Value| {
        text(&line["recordKind"]) == kind && text(&line["field"]) == field
    };
    let line = lines.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {field} in {quality}"));
    ["heldCount", "invalidCount", "missingCount", "repeatedCount"].map(|count| text(&line[count]))
}

#[tokio::test]
async fn req_1_10_every_fault_of_a_dirty_file_is_found_mended_or_quarantined_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "sales.csv", FAULTY.as_bytes());
    let data = folder.path().join("data").display().to_string();
    let settings = ["--base-currency", "EUR", "--time-zone", "Europe/Berlin"];
    let server = Server::start(&[&["--data-dir", &data][..], &settings].concat()).await;
    let said = server.succeed(&["import", &file, "--output", "json"]).await;
    let loaded: serde_json::Value = serde_json::from_str(&said).unwrap();
    let cleaned = serde_json::json!({"full_width": 1, "missing": 1, "trimmed": 1});
    assert_eq!(loaded["profile"]["cleaned"], cleaned, "{said}");
    assert_eq!(loaded["profile"]["lookalikes"], serde_json::json!([["C1", "c1"]]), "{said}");

    let rejects = server.succeed(&["rejects", "--all"]).await;
    for (line, reason) in [
        (5, "customer_id: the row names no customer (customer-missing)"),
        (6, "customer_id: the row names no customer (customer-missing)"),
        (7, "(date-invalid)"),
        (8, "(number-invalid)"),
        (9, "(currency-unknown)"),
        (10, "(price-negative)"),
        (11, "(columns-mismatch)"),
        (12, "(out-of-range)"),
    ] {
        let place = format!("sales.csv:{line}  ");
        let listed = rejects.lines().find(|text| text.starts_with(&place));
        let listed = listed.unwrap_or_else(|| panic!("no {place} in:\n{rejects}"));
        assert!(listed.contains(reason), "{listed}");
    }

    let measure = async || {
        let said = server.succeed(&["quality", "--measure", "--output", "json"]).await;
        serde_json::from_str::<serde_json::Value>(&said).unwrap()
    };
    let (order, customer) = ("RECORD_KIND_ORDER", "RECORD_KIND_CUSTOMER");
    let quality = measure().await;
    assert_eq!(measured(&quality, order, ""), ["6", "8", "0", "1"]);
    assert_eq!(measured(&quality, order, "customer_id"), ["0", "0", "2", ""]);
    for field in ["date", "quantity", "currency"] {
        assert_eq!(measured(&quality, order, field), ["0", "1", "0", ""], "{field}");
    }
    assert_eq!(measured(&quality, order, "unit_price"), ["0", "2", "0", ""]);
    assert_eq!(measured(&quality, customer, "external_id"), ["3", "0", "0", "1"]);
    assert_eq!(measured(&quality, customer, "display_name"), ["3", "0", "0", "1"]);

    // What is corrected takes its place, what never will be is discarded, and nothing is left.
    let corrected = write(folder.path(), "corrected.csv", CORRECTED.as_bytes());
    server.succeed(&["import", &corrected]).await;
    let rest = server.succeed(&["rejects", "--all"]).await;
    assert!(rest.contains("sales.csv:6  ") && !rest.contains("sales.csv:5  "), "{rest}");
    server.succeed(&["rejects", "discard", "rejects/2", "--why", "a test of the till"]).await;
    assert_eq!(measured(&measure().await, order, ""), ["13", "0", "0", "1"]);
    server.stop().await;
}
