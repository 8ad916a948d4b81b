use std::collections::BTreeSet;

use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    CustomerProfile, CustomerRecord, ExchangeRate, ListRejectsRequest, Order, OrderKind, Problem,
    ProblemReason as Reason, Record, RefusedRow, record::Kind,
};
use kehu_tests::each_database;
use sea_orm::ConnectionTrait;

use crate::records::{customer, line, money, order, rate, record, sale};
use crate::server::Server;

fn changed(change: impl FnOnce(&mut Order)) -> Record {
    let mut changed = sale("bad", "a", "2011-01-01", 5);
    change(&mut changed);
    order(changed)
}

fn decimal(value: &str) -> Option<google::Decimal> {
    Some(google::Decimal { value: value.to_owned() })
}

fn profile(change: impl FnOnce(&mut CustomerProfile)) -> Record {
    let mut profile = CustomerProfile::default();
    change(&mut profile);
    record(Kind::Customer(CustomerRecord {
        external_id: "a".to_owned(),
        profile: Some(profile),
        ..Default::default()
    }))
}

/// Later than any clock of a source may be.
fn in_two_days() -> prost_types::Timestamp {
    kehu_server::convert::timestamp(kehu_server::clock::now() + chrono::TimeDelta::days(2))
}

/// Records with what is wrong with each.
fn bad_records() -> Vec<(Record, &'static str)> {
    [bad_orders(), bad_lines(), bad_others()].into_iter().flatten().collect()
}

fn long(length: usize) -> String {
    "x".repeat(length)
}

fn bad_orders() -> Vec<(Record, &'static str)> {
    vec![
        (
            changed(|o| o.customer_external_id.clear()),
            "CUSTOMER_MISSING order.customer_external_id",
        ),
        (
            changed(|o| o.customer_external_id = " \u{a0}".to_owned()),
            "CUSTOMER_MISSING order.customer_external_id",
        ),
        (
            changed(|o| o.customer_external_id = "#N/A".to_owned()),
            "CUSTOMER_MISSING order.customer_external_id",
        ),
        (changed(|o| o.external_id.clear()), "FIELD_MISSING order.external_id"),
        (changed(|o| o.external_id = "\u{feff}".to_owned()), "FIELD_MISSING order.external_id"),
        (changed(|o| o.external_id = long(129)), "FIELD_TOO_LONG order.external_id"),
        (changed(|o| o.kind = 0), "VALUE_UNKNOWN order.kind"),
        (changed(|o| o.kind = 9), "VALUE_UNKNOWN order.kind"),
        (changed(|o| o.status = 9), "VALUE_UNKNOWN order.status"),
        (changed(|o| o.order_time = None), "FIELD_MISSING order.order_time"),
        (
            changed(|o| o.order_time = Some("2201-01-01T00:00:00Z".parse().unwrap())),
            "OUT_OF_RANGE order.order_time",
        ),
        (
            changed(|o| o.source_update_time = Some("1899-12-01T00:00:00Z".parse().unwrap())),
            "OUT_OF_RANGE order.source_update_time",
        ),
        (
            changed(|o| o.source_update_time = Some(in_two_days())),
            "OUT_OF_RANGE order.source_update_time",
        ),
        (changed(|o| o.currency_code.clear()), "FIELD_MISSING order.currency_code"),
        (changed(|o| o.currency_code = "QQQ".to_owned()), "CURRENCY_UNKNOWN order.currency_code"),
        (changed(|o| o.currency_code = "JPY".to_owned()), "RATE_MISSING order.currency_code"),
        (changed(|o| o.channel = "a\tb".to_owned()), "TEXT_INVALID order.channel"),
        (
            changed(|o| o.sale_external_id = "another".to_owned()),
            "VALUE_UNKNOWN order.sale_external_id",
        ),
        (changed(|o| o.lines.clear()), "FIELD_MISSING order.lines"),
        (
            changed(|o| {
                o.lines[0].unit_price = Some(money(500_000_000_000_000, 0));
                o.lines.push(o.lines[0].clone());
                o.lines[1].line_number = 2;
            }),
            "OUT_OF_RANGE order.lines",
        ),
    ]
}

