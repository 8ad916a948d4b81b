//! The figures of each report.

use crate::world::{EARLIER, NOW, World, time};
use chrono::{DateTime, Utc};
use kehu_contract::{
    google::r#type::{Decimal, Money},
    reporting::{
        ClassSummary, GetClassSummaryRequest, GetClassSummaryResponse, GetMigrationMatrixRequest,
        GetMonthlyTrendRequest, GetParetoCurveRequest, GetRfmHeatMapRequest,
        reporting_service_server::ReportingService,
    },
};
use kehu_tests::{date, each_database};
use tonic::Request;

fn pounds(units: i64) -> Option<Money> {
    Some(Money { currency_code: "GBP".to_owned(), units, nanos: 0 })
}

fn number(value: &str) -> Option<Decimal> {
    Some(Decimal { value: value.to_owned() })
}

async fn summary(
    world: &World,
    as_of: Option<&str>,
    known: Option<DateTime<Utc>>,
    comparison: Option<&str>,
) -> GetClassSummaryResponse {
    let request = GetClassSummaryRequest {
        taxonomy: "tiers".to_owned(),
        time: time(as_of, known),
        comparison_date: comparison.and_then(date),
    };
    world.reporting.get_class_summary(Request::new(request)).await.unwrap().into_inner()
}

/// Customers, earlier, joined, left.
fn moves(class: &ClassSummary) -> (i64, i64, i64, i64) {
    let (earlier, joined) = (class.earlier_customer_count, class.joined_count);
    (class.customer_count, earlier, joined, class.left_count)
}

#[tokio::test]
async fn classes_are_summed_up_against_an_earlier_date() {
    each_database(async |test| {
        let world = World::full(test).await;
        let answer = summary(&world, None, None, Some(EARLIER)).await;
        assert_eq!((answer.as_of_date, answer.comparison_date), (date(NOW), date(EARLIER)));
        let [gold, silver, bronze] = &answer.classes[..] else { panic!("three classes") };
        assert_eq!(
            [&gold.class_id, &silver.class_id, &bronze.class_id],
            ["gold", "silver", "bronze"]
        );
        assert_eq!(gold.label.as_ref().unwrap().zh, "金");
        assert_eq!(gold.strategy_summary.as_ref().unwrap().en, "Call them often.");

        assert_eq!(moves(gold), (1, 1, 1, 1));
        assert_eq!(moves(silver), (1, 2, 1, 2));
        assert_eq!(moves(bronze), (3, 1, 2, 0));
        assert_eq!((&gold.amount, gold.order_count), (&pounds(900), 2));
        assert_eq!(gold.mean_order_amount, pounds(500));
        assert_eq!((&gold.customer_share, &gold.amount_share), (&number("0.2"), &number("0.7031")));
        assert_eq!((&silver.amount, silver.order_count), (&pounds(80), 1));
        assert_eq!(silver.amount_share, number("0.0625"));
        assert_eq!((&bronze.amount, bronze.order_count), (&pounds(300), 3));
        assert_eq!(
            (&bronze.customer_share, &bronze.amount_share),
            (&number("0.6"), &number("0.2344"))
        );
        assert_eq!(bronze.example_codes, ["K000002", "K000003"]);

        let total = answer.total.unwrap();
        assert_eq!((total.class_id.as_str(), moves(&total)), ("total", (5, 4, 1, 0)));
        assert_eq!((total.amount, total.order_count), (pounds(1_280), 6));
        assert_eq!(total.mean_order_amount, pounds(230));
    })
    .await;
}

