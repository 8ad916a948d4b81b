//! One table in every dress that it may come in: the same orders are read of each.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::record::Kind;
use kehu_tables::{Error, Mapping, Profile, Table};
use std::collections::BTreeMap;

/// A file of this content, with the folder that it is in.
fn table(content: &[u8], mapping: &str) -> (tempfile::TempDir, Table) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.csv");
    std::fs::write(&path, content).unwrap();
    let table = Table::scan(&path, Mapping::parse(mapping).unwrap()).unwrap();
    (folder, table)
}

/// Each order as `key customer day amount currency`, each refused row as `line reason`, and the
/// profile.
fn read(content: &[u8], mapping: &str) -> (Vec<String>, Vec<String>, Profile) {
    let (_folder, table) = table(content, mapping);
    let mut reader = table.read("Europe/Berlin", "EUR").unwrap();
    let (mut orders, mut refused) = (Vec::new(), Vec::new());
    let mut counted = Profile::default();
    for batch in reader.by_ref() {
        let batch = batch.unwrap();
        batch.orders.iter().for_each(|order| counted.add_order(order, false));
        let mut figures = batch.orders.iter();
        for record in batch.batch.records {
            match record.kind.unwrap() {
                Kind::Order(order) => {
                    let figures = figures.next().unwrap();
                    let zone = kehu_core::calendar::BusinessCalendar::new("Europe/Berlin").unwrap();
                    orders.push(format!(
                        "{} {} {} {} {}",
                        order.external_id,
                        order.customer_external_id,
                        zone.date(figures.at),
                        figures.amount.normalize(),
                        order.currency_code
                    ));
                }
                Kind::RefusedRow(row) => {
                    let reason = row.problems[0].reason().as_str_name();
                    let reason = reason.trim_start_matches("PROBLEM_REASON_");
                    refused.push(format!("{} {reason}", record.line_number));
                }
                _ => {}
            }
        }
    }
    (orders, refused, reader.profile().with_orders(counted))
}

const PLAIN: &str = "order_id,customer_id,date,amount\n1,c1,2024-01-05,10\n2,c2,2024-01-06,20.5\n";
const ORDERS: [&str; 2] = ["1 c1 2024-01-05 10 EUR", "2 c2 2024-01-06 20.5 EUR"];

#[test]
fn the_same_table_in_many_dresses() {
    let utf_16 = |text: &str, little: bool| -> Vec<u8> {
        let units = text.encode_utf16();
        units.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
    };
    let semicolons = PLAIN.replace(',', ";");
    for (name, content) in [
        ("plain", PLAIN.as_bytes().to_vec()),
        ("mark", format!("\u{feff}{PLAIN}").into_bytes()),
        ("utf-16 le", utf_16(&format!("\u{feff}{PLAIN}"), true)),
        ("utf-16 be", utf_16(&format!("\u{feff}{PLAIN}"), false)),
        ("utf-16 le without mark", utf_16(PLAIN, true)),
        ("utf-16 be without mark", utf_16(PLAIN, false)),
        ("cr", PLAIN.replace('\n', "\r").into_bytes()),
        ("crlf", PLAIN.replace('\n', "\r\n").into_bytes()),
        ("mixed", PLAIN.replacen('\n', "\r", 1).replacen("10\n", "10\r\n", 1).into_bytes()),
        ("semicolons", semicolons.clone().into_bytes()),
        ("tabs", PLAIN.replace(',', "\t").into_bytes()),
        ("pipes", PLAIN.replace(',', "|").into_bytes()),
        ("sep", format!("sep=;\r\n{semicolons}").into_bytes()),
        ("titles", format!("Shop 7, all sales\nprinted 2024-02-01\n\n{PLAIN}").into_bytes()),
        ("trailing", PLAIN.replace("05,10\n", "05,10,,\n").into_bytes()),
        ("trailing header", PLAIN.replace("amount\n", "amount,\n").into_bytes()),
        ("empty rows", PLAIN.replace("2,c2", "\n,,,\n  \n2,c2").into_bytes()),
        (
            "repeated header",
            PLAIN.replace("2,c2", "order_id,customer_id,date,amount\n2,c2").into_bytes(),
        ),
        (
            "two files",
            PLAIN.replace("2,c2", "\u{feff}order_id,customer_id,date,amount\n2,c2").into_bytes(),
        ),
        ("formulas", PLAIN.replace("1,c1", "=\"1\",\"=\"\"c1\"\"\"").into_bytes()),
        ("marks of text", PLAIN.replace("1,c1", "'1,c1").into_bytes()),
        ("spaces", PLAIN.replace("c1", " c1\u{a0}").replace("c2", "\u{200b}ｃ２").into_bytes()),
        ("end of DOS", format!("{PLAIN}\u{1a}").into_bytes()),
        ("end of DOS behind the last row", format!("{}\u{1a}", PLAIN.trim_end()).into_bytes()),
        ("end of a block", format!("{PLAIN}\0\0\0\0").into_bytes()),
    ] {
        let (orders, refused, profile) = read(&content, "");
        assert_eq!(refused, [""; 0], "{name}");
        assert_eq!(orders, ORDERS, "{name}");
        assert_eq!(profile.lines, 2, "{name}");
    }
}