fn bad_lines() -> Vec<(Record, &'static str)> {
    vec![
        (changed(|o| o.lines[0].line_number = 0), "OUT_OF_RANGE order.lines[0].line_number"),
        (
            changed(|o| o.lines.extend([line(3, "1", 1), line(2, "1", 1), line(1, "1", 1)])),
            "DUPLICATE_LINE order.lines[3].line_number",
        ),
        (
            changed(|o| o.lines[0].description = long(1_001)),
            "FIELD_TOO_LONG order.lines[0].description",
        ),
        (
            changed(|o| o.lines[0].product_code = "a\u{0}b".to_owned()),
            "TEXT_INVALID order.lines[0].product_code",
        ),
        (changed(|o| o.lines[0].quantity = None), "FIELD_MISSING order.lines[0].quantity"),
        (
            changed(|o| o.lines[0].quantity = decimal("NaN")),
            "NUMBER_INVALID order.lines[0].quantity",
        ),
        (
            changed(|o| o.lines[0].quantity = decimal("1e309")),
            "OUT_OF_RANGE order.lines[0].quantity",
        ),
        (changed(|o| o.lines[0].unit_price = None), "FIELD_MISSING order.lines[0].unit_price"),
        (
            changed(|o| o.lines[0].unit_price = Some(money(-1, 0))),
            "PRICE_NEGATIVE order.lines[0].unit_price",
        ),
        (
            changed(|o| o.lines[0].unit_price = Some(money(1, -1))),
            "NUMBER_INVALID order.lines[0].unit_price",
        ),
        (
            changed(|o| o.lines[0].unit_price = Some(money(i64::MAX, 0))),
            "OUT_OF_RANGE order.lines[0].unit_price",
        ),
        (
            changed(|o| {
                o.lines[0].unit_price = Some(money(900_000_000_000_000, 0));
                o.lines[0].quantity = decimal("2");
            }),
            "OUT_OF_RANGE order.lines[0].unit_price",
        ),
        (
            changed(|o| o.lines[0].unit_price.as_mut().unwrap().currency_code = "EUR".to_owned()),
            "ORDER_INCONSISTENT order.lines[0].unit_price",
        ),
        (
            changed(|o| o.lines[0].discount = Some(money(-1, 0))),
            "OUT_OF_RANGE order.lines[0].discount",
        ),
    ]
}

fn bad_others() -> Vec<(Record, &'static str)> {
    let no_rate = |change: fn(&mut ExchangeRate)| {
        let mut rate = ExchangeRate {
            currency_code: "USD".to_owned(),
            start_date: Some(google::Date { year: 2011, month: 1, day: 1 }),
            rate: decimal("0.6"),
        };
        change(&mut rate);
        record(Kind::ExchangeRate(rate))
    };
    let having = |id: &str, value: &str| {
        profile(|p| p.attributes.extend([(id.to_owned(), value.to_owned())]))
    };
    vec![
        (customer("", "GB"), "FIELD_MISSING customer.external_id"),
        (
            profile(|p| p.registration_date = Some(google::Date { year: 2011, month: 2, day: 30 })),
            "DATE_INVALID customer.profile.registration_date",
        ),
        (profile(|p| p.city = long(201)), "FIELD_TOO_LONG customer.profile.city"),
        (
            profile(|p| p.attributes.extend([("A b".to_owned(), String::new())])),
            "VALUE_UNKNOWN customer.profile.attributes",
        ),
        (
            profile(|p| p.attributes.extend((0..101).map(|n| (format!("k{n}"), String::new())))),
            "OUT_OF_RANGE customer.profile.attributes",
        ),
        (
            profile(|p| p.industry_code = "C99".to_owned()),
            "VALUE_UNKNOWN customer.profile.industry_code",
        ),
        (having("visits", "12"), "ATTRIBUTE_UNDECLARED customer.profile.attributes[visits]"),
        (having("gender", "female"), "BASIS_MISSING customer.profile.attributes[gender]"),
        (having("employees", "12.5"), "NUMBER_INVALID customer.profile.attributes[employees]"),
        (rate("QQQ", "2011-01-01", "1"), "CURRENCY_UNKNOWN exchange_rate.currency_code"),
        (rate("GBP", "2011-01-01", "1"), "VALUE_UNKNOWN exchange_rate.currency_code"),
        (rate("USD", "2011-02-30", "1"), "DATE_INVALID exchange_rate.start_date"),
        (rate("USD", "2011-01-01", "x"), "NUMBER_INVALID exchange_rate.rate"),
        (rate("USD", "2011-01-01", "0"), "OUT_OF_RANGE exchange_rate.rate"),
        (rate("USD", "2011-01-01", "0.12345678901"), "OUT_OF_RANGE exchange_rate.rate"),
        (no_rate(|rate| rate.start_date = None), "FIELD_MISSING exchange_rate.start_date"),
        (no_rate(|rate| rate.rate = None), "FIELD_MISSING exchange_rate.rate"),
        (Record::default(), "FIELD_MISSING kind"),
        (
            record(Kind::RefusedRow(RefusedRow { raw: "x".to_owned(), ..Default::default() })),
            "VALUE_UNKNOWN refused_row.problems",
        ),
    ]
}

