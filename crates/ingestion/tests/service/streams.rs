use std::collections::BTreeSet;

use kehu_contract::error::ErrorReason;
use kehu_contract::ingestion::{
    IngestTotals, ListCustomersRequest, ingest_request::Message, record::Kind,
};
use kehu_server::fault;
use kehu_tests::each_database;
use tonic::Code;
use tonic_types::StatusExt;

use crate::records::{customer, order, sale};
use crate::server::{Server, start};

#[tokio::test]
async fn a_stream_is_resumed_where_it_stands() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let first = || vec![customer("a", "GB"), order(sale("1", "a", "2011-01-01", 5))];
        let (mut call, started) = server.open("s").await;
        assert_eq!((started.next_sequence, started.totals), (1, Some(IngestTotals::default())));
        assert_eq!(
            (started.time_zone.as_str(), started.base_currency_code.as_str()),
            ("Europe/London", "GBP")
        );
        assert_eq!(started.max_batch_records, 5_000);
        call.send(1, first()).await;
        let done = call.acknowledgement().await.unwrap();
        assert_eq!((done.sequence, done.accepted_count, done.next_sequence), (1, 2, 2));
        drop(call);

        let (mut call, started) = server.open("s").await;
        assert_eq!(started.next_sequence, 2);
        assert_eq!(started.totals.unwrap().accepted_count, 2);
        call.send(1, first()).await;
        call.send(2, vec![order(sale("2", "a", "2011-01-02", 5))]).await;
        let replayed = call.acknowledgement().await.unwrap();
        assert_eq!(
            (replayed.replayed, replayed.accepted_count, replayed.next_sequence),
            (true, 0, 2)
        );
        let done = call.acknowledgement().await.unwrap();
        assert_eq!((done.replayed, done.accepted_count, done.next_sequence), (false, 1, 3));
        call.end().await;
    })
    .await;
}

#[tokio::test]
async fn several_batches_may_be_under_way() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (mut call, _) = server.open("s").await;
        for sequence in 1..=20 {
            let key = sequence.to_string();
            call.send(sequence, vec![order(sale(&key, &key, "2011-01-01", sequence))]).await;
        }
        for sequence in 1..=20 {
            assert_eq!(call.acknowledgement().await.unwrap().sequence, sequence);
        }
        call.end().await;
        let request = ListCustomersRequest { page_size: 100, ..Default::default() };
        let page = server.customers().list_customers(request).await.unwrap().into_inner();
        let keys = page.customers.iter().map(|customer| &customer.references[0].external_id);
        assert!(keys.eq(&(1..=20).map(|key| key.to_string()).collect::<Vec<_>>()));
    })
    .await;
}

#[tokio::test]
async fn a_gap_is_refused_and_says_where_to_continue() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (mut call, _) = server.open("s").await;
        call.send(1, vec![order(sale("1", "a", "2011-01-01", 5))]).await;
        call.send(3, vec![order(sale("3", "a", "2011-01-01", 5))]).await;
        assert_eq!(call.acknowledgement().await.unwrap().sequence, 1);
        let status = call.fault().await;
        assert_eq!(status.code(), Code::OutOfRange);
        assert_eq!(fault::reason(&status), Some(ErrorReason::SequenceGap));
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.metadata["next_sequence"], "2");
        let (_call, started) = server.open("s").await;
        assert_eq!(started.next_sequence, 2);
    })
    .await;
}