#[test]
fn encodings_are_found_or_stated() {
    let chinese =
        "订单号,客户编号,订单日期,金额,客户名称\n1,客户一,2024-01-05,10,北京商贸有限公司\n";
    let names = "order_id,customer_id,date,amount,customer_name\n";
    for (label, text, customer) in [
        ("gb18030", chinese.to_owned(), "客户一"),
        ("gb18030", format!("{names}1,王伟,2024-01-05,10,北京商贸有限公司\n"), "王伟"),
        ("big5", format!("{names}1,臺灣電腦,2024-01-05,10,臺北市信義區\n"), "臺灣電腦"),
        ("shift_jis", format!("{names}1,田中商店,2024-01-05,10,東京のお客さま\n"), "田中商店"),
        ("windows-1252", format!("{names}1,Müller,2024-01-05,10,Café Zürich\n"), "Müller"),
    ] {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        let (bytes, _, _) = encoding.encode(&text);
        for mapping in [String::new(), format!("encoding = \"{label}\"")] {
            let (orders, refused, profile) = read(&bytes, &mapping);
            assert_eq!(refused, [""; 0], "{label} {mapping}");
            assert_eq!(orders, [format!("1 {customer} 2024-01-05 10 EUR")], "{label} {mapping}");
            assert!(profile.encoding.eq_ignore_ascii_case(label), "{}", profile.encoding);
            assert_eq!(profile.found.len(), 1, "{:?}", profile.found);
        }
    }
}

#[test]
fn columns_without_a_use_are_told() {
    let told = |header: &str, mapping: &str| {
        let line = header.split(',').map(|_| "2024-01-05").collect::<Vec<_>>().join(",");
        read(format!("{header}\n{line}\n").as_bytes(), mapping).2.found.join("; ")
    };
    let usual = "order_id,customer_id,date,amount";
    assert_eq!(told(usual, ""), "");
    let two = told(&format!("{usual},sales,,discount"), "");
    assert!(two.starts_with("no use for sales, discount ("), "{two}");
    let many: Vec<String> = (1..=12).map(|number| format!("c{number}")).collect();
    let many = told(&format!("{usual},{}", many.join(",")), "");
    assert!(many.contains("c10 and 2 more"), "{many}");
    let stated = "[columns]\norder_id = \"order_id\"\ncustomer_id = \"customer_id\"\n\
                  date = \"date\"\namount = \"sales\"\n";
    assert_eq!(told(&format!("{usual},sales"), stated), "", "who states columns knows the others");
}

#[test]
fn bytes_of_another_encoding_far_down_are_found() {
    let mut content = b"order_id,customer_id,date,amount\n".to_vec();
    for line in 0..20_000 {
        content.extend(format!("{line},c{line},2024-01-05,10\n").bytes());
    }
    content.extend(b"last,caf\xe9,2024-01-05,10\n");
    let (orders, refused, profile) = read(&content, "");
    assert_eq!(refused, [""; 0]);
    assert_eq!(orders.last().unwrap(), "last café 2024-01-05 10 EUR");
    assert_eq!(profile.encoding, "windows-1252");
}

