use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    GetTimelineRequest, Invoice, InvoicePayment, InvoiceStatus, ListRejectsRequest, ProblemReason,
    Record, TimelineEvent, record::Kind,
};
use kehu_tests::{TestDatabase, each_database};
use sea_orm::{ConnectionTrait, Statement};

use crate::records::{money, noon, order, rate, record, sale};
use crate::server::Server;

fn date(day: &str) -> Option<google::Date> {
    let parts: Vec<i32> = day.split('-').map(|part| part.parse().unwrap()).collect();
    Some(google::Date { year: parts[0], month: parts[1], day: parts[2] })
}

/// An invoice of January over 100 pounds.
fn invoice(external_id: &str, payments: Vec<InvoicePayment>) -> Invoice {
    Invoice {
        external_id: external_id.to_owned(),
        customer_external_id: "a".to_owned(),
        order_external_id: "o1".to_owned(),
        issue_date: date("2011-01-01"),
        due_date: date("2011-01-31"),
        currency_code: "GBP".to_owned(),
        amount: Some(money(100, 0)),
        payments,
        ..Default::default()
    }
}

fn payment(external_id: &str, day: &str, units: i64, nanos: i32) -> InvoicePayment {
    InvoicePayment {
        external_id: external_id.to_owned(),
        payment_time: Some(noon(day)),
        amount: Some(money(units, nanos)),
    }
}

fn sent(invoice: Invoice) -> Record {
    record(Kind::Invoice(invoice))
}

fn changed(change: impl FnOnce(&mut Invoice)) -> Record {
    let mut changed = invoice("bad", vec![payment("p1", "2011-01-20", 30, 0)]);
    change(&mut changed);
    sent(changed)
}

async fn timeline(server: &Server) -> Vec<TimelineEvent> {
    let customer = "customers/1".to_owned();
    let request = GetTimelineRequest { customer, ..Default::default() };
    server.customers().get_timeline(request).await.unwrap().into_inner().events
}

/// `kind external-id amount base-amount`, newest first.
async fn lines(server: &Server) -> Vec<String> {
    let amount = |money: &Option<google::Money>| {
        let money = money.as_ref().unwrap();
        format!("{}.{:04} {}", money.units, money.nanos / 100_000, money.currency_code)
    };
    let events = timeline(server).await;
    let line = |event: &TimelineEvent| {
        let (amount, base) = (amount(&event.amount), amount(&event.base_amount));
        format!("{} {} {amount} {base}", event.kind, event.external_id)
    };
    events.iter().map(line).collect()
}

/// The versions of invoices, as amount, day settled, number of payments, and whether it stands.
async fn versions(test: &TestDatabase) -> Vec<(i64, Option<i32>, i64, bool)> {
    let db = test.database.reader();
    let sql = "SELECT amount, settled_on, superseded_at IS NULL AS stands, (SELECT COUNT(*) \
               FROM invoice_payment p WHERE p.invoice_id = i.invoice_id) AS payments \
               FROM invoice i ORDER BY invoice_id";
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.unwrap();
    let row = |row: &sea_orm::QueryResult| {
        let amount: i64 = row.try_get("", "amount").unwrap();
        let settled = row.try_get("", "settled_on").unwrap();
        let payments = row.try_get("", "payments").unwrap();
        (amount / 10_000, settled, payments, row.try_get("", "stands").unwrap())
    };
    rows.iter().map(row).collect()
}

