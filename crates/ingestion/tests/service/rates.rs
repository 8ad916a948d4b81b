use kehu_contract::ingestion::{
    GetTimelineRequest, ListExchangeRatesRequest, Order, ProblemReason,
};
use kehu_tests::each_database;

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
async fn an_order_sent_again_takes_the_corrected_rate() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let records =
            |value| vec![rate("USD", "2011-01-01", value), order(dollars("1", "2011-01-31", 10))];
        server.ingest("first", records("0.6")).await;
        let done = server.ingest("second", records("0.7")).await;
        assert_eq!((done.accepted_count, done.unchanged_count), (2, 0));
        assert_eq!(base_amounts(&server).await, [("1".to_owned(), 7, 0)]);
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
