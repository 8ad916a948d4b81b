//! Simulations.

use std::collections::BTreeMap;

use kehu_contract::google::r#type as google;
use kehu_contract::scoring as contract;
use kehu_core::scorecard::Scorecard;
use kehu_core::{CustomerId, Money};
use kehu_server::{Fault, convert, names};
use rust_decimal::Decimal;

use crate::simulation::Simulated;
use crate::simulation::tally::{Distribution, Mover, Sum, Tally};

/// What a simulation came to, but for whether publishing may rest on it. `definition` is that of the
/// version that was tried.
pub(crate) fn simulation(
    simulated: &Simulated,
    definition: &Scorecard,
    currency: &str,
) -> Result<contract::Simulation, Fault> {
    let Simulated { run, request, tally, .. } = simulated;
    let movers = tally.movers.iter().map(|mover| view(mover, currency));
    Ok(contract::Simulation {
        run: names::run(run.run_id),
        scorecard: names::resource(names::SCORECARDS, &request.scorecard),
        version: request.version,
        base_version: request.base.unwrap_or_default(),
        as_of_date: run.as_of.map(convert::date),
        customer_count: tally.counted(),
        moved_count: tally.moved(),
        before: request.base.map(|_| distribution(&tally.before)),
        after: Some(distribution(&tally.after)),
        grades: grades(tally, definition, currency)?,
        moves: moves(tally, currency)?,
        movers: movers.collect::<Result<_, _>>()?,
        stale_reason: String::new(),
    })
}

fn distribution(distribution: &Distribution) -> contract::CompositeDistribution {
    let quantiles = distribution.quantiles.iter().copied();
    contract::CompositeDistribution {
        scored_count: distribution.scored,
        mean: distribution.mean.map(convert::decimal),
        quantiles: quantiles.map(convert::decimal).collect(),
    }
}

/// A grade before and after.
#[derive(Default)]
struct Figures {
    before: Sum,
    after: Sum,
    kept: i64,
}

/// Those that the version gives, the best first, then those of others, then none.
fn grades(
    tally: &Tally,
    definition: &Scorecard,
    currency: &str,
) -> Result<Vec<contract::SimulatedGrade>, Fault> {
    let mut figures: BTreeMap<&str, Figures> = BTreeMap::new();
    for (from, of_grade) in &tally.moves {
        for (to, sum) in of_grade {
            figures.entry(from).or_default().before.add(*sum);
            let after = figures.entry(to).or_default();
            after.after.add(*sum);
            if from == to {
                after.kept += sum.customers;
            }
        }
    }
    let mut order: Vec<&str> = definition.grading.grades();
    let others: Vec<&str> =
        figures.keys().copied().filter(|it| !it.is_empty() && !order.contains(it)).collect();
    order.extend(others);
    if order.is_empty() {
        return Ok(Vec::new());
    }
    order.push("");
    let mut lines = Vec::with_capacity(order.len());
    for grade in order {
        let of_grade = figures.remove(grade).unwrap_or_default();
        lines.push(contract::SimulatedGrade {
            grade: grade.to_owned(),
            customers_before: of_grade.before.customers,
            amount_before: Some(money(of_grade.before.amount, currency)?),
            customers: of_grade.after.customers,
            amount: Some(money(of_grade.after.amount, currency)?),
            gained_count: of_grade.after.customers - of_grade.kept,
            lost_count: of_grade.before.customers - of_grade.kept,
        });
    }
    Ok(lines)
}

fn moves(tally: &Tally, currency: &str) -> Result<Vec<contract::SimulatedGradeMove>, Fault> {
    let mut moves = Vec::new();
    for (from, of_grade) in &tally.moves {
        for (to, sum) in of_grade {
            moves.push(contract::SimulatedGradeMove {
                from_grade: from.clone(),
                to_grade: to.clone(),
                customers: sum.customers,
                amount: Some(money(sum.amount, currency)?),
            });
        }
    }
    Ok(moves)
}

fn view(mover: &Mover, currency: &str) -> Result<contract::ScoreMover, Fault> {
    Ok(contract::ScoreMover {
        customer: names::customer(CustomerId(mover.customer)),
        from_composite: mover.before.composite.map(convert::decimal),
        to_composite: mover.after.composite.map(convert::decimal),
        from_grade: mover.before.grade.clone(),
        to_grade: mover.after.grade.clone(),
        amount: Some(money(mover.amount, currency)?),
    })
}

fn money(amount: Decimal, currency: &str) -> Result<google::Money, Fault> {
    let amount = Money::from_decimal(amount).map_err(|error| Fault::Precondition {
        kind: "AMOUNT_IN_RANGE",
        subject: "customers".to_owned(),
        description: format!("what customers bought cannot be told: {error}"),
    })?;
    Ok(convert::money(amount, currency))
}