#[tokio::test]
async fn an_invoice_is_kept_in_versions_with_its_payments() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let part = || invoice("i1", vec![payment("p1", "2011-01-20", 30, 0)]);
        let done =
            server.ingest("first", vec![sent(part()), order(sale("o1", "a", "2011-01-01", 5))]);
        assert_eq!(done.await.accepted_count, 2);
        let change = (vec![1], "2011-01-01".to_owned(), "2011-01-01".to_owned());
        assert_eq!(server.last_change().await, change);
        let again = server.ingest("second", vec![sent(part())]).await;
        assert_eq!((again.accepted_count, again.unchanged_count), (0, 1));
        // The payments come in any order.
        let rest = payment("p2", "2011-02-10", 70, 0);
        let paid = invoice("i1", vec![rest, payment("p1", "2011-01-20", 30, 0)]);
        assert_eq!(server.ingest("third", vec![sent(paid)]).await.accepted_count, 1);
        let settled = kehu_core::calendar::to_days("2011-02-10".parse().unwrap());
        let expected = [(100, None, 1, false), (100, Some(settled), 2, true)];
        assert_eq!(versions(database).await, expected);
        let expected = [
            "payment p2 70.0000 GBP 70.0000 GBP",
            "payment p1 30.0000 GBP 30.0000 GBP",
            "sale o1 5.0000 GBP 5.0000 GBP",
            "invoice i1 100.0000 GBP 100.0000 GBP",
        ];
        assert_eq!(lines(&server).await, expected);
        let cancelled = invoice("i1", vec![]);
        let cancelled = Invoice { status: InvoiceStatus::Cancelled.into(), ..cancelled };
        server.ingest("fourth", vec![sent(cancelled)]).await;
        assert_eq!(lines(&server).await[1], "invoice_cancelled i1 100.0000 GBP 100.0000 GBP");
        let event = timeline(&server).await.pop().unwrap();
        assert_eq!((event.event_date, event.source.as_str()), (date("2011-01-01"), "shop"));
    })
    .await;
}

