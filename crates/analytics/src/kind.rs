//! The kinds of columns, and values in and out of Arrow arrays.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Int64Array, StringArray,
};
use datafusion::arrow::datatypes::DataType;
use kehu_core::Value;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

/// Digits that a decimal column keeps in all.
const PRECISION: u8 = 28;

/// What the values of a column are. Any of them may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// A whole number: a count, a number of days, a bin. 64 bits.
    Integer,
    /// A number with four decimals and up to 28 digits: an amount in the base currency, points,
    /// a score.
    Decimal,
    /// A number with nine decimals and up to 28 digits: a quotient, rounded half away from zero.
    Ratio,
    /// A category or name.
    Text,
    /// True or false.
    Boolean,
}

impl std::fmt::Display for ColumnKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Integer => "a whole number",
            Self::Decimal => "a number with at most 4 decimals",
            Self::Ratio => "a number with at most 9 decimals",
            Self::Text => "text",
            Self::Boolean => "true or false",
        })
    }
}

impl ColumnKind {
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Integer => DataType::Int64,
            Self::Decimal | Self::Ratio => DataType::Decimal128(PRECISION, self.scale()),
            Self::Text => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
        }
    }

    fn scale(self) -> i8 {
        match self {
            Self::Decimal => 4,
            Self::Ratio => 9,
            Self::Integer | Self::Text | Self::Boolean => 0,
        }
    }

    /// The kind of an array of a frame; `None` for a type that no frame has.
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        [Self::Integer, Self::Decimal, Self::Ratio, Self::Text, Self::Boolean]
            .into_iter()
            .find(|kind| kind.data_type() == *data_type)
    }

    /// The array of `values`; `None` when one is not of this kind.
    pub(crate) fn array(self, values: &[Value]) -> Option<ArrayRef> {
        Some(match self {
            Self::Integer => Arc::new(Int64Array::from(each(values, integer)?)),
            Self::Decimal | Self::Ratio => {
                let scale = self.scale();
                let mantissas = each(values, |value| mantissa(value, scale))?;
                let array = Decimal128Array::from(mantissas);
                Arc::new(array.with_precision_and_scale(PRECISION, scale).ok()?)
            }
            Self::Text => Arc::new(StringArray::from(each(values, text)?)),
            Self::Boolean => Arc::new(BooleanArray::from(each(values, boolean)?)),
        })
    }
}

/// Every value through `read`, nulls kept; `None` when `read` refuses one.
fn each<'a, T>(
    values: &'a [Value],
    read: impl Fn(&'a Value) -> Option<T>,
) -> Option<Vec<Option<T>>> {
    let mut items = Vec::with_capacity(values.len());
    for value in values {
        items.push(if *value == Value::Null { None } else { Some(read(value)?) });
    }
    Some(items)
}

fn integer(value: &Value) -> Option<i64> {
    let number = value.number()?;
    if number.fract().is_zero() { number.to_i64() } else { None }
}

fn mantissa(value: &Value, scale: i8) -> Option<i128> {
    let mut number = value.number()?.normalize();
    let scale = u32::try_from(scale).ok()?;
    if number.scale() > scale {
        return None;
    }
    number.rescale(scale);
    let mantissa = number.mantissa();
    let fits = number.scale() == scale && mantissa.abs() < 10_i128.pow(PRECISION.into());
    fits.then_some(mantissa)
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(bool) => Some(*bool),
        Value::Null | Value::Number(_) | Value::Text(_) => None,
    }
}

/// The value in place `row` of an array of a frame. Amounts keep their four decimals, ratios
/// lose their trailing zeros.
pub(crate) fn value(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let any = array.as_any();
    if let Some(integers) = any.downcast_ref::<Int64Array>() {
        return Value::Number(integers.value(row).into());
    }
    if let Some(decimals) = any.downcast_ref::<Decimal128Array>() {
        return Value::Number(decimal(decimals.value(row), decimals.scale()));
    }
    if let Some(texts) = any.downcast_ref::<StringArray>() {
        return Value::Text(texts.value(row).to_owned());
    }
    any.downcast_ref::<BooleanArray>().map_or(Value::Null, |bools| Value::Bool(bools.value(row)))
}

fn decimal(mantissa: i128, scale: i8) -> Decimal {
    let number = Decimal::from_i128_with_scale(mantissa, u32::from(scale.unsigned_abs()));
    if scale == ColumnKind::Ratio.scale() { number.normalize() } else { number }
}