#[test]
fn a_damaged_row_of_a_file_in_utf_8_is_refused_alone() {
    let content = [
        "order_id,customer_id,date,amount\n1,客户,2024-01-05,10\n".as_bytes(),
        b"2,caf\xe9,2024-01-05,10\n3,a\0b,2024-01-05,10\n",
    ];
    let (orders, refused, _) = read(&content.concat(), "");
    assert_eq!(orders, ["1 客户 2024-01-05 10 EUR"]);
    assert_eq!(refused, ["3 TEXT_INVALID", "4 TEXT_INVALID"]);
}

#[test]
fn a_header_in_a_wrong_encoding_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.csv");
    let (bytes, _, _) =
        encoding_rs::GB18030.encode("订单号,客户编号,订单日期,金额\n1,客户,2024-01-05,10\n");
    std::fs::write(&path, &bytes).unwrap();
    for (mapping, encoding) in [("encoding = \"utf-8\"", "UTF-8"), ("encoding = \"big5\"", "Big5")]
    {
        let error = Table::scan(&path, Mapping::parse(mapping).unwrap()).unwrap_err();
        assert!(matches!(error, Error::Header { .. }), "{error}");
        let text = format!("read as {encoding}, which it may not be: state the encoding");
        assert!(error.to_string().contains(&text), "{error}");
    }
}

#[test]
fn what_is_too_short_to_tell_its_encoding_is_not_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.csv");
    let (bytes, _, _) = encoding_rs::GB18030
        .encode("order_id,customer_id,date,amount\n1,王,2024-01-05,10\n2,李,2024-01-05,10\n");
    std::fs::write(&path, &bytes).unwrap();
    let error = Table::scan(&path, Mapping::default()).unwrap_err().to_string();
    assert!(error.contains("may be 王 in gb18030 or "), "{error}");
    let (orders, refused, _) = read(&bytes, "encoding = \"gb18030\"");
    assert_eq!((orders[0].as_str(), refused.len()), ("1 王 2024-01-05 10 EUR", 0));
}

#[test]
fn columns_prove_how_their_numbers_are_written() {
    for (cells, amounts, refused) in [
        ("0,500 1,250 2,5", "0.5 1.25 2.5", ""),
        ("1.250 2.500 3", "3", "2 3"),
        ("1,250 2,500 3", "3", "2 3"),
        ("1.250 2.5", "1.25 2.5", ""),
        ("1.250 1.234.567", "1250 1234567", ""),
        ("1,250 1.234,5", "1.25 1234.5", ""),
        ("1,250 1,234.5", "1250 1234.5", ""),
        ("12,34,567.5 1,250", "1234567.5 1250", ""),
        ("1'250 2.5", "1250 2.5", ""),
        ("1\u{202f}250,5 1\u{a0}000 1\u{2009}000", "1250.5 1000 1000", ""),
        ("€12,50 12,50€ EUR\u{a0}12,5 12,5\u{a0}EUR", "12.5 12.5 12.5 12.5", ""),
        ("5,5- (5,5) -5,5", "-5.5 -5.5 -5.5", ""),
        ("1.5E+3 2.5e-1 1e2", "1500 0.25 100", ""),
        ("１２.５ ２", "12.5 2", ""),
        ("2.5 2,5", "", "2 3"),
        ("12%", "", "2"),
    ] {
        let mut content = "order_id\tcustomer_id\tdate\tamount\n".to_owned();
        for (line, cell) in cells.split(' ').enumerate() {
            content.push_str(&format!("{line}\tc\t2024-01-05\t{cell}\n"));
        }
        let (orders, lines, _) = read(content.as_bytes(), "");
        let read: Vec<&str> = orders.iter().map(|order| order.split(' ').nth(3).unwrap()).collect();
        assert_eq!(read.join(" "), amounts, "{cells}");
        let expected: Vec<String> =
            refused.split_whitespace().map(|line| format!("{line} NUMBER_INVALID")).collect();
        assert_eq!(lines, expected, "{cells}");
    }
}

