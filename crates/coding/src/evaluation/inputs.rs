//! What an evaluation takes from the features of customers.

use std::collections::HashMap;

use chrono::NaiveDate;
use kehu_analytics::Bound;
use kehu_core::evaluation::{self, ClassMedian, Input, Limit, Measured, Shift};
use kehu_core::taxonomy::Taxonomy;
use kehu_server::Fault;
use kehu_storage::coding::{
    classes::{self, View},
    taxonomies::TaxonomyVersion,
};
use rust_decimal::prelude::ToPrimitive;

use super::read::{Column, Reader};
use crate::evaluate::broken;
use crate::rules::{Columns, Rules};

/// What classes are to set customers apart by: what they bought, and what was earned by it. Who bought
/// nothing has bought for nothing, and has no margin.
const MEASURES: [&str; 2] = ["amount_365d", "margin_365d"];
const MISSING: [Option<f64>; 2] = [Some(0.0), None];
/// Features whose values are in memory at once.
const FEATURES_AT_ONCE: usize = 10;

/// The measures by class on a date, and how many of the customers are in a class.
pub(crate) async fn measures(
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    as_of: NaiveDate,
) -> Result<(u64, Vec<Measured>), Fault> {
    let view = View { true_on: Some(as_of), known_at: None };
    let place = |id: &String| taxonomy.classes.iter().position(|class| class.id == *id);
    let mut values = MEASURES.map(|_| vec![Vec::new(); taxonomy.classes.len()]);
    let mut sampled = 0;
    for piece in reader.pieces() {
        let found = classes::at(reader.db, &taxonomy.id, &piece, view).await?;
        let classes: HashMap<i64, Option<usize>> =
            found.customers.iter().copied().zip(found.classes.iter().map(place)).collect();
        sampled += classes.values().flatten().count() as u64;
        let (customers, columns) = reader.piece(&piece, as_of, &MEASURES).await?;
        for ((measure, missing), column) in values.iter_mut().zip(MISSING).zip(columns) {
            for (customer, value) in customers.iter().zip(column) {
                let class = classes.get(&customer.0).copied().flatten();
                let number = value.number().and_then(|number| number.to_f64()).or(missing);
                if let Some((class, number)) = class.zip(number) {
                    measure[class].push(number);
                }
            }
        }
    }
    let measured = MEASURES.into_iter().zip(values);
    Ok((sampled, measured.map(|(feature, of)| measure(feature, &of, taxonomy)).collect()))
}

fn measure(feature: &str, values: &[Vec<f64>], taxonomy: &Taxonomy) -> Measured {
    let found = evaluation::separation(values);
    let each = taxonomy.classes.iter().zip(values);
    let median = each.filter_map(|(class, values)| {
        let median = evaluation::median(values)?;
        Some(ClassMedian {
            class: class.id.clone(),
            customers: values.len() as u64,
            median: evaluation::kept(median),
        })
    });
    Measured {
        feature: feature.to_owned(),
        customers: values.iter().map(|values| values.len() as u64).sum(),
        eta_squared: found.map(|found| evaluation::kept(found.eta_squared)),
        epsilon_squared: found.map(|found| evaluation::kept(found.epsilon_squared)),
        classes: median.collect(),
    }
}

/// The features that the rules rest on: how far they have moved since a base, and the limits that
/// would choose as large a part of the customers as they did of the base.
pub(crate) async fn inputs(
    reader: &Reader<'_>,
    version: &TaxonomyVersion,
    (base_on, as_of): (Option<NaiveDate>, NaiveDate),
) -> Result<Vec<Input>, Fault> {
    let columns = Columns::read(reader.db, reader.analytics).await?;
    let rules = Rules::compile(&version.definition, &columns)
        .map_err(|problems| broken(version, &problems))?;
    let bounds = bounds(&version.definition, &columns)?;
    let read: Vec<_> = columns.inputs(rules.columns()).into_iter().collect();
    let mut inputs = Vec::with_capacity(read.len());
    for some in read.chunks(FEATURES_AT_ONCE) {
        let features: Vec<&str> = some.iter().map(|(feature, _)| feature.as_str()).collect();
        let pairs = match base_on {
            Some(base_on) => {
                let base = reader.columns(base_on, &features).await?;
                let now = reader.columns(as_of, &features).await?;
                base.into_iter().zip(now).map(Some).collect()
            }
            None => features.iter().map(|_| None).collect::<Vec<_>>(),
        };
        for ((feature, scorecards), pair) in some.iter().zip(pairs) {
            let own = bounds.iter().filter(|(_, bound)| bound.column == *feature);
            inputs.push(Input {
                feature: feature.clone(),
                scorecards: scorecards.iter().cloned().collect(),
                shift: pair.as_ref().and_then(|(base, now)| now.drift(base)).map(Shift::from),
                limits: own.map(|(class, bound)| limit(class, bound, pair.as_ref())).collect(),
            });
        }
    }
    Ok(inputs)
}

/// The bounds that predicates set to features, each with the id of its class.
fn bounds(taxonomy: &Taxonomy, columns: &Columns) -> Result<Vec<(String, Bound)>, Fault> {
    let mut bounds = Vec::new();
    for class in &taxonomy.classes {
        let Some(sql) = class.predicate.as_deref() else { continue };
        // It has been compiled before, with the others.
        let found = columns.bounds(sql).map_err(Fault::internal)?;
        bounds.extend(found.into_iter().map(|bound| (class.id.clone(), bound)));
    }
    Ok(bounds)
}

fn limit(class: &str, bound: &Bound, pair: Option<&(Column, Column)>) -> Limit {
    let proposed = pair.zip(bound.limit.to_f64()).and_then(|((base, now), limit)| {
        evaluation::moved_limit(base.numbers(), now.numbers(), limit)
    });
    Limit { class: class.to_owned(), limit: bound.limit, proposed: proposed.map(evaluation::kept) }
}
