//! Simulations.

use std::collections::BTreeMap;

use kehu_contract::coding as contract;
use kehu_contract::google::r#type as google;
use kehu_core::taxonomy::Taxonomy;
use kehu_core::{CustomerId, Money};
use kehu_server::{Fault, convert, names};
use rust_decimal::Decimal;

use crate::simulation::Simulated;
use crate::simulation::tally::{Sum, Tally};

/// Most overlaps of a simulation that are named, the largest of them.
const MOST_OVERLAPS: usize = 1_000;

/// What a simulation came to, but for whether publishing may rest on it. `definition` is that of the
/// version that was tried.
pub(crate) fn simulation(
    simulated: &Simulated,
    definition: &Taxonomy,
    currency: &str,
) -> Result<contract::Simulation, Fault> {
    let Simulated { run, request, tally, .. } = simulated;
    let all: i64 = tally.moves.values().flat_map(BTreeMap::values).map(|it| it.customers).sum();
    Ok(contract::Simulation {
        run: names::run(run.run_id),
        taxonomy: names::resource(names::TAXONOMIES, &request.taxonomy),
        version: request.version,
        base_version: request.base.unwrap_or_default(),
        as_of_date: run.as_of.map(convert::date),
        customer_count: all,
        moved_count: tally.moved(),
        classes: classes(tally, definition, currency)?,
        moves: moves(tally, currency)?,
        overlaps: overlaps(tally, definition),
        movers: movers(tally, currency)?,
        code_changes: code_changes(tally),
        stale_reason: String::new(),
    })
}

/// A class before and after.
#[derive(Default)]
struct Figures {
    before: Sum,
    after: Sum,
    stayed: i64,
}

fn classes(
    tally: &Tally,
    definition: &Taxonomy,
    currency: &str,
) -> Result<Vec<contract::SimulatedClass>, Fault> {
    let mut figures: BTreeMap<&str, Figures> = BTreeMap::new();
    for (from, of_class) in &tally.moves {
        for (to, sum) in of_class {
            figures.entry(from).or_default().before.add(*sum);
            let after = figures.entry(to).or_default();
            after.after.add(*sum);
            if from == to {
                after.stayed += sum.customers;
            }
        }
    }
    let mut ids: Vec<&str> = definition.classes.iter().map(|class| class.id.as_str()).collect();
    ids.extend(figures.keys().filter(|id| definition.class(id).is_none()));
    let mut classes = Vec::with_capacity(ids.len());
    for id in ids {
        let of_class = figures.remove(id).unwrap_or_default();
        classes.push(contract::SimulatedClass {
            class_id: id.to_owned(),
            customers_before: of_class.before.customers,
            amount_before: Some(money(of_class.before.amount, currency)?),
            customers: of_class.after.customers,
            amount: Some(money(of_class.after.amount, currency)?),
            gained_count: of_class.after.customers - of_class.stayed,
            lost_count: of_class.before.customers - of_class.stayed,
            matched_count: tally.matched.get(id).copied().unwrap_or_default(),
        });
    }
    Ok(classes)
}

fn moves(tally: &Tally, currency: &str) -> Result<Vec<contract::SimulatedMove>, Fault> {
    let mut moves = Vec::new();
    for (from, of_class) in &tally.moves {
        for (to, sum) in of_class {
            moves.push(contract::SimulatedMove {
                from_class_id: from.clone(),
                to_class_id: to.clone(),
                customers: sum.customers,
                amount: Some(money(sum.amount, currency)?),
            });
        }
    }
    Ok(moves)
}

/// Those that have to be mended first, then by how many customers they are of.
fn overlaps(tally: &Tally, definition: &Taxonomy) -> Vec<contract::ClassOverlap> {
    let mut overlaps = Vec::new();
    for (first, others) in &tally.overlaps {
        for (other, overlap) in others {
            overlaps.push(contract::ClassOverlap {
                class_id: first.clone(),
                other_class_id: other.clone(),
                customers: overlap.customers,
                example_customer: names::customer(CustomerId(overlap.example)),
                excluded: definition.excludes(first, other),
            });
        }
    }
    overlaps.sort_by_key(|overlap| (!overlap.excluded, -overlap.customers));
    overlaps.truncate(MOST_OVERLAPS);
    overlaps
}

fn movers(tally: &Tally, currency: &str) -> Result<Vec<contract::Mover>, Fault> {
    let mut movers = Vec::with_capacity(tally.movers.len());
    for mover in &tally.movers {
        movers.push(contract::Mover {
            customer: names::customer(CustomerId(mover.customer)),
            from_class_id: mover.from.clone(),
            to_class_id: mover.to.clone(),
            amount: Some(money(mover.amount, currency)?),
        });
    }
    Ok(movers)
}

fn code_changes(tally: &Tally) -> Vec<contract::CodeChange> {
    let changes = tally.recoded.iter().map(|(scheme, customers)| contract::CodeChange {
        code_scheme: names::resource(names::CODE_SCHEMES, scheme),
        customers: *customers,
    });
    changes.collect()
}

/// An amount in the base currency.
fn money(amount: Decimal, currency: &str) -> Result<google::Money, Fault> {
    let amount = Money::from_decimal(amount).map_err(|error| Fault::Precondition {
        kind: "AMOUNT_IN_RANGE",
        subject: "customers".to_owned(),
        description: format!("what customers bought cannot be told: {error}"),
    })?;
    Ok(convert::money(amount, currency))
}
