use kehu_contract::ingestion::{GetDataSummaryRequest, Order, OrderStatus};
use kehu_tests::{date, day, each_database, shop};

use crate::records::{order, sale};
use crate::server::Server;

#[tokio::test]
async fn what_is_dated_later_waits() {
    each_database(async |database| {
        let server = Server::start(database).await;
        shop::fix_business_date(&server.database, day("2011-12-10")).await;
        let summary = async |as_of: Option<&str>| {
            let request = GetDataSummaryRequest { as_of_date: as_of.and_then(date) };
            server.ingestion().get_data_summary(request).await.unwrap().into_inner()
        };
        let nothing = summary(None).await;
        assert_eq!((nothing.order_count, nothing.last_order_date), (0, None));

        let called_off =
            Order { status: OrderStatus::Cancelled.into(), ..sale("off", "a", "2011-12-09", 1) };
        let mut records = vec![
            order(sale("1", "a", "2011-01-05", 1)),
            order(sale("2", "b", "2011-12-01", 1)),
            order(sale("last day", "a", "2011-12-10", 1)),
            order(called_off),
            order(sale("far", "b", "2099-01-01", 1)),
        ];
        records.extend(
            (11..=21).map(|n| order(sale(&format!("d{n}"), "a", &format!("2011-12-{n}"), 1))),
        );
        server.ingest("first", records).await;

        let held = summary(None).await;
        assert_eq!(held.as_of_date, date("2011-12-10"));
        assert_eq!((held.order_count, held.waiting_order_count), (3, 12));
        assert_eq!(held.customer_count, 2);
        assert_eq!(held.first_order_date, date("2011-01-05"));
        assert_eq!(held.last_order_date, date("2011-12-10"));
        assert_eq!(held.waiting_orders.len(), 10);
        let first = &held.waiting_orders[0];
        assert_eq!((first.external_id.as_str(), first.order_date), ("d11", date("2011-12-11")));
        assert_eq!((first.source.as_str(), first.customer.as_str()), ("shop", "customers/1"));

        let later = summary(Some("2011-12-31")).await;
        assert_eq!((later.order_count, later.waiting_order_count), (14, 1));
        assert_eq!(later.waiting_orders[0].external_id, "far");
    })
    .await;
}