#[tokio::test]
async fn the_older_of_two_writers_loses() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (mut older, _) = server.open("s").await;
        older.send(1, vec![order(sale("1", "a", "2011-01-01", 5))]).await;
        older.acknowledgement().await.unwrap();
        let (mut newer, started) = server.open("s").await;
        assert_eq!(started.next_sequence, 2);
        older.send(2, vec![order(sale("2", "b", "2011-01-01", 5))]).await;
        let status = older.fault().await;
        assert_eq!(status.code(), Code::Aborted);
        assert_eq!(fault::reason(&status), Some(ErrorReason::StreamTakenOver));
        newer.send(2, vec![order(sale("2", "c", "2011-01-01", 5))]).await;
        assert_eq!(newer.acknowledgement().await.unwrap().accepted_count, 1);
        newer.end().await;
        // What the loser sent left nothing behind.
        let request = ListCustomersRequest { page_size: 100, ..Default::default() };
        let customers = server.customers().list_customers(request).await.unwrap().into_inner();
        let keys = customers.customers.iter().map(|it| it.references[0].external_id.as_str());
        assert_eq!(keys.collect::<Vec<_>>(), ["a", "c"]);
    })
    .await;
}

#[tokio::test]
async fn a_bad_message_ends_the_call_and_loses_nothing() {
    each_database(async |database| {
        let server = Server::start(database).await;
        server.ingest("s", vec![order(sale("1", "a", "2011-01-01", 5))]).await;
        let batch = |sequence, count: usize| {
            let records = vec![customer("a", ""); count];
            Some(Message::Batch(kehu_contract::ingestion::RecordBatch { sequence, records }))
        };
        let huge = {
            let mut order_of_much = sale("1", "a", "2011-01-01", 5);
            order_of_much.channel = "x".repeat(5 << 20);
            let records = vec![order(order_of_much)];
            Some(Message::Batch(kehu_contract::ingestion::RecordBatch { sequence: 2, records }))
        };
        for (first, second, fields) in [
            (None, None, &["start"][..]),
            (batch(1, 1), None, &["start"]),
            (Some(start("", "My Shop")), None, &["start.stream_id", "start.source"]),
            (Some(start(&"x".repeat(129), "shop")), None, &["start.stream_id"]),
            (Some(start("s", "other-shop")), None, &["start.source"]),
            (Some(start("s", "shop")), Some(Some(start("s", "shop"))), &["start"]),
            (Some(start("s", "shop")), Some(None), &["batch"]),
            (Some(start("s", "shop")), Some(batch(0, 1)), &["batch.sequence"]),
            (Some(start("s", "shop")), Some(batch(2, 5_001)), &["batch.records"]),
            (Some(start("s", "shop")), Some(huge), &["batch"]),
        ] {
            let mut call = server.call(first).await;
            if let Some(second) = second {
                call.started().await;
                call.message(second).await;
            }
            let status = call.fault().await;
            assert_eq!(fault::reason(&status), Some(ErrorReason::InvalidFields), "{fields:?}");
            let violations = status.get_details_bad_request().unwrap().field_violations;
            let named: Vec<&str> = violations.iter().map(|v| v.field.as_str()).collect();
            assert_eq!(named, fields);
        }
        let (_call, started) = server.open("s").await;
        assert_eq!((started.next_sequence, started.totals.unwrap().accepted_count), (2, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_write_the_same_records_at_once() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (mut one, _) = server.open("one").await;
        let (mut two, _) = server.open("two").await;
        const BATCHES: i64 = 12;
        for sequence in 1..=BATCHES {
            // The same customers and orders, in opposite orders.
            let records = |keys: &mut dyn Iterator<Item = i64>| {
                keys.map(|key| {
                    let key = sequence * 100 + key;
                    order(sale(&key.to_string(), &format!("c{}", key % 37), "2011-01-01", 5))
                })
                .collect()
            };
            one.send(sequence, records(&mut (0..50))).await;
            two.send(sequence, records(&mut (0..50).rev())).await;
        }
        let mut accepted = 0;
        for _ in 0..BATCHES {
            for call in [&mut one, &mut two] {
                let done = call.acknowledgement().await.unwrap();
                assert_eq!(done.accepted_count + done.unchanged_count, 50);
                accepted += i64::from(done.accepted_count);
            }
        }
        assert_eq!(accepted, BATCHES * 50);
        let request = ListCustomersRequest { page_size: 100, ..Default::default() };
        let page = server.customers().list_customers(request).await.unwrap().into_inner();
        // Numbers that a batch drew and could not use are left out on PostgreSQL.
        let names: BTreeSet<&str> = page.customers.iter().map(|c| c.name.as_str()).collect();
        assert_eq!((names.len(), page.customers.len()), (37, 37));
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_used_for_another_customer_or_day_is_told() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (mut call, _) = server.open("s").await;
        let of = |customer: &str, day: &str, price| order(sale("1", customer, day, price));
        for (sequence, (records, reused)) in [
            (vec![of("a", "2011-01-01", 5)], ""),
            (vec![of("a", "2011-01-01", 6)], ""),
            (vec![of("b", "2011-01-01", 6)], "customers/1 2011-01-01"),
            (vec![of("b", "2012-03-04", 6)], "customers/2 2011-01-01"),
            (vec![of("b", "2012-03-04", 6)], ""),
            // Twice in one batch: the last one holds.
            (
                vec![
                    order(sale("2", "a", "2011-01-01", 5)),
                    order(sale("2", "b", "2011-01-01", 5)),
                ],
                "customers/1 2011-01-01",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            call.send(i64::try_from(sequence).unwrap() + 1, records).await;
            let done = call.acknowledgement().await.unwrap();
            let told = done.reused_keys.iter().map(|key| {
                let day = key.former_date.unwrap();
                assert_eq!(key.kind, "order");
                format!("{} {}-{:02}-{:02}", key.former_customer, day.year, day.month, day.day)
            });
            assert_eq!(told.collect::<Vec<_>>().join(" "), reused, "{sequence}");
            assert_eq!(done.reused_count, i32::from(!reused.is_empty()));
        }
        call.end().await;
        let (call, started) = server.open("s").await;
        assert_eq!(started.totals.unwrap().reused_count, 3);
        call.end().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_cleaned_is_told_and_counted() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (mut call, _) = server.open("s").await;
        let named = |key: &str, name: &str| {
            let mut record = customer(key, "");
            if let Some(Kind::Customer(customer)) = &mut record.kind {
                customer.profile.as_mut().unwrap().display_name = name.to_owned();
            }
            record
        };
        for (sequence, (records, told)) in [
            (vec![customer("k1", "GB"), order(sale("1", "k1", "2011-01-01", 5))], ""),
            // Both keys of the order, one of them by two rules.
            (vec![order(sale("=\" 2\"", " k1", "2011-01-01", 5))], "2: Trimmed 2 Formula 1"),
            (
                vec![customer("17850.0", ""), customer("\u{200b}Ｋ2", "")],
                "2: Invisible 1 FullWidth 1 Decimals 1",
            ),
            // A name that is turned round, and broken; a joiner that Persian needs.
            (
                vec![
                    named("k3", "gni\u{202e}la\u{2028}Ltd"),
                    named("k4", "\u{6cc}\u{200c}\u{62e}"),
                ],
                "1: Invisible 1 LineBreak 1",
            ),
            // What is refused counts, too.
            (vec![order(sale("3", "#N/A", "2011-01-01", 5))], "1: Missing 1"),
        ]
        .into_iter()
        .enumerate()
        {
            call.send(i64::try_from(sequence).unwrap() + 1, records).await;
            let done = call.acknowledgement().await.unwrap();
            let rules = done.cleaned_values.iter();
            let rules = rules.map(|keys| format!(" {:?} {}", keys.rule(), keys.count));
            let counted = format!("{}:{}", done.cleaned_count, rules.collect::<String>());
            assert_eq!(counted, if told.is_empty() { "0:" } else { told }, "{sequence}");
        }
        call.end().await;
        let (call, started) = server.open("s").await;
        assert_eq!(started.totals.unwrap().cleaned_count, 6);
        call.end().await;
    })
    .await;
}
