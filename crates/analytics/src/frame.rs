//! A customer frame: one row a customer, one column a feature, score or grade.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{Field, Int64Type, Schema as ArrowSchema};
use kehu_core::{CustomerId, Value};

use crate::{ColumnKind, Error, kind};

/// The column of every frame that says whose row it is.
pub(crate) const CUSTOMER_ID: &str = "customer_id";

/// The name of a column, the kind of its values, and its values in the type of that kind.
pub(crate) type NamedArray = (String, ColumnKind, ArrayRef);

/// Values of customers as of a date: one row a customer, ascending by id. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    batch: RecordBatch,
}

impl Frame {
    /// A frame of these customers without any columns yet.
    pub fn new(customers: &[CustomerId]) -> Self {
        let ids = Int64Array::from_iter_values(customers.iter().map(|customer| customer.0));
        let schema = ArrowSchema::new(vec![id_field()]);
        let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids)])
            .expect("one column of the type in its field");
        Self { batch }
    }

    /// The number of customers.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there is no customer.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The customers, in the order of the rows.
    pub fn customers(&self) -> Vec<CustomerId> {
        self.batch
            .column(0)
            .as_primitive::<Int64Type>()
            .values()
            .iter()
            .copied()
            .map(CustomerId)
            .collect()
    }

    /// The names and kinds of the columns, in their order, without the customer id.
    pub fn columns(&self) -> Vec<(String, ColumnKind)> {
        let schema = self.batch.schema();
        let kind = |field: &Arc<Field>| {
            let kind = ColumnKind::of(field.data_type());
            (field.name().clone(), kind.expect("a frame holds no other types"))
        };
        schema.fields().iter().skip(1).map(kind).collect()
    }

    /// The values of a column, one a customer. [`Error::UnknownColumn`].
    pub fn column(&self, name: &str) -> Result<Vec<Value>, Error> {
        let array = self.array(name)?;
        Ok((0..self.len()).map(|row| kind::value(array, row)).collect())
    }

    /// The values of one customer by column. Panics when `row` is not below [`Frame::len`].
    pub fn row(&self, row: usize) -> BTreeMap<String, Value> {
        let schema = self.batch.schema();
        let named = schema.fields().iter().zip(self.batch.columns()).skip(1);
        named.map(|(field, array)| (field.name().clone(), kind::value(array, row))).collect()
    }

    /// This frame with more columns, each a name, the kind of its values and one value a
    /// customer. [`Error::DuplicateColumn`], [`Error::Length`], [`Error::Kind`].
    pub fn with_columns(
        &self,
        columns: Vec<(String, ColumnKind, Vec<Value>)>,
    ) -> Result<Self, Error> {
        let mut arrays = Vec::with_capacity(columns.len());
        for (name, kind, values) in columns {
            if values.len() != self.len() {
                let (expected, found) = (self.len(), values.len());
                return Err(Error::Length { name, expected, found });
            }
            let Some(array) = kind.array(&values) else { return Err(Error::Kind { name, kind }) };
            arrays.push((name, kind, array));
        }
        self.with_arrays(arrays)
    }

    /// Adds arrays that are as long as the frame and of the types of their kinds.
    pub(crate) fn with_arrays(&self, arrays: Vec<NamedArray>) -> Result<Self, Error> {
        let mut fields: Vec<Arc<Field>> = self.batch.schema().fields().to_vec();
        let mut columns = self.batch.columns().to_vec();
        for (name, kind, array) in arrays {
            if fields.iter().any(|field| *field.name() == name) {
                return Err(Error::DuplicateColumn { name });
            }
            fields.push(Arc::new(Field::new(name, kind.data_type(), true)));
            columns.push(array);
        }
        let batch = RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns)?;
        Ok(Self { batch })
    }

    /// The rows of all frames, which have the same columns, one frame after the other.
    pub(crate) fn concat(frames: &[Self]) -> Result<Option<Self>, Error> {
        let Some(first) = frames.first() else { return Ok(None) };
        let batches = frames.iter().map(|frame| &frame.batch);
        Ok(Some(Self { batch: concat_batches(&first.batch.schema(), batches)? }))
    }

    /// This frame with these columns, each of which it has, in their order.
    pub(crate) fn select(&self, names: &[String]) -> Result<Self, Error> {
        let schema = self.batch.schema();
        let mut places = vec![0];
        for name in names {
            let place = schema.index_of(name);
            places.push(place.map_err(|_| Error::UnknownColumn { name: name.clone() })?);
        }
        Ok(Self { batch: self.batch.project(&places)? })
    }

    pub(crate) fn array(&self, name: &str) -> Result<&ArrayRef, Error> {
        self.batch
            .column_by_name(name)
            .ok_or_else(|| Error::UnknownColumn { name: name.to_owned() })
    }
}

