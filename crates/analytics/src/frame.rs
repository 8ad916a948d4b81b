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
    pub(crate) fn with_arrays(
        &self,
        arrays: Vec<(String, ColumnKind, ArrayRef)>,
    ) -> Result<Self, Error> {
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

    pub(crate) fn array(&self, name: &str) -> Result<&ArrayRef, Error> {
        self.batch
            .column_by_name(name)
            .ok_or_else(|| Error::UnknownColumn { name: name.to_owned() })
    }
}

fn id_field() -> Field {
    Field::new(CUSTOMER_ID, ColumnKind::Integer.data_type(), false)
}