fn summary(problem: &Problem) -> String {
    let reason = problem.reason().as_str_name().trim_start_matches("PROBLEM_REASON_");
    format!("{reason} {}", problem.field)
}

#[tokio::test]
async fn every_problem_has_its_reason_and_place() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut records = Vec::new();
        for (record, _) in bad_records() {
            records.push(record);
            records.push(order(sale(&format!("good {}", records.len()), "a", "2011-01-01", 1)));
        }
        let done = server.ingest("s", records).await;
        let bad = bad_records();
        let count = i32::try_from(bad.len()).unwrap();
        assert_eq!((done.accepted_count, done.rejected_count), (count, count));
        for (place, (rejection, (record, expected))) in done.rejections.iter().zip(&bad).enumerate()
        {
            assert_eq!(rejection.record_index, i32::try_from(place).unwrap() * 2, "{expected}");
            let found: Vec<String> = rejection.problems.iter().map(summary).collect();
            assert_eq!(found, [*expected], "{:.200}", format!("{record:?}"));
        }
    })
    .await;
}

#[test]
fn every_reason_is_reached() {
    let reached: BTreeSet<&str> =
        bad_records().iter().map(|(_, problem)| problem.split(' ').next().unwrap()).collect();
    for number in 1..100 {
        let Ok(reason) = Reason::try_from(number) else { break };
        // Only who reads rows can find that one.
        if reason != Reason::ColumnsMismatch {
            let name = reason.as_str_name().trim_start_matches("PROBLEM_REASON_");
            assert!(reached.contains(name), "{name}");
        }
    }
}

#[tokio::test]
async fn all_that_is_wrong_is_told_and_kept() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let bad = changed(|o| {
            o.customer_external_id.clear();
            o.kind = OrderKind::Unspecified.into();
            o.lines[0].line_number = 41;
            o.lines.push(line(42, "x", -1));
            o.lines[1].description = "MUG".to_owned();
        });
        let row = RefusedRow {
            raw: format!("a\u{fffd}\0b{}", "客".repeat(40_000)),
            raw_length: 120_010,
            problems: vec![Problem {
                field: "Price".to_owned(),
                reason: Reason::ColumnsMismatch.into(),
                description: "too many".to_owned(),
            }],
            key: None,
        };
        let done = server.ingest("s", vec![bad, record(Kind::RefusedRow(row))]).await;
        assert_eq!((done.rejected_count, done.rejections.len()), (2, 1));
        let told: Vec<String> = done.rejections[0].problems.iter().map(summary).collect();
        let order = ["CUSTOMER_MISSING order.customer_external_id", "VALUE_UNKNOWN order.kind"];
        let line =
            ["NUMBER_INVALID order.lines[1].quantity", "PRICE_NEGATIVE order.lines[1].unit_price"];
        assert_eq!(told, [order, line].concat());

        let page = server.ingestion().list_rejects(ListRejectsRequest::default()).await;
        let page = page.unwrap().into_inner();
        let [first, second, third] = &page.rejects[..] else { panic!("three rows") };
        assert_eq!((first.line_number, second.line_number, third.line_number), (41, 42, 7));
        assert_eq!(first.problems.iter().map(summary).collect::<Vec<_>>(), order);
        assert_eq!(second.problems.iter().map(summary).collect::<Vec<_>>(), told);
        assert_eq!(
            second.raw,
            "order=\"bad\" kind=\"ORDER_KIND_UNSPECIFIED\" status=\"ORDER_STATUS_UNSPECIFIED\" \
             order_time=\"2011-01-01T12:00:00Z\" currency=\"GBP\" line=\"42\" product=\"P42\" \
             description=\"MUG\" quantity=\"x\" unit_price=\"-1\""
        );
        assert_eq!((first.source.as_str(), first.stream_id.as_str()), ("shop", "s"));
        assert_eq!((first.origin.as_str(), first.name.as_str()), ("test.csv", "rejects/1"));
        assert!(third.raw.len() <= 64 * 1024 && third.raw.starts_with("a\u{fffd}\u{fffd}b客"));
        assert_eq!(third.raw_length, 120_010);
        let counts: Vec<_> =
            page.reason_counts.iter().map(|count| (count.reason(), count.count)).collect();
        assert_eq!(counts, [(Reason::CustomerMissing, 2), (Reason::ColumnsMismatch, 1)]);
    })
    .await;
}