#[test]
fn what_is_ambiguous_is_read_once_it_is_stated() {
    let content = b"order_id;customer_id;date;amount\n1;c;03/04/2024;1,250\n";
    for (mapping, order) in [
        ("decimal_comma = true\ndate_formats = [\"%d/%m/%Y\"]", "1 c 2024-04-03 1.25 EUR"),
        ("decimal_comma = false\ndate_formats = [\"%m/%d/%Y\"]", "1 c 2024-03-04 1250 EUR"),
        ("thousands = \",\"\ndate_formats = [\"%m/%d/%Y\"]", "1 c 2024-03-04 1250 EUR"),
    ] {
        assert_eq!(read(content, mapping).0, [order], "{mapping}");
    }
    let (orders, refused, _) = read(content, "");
    assert_eq!((orders.len(), refused), (0, vec!["2 DATE_INVALID".to_owned()]));
}

#[test]
fn the_currency_beside_a_number_is_that_of_the_row_or_refused() {
    let header = "order_id;customer_id;date;amount;currency\n";
    for (row, found) in [
        ("1;c;2024-01-05;10 USD;", "1 c 2024-01-05 10 USD"),
        ("1;c;2024-01-05;£10;", "2 CURRENCY_UNKNOWN"),
        ("1;c;2024-01-05;$10;", "2 CURRENCY_UNKNOWN"),
        ("1;c;2024-01-05;$10;USD", "1 c 2024-01-05 10 USD"),
        ("1;c;2024-01-05;€10;USD", "2 CURRENCY_UNKNOWN"),
        ("1;c;2024-01-05;10 元;cny", "1 c 2024-01-05 10 CNY"),
        ("1;c;2024-01-05;10 zł;", "1 c 2024-01-05 10 PLN"),
        ("1;c;2024-01-05;10;€", "1 c 2024-01-05 10 EUR"),
        ("1;c;2024-01-05;¥10;RMB", "1 c 2024-01-05 10 CNY"),
        ("1;c;2024-01-05;10;¥", "2 CURRENCY_UNKNOWN"),
        ("1;c;2024-01-05;10;$", "2 CURRENCY_UNKNOWN"),
    ] {
        let (orders, refused, _) = read(format!("{header}{row}\n").as_bytes(), "");
        assert_eq!([orders, refused].concat(), [found], "{row}");
    }
}

#[test]
fn a_discount_in_percent_is_a_share_of_quantity_and_price() {
    let content = b"o;c;d;q;p;r\n1;c;2024-01-05;3;10.00;10%\n2;c;2024-01-05;-3;10.00;10 %\n3;c;2024-01-05;1;10.00;2.5\n";
    let mapping = "columns = { order_id = \"o\", customer_id = \"c\", date = \"d\", quantity = \"q\", \
                   unit_price = \"p\", discount = \"r\" }";
    let (orders, refused, profile) = read(content, mapping);
    let amounts: Vec<&str> = orders.iter().map(|order| order.split(' ').nth(3).unwrap()).collect();
    assert_eq!((amounts, refused.len()), (vec!["27", "-27", "7.5"], 0));
    assert_eq!(profile.cleaned["percent"], 2);
}

