use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    GetTimelineRequest, OrderKind, OrderLine, OrderStatus, ProblemReason, TimelineEvent,
    UpsertCustomerRequest,
};
use kehu_tests::each_database;

use crate::records::{customer, line, money, noon, order, sale};
use crate::server::Server;

async fn timeline(server: &Server, customer: &str) -> Vec<TimelineEvent> {
    let request = GetTimelineRequest { customer: customer.to_owned(), ..Default::default() };
    server.customers().get_timeline(request).await.unwrap().into_inner().events
}

#[tokio::test]
async fn an_order_sent_again_changes_nothing() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let records = || vec![customer("a", "UK"), order(sale("1", "a", "2011-01-01", 5))];
        assert_eq!(server.ingest("first", records()).await.accepted_count, 2);
        let changes = server.change_count().await;
        let again = server.ingest("second", records()).await;
        assert_eq!((again.accepted_count, again.unchanged_count), (0, 2));
        assert_eq!(server.change_count().await, changes);
        // Twice in one batch is the same as in two.
        let twice = vec![
            order(sale("2", "a", "2011-01-01", 5)),
            order(sale("2", "a", "2011-01-01", 5)),
            order(sale("2", "a", "2011-01-01", 6)),
        ];
        let done = server.ingest("third", twice).await;
        assert_eq!((done.accepted_count, done.unchanged_count), (2, 1));
        let events = timeline(&server, "customers/1").await;
        assert_eq!(events[0].amount.as_ref().unwrap().units, 6);
        assert_eq!(events.len(), 2);
    })
    .await;
}

/// Whichever comes first, the version that was changed later at its source counts.
#[tokio::test]
async fn what_is_older_at_its_source_does_not_win_by_coming_later() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let version = |key: &str, price: i64, changed: &str| {
            let mut version = sale(key, "a", "2011-01-01", price);
            version.source_update_time = Some(noon(changed));
            order(version)
        };
        server.ingest("first", vec![version("1", 5, "2011-02-01")]).await;
        server.ingest("second", vec![version("2", 6, "2011-03-01")]).await;
        server.ingest("third", vec![version("1", 6, "2011-03-01")]).await;
        let changes = server.change_count().await;
        let late = server.ingest("fourth", vec![version("2", 5, "2011-02-01")]).await;
        assert_eq!((late.accepted_count, late.unchanged_count), (1, 0));
        assert_eq!(server.change_count().await, changes);
        let again = server.ingest("fifth", vec![version("2", 5, "2011-02-01")]).await;
        assert_eq!((again.accepted_count, again.unchanged_count), (0, 1));
        for event in timeline(&server, "customers/1").await {
            assert_eq!(event.amount.as_ref().unwrap().units, 6, "{}", event.external_id);
        }
    })
    .await;
}

#[tokio::test]
async fn a_replaced_order_concerns_where_it_was_and_where_it_is() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut first = sale("1", "a", "2011-03-05", 5);
        first.lines.push(line(2, "3", 2));
        server.ingest("first", vec![order(first), order(sale("2", "b", "2011-03-06", 1))]).await;
        let change = (vec![1, 2], "2011-03-05".to_owned(), "2011-03-06".to_owned());
        assert_eq!(server.last_change().await, change);

        server.ingest("second", vec![order(sale("1", "b", "2011-01-02", 7))]).await;
        let change = (vec![1, 2], "2011-01-02".to_owned(), "2011-03-05".to_owned());
        assert_eq!(server.last_change().await, change);
        assert_eq!(timeline(&server, "customers/1").await, []);
        let events = timeline(&server, "customers/2").await;
        let moved = events.iter().find(|event| event.external_id == "1").unwrap();
        assert_eq!((moved.line_count, moved.amount.as_ref().unwrap().units), (1, 7));
    })
    .await;
}

#[tokio::test]
async fn the_same_key_of_another_source_is_another_order_and_customer() {
    each_database(async |database| {
        let server = Server::start(database).await;
        server.ingest("first", vec![order(sale("1", "a", "2011-01-01", 5))]).await;
        let mut call = server.call(Some(crate::server::start("second", "web"))).await;
        call.started().await;
        call.send(1, vec![order(sale("1", "a", "2011-01-01", 5))]).await;
        assert_eq!(call.acknowledgement().await.unwrap().accepted_count, 1);
        call.end().await;
        assert_eq!(timeline(&server, "customers/2").await[0].source, "web");
    })
    .await;
}

