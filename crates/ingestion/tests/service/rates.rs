use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    GetTimelineRequest, ListExchangeRatesRequest, Order, ProblemReason,
};
use kehu_core::CustomerId;
use kehu_storage::change_log::{self, Position, Topic};
use kehu_tests::{day, each_database};
use sea_orm::{ConnectionTrait, Statement};

use crate::records::{order, rate, sale};
use crate::server::Server;

fn dollars(external_id: &str, day: &str, price: i64) -> Order {
    Order { currency_code: "USD".to_owned(), ..sale(external_id, "a", day, price) }
}

async fn base_amounts(server: &Server) -> Vec<(String, i64, i32)> {
    let request = GetTimelineRequest { customer: "customers/1".to_owned(), ..Default::default() };
    let events = server.customers().get_timeline(request).await.unwrap().into_inner().events;
    let amounts = events.into_iter().map(|event| {
        let amount = event.base_amount.unwrap();
        assert_eq!(amount.currency_code, "GBP");
        assert_eq!(event.amount.unwrap().currency_code, "USD");
        (event.external_id, amount.units, amount.nanos)
    });
    amounts.collect()
}

#[tokio::test]
async fn the_rate_of_the_day_is_taken() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let records = vec![
            order(dollars("too early", "2010-12-31", 10)),
            rate("USD", "2011-01-01", "0.6"),
            order(dollars("1", "2011-01-31", 10)),
            order(dollars("still too early", "2010-12-31", 10)),
            rate("USD", "2011-02-01", "0.62005"),
            order(dollars("2", "2011-02-01", 10)),
            rate("USD", "2011-02-01", "0.62005"),
        ];
        let done = server.ingest("first", records).await;
        assert_eq!((done.accepted_count, done.unchanged_count, done.rejected_count), (4, 1, 2));
        for (rejection, index) in done.rejections.iter().zip([0, 3]) {
            assert_eq!(rejection.record_index, index);
            assert_eq!(rejection.problems[0].reason(), ProblemReason::RateMissing);
            assert_eq!(rejection.problems[0].field, "order.currency_code");
        }
        // Rates that are held count as well; half goes to even.
        server.ingest("second", vec![order(dollars("3", "2011-03-01", 1))]).await;
        let expected = [
            ("3".to_owned(), 0, 620_000_000),
            ("2".to_owned(), 6, 200_500_000),
            ("1".to_owned(), 6, 0),
        ];
        assert_eq!(base_amounts(&server).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_corrected_rate_converts_anew() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let records =
            |value| vec![rate("USD", "2011-01-01", value), order(dollars("1", "2011-01-31", 10))];
        server.ingest("first", records("0.6")).await;
        let done = server.ingest("second", records("0.7")).await;
        assert_eq!((done.accepted_count, done.unchanged_count), (1, 1), "the order is the same");
        assert_eq!(base_amounts(&server).await, [("1".to_owned(), 7, 0)]);
    })
    .await;
}

/// Once there is a first rate, it does not matter in which order rates and orders come, nor how
/// they are batched: amounts are those of the last rate before the day, and whoever they move for
/// is evaluated again.
#[tokio::test]
async fn amounts_do_not_depend_on_which_came_first() {
    each_database(async |database| {
        let first = || rate("USD", "2011-01-01", "0.5");
        let parts = || {
            let orders = vec![
                order(dollars("1", "2011-01-31", 10)),
                order(dollars("2", "2011-02-01", 10)),
                order(dollars("3", "2011-03-01", 10)),
            ];
            [
                orders,
                vec![rate("USD", "2011-02-01", "0.75")],
                vec![rate("USD", "2011-02-15", "0.8"), rate("USD", "2011-01-01", "0.6")],
            ]
        };
        let expected =
            [("3".to_owned(), 8, 0), ("2".to_owned(), 7, 500_000_000), ("1".to_owned(), 6, 0)];
        for places in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            for together in [false, true] {
                let fresh = kehu_tests::databases().await;
                let fresh = fresh.iter().find(|fresh| fresh.kind == database.kind).unwrap();
                let server = Server::start(fresh).await;
                server.ingest("before", vec![first()]).await;
                let batches = places.map(|place: usize| parts()[place].clone());
                match together {
                    true => {
                        server.ingest("all", batches.concat()).await;
                    }
                    false => {
                        for (place, batch) in batches.into_iter().enumerate() {
                            server.ingest(&format!("batch {place}"), batch).await;
                        }
                    }
                }
                assert_eq!(base_amounts(&server).await, expected, "{places:?} {together}");
            }
        }
    })
    .await;
}