#[test]
fn orders_whose_lines_disagree_are_refused_whole() {
    let header = "order_id,customer_id,date,amount,currency,status\n";
    let mapping = "status = { returned = [\"back\"] }\n[columns]\norder_id = \"order_id\"\n\
                   customer_id = \"customer_id\"\ndate = \"date\"\namount = \"amount\"\n\
                   currency = \"currency\"\nstatus = \"status\"";
    let first = "1,a,2024-01-05 10:00,10,EUR,ok";
    for (second, whole) in [
        ("1,a,2024-01-05 23:00,-3,,ok", true),
        ("\u{a0}1,a,2024-01-05,5,eur,shipped", true),
        ("1,a,2024-01-05T22:30:00Z,5,EUR,ok", true),
        ("1,b,2024-01-05,5,EUR,ok", false),
        ("1,A,2024-01-05,5,EUR,ok", false),
        ("1,a,2024-01-06,5,EUR,ok", false),
        ("1,a,2024-01-05T23:30:00Z,5,EUR,ok", false),
        ("1,a,2025-01-05,5,EUR,ok", false),
        ("1,a,2024-01-05,5,USD,ok", false),
        ("1,a,2024-01-05,-5,EUR,back", false),
    ] {
        for rows in [[first, second], [second, first]] {
            let (orders, refused, _) =
                read(format!("{header}{}\n", rows.join("\n")).as_bytes(), mapping);
            if whole {
                assert_eq!((orders.len(), refused.len()), (1, 0), "{second}");
            } else {
                assert_eq!(orders, [""; 0], "{second}");
                assert_eq!(refused, ["2 ORDER_INCONSISTENT", "3 ORDER_INCONSISTENT"], "{second}");
            }
        }
    }
}

/// Numbers that begin anew each year, whatever the order of the rows and of day and month: the
/// same number in one year is still one order.
#[test]
fn numbers_of_each_year_are_orders_of_their_own() {
    let rows = [
        "1001,a,31/12/2023,10",
        "1001,b,2/1/2024,5",
        "\u{a0}1001,b,2/1/2024,7",
        "1002,c,3/1/2024,1",
        "C1001,a,4/1/2024,-10",
        "1002,d,9/1/2024,1",
        "1003,e,no date,1",
    ];
    let turned: Vec<&str> = rows.iter().rev().copied().collect();
    for rows in [rows.to_vec(), turned] {
        let content = format!("invoice,customer_id,date,amount\n{}\n", rows.join("\n"));
        let (mut orders, refused, profile) = read(content.as_bytes(), "numbers_by_year = true");
        orders.sort_unstable();
        let expected = [
            "2023/1001 a 2023-12-31 10 EUR",
            "2024/1001 b 2024-01-02 12 EUR",
            "2024/C1001 a 2024-01-04 -10 EUR",
        ];
        assert_eq!(orders, expected);
        let reasons: Vec<&str> = refused.iter().filter_map(|row| row.split(' ').nth(1)).collect();
        assert_eq!(reasons.iter().filter(|reason| **reason == "ORDER_INCONSISTENT").count(), 2);
        assert_eq!(reasons.iter().filter(|reason| **reason == "DATE_INVALID").count(), 1);
        assert_eq!(profile.cancellation_orders, 1, "a prefix is one of the number");
        let (orders, refused, _) = read(content.as_bytes(), "");
        assert_eq!((orders.len(), refused.len()), (1, 6), "without the setting they are one order");
    }
}

/// The year is that of the date as it stands there, whatever the zone; a sale that is taken back
/// is of the year before its number, else of the year of its return.
#[test]
fn years_of_numbers_are_those_that_are_written() {
    let content = "order_id,customer_id,date,amount,sale_id\n\
                   1,a,2025-01-01T00:30:00+01:00,10,\n1,b,2024-12-31T23:30:00Z,20,\n\
                   2,b,2025-02-01,-20,2024/1\n3,a,2025-02-01,-10,1\n4,a,2025-02-02,-10,2025/4\n";
    let (_folder, table) = table(content.as_bytes(), "numbers_by_year = true");
    let mut sales = Vec::new();
    for batch in table.read("Europe/Berlin", "EUR").unwrap() {
        for record in batch.unwrap().batch.records {
            let Kind::Order(order) = record.kind.unwrap() else { panic!("an order") };
            sales.push(format!("{} of {}", order.external_id, order.sale_external_id));
        }
    }
    let expected =
        ["2025/1 of ", "2024/1 of ", "2025/2 of 2024/1", "2025/3 of 2025/1", "2025/4 of "];
    assert_eq!(sales, expected);
}

