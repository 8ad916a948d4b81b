//! Runs that fit a model: what all customers bought becomes the draft of a model.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::{Analytics, Frame};
use kehu_core::calendar::days_before;
use kehu_core::model::{CustomerValue, History, Holdout, Trained, Window};
use kehu_core::{CustomerId, Value};
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, clock, names};
use kehu_storage::{
    Database,
    definitions::{self, Signed},
    document::Document,
    facts::{self, CustomerSet},
    run::{Cut, Kind},
    scoring::models::CUSTOMER_VALUE,
};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::convert::analytics_fault;
use crate::evaluate::busy;

/// Runs that fit models.
pub(crate) const KIND: Kind = Kind { name: "model-fitting", cut: Cut::Whole, after: &[] };

/// Customers whose features are read at once.
const CUSTOMERS_AT_ONCE: u64 = 20_000;
/// Buyers that a model is fitted to at most: what they bought is in memory.
const MOST_BUYERS: usize = 5_000_000;
/// Decimal places of a margin that is measured.
const MARGIN_SCALE: u32 = 6;

/// The features that are read: how often and how lately somebody bought, for how much, and what was
/// earned by it.
const FEATURES: [&str; 6] = [
    "purchase_days",
    "recency_days",
    "tenure_days",
    "repeat_amount_mean",
    "profit_365d",
    "amount_costed_365d",
];

/// What a run was asked to fit, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FittingRequest {
    /// The days before the date of the run that are held out.
    pub(crate) holdout_days: u32,
    /// The yearly rate to discount by.
    pub(crate) discount_rate: Decimal,
    /// The margin that was stated.
    pub(crate) margin: Option<Decimal>,
}

impl Document for FittingRequest {
    const NAME: &'static str = "request of a run that fits a model";
}

/// Carries out these runs.
pub(crate) struct FittingJob {
    db: Database,
    analytics: Analytics,
}

/// What buyers had bought before what is held out, and what they bought then.
#[derive(Default)]
struct Buyers {
    histories: Vec<History>,
    held_out: Vec<u32>,
    profit: Decimal,
    costed: Decimal,
}

impl FittingJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    async fn fit(&self, context: &RunContext, partition: &Partition) -> Result<(), Fault> {
        let as_of = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let request: FittingRequest = context.request()?;
        let through = days_before(as_of, request.holdout_days.into());
        context.phase("features").await?;
        let mut buyers = Buyers::default();
        for set in facts::split(&self.db, &partition.customers, CUSTOMERS_AT_ONCE).await? {
            context.check()?;
            self.read(&set, through, as_of, &mut buyers).await?;
        }
        context.phase("fitting").await?;
        let trained = busy(move || buyers.fit(&request, through)).await?;
        context.check()?;
        let customers = usize::try_from(trained.window.customers).map_err(Fault::internal)?;
        // A worker that takes the run over writes the same draft again.
        let signed = Signed { at: clock::now(), by: context.run.caller.clone(), why: None };
        definitions::save_draft(&self.db, &trained, None, &signed).await?;
        let transaction = self.db.begin().await?;
        context.finish_partition(&transaction, partition, customers, customers).await?;
        Ok(transaction.commit().await?)
    }

    async fn read(
        &self,
        set: &CustomerSet,
        through: NaiveDate,
        as_of: NaiveDate,
        buyers: &mut Buyers,
    ) -> Result<(), Fault> {
        let known = self.analytics.features(set, through, &FEATURES).await;
        let later = self.analytics.features(set, as_of, &FEATURES[..1]).await;
        buyers.add(&known.map_err(analytics_fault)?, &later.map_err(analytics_fault)?)?;
        if buyers.histories.len() > MOST_BUYERS {
            return Err(not_fitted(&format!("there are more than {MOST_BUYERS} buyers")));
        }
        Ok(())
    }
}

impl Buyers {
    fn add(&mut self, known: &Frame, later: &Frame) -> Result<(), Fault> {
        let column = |frame: &Frame, name: &str| frame.column(name).map_err(analytics_fault);
        let days_later = column(later, FEATURES[0])?;
        let days_later: HashMap<CustomerId, u32> =
            later.customers().into_iter().zip(days_later.iter().map(whole)).collect();
        let mut columns = Vec::with_capacity(FEATURES.len());
        for name in FEATURES {
            columns.push(column(known, name)?);
        }
        for (row, customer) in known.customers().into_iter().enumerate() {
            let value = |place: usize| &columns[place][row];
            self.profit += value(4).number().unwrap_or_default();
            self.costed += value(5).number().unwrap_or_default();
            let [days, recency, age] = [0, 1, 2].map(|place| whole(value(place)));
            if days == 0 {
                continue;
            }
            let mean = value(3).number().and_then(|mean| mean.to_f64()).unwrap_or_default();
            self.histories.push(History { days, last: age.saturating_sub(recency), age, mean });
            let later = days_later.get(&customer).copied().unwrap_or(days);
            self.held_out.push(later.saturating_sub(days));
        }
        Ok(())
    }

    /// The model of these buyers. A precondition where they do not tell what it asks for.
    fn fit(&self, request: &FittingRequest, through: NaiveDate) -> Result<Trained, Fault> {
        let fitted = CustomerValue::fit(&self.histories);
        let (model, log_likelihoods) = fitted.map_err(|error| not_fitted(&error.to_string()))?;
        let (purchases, spending) = Trained::parameters(&model);
        let repeaters = self.histories.iter().filter(|buyer| buyer.days > 1).count();
        Ok(Trained {
            id: CUSTOMER_VALUE.to_owned(),
            window: Window {
                through,
                customers: self.histories.len() as u64,
                repeaters: repeaters as u64,
            },
            features: FEATURES.map(str::to_owned).to_vec(),
            purchases,
            spending,
            log_likelihoods: log_likelihoods.map(kehu_core::model::kept),
            margin: request.margin.or_else(|| self.margin()),
            discount_rate: request.discount_rate,
            holdout: self.holdout(&model, request.holdout_days),
        })
    }

    fn holdout(&self, model: &CustomerValue, days: u32) -> Option<Holdout> {
        model.holdout(&self.histories, &self.held_out, days)
    }

    /// The profit of all over the amount that its costs are known of.
    fn margin(&self) -> Option<Decimal> {
        if self.costed <= Decimal::ZERO {
            return None;
        }
        let margin = self.profit.checked_div(self.costed)?;
        Some(margin.round_dp(MARGIN_SCALE).normalize())
    }
}

fn whole(value: &Value) -> u32 {
    value.number().and_then(|number| number.to_u32()).unwrap_or_default()
}

fn not_fitted(why: &str) -> Fault {
    Fault::Precondition {
        kind: "MODEL_FITS",
        subject: names::resource(names::MODELS, CUSTOMER_VALUE),
        description: why.to_owned(),
    }
}

#[async_trait]
impl Job for FittingJob {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        while let Some(partition) = context.next().await? {
            self.fit(context, &partition).await?;
        }
        Ok(())
    }
}