#[tokio::test]
async fn a_page_of_a_timeline_goes_on_where_the_one_before_ended() {
    each_database(async |database| {
        let server = Server::start(database).await;
        // Everything happens at noon of the same day.
        let mut records = Vec::new();
        for number in 0..5 {
            let payments = (0..3).map(|place| payment(&format!("p{place}"), "2011-01-01", 10, 0));
            records.push(sent(invoice(&format!("i{number}"), payments.collect())));
            records.push(order(sale(&format!("o{number}"), "a", "2011-01-01", 5)));
        }
        server.ingest("s", records).await;
        let all = timeline(&server).await;
        assert_eq!(all.len(), 25);
        for page_size in [1, 2, 7] {
            let customer = "customers/1".to_owned();
            let mut request = GetTimelineRequest { customer, page_size, ..Default::default() };
            let mut paged = Vec::new();
            loop {
                let page = server.customers().get_timeline(request.clone()).await.unwrap();
                let page = page.into_inner();
                paged.extend(page.events);
                if page.next_page_token.is_empty() {
                    break;
                }
                request.page_token = page.next_page_token;
            }
            assert_eq!(paged, all, "{page_size}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_invoice_in_another_currency_is_converted_at_one_rate() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let thirds = [("p1", 33, 330_000_000), ("p2", 33, 330_000_000), ("p3", 33, 340_000_000)];
        let payments = thirds.map(|(key, units, nanos)| payment(key, "2011-03-01", units, nanos));
        let euros = || Invoice {
            currency_code: "EUR".to_owned(),
            ..invoice("i1", payments.clone().into())
        };
        let refused = server.ingest("first", vec![sent(euros())]).await;
        assert_eq!(refused.rejections[0].problems[0].reason(), ProblemReason::RateMissing);
        // The rate of the payment's day does not matter.
        let rates = vec![rate("EUR", "2011-01-01", "0.33335"), rate("EUR", "2011-02-01", "0.9")];
        server.ingest("second", rates).await;
        assert_eq!(server.ingest("third", vec![sent(euros())]).await.accepted_count, 1);
        // Each alone would come to 11.1106, 11.1106 and 11.1139: a part of a penny too much.
        let expected = [
            "payment p3 33.3400 EUR 11.1139 GBP",
            "payment p2 33.3300 EUR 11.1105 GBP",
            "payment p1 33.3300 EUR 11.1106 GBP",
            "invoice i1 100.0000 EUR 33.3350 GBP",
        ];
        assert_eq!(lines(&server).await, expected);
        // A rate that is corrected converts it again, payments included.
        server.ingest("fourth", vec![rate("EUR", "2011-01-01", "0.5")]).await;
        let expected = [
            "payment p3 33.3400 EUR 16.6700 GBP",
            "payment p2 33.3300 EUR 16.6650 GBP",
            "payment p1 33.3300 EUR 16.6650 GBP",
            "invoice i1 100.0000 EUR 50.0000 GBP",
        ];
        assert_eq!(lines(&server).await, expected);
        let again = server.ingest("fifth", vec![sent(euros())]).await;
        assert_eq!((again.accepted_count, again.unchanged_count), (0, 1), "it is the same");
    })
    .await;
}

/// Invoices with one thing wrong, and what is told of each.
fn bad() -> [(Record, &'static str); 20] {
    let euros = google::Money { currency_code: "EUR".to_owned(), units: 1, nanos: 0 };
    [
        (changed(|i| i.external_id.clear()), "FIELD_MISSING invoice.external_id"),
        (
            changed(|i| i.customer_external_id.clear()),
            "CUSTOMER_MISSING invoice.customer_external_id",
        ),
        (
            changed(|i| i.order_external_id = "x".repeat(129)),
            "FIELD_TOO_LONG invoice.order_external_id",
        ),
        (changed(|i| i.status = 9), "VALUE_UNKNOWN invoice.status"),
        (changed(|i| i.issue_date = None), "FIELD_MISSING invoice.issue_date"),
        (changed(|i| i.issue_date = date("2011-02-30")), "DATE_INVALID invoice.issue_date"),
        (changed(|i| i.due_date = None), "FIELD_MISSING invoice.due_date"),
        (changed(|i| i.due_date = date("2010-12-31")), "OUT_OF_RANGE invoice.due_date"),
        (changed(|i| i.currency_code.clear()), "FIELD_MISSING invoice.currency_code"),
        (changed(|i| i.currency_code = "QQQ".to_owned()), "CURRENCY_UNKNOWN invoice.currency_code"),
        (changed(|i| i.currency_code = "JPY".to_owned()), "RATE_MISSING invoice.currency_code"),
        (changed(|i| i.amount = None), "FIELD_MISSING invoice.amount"),
        (changed(|i| i.amount = Some(money(0, 0))), "OUT_OF_RANGE invoice.amount"),
        (changed(|i| i.amount = Some(euros.clone())), "ORDER_INCONSISTENT invoice.amount"),
        (
            changed(|i| i.payments[0].external_id.clear()),
            "FIELD_MISSING invoice.payments[0].external_id",
        ),
        (
            changed(|i| i.payments[0].payment_time = None),
            "FIELD_MISSING invoice.payments[0].payment_time",
        ),
        (
            changed(|i| i.payments[0].amount = Some(money(-1, 0))),
            "OUT_OF_RANGE invoice.payments[0].amount",
        ),
        (
            changed(|i| i.payments[0].amount = Some(euros.clone())),
            "ORDER_INCONSISTENT invoice.payments[0].amount",
        ),
        (
            changed(|i| i.payments.push(i.payments[0].clone())),
            "DUPLICATE_LINE invoice.payments[1].external_id",
        ),
        (
            changed(|i| i.payments = vec![i.payments[0].clone(); 1_001]),
            "OUT_OF_RANGE invoice.payments",
        ),
    ]
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_invoice_is_told() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (records, expected): (Vec<Record>, Vec<&str>) = bad().into_iter().unzip();
        let done = server.ingest("s", records).await;
        assert_eq!((done.accepted_count, done.rejected_count), (0, 20));
        let told = done.rejections.iter().map(|rejection| {
            assert_eq!(rejection.problems.len(), 1, "{:?}", rejection.problems);
            let problem = &rejection.problems[0];
            let reason = problem.reason().as_str_name().trim_start_matches("PROBLEM_REASON_");
            format!("{reason} {}", problem.field)
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
        let several = changed(|i| {
            i.due_date = None;
            i.payments[0].amount = None;
        });
        let done = server.ingest("several", vec![several]).await;
        assert_eq!(done.rejections[0].problems.len(), 2);
        let request = ListRejectsRequest { stream_id: "several".to_owned(), ..Default::default() };
        let kept = server.ingestion().list_rejects(request).await.unwrap().into_inner().rejects;
        let raw = "invoice=\"bad\" customer=\"a\" order=\"o1\" \
                   status=\"INVOICE_STATUS_UNSPECIFIED\" issue_date=\"2011-1-1\" \
                   currency=\"GBP\" amount=\"100\" payment=\"p1\" \
                   payment_time=\"2011-01-20T12:00:00Z\"";
        assert_eq!((kept.len(), kept[0].raw.as_str(), kept[0].line_number), (1, raw, 7));
    })
    .await;
}