/// A rate that moves nobody's amounts tells nobody; one that does names the customers and days.
#[tokio::test]
async fn a_late_rate_is_followed() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let other = Order { customer_external_id: "b".to_owned(), ..dollars("2", "2011-03-01", 5) };
        let records = vec![
            rate("USD", "2011-01-01", "0.5"),
            order(dollars("1", "2011-01-31", 10)),
            order(other),
        ];
        server.ingest("first", records).await;
        let read = async || {
            let db = &database.database;
            change_log::read(db, Topic::Facts, Position::START, 9).await.unwrap()
        };
        assert_eq!(read().await.len(), 1);
        server.ingest("nobody", vec![rate("USD", "2011-02-01", "0.5")]).await;
        assert_eq!(read().await.len(), 1);
        server.ingest("one", vec![rate("USD", "2011-02-01", "0.7")]).await;
        let changes = read().await;
        let last = changes.last().unwrap();
        assert_eq!((changes.len(), last.customers.as_slice()), (2, &[CustomerId(2)][..]));
        assert_eq!((last.first_day, last.last_day), (day("2011-03-01"), day("2011-03-01")));
    })
    .await;
}

#[tokio::test]
async fn pages_of_rates() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut records = Vec::new();
        for currency in ["USD", "EUR", "CNY"] {
            for day in 1..=5 {
                records.push(rate(currency, &format!("2011-01-{day:02}"), "1.5"));
            }
        }
        server.ingest("s", records).await;
        let mut request = ListExchangeRatesRequest { page_size: 4, ..Default::default() };
        let mut listed = Vec::new();
        loop {
            let page = server.ingestion().list_exchange_rates(request.clone()).await.unwrap();
            let page = page.into_inner();
            listed.extend(page.exchange_rates.iter().map(|rate| {
                assert_eq!(rate.rate.as_ref().unwrap().value, "1.5");
                format!("{} {}", rate.currency_code, rate.start_date.unwrap().day)
            }));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let expected: Vec<String> = ["CNY", "EUR", "USD"]
            .iter()
            .flat_map(|currency| (1..=5).map(move |day| format!("{currency} {day}")))
            .collect();
        assert_eq!(listed, expected);
        let one =
            ListExchangeRatesRequest { currency_code: "EUR".to_owned(), ..Default::default() };
        let page = server.ingestion().list_exchange_rates(one).await.unwrap().into_inner();
        assert_eq!(page.exchange_rates.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn costs_are_converted_with_amounts() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut costing = dollars("1", "2011-01-31", 10);
        let money = |units| Some(google::Money { currency_code: String::new(), units, nanos: 0 });
        costing.lines[0].unit_cost = money(6);
        let costs = async || {
            let db = database.database.reader();
            let sql = "SELECT l.cost, l.base_cost FROM order_line l JOIN sales_order o \
                       ON o.order_id = l.order_id WHERE o.superseded_at IS NULL";
            let statement = Statement::from_string(db.get_database_backend(), sql);
            let row = db.query_one_raw(statement).await.unwrap().unwrap();
            let at = |place| row.try_get_by_index::<Option<i64>>(place).unwrap();
            (at(0), at(1))
        };
        let first = vec![rate("USD", "2011-01-01", "0.5"), order(costing.clone())];
        server.ingest("first", first).await;
        assert_eq!(costs().await, (Some(60_000), Some(30_000)));
        server.ingest("second", vec![rate("USD", "2011-01-01", "0.6")]).await;
        assert_eq!(costs().await, (Some(60_000), Some(36_000)));
        // A cost that the source learns later is another version.
        costing.lines[0].cost = money(7);
        let done = server.ingest("third", vec![order(costing.clone())]).await;
        assert_eq!((done.accepted_count, costs().await), (1, (Some(70_000), Some(42_000))));
        costing.lines[0].unit_cost = money(-1);
        let done = server.ingest("fourth", vec![order(costing)]).await;
        let problem = &done.rejections[0].problems[0];
        assert_eq!(problem.reason(), ProblemReason::OutOfRange);
        assert_eq!(problem.field, "order.lines[0].unit_cost");
    })
    .await;
}
