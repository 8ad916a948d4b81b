//! The curve in the contract's messages.

use super::ParetoCurve;
use crate::report::Dated;
use kehu_contract::reporting as contract;
use kehu_server::convert;

/// The answer.
pub(crate) fn response(answer: &Dated<ParetoCurve>) -> contract::GetParetoCurveResponse {
    let points = answer.report.points.iter().map(|point| contract::ParetoPoint {
        customer_share: Some(convert::decimal(point.customer_share)),
        amount_share: Some(convert::decimal(point.amount_share)),
    });
    contract::GetParetoCurveResponse {
        as_of_date: Some(convert::date(answer.as_of)),
        points: points.collect(),
        top_fifth_share: answer.report.top_fifth_share().map(convert::decimal),
        customer_count: answer.report.customers,
        ..Default::default()
    }
}