#[tokio::test]
async fn a_summary_is_drawn_as_it_was_known() {
    each_database(async |test| {
        let world = World::full(test).await;
        let counts = async |as_of: Option<&str>, known: Option<DateTime<Utc>>| {
            let answer = summary(&world, as_of, known, None).await;
            let counts: Vec<_> = answer.classes.iter().map(|it| it.customer_count).collect();
            (answer.as_of_date, counts)
        };
        let [earlier, first, restated] = world.known;
        assert_eq!(counts(None, Some(first)).await, (date(NOW), vec![1, 2, 2]));
        assert_eq!(counts(None, Some(restated)).await, (date(NOW), vec![1, 1, 3]));
        assert_eq!(counts(Some(EARLIER), Some(earlier)).await, (date(EARLIER), vec![1, 2, 1]));
        assert_eq!(counts(Some("2011-12-09"), None).await, (date("2011-12-09"), vec![1, 2, 1]));

        let answer = summary(&world, Some("2011-11-30"), None, None).await;
        assert_eq!(answer.total.as_ref().unwrap().amount, pounds(1_300), "before the return");
        assert_eq!(moves(answer.total.as_ref().unwrap()), (4, 0, 0, 0), "no comparison");
        assert_eq!(answer.comparison_date, None);
    })
    .await;
}

#[tokio::test]
async fn moves_are_counted_by_pairs_of_classes() {
    each_database(async |test| {
        let world = World::full(test).await;
        let request = GetMigrationMatrixRequest {
            taxonomy: "tiers".to_owned(),
            time: None,
            comparison_date: date(EARLIER),
        };
        let answer = world.reporting.get_migration_matrix(Request::new(request)).await.unwrap();
        let answer = answer.into_inner();
        let cells: Vec<_> = answer
            .cells
            .iter()
            .map(|it| {
                let (from, to) = (it.from_class_id.as_str(), it.to_class_id.as_str());
                (from, to, it.customer_count, it.amount.as_ref().unwrap().units)
            })
            .collect();
        assert_eq!(
            cells,
            [
                ("gold", "bronze", 1, 100),
                ("silver", "gold", 1, 900),
                ("silver", "bronze", 1, 200),
                ("bronze", "bronze", 1, 0),
                ("", "silver", 1, 80),
            ]
        );
        assert_eq!(answer.classes.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn the_curve_runs_from_the_largest() {
    each_database(async |test| {
        let world = World::full(test).await;
        let request = GetParetoCurveRequest { time: None, point_count: 2 };
        let answer = world.reporting.get_pareto_curve(Request::new(request)).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!((answer.as_of_date, answer.customer_count), (date(NOW), 4));
        assert_eq!(answer.top_fifth_share, number("0.7031"));
        let points: Vec<_> =
            answer.points.into_iter().map(|it| (it.customer_share, it.amount_share)).collect();
        assert_eq!(points, [(number("0.5"), number("0.8594")), (number("1"), number("1"))]);
    })
    .await;
}

#[tokio::test]
async fn bins_are_counted_with_amounts() {
    each_database(async |test| {
        let world = World::full(test).await;
        let request = GetRfmHeatMapRequest { time: None };
        let answer = world.reporting.get_rfm_heat_map(Request::new(request)).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!(answer.as_of_date, date(NOW));
        let cells: Vec<_> = answer
            .cells
            .into_iter()
            .map(|it| {
                (it.recency_bin, it.frequency_bin, it.customer_count, it.amount.unwrap().units)
            })
            .collect();
        assert_eq!(cells, [(1, 3, 1, 100), (3, 1, 1, 200), (5, 1, 1, 80), (5, 5, 1, 900)]);
    })
    .await;
}

#[tokio::test]
async fn months_end_at_the_business_date() {
    each_database(async |test| {
        let world = World::full(test).await;
        let request = GetMonthlyTrendRequest { time: None, month_count: 3 };
        let answer = world.reporting.get_monthly_trend(Request::new(request)).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!(answer.as_of_date, date(NOW));
        let months: Vec<_> = answer
            .months
            .into_iter()
            .map(|it| {
                let counts = [it.order_count, it.customer_count, it.new_customer_count];
                (it.month, counts, it.sales_amount, it.return_amount)
            })
            .collect();
        assert_eq!(
            months,
            [
                (date("2011-10-01"), [0, 0, 0], pounds(0), pounds(0)),
                (date("2011-11-01"), [1, 1, 0], pounds(400), pounds(0)),
                (date("2011-12-01"), [1, 1, 1], pounds(80), pounds(100)),
            ]
        );
    })
    .await;
}
