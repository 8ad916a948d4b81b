//! What a plan does, and that it is made once.

use std::sync::Arc;

use datafusion::physical_plan::displayable;

use super::source::analytics;
use super::world::{Facts, customers, day, orders};
use crate::Catalogue;

/// Everything that is summed comes sorted by customer, so that sums stream.
#[tokio::test]
async fn nothing_is_sorted_or_hashed_that_came_in_order() {
    let analytics = analytics();
    for feature in Catalogue::shipped().features() {
        let plan = analytics.plan(std::slice::from_ref(&feature.id)).await.unwrap();
        for plan in plan.physical_plans() {
            let text = displayable(plan.as_ref()).indent(false).to_string();
            assert!(!text.contains("SortExec"), "{}:\n{text}", feature.id);
            for line in text.lines().filter(|line| line.contains("AggregateExec")) {
                assert!(line.contains("ordering_mode="), "{}:\n{text}", feature.id);
            }
        }
    }
}

#[tokio::test]
async fn a_plan_is_made_once_for_all_dates_and_orders_of_names() {
    let analytics = analytics();
    let names = ["tenure_days", "orders_30d"].map(str::to_owned);
    let mut turned = names.clone();
    turned.reverse();
    let plan = analytics.plan(&names).await.unwrap();
    assert!(Arc::ptr_eq(&plan, &analytics.plan(&turned).await.unwrap()));
    for (date, expected) in [("2024-03-10", "1"), ("2024-04-05", "1"), ("2024-05-01", "0")] {
        let facts = Facts {
            customers: customers(1),
            orders: orders("1 2024-03-10 9 sale web 5"),
            ..Facts::default()
        };
        let facts = facts.into_facts(day(date)).unwrap();
        let frame = analytics.compute(&plan, facts, 1).await.unwrap();
        assert_eq!(super::world::text(&frame.row(0)["orders_30d"]), expected, "{date}");
    }
}
