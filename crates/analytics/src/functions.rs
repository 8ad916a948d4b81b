//! Functions that the SQL of features has besides DataFusion's: what a model says of a customer.
//!
//! | function | arguments | gives |
//! |---|---|---|
//! | `p_alive` | r, alpha, a, b, days, last, age | the probability that a customer still is one |
//! | `expected_orders` | the same, horizon | days with purchases in so many days to come |
//! | `expected_amount` | p, q, gamma, days, mean | amount of a day with purchases |
//! | `value_of_year` | r, alpha, a, b, p, q, gamma, margin, discount rate, days, last, age, mean | what the next 365 days are worth |
//!
//! `days`, `last`, `age` and `mean` are what a customer bought: [`History`]. All are double precision,
//! null where an argument is null, and where there is no finite result that a decimal can hold.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use kehu_core::model::{BgNbd, CustomerValue, GammaGamma, History};

/// Results from here on have more digits than a column of a frame.
const TOO_LARGE: f64 = 1e18;

/// A function of so many numbers.
type Function = fn(&[f64]) -> f64;

/// The functions.
pub(crate) fn functions() -> impl Iterator<Item = ScalarUDF> {
    let functions: [(&str, usize, Function); 4] = [
        ("p_alive", 7, |it| purchases(&it[..4]).p_alive(&history(&it[4..], 0.0).purchases())),
        ("expected_orders", 8, |it| {
            let purchases = purchases(&it[..4]);
            purchases.expected_purchases(&history(&it[4..7], 0.0).purchases(), it[7] / 7.0)
        }),
        ("expected_amount", 5, |it| spending(&it[..3]).expected_amount(it[3] - 1.0, it[4])),
        ("value_of_year", 13, |it| {
            let model =
                CustomerValue { purchases: purchases(&it[..4]), spending: spending(&it[4..7]) };
            model.value_of_year(&history(&it[9..12], it[12]), it[7], it[8])
        }),
    ];
    functions.into_iter().map(|(name, arguments, function)| scalar(name, arguments, function))
}

fn purchases(it: &[f64]) -> BgNbd {
    BgNbd { r: it[0], alpha: it[1], a: it[2], b: it[3] }
}

fn spending(it: &[f64]) -> GammaGamma {
    GammaGamma { p: it[0], q: it[1], gamma: it[2] }
}

/// Counts of days, which are whole and not below zero.
fn history(it: &[f64], mean: f64) -> History {
    let [days, last, age] = [it[0], it[1], it[2]].map(|days| days as u32);
    History { days, last, age, mean }
}

fn scalar(name: &str, arguments: usize, function: Function) -> ScalarUDF {
    let compute = move |values: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(values)?;
        let columns: Vec<&Float64Array> =
            arrays.iter().map(|array| array.as_primitive::<Float64Type>()).collect();
        let rows = columns.first().map_or(0, |column| column.len());
        let results: Float64Array = (0..rows).map(|row| at(&columns, row, function)).collect();
        Ok(ColumnarValue::Array(Arc::new(results) as ArrayRef))
    };
    let types = vec![DataType::Float64; arguments];
    create_udf(name, types, DataType::Float64, Volatility::Immutable, Arc::new(compute))
}

fn at(columns: &[&Float64Array], row: usize, function: Function) -> Option<f64> {
    let mut values = Vec::with_capacity(columns.len());
    for column in columns {
        values.push(column.is_valid(row).then(|| column.value(row))?);
    }
    Some(function(&values)).filter(|result| result.abs() < TOO_LARGE)
}