fn id_field() -> Field {
    Field::new(CUSTOMER_ID, ColumnKind::Integer.data_type(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(text.parse().unwrap())
    }

    fn frame() -> Frame {
        Frame::new(&[CustomerId(3), CustomerId(8)])
    }

    #[test]
    fn values_come_back_as_they_went_in() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (kind, values, shown) in [
            (ColumnKind::Integer, vec![number("-5"), number("7.00")], ["-5", "7"]),
            (ColumnKind::Decimal, vec![number("0.1"), number("-12.3456")], ["0.1000", "-12.3456"]),
            (
                ColumnKind::Ratio,
                vec![number("0.500"), number("0.123456789")],
                ["0.5", "0.123456789"],
            ),
            (ColumnKind::Text, vec![text("重要价值"), text("")], ["重要价值", ""]),
        ] {
            let column = ("x".to_owned(), kind, values.clone());
            let frame = frame().with_columns(vec![column]).unwrap();
            assert_eq!(frame.column("x").unwrap(), values);
            let found = frame.column("x").unwrap().into_iter().map(|value| match value {
                Value::Number(number) => number.to_string(),
                Value::Text(text) => text,
                other => panic!("{other:?}"),
            });
            assert_eq!(found.collect::<Vec<_>>(), shown);
            assert_eq!(frame.columns(), [("x".to_owned(), kind)]);
            assert_eq!(frame.row(1)["x"], values[1]);
        }
        let bools = vec![Value::Bool(true), Value::Null];
        let column = ("x".to_owned(), ColumnKind::Boolean, bools.clone());
        assert_eq!(frame().with_columns(vec![column]).unwrap().column("x").unwrap(), bools);
    }

    #[test]
    fn columns_that_do_not_fit_are_refused() {
        for (kind, value) in [
            (ColumnKind::Integer, number("0.5")),
            (ColumnKind::Integer, number("9223372036854775808")),
            (ColumnKind::Decimal, number("0.00001")),
            (ColumnKind::Decimal, number("1000000000000000000000000")),
            (ColumnKind::Ratio, number("0.0000000001")),
            (ColumnKind::Text, number("1")),
            (ColumnKind::Boolean, Value::Text("true".to_owned())),
        ] {
            let column = ("x".to_owned(), kind, vec![Value::Null, value.clone()]);
            let refused = frame().with_columns(vec![column]);
            assert!(matches!(refused, Err(Error::Kind { .. })), "{kind:?} {value:?}");
        }
        let nulls =
            |name: &str, count| (name.to_owned(), ColumnKind::Text, vec![Value::Null; count]);
        let short = frame().with_columns(vec![nulls("x", 1)]);
        assert!(matches!(short, Err(Error::Length { expected: 2, found: 1, .. })));
        for columns in [vec![nulls("x", 2), nulls("x", 2)], vec![nulls("customer_id", 2)]] {
            let twice = frame().with_columns(columns);
            assert!(matches!(twice, Err(Error::DuplicateColumn { .. })));
        }
        assert!(matches!(frame().column("x"), Err(Error::UnknownColumn { .. })));
    }
}