/// One that is damaged is listed as far as it can be read, and none of the others is missing.
#[tokio::test]
async fn a_reject_that_cannot_be_read_holds_up_no_other() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let records = (0..3).map(|_| changed(|o| o.kind = 0)).collect();
        server.ingest("s", records).await;
        let transaction = server.database.begin().await.unwrap();
        let damage = "UPDATE reject SET problems = '[{', recorded_at = 9223372036854775807, \
                      source_id = 99 WHERE reject_id = 2";
        transaction.execute_unprepared(damage).await.unwrap();
        transaction.commit().await.unwrap();
        let page = server.ingestion().list_rejects(ListRejectsRequest::default()).await;
        let rejects = page.unwrap().into_inner().rejects;
        assert_eq!(rejects.len(), 3);
        let told: Vec<String> = rejects.iter().map(|reject| summary(&reject.problems[0])).collect();
        assert_eq!(
            told,
            ["VALUE_UNKNOWN order.kind", "VALUE_UNKNOWN ", "VALUE_UNKNOWN order.kind"]
        );
        assert_eq!(rejects[1].raw, rejects[0].raw);
        assert_eq!(
            rejects.iter().map(|reject| reject.damaged).collect::<Vec<_>>(),
            [false, true, false]
        );
    })
    .await;
}

#[tokio::test]
async fn pages_of_rejects() {
    each_database(async |database| {
        let server = Server::start(database).await;
        for stream in ["one", "two"] {
            let records = (0..9).map(|number| match number % 3 {
                0 => changed(|o| o.kind = 0),
                _ => changed(|o| o.lines[0].quantity = None),
            });
            server.ingest(stream, records.collect()).await;
        }
        for (stream_id, reason, count, reasons) in [
            ("", Reason::Unspecified, 18, 2),
            ("one", Reason::Unspecified, 9, 2),
            ("one", Reason::FieldMissing, 6, 1),
            ("", Reason::ValueUnknown, 6, 1),
            ("three", Reason::Unspecified, 0, 0),
        ] {
            let mut request = ListRejectsRequest {
                page_size: 4,
                stream_id: stream_id.to_owned(),
                reason: reason.into(),
                ..Default::default()
            };
            let mut names = Vec::new();
            loop {
                let page = server.ingestion().list_rejects(request.clone()).await.unwrap();
                let page = page.into_inner();
                assert_eq!(page.reason_counts.len(), reasons);
                let sum: i64 = page.reason_counts.iter().map(|count| count.count).sum();
                assert_eq!(sum, count);
                names.extend(page.rejects.into_iter().map(|reject| reject.name));
                if page.next_page_token.is_empty() {
                    break;
                }
                request.page_token = page.next_page_token;
            }
            let distinct: BTreeSet<&String> = names.iter().collect();
            assert_eq!((names.len() as i64, distinct.len()), (count, names.len()));
        }
    })
    .await;
}