#[tokio::test]
async fn amounts_of_lines_and_orders() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut discounted = sale("1", "a", "2011-01-01", 10);
        discounted.lines[0].quantity = Some(google::Decimal { value: "2.5".to_owned() });
        discounted.lines[0].discount = Some(money(1, 500_000_000));
        let mut stated = sale("2", "a", "2011-01-02", 10);
        stated.lines[0].unit_price = None;
        stated.lines[0].amount = Some(money(7, 250_000_000));
        // What came back is negative however it is given.
        let mut returned = sale("3", "a", "2011-01-03", 4);
        returned.kind = OrderKind::Return.into();
        returned.lines.push(line(2, "2", 3));
        let mut negative = returned.clone();
        negative.external_id = "4".to_owned();
        negative.order_time = Some(noon("2011-01-04"));
        for line in &mut negative.lines {
            let quantity = line.quantity.as_mut().unwrap();
            quantity.value.insert(0, '-');
        }
        let mut adjusted = sale("5", "a", "2011-01-05", -30);
        adjusted.kind = OrderKind::Adjustment.into();
        let mut cancelled = sale("6", "a", "2011-01-06", 9);
        cancelled.status = OrderStatus::Cancelled.into();
        let orders = [discounted, stated, returned, negative, adjusted, cancelled];
        let done = server.ingest("s", orders.map(order).into()).await;
        assert_eq!((done.accepted_count, done.rejected_count), (6, 0));
        let events = timeline(&server, "customers/1").await;
        let found: Vec<_> = events
            .iter()
            .map(|event| {
                let amount = event.amount.as_ref().unwrap();
                (event.external_id.as_str(), event.kind.as_str(), amount.units, amount.nanos)
            })
            .collect();
        let expected = [
            ("6", "cancelled", 9, 0),
            ("5", "adjustment", -30, 0),
            ("4", "return", -10, 0),
            ("3", "return", -10, 0),
            ("2", "sale", 7, 250_000_000),
            ("1", "sale", 23, 500_000_000),
        ];
        assert_eq!(found, expected);
    })
    .await;
}

/// Whether the sum of an order fits does not depend on the order of its lines, and what does not
/// fit is refused with the reason.
#[tokio::test]
async fn sums_of_lines_are_exact_up_to_the_limit() {
    const LARGE: i64 = 900_000_000_000_000;
    const SMALLEST: (i64, i32) = (-922_337_203_685_477, -580_800_000);
    each_database(async |database| {
        let server = Server::start(database).await;
        let amounts = |key: &str, amounts: &[(i64, i32)]| {
            let mut given = sale(key, "a", "2011-01-01", 1);
            let lines = (1..).zip(amounts).map(|(number, (units, nanos))| {
                let amount = Some(money(*units, *nanos));
                OrderLine { amount, unit_price: None, ..line(number, "1", 1) }
            });
            given.lines = lines.collect();
            order(given)
        };
        let fits = [
            amounts("1", &[(LARGE, 0), (LARGE, 0), (-LARGE, 0)]),
            amounts("2", &[(LARGE, 0), (-LARGE, 0), (LARGE, 0)]),
            amounts("3", &[(-LARGE, 0), (LARGE, 0), (LARGE, 0)]),
        ];
        let done = server.ingest("fits", fits.to_vec()).await;
        assert_eq!((done.accepted_count, done.rejections), (3, vec![]));
        for event in timeline(&server, "customers/1").await {
            assert_eq!(event.amount.as_ref().unwrap().units, LARGE, "{}", event.external_id);
        }
        let beyond = [amounts("4", &[(LARGE, 0), (LARGE, 0)]), amounts("5", &[SMALLEST])];
        let done = server.ingest("beyond", beyond.to_vec()).await;
        assert_eq!((done.accepted_count, done.rejected_count), (0, 2));
        for rejection in &done.rejections {
            assert_eq!(rejection.problems[0].reason(), ProblemReason::OutOfRange);
        }
        assert_eq!(done.rejections.len(), 2, "each with its reason");
    })
    .await;
}

#[tokio::test]
async fn business_dates_are_local() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut late = sale("1", "a", "2011-07-01", 5);
        late.order_time = Some("2011-06-30T23:10:00Z".parse().unwrap());
        server.ingest("s", vec![order(late)]).await;
        let date = timeline(&server, "customers/1").await[0].event_date.unwrap();
        assert_eq!((date.year, date.month, date.day), (2011, 7, 1));
    })
    .await;
}

#[tokio::test]
async fn pages_of_a_timeline() {
    each_database(async |database| {
        let server = Server::start(database).await;
        // Some at the same instant.
        let orders = (1..=25).map(|number| {
            order(sale(&number.to_string(), "a", &format!("2011-01-{:02}", number / 4 + 1), 1))
        });
        server.ingest("s", orders.collect()).await;
        let all = timeline(&server, "customers/1").await;
        assert_eq!(all.len(), 25);
        let mut request = GetTimelineRequest {
            customer: "customers/1".to_owned(),
            page_size: 7,
            ..Default::default()
        };
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
        assert_eq!(paged, all);
        let times = all.iter().map(|event| event.event_time.unwrap().seconds);
        assert!(times.rev().is_sorted());
    })
    .await;
}

#[tokio::test]
async fn customers_are_numbered_as_they_appear() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let records = vec![
            order(sale("1", "z", "2011-01-01", 5)),
            customer("m", "GB"),
            order(sale("2", "a", "2011-01-01", 5)),
            order(sale("3", "z", "2011-01-01", 5)),
        ];
        server.ingest("s", records).await;
        for (name, key) in [("customers/1", "z"), ("customers/2", "m"), ("customers/3", "a")] {
            let request = UpsertCustomerRequest {
                reference: Some(kehu_contract::ingestion::SourceReference {
                    source: "shop".to_owned(),
                    external_id: key.to_owned(),
                }),
                validate_only: true,
                ..Default::default()
            };
            let found = server.customers().upsert_customer(request).await.unwrap().into_inner();
            assert_eq!((found.customer.unwrap().name.as_str(), found.created), (name, false));
        }
    })
    .await;
}
