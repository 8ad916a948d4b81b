//! Reports by class, as the table for managing sales customers asks for them.

use kehu_contract::ingestion::CustomerProfile;
use kehu_contract::reporting::{
    GetReportRequest, reporting_service_client::ReportingServiceClient,
};
use kehu_tests::each_database;

use crate::records::{answer, customer, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

/// Sales of a month, a quarter and a year that grew by a fifth, by 15 and by 10 percent. The first of
/// April 2023 is the last day before the last 365, the second is their first.
const GROWTH: &str = "h h1 2023-03-20T10:00 1000
    h h2 2024-03-20T10:00 1200
    h h3 2024-01-05T10:00 300
    m m1 2023-03-20T10:00 400
    m m2 2024-03-20T10:00 480
    m m3 2024-03-21T10:00 -20
    m m4 2023-04-01T10:00 40
    m m5 2023-04-02T10:00 60
    l l1 2023-03-31T23:30 100
    l l2 2024-03-01T00:30 110
    l l3 2024-04-01T00:30 999";

#[tokio::test]
async fn req_2_25_sales_grow_by_class_against_the_same_period_before() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest(orders(GROWTH)).await;
        let classes = [
            ("high", "amount_30d >= 1000"),
            ("middle", "amount_30d >= 200"),
            ("low", "amount_90d > 0"),
            ("rest", ""),
        ];
        world.taxonomy("worth", &classes).await;
        world.classify(AS_OF).await;
        let columns = ["period", "class_id", "amount", "before_amount", "amount_growth"];
        let counts = ["customer_count", "before_customer_count", "order_count"];
        let columns = [&columns[..], &counts].concat();
        let to_date = |period: &str| {
            [
                format!("{period} high 1500 1000 0.5 1 1 2"),
                format!("{period} middle 460 400 0.15 1 1 1"),
                format!("{period} low 110 100 0.1 1 1 1"),
                format!("{period} rest 0 0 null 0 0 0"),
                format!("{period} total 2070 1500 0.38 3 3 4"),
            ]
        };
        let month = [
            "month high 1200 1000 0.2 1 1 1",
            "month middle 460 400 0.15 1 1 1",
            "month low 110 100 0.1 1 1 1",
            "month rest 0 0 null 0 0 0",
            "month total 1770 1500 0.18 3 3 3",
        ];
        let days = [
            "365-days high 1500 1000 0.5 1 1 2",
            "365-days middle 520 440 0.1818 1 1 2",
            "365-days low 110 100 0.1 1 1 1",
            "365-days rest 0 0 null 0 0 0",
            "365-days total 2130 1540 0.3831 3 3 5",
        ];
        let expected = [month.map(str::to_owned), to_date("quarter"), to_date("year")].concat();
        let expected = [expected, days.map(str::to_owned).to_vec()].concat();
        assert_eq!(world.report("class-growth", "worth", &columns).await, expected);
    })
    .await;
}

/// Of two kinds of customers. On the eve of 2024 the last order of `p1` is 270 days ago and that of
/// `p2` 271.
const PURCHASES: &str = "d1 o1 2024-01-10T10:00 10
    d1 o2 2024-02-10T10:00 10
    d2 o3 2024-01-15T10:00 10
    d3 o4 2023-01-10T10:00 10
    d3 o5 2024-03-05T10:00 10
    d4 o6 2023-02-01T10:00 10
    d4 o7 2023-03-01T10:00 10
    p1 o8 2023-04-05T10:00 10
    p2 o9 2023-04-04T10:00 10
    p2 o10 2024-02-20T10:00 10";

/// The rates say what they are.
async fn check_definitions(world: &World) {
    let request = GetReportRequest {
        report: "customer-rates".to_owned(),
        taxonomy: "kinds".to_owned(),
        ..Default::default()
    };
    let mut service = ReportingServiceClient::new(world.client.clone());
    let answer = service.get_report(request).await.unwrap().into_inner();
    for rate in ["repurchase_rate", "win_back_rate", "csat_mean"] {
        let column = answer.columns.iter().find(|column| column.id == rate).unwrap();
        let definition = column.definition.as_ref().unwrap();
        assert!(!definition.zh.is_empty() && !definition.en.is_empty());
    }
}

#[tokio::test]
async fn req_2_26_who_buys_again_comes_back_and_is_satisfied() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let kinds = [("d1", "dealer"), ("d2", "dealer"), ("d3", "dealer"), ("d4", "dealer")];
        world
            .ingest(kinds.into_iter().chain([("p1", "person"), ("p2", "person")]).map(
                |(key, kind)| {
                    let customer_type = kind.to_owned();
                    customer(key, CustomerProfile { customer_type, ..Default::default() })
                },
            ))
            .await;
        world.ingest(orders(PURCHASES)).await;
        let answers = ["d4 a1 2023-02-01T10:00 csat 4", "d1 a2 2024-02-01T10:00 csat 5"];
        let more = ["d2 a3 2024-03-01T10:00 csat 4", "d2 a4 2024-03-01T10:00 nps 10"];
        world.ingest(answers.into_iter().chain(more).map(answer)).await;
        world.taxonomy("kinds", &[("dealers", "customer_type = 'dealer'"), ("persons", "")]).await;
        world.classify(AS_OF).await;
        let columns = [
            "period",
            "class_id",
            "buyer_count",
            "repurchase_rate",
            "before_repurchase_rate",
            "repurchase_rate_growth",
            "lost_count",
            "win_back_rate",
            "before_win_back_rate",
            "csat_count",
            "csat_mean",
            "before_csat_mean",
            "csat_mean_growth",
            "nps",
        ];
        let found = world.report("customer-rates", "kinds", &columns).await;
        assert_eq!(
            found[..6],
            [
                "month dealers 1 0 0 null 2 0.5 null 1 75 null null 100",
                "month persons 0 null null null 1 0 null 0 null null null null",
                "month total 1 0 0 null 3 0.3333 null 1 75 null null 100",
                "quarter dealers 3 0.3333 0.5 -0.3334 2 0.5 null 2 87.5 75 0.1667 100",
                "quarter persons 1 0 null null 1 1 null 0 null null null null",
                "quarter total 4 0.25 0.5 -0.5 3 0.6667 null 2 87.5 75 0.1667 100",
            ]
        );
        check_definitions(&world).await;
    })
    .await;
}