#[test]
fn keys_that_look_the_same_are_told() {
    let content = "order_id,customer_id,date,amount\n1,K1,2024-01-05,1\n2,k1,2024-01-05,1\n\
                   3,ｋ1,2024-01-05,1\n4,NULL,2024-01-05,1\n5,5.9E+12,2024-01-05,1\n";
    let (orders, refused, profile) = read(content.as_bytes(), "");
    assert_eq!((orders.len(), profile.customers), (3, 2));
    assert_eq!(refused, ["5 CUSTOMER_MISSING", "6 VALUE_UNKNOWN"]);
    assert_eq!(profile.lookalikes, [["K1", "k1"]]);
    assert_eq!((profile.cleaned["full_width"], profile.cleaned["missing"]), (1, 1));
    assert_eq!(profile.refused_orders, 2);
}

#[test]
fn costs_of_lines_are_read() {
    let content = b"order,customer,date,qty,price,unit cost,Cost\n1,c,2024-01-05,2,5,3.5,\n\
                    2,c,2024-01-05,2,5,,7\n3,c,2024-01-05,2,5,,\n4,c,2024-01-05,2,5,-1,\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.csv");
    std::fs::write(&path, content).unwrap();
    let table = Table::scan(&path, Mapping::default()).unwrap();
    let mut costs = Vec::new();
    for batch in table.read("Europe/Berlin", "EUR").unwrap() {
        for record in batch.unwrap().batch.records {
            match record.kind.unwrap() {
                Kind::Order(order) => {
                    let line = &order.lines[0];
                    let units = |money: &Option<google::Money>| {
                        money.as_ref().map(|money| (money.units, money.nanos))
                    };
                    costs.push((units(&line.unit_cost), units(&line.cost)));
                }
                Kind::RefusedRow(row) => assert_eq!(row.problems[0].field, "unit cost"),
                _ => {}
            }
        }
    }
    assert_eq!(costs, [(Some((3, 500_000_000)), None), (None, Some((7, 0))), (None, None)]);
}

/// The rows of these lines as they are written to be corrected.
fn to_correct(content: &[u8], refused: &[(u64, &str)]) -> String {
    let (_folder, table) = table(content, "");
    let refused: BTreeMap<_, _> =
        refused.iter().map(|(line, why)| (*line, (*why).into())).collect();
    let mut written = Vec::new();
    table.write_refused(&refused, &mut written).unwrap();
    String::from_utf8(written).unwrap()
}

/// No spreadsheet computes anything in a file that is to be corrected, and what is read of it then is
/// what was there, however often it goes to and fro.
#[test]
fn what_is_to_be_corrected_is_harmless_and_stays_what_it_was() {
    let header = "order_id,customer_id,date,amount,description";
    let rows = [
        ("1,=1+1,2024-01-05,-5,", "1,'=1+1,2024-01-05,-5,"),
        ("2,'=x,2024-01-05,+6,", "2,''=x,2024-01-05,+6,"),
        ("3,\"\n=c,3\",2024-01-05,7, \u{ff1d}d", "3,\"'\n=c,3\",2024-01-05,7,' \u{ff1d}d"),
        ("4,'x,2024-01-05,8,-cmd", "4,'x,2024-01-05,8,'-cmd"),
    ];
    let given: Vec<&str> = rows.iter().map(|(given, _)| *given).collect();
    let content = format!("{header}\n{}\n", given.join("\n"));
    let refused = [(2, "=why"), (3, ""), (4, ""), (6, "")];
    let written = to_correct(content.as_bytes(), &refused);
    let whys = ["'=why", "", "", ""];
    let expected: Vec<String> =
        rows.iter().zip(whys).map(|((_, shown), why)| format!("{shown},{why}\n")).collect();
    assert_eq!(written, format!("\u{feff}{header},kehu_reason\n{}", expected.concat()));
    assert_eq!(read(written.as_bytes(), "").0, read(content.as_bytes(), "").0);
    assert_eq!(to_correct(written.as_bytes(), &refused), written);
}
