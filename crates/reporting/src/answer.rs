//! Each report, from what is on record.

use crate::{
    Reporting,
    page::{Comparison, Figures},
    report::{
        ClassSummary, HeatMap, Member, MigrationMatrix, MonthFigures, ParetoCurve, Scored,
        class_summary, heat_map, migration_matrix, pareto_curve,
    },
    request::{Moment, Question},
    source::{self, Activity, Classified, Examples},
};
use chrono::NaiveDate;
use kehu_core::CustomerId;
use kehu_server::Fault;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// Months on the page: a year and the month of the date.
const PAGE_MONTHS: u32 = 13;
/// Points of the curve on the page.
const PAGE_POINTS: i64 = 200;

/// A report with the business date it is for.
#[derive(Debug)]
pub(crate) struct Dated<T> {
    pub(crate) as_of: NaiveDate,
    pub(crate) report: T,
}

/// A report by class.
#[derive(Debug)]
pub(crate) struct ByClass<T> {
    pub(crate) classified: Classified,
    pub(crate) report: T,
}

/// The class summary with the codes of a few members of each class.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) figures: ClassSummary,
    pub(crate) example_codes: Examples,
}

impl Reporting {
    pub(crate) async fn summary(&self, question: &Question) -> Result<ByClass<Summary>, Fault> {
        let classified = source::classified(&self.db, question).await?;
        let activity = source::activity(&self.analytics, classified.as_of).await?;
        let (orders, _) = source::orders(&self.db, classified.as_of, 1, None).await?;
        let members = members(&classified, &activity, &orders.ordered);
        let report = self.summarise(question, &classified, &members).await?;
        Ok(ByClass { classified, report })
    }

    async fn summarise(
        &self,
        question: &Question,
        classified: &Classified,
        members: &[Member],
    ) -> Result<Summary, Fault> {
        let count = classified.classes.len();
        Ok(Summary {
            figures: class_summary(count, members, question.comparison.is_some()),
            example_codes: source::examples(&self.db, &question.taxonomy, count, members).await?,
        })
    }

    pub(crate) async fn migration(
        &self,
        question: &Question,
    ) -> Result<ByClass<MigrationMatrix>, Fault> {
        let classified = source::classified(&self.db, question).await?;
        let activity = source::activity(&self.analytics, classified.as_of).await?;
        let report = migration_matrix(&members(&classified, &activity, &HashMap::new()));
        Ok(ByClass { classified, report })
    }

    pub(crate) async fn pareto(
        &self,
        moment: Moment,
        point_count: i64,
    ) -> Result<Dated<ParetoCurve>, Fault> {
        source::check_classified(&self.db, None, moment).await?;
        let as_of = moment.as_of;
        let activity = source::activity(&self.analytics, as_of).await?;
        Ok(Dated { as_of, report: curve(&activity, point_count) })
    }

    pub(crate) async fn rfm(&self, moment: Moment) -> Result<Dated<HeatMap>, Fault> {
        let as_of = moment.as_of;
        let activity = source::activity(&self.analytics, as_of).await?;
        let report = self.heat_map(&activity, moment).await?;
        if report.cells.is_empty() {
            return Err(Fault::Precondition {
                kind: "SCORED",
                subject: "scorecards/rfm".to_owned(),
                description: format!(
                    "no customer has RFM bins true on {as_of} as known then: start a scoring \
                     under rfm as of {as_of}, or ask for a later date or time"
                ),
            });
        }
        Ok(Dated { as_of, report })
    }

    /// The heat map; without cells when nobody was scored.
    async fn heat_map(&self, activity: &[Activity], moment: Moment) -> Result<HeatMap, Fault> {
        let customers: Vec<_> = activity.iter().map(|it| it.customer).collect();
        let bins = source::rfm_bins(&self.db, &customers, moment).await?;
        let mut scored = Vec::with_capacity(activity.len());
        for it in activity {
            let (recency, frequency) = bins.get(&it.customer).copied().unwrap_or_default();
            scored.push(Scored { recency, frequency, amount: it.amount.unwrap_or_default() });
        }
        Ok(heat_map(&scored))
    }

    pub(crate) async fn trend(
        &self,
        moment: Moment,
        month_count: u32,
    ) -> Result<Dated<Vec<MonthFigures>>, Fault> {
        source::check_classified(&self.db, None, moment).await?;
        let as_of = moment.as_of;
        let (orders, _) = source::orders(&self.db, as_of, month_count, None).await?;
        Ok(Dated { as_of, report: orders.trend.months() })
    }

    /// Everything on the page.
    pub(crate) async fn figures(&self, question: &Question) -> Result<Figures, Fault> {
        let classified = source::classified(&self.db, question).await?;
        let as_of = classified.as_of;
        let activity = source::activity(&self.analytics, as_of).await?;
        let (orders, before) =
            source::orders(&self.db, as_of, PAGE_MONTHS, question.comparison).await?;
        let members = members(&classified, &activity, &orders.ordered);
        let summary = self.summarise(question, &classified, &members).await?;
        let comparison = question.comparison.zip(before).map(|(date, before)| Comparison {
            date,
            migration: migration_matrix(&members),
            totals: before.totals(),
        });
        let unclassified = activity
            .iter()
            .filter(|it| it.amount.is_some() && !classified.now.contains_key(&it.customer))
            .count();
        Ok(Figures {
            taxonomy: classified.taxonomy,
            currency: self.settings.base_currency.clone(),
            zone: self.zone,
            as_of,
            known_time: question.moment.known_at,
            comparison,
            classes: classified.classes,
            summary: summary.figures,
            example_codes: summary.example_codes,
            unclassified: i64::try_from(unclassified).map_err(Fault::internal)?,
            pareto: curve(&activity, PAGE_POINTS),
            heat_map: self.heat_map(&activity, question.moment).await?,
            months: orders.trend.months(),
            totals: orders.trend.totals(),
        })
    }
}

/// Customers with their classes on both dates and what they ordered.
fn members(
    classified: &Classified,
    activity: &[Activity],
    ordered: &HashMap<CustomerId, Decimal>,
) -> Vec<Member> {
    let mut members = Vec::with_capacity(activity.len());
    for it in activity {
        members.push(Member {
            customer: it.customer,
            class: classified.now.get(&it.customer).copied(),
            earlier: classified.earlier.get(&it.customer).copied(),
            amount: it.amount.unwrap_or_default(),
            ordered: ordered.get(&it.customer).copied().unwrap_or_default(),
            orders: it.orders,
        });
    }
    members
}

fn curve(activity: &[Activity], point_count: i64) -> ParetoCurve {
    let amounts = activity.iter().map(|it| (it.customer, it.amount.unwrap_or_default()));
    pareto_curve(&Vec::from_iter(amounts), point_count)
}
