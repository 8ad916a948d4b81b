//! What the page shows, read at once.

use super::{Comparison, Figures};
use crate::{
    Reporting,
    report::{
        class_summary, migration_matrix, monthly_members, months, pareto_curve, rfm_map, totals,
    },
    request::Question,
    source,
};
use kehu_server::Fault;

/// Months on the page: a year and the month of the date.
const PAGE_MONTHS: u32 = 13;
/// Points of the curve on the page.
const PAGE_POINTS: i64 = 200;

impl Reporting {
    /// Everything on the page.
    pub(crate) async fn figures(&self, question: &Question) -> Result<Figures, Fault> {
        let db = &self.db;
        let classified = source::classified(db, question).await?;
        let as_of = classified.as_of;
        let amounts = source::amounts(db, as_of).await?;
        let dates: Vec<_> = [Some(as_of), question.comparison].into_iter().flatten().collect();
        let mut totals = totals(db, &dates).await?.into_iter();
        let now = totals.next().unwrap_or_default();
        let comparison = question.comparison.zip(totals.next()).map(|(date, totals)| Comparison {
            date,
            migration: migration_matrix(&classified.cells),
            totals,
        });
        let count = classified.classes.len();
        Ok(Figures {
            taxonomy: classified.taxonomy.label,
            currency: self.settings.base_currency.clone(),
            zone: self.zone,
            as_of,
            known_time: question.moment.known_at,
            summary: class_summary(count, &classified.cells, comparison.is_some()),
            comparison,
            members: monthly_members(self, question).await?,
            example_codes: source::examples(db, question, &classified.classes).await?,
            classes: classified.classes,
            unclassified: source::without_class(db, question).await?,
            pareto: pareto_curve(&amounts, PAGE_POINTS),
            heat_map: rfm_map(self, &amounts, question.moment).await?,
            months: months(db, as_of, PAGE_MONTHS).await?,
            totals: now,
        })
    }
}
