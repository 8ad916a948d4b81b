//! Models as callers see them, and what they ask to fit.

use kehu_contract::{google::r#type as google, scoring as contract};
use kehu_core::model::{Holdout, Trained};
use kehu_server::{Violations, convert, names};
use kehu_storage::scoring::models::Version;
use rust_decimal::Decimal;

use crate::model_job::FittingRequest;

/// Days that may be held out.
const MOST_HELD_OUT: i32 = 730;
/// Decimal places of a rate or a margin.
const PLACES: u32 = 6;

/// What a caller asks to fit.
pub(crate) fn parse_fitting(
    request: &contract::FitModelRequest,
    violations: &mut Violations,
) -> FittingRequest {
    let days = request.holdout_days;
    if !(0..=MOST_HELD_OUT).contains(&days) {
        violations.add("holdout_days", format!("must be 0 to {MOST_HELD_OUT}"));
    }
    let rate = share("discount_rate", &request.discount_rate, Decimal::ZERO, violations);
    FittingRequest {
        holdout_days: u32::try_from(days).unwrap_or_default(),
        discount_rate: rate.unwrap_or(Decimal::new(1, 1)),
        margin: share("margin", &request.margin, Decimal::NEGATIVE_ONE, violations),
    }
}

/// A number from `least` to 1; `None` when it is absent.
fn share(
    field: &str,
    number: &Option<google::Decimal>,
    least: Decimal,
    violations: &mut Violations,
) -> Option<Decimal> {
    let number = convert::parse_decimal(field, number.as_ref()?, violations)?.normalize();
    if number < least || number > Decimal::ONE || number.scale() > PLACES {
        violations.add(field, format!("must be {least} to 1, with at most {PLACES} decimals"));
    }
    Some(number)
}

/// One version of a model.
pub(crate) fn model_view(version: &Version) -> contract::Model {
    let trained = &version.definition;
    let mut view = contract::Model {
        name: names::resource(names::MODELS, &trained.id),
        version: version.version,
        state: contract::VersionState::Draft.into(),
        data_through_date: Some(convert::date(trained.window.through)),
        customer_count: count(trained.window.customers),
        repeater_count: count(trained.window.repeaters),
        features: trained.features.clone(),
        customer_value: Some(parameters(trained)),
        holdout: trained.holdout.as_ref().map(holdout),
        fit_time: Some(convert::timestamp(version.drafted.at)),
        fitted_by: version.drafted.by.clone().unwrap_or_default(),
        etag: version.etag.clone(),
        ..Default::default()
    };
    if let Some(published) = &version.published {
        view.state = contract::VersionState::Published.into();
        view.promote_time = Some(convert::timestamp(published.signed.at));
        view.promoted_by = published.signed.by.clone().unwrap_or_default();
        view.effective_date = published.frozen.effective_on.map(convert::date);
    }
    view
}

fn parameters(trained: &Trained) -> contract::CustomerValueParameters {
    let number = |number: Decimal| Some(convert::decimal(number));
    let [r, alpha, a, b] = trained.purchases.map(number);
    let [p, q, gamma] = trained.spending.map(number);
    let [purchases, spending] = trained.log_likelihoods.map(number);
    contract::CustomerValueParameters {
        r,
        alpha,
        a,
        b,
        purchase_log_likelihood: purchases,
        p,
        q,
        gamma,
        spending_log_likelihood: spending,
        margin: trained.margin.and_then(number),
        discount_rate: number(trained.discount_rate),
    }
}

fn holdout(holdout: &Holdout) -> contract::Holdout {
    contract::Holdout {
        days: i32::try_from(holdout.days).unwrap_or(i32::MAX),
        actual_count: count(holdout.actual),
        expected_count: Some(convert::decimal(holdout.expected)),
        mean_absolute_error: Some(convert::decimal(holdout.mean_absolute_error)),
        root_mean_square_error: Some(convert::decimal(holdout.root_mean_square_error)),
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
