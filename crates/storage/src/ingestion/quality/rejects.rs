//! What is counted of records that were refused, and that nobody has seen to.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::super::Problem;
use super::super::entity::reject::{Column, Entity};
use super::super::rejects::RejectState;
use super::range::query;
use super::{ALL_SOURCES, Key, Tally};
use crate::{Database, Error, document};

/// Rejects that are read at once.
const AT_ONCE: u64 = 1_000;
/// Fields of a kind and source that are counted apart: their names are those of columns of any file.
const FIELDS: usize = 100;
/// Characters of the name of such a field.
const NAME: usize = 100;

/// Records that were refused; a row of which the record is not known is one of its own.
const REFUSED: &str = "SELECT source_id, record_kind, \
     COUNT(DISTINCT CASE WHEN external_id <> '' THEN external_id END) \
     + COUNT(CASE WHEN external_id = '' THEN 1 END) AS refused \
     FROM reject WHERE settled_at IS NULL GROUP BY source_id, record_kind";

/// Counts the records that were refused, and nobody has seen to.
pub async fn count_refused(db: &Database, tally: &mut Tally) -> Result<(), Error> {
    for row in query(db, REFUSED, Vec::new()).await? {
        let kind: String = row.try_get("", "record_kind")?;
        for source_id in [ALL_SOURCES, row.try_get("", "source_id")?] {
            tally.at(&kind, source_id, "").invalid += row.try_get::<i64>("", "refused")?;
        }
    }
    Ok(())
}

/// Counts in which fields of them something is wrong, of the rows with a number above `after`, at most
/// a thousand, and tells where to go on; `None` at the end. `missing` are the reasons that say that a field is empty.
pub async fn count_faults(
    db: &Database,
    after: i64,
    missing: &[i32],
    tally: &mut Tally,
) -> Result<Option<i64>, Error> {
    let rows: Vec<(i64, i64, String, String)> = Entity::find()
        .select_only()
        .columns([Column::RejectId, Column::SourceId, Column::RecordKind, Column::Problems])
        .filter(Column::RejectId.gt(after))
        .filter(RejectState::Open.holds())
        .order_by_asc(Column::RejectId)
        .limit(AT_ONCE)
        .into_tuple()
        .all(db.reader())
        .await?;
    for (_, source_id, kind, problems) in &rows {
        // What is damaged is counted as a record, and no more than that.
        let problems: Vec<Problem> = document::read(problems).unwrap_or_default();
        let faults = faults(kind, &problems, missing);
        for source_id in [ALL_SOURCES, *source_id] {
            for (field, is_missing) in &faults {
                tally.refuse(kind, source_id, field, *is_missing);
            }
        }
    }
    Ok(rows.last().map(|(id, ..)| *id))
}

/// The fields of a record in which something is wrong, and whether it is that they are empty.
fn faults(kind: &str, problems: &[Problem], missing: &[i32]) -> BTreeMap<String, bool> {
    let mut faults = BTreeMap::new();
    for problem in problems.iter().filter(|problem| !problem.field.is_empty()) {
        let is_missing = missing.contains(&problem.reason);
        let other = faults.entry(name(kind, &problem.field)).or_insert(is_missing);
        *other = *other && is_missing;
    }
    faults
}

/// The field, of any part of a record: `lines.amount` of `order.lines[3].amount`, `attributes.phone` of
/// `customer.profile.attributes[phone]`. A column of a file is left as it is.
fn name(kind: &str, field: &str) -> String {
    let mut name = String::new();
    let of_record = field.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.'));
    let mut rest = of_record.unwrap_or(field);
    rest = rest.strip_prefix("profile.").unwrap_or(rest);
    if let Some(key) = rest.strip_prefix("attributes[").and_then(|key| key.strip_suffix(']')) {
        return format!("attributes.{key}").chars().take(NAME).collect();
    }
    while let Some((before, after)) = rest.split_once('[') {
        let place = after.split_once(']').filter(|(place, _)| place.parse::<u32>().is_ok());
        let Some((_, behind)) = place else { break };
        name.push_str(before);
        rest = behind;
    }
    name.push_str(rest);
    name.chars().take(NAME).collect()
}

impl Tally {
    /// Counts a refused record of a field, as long as there are not too many fields.
    fn refuse(&mut self, kind: &str, source_id: i64, field: &str, is_missing: bool) {
        let key = Key::new(kind, source_id, field);
        if !self.0.contains_key(&key) {
            let of_source = self.0.range(Key::new(kind, source_id, "")..);
            let fields = of_source.take_while(|(k, _)| k.kind == kind && k.source_id == source_id);
            if fields.take(FIELDS + 1).count() > FIELDS {
                return;
            }
        }
        let counts = self.0.entry(key).or_default();
        match is_missing {
            true => counts.missing += 1,
            false => counts.invalid += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_that_of_any_part() {
        for (kind, field, expected) in [
            ("order", "order.lines[3].unit_price", "lines.unit_price"),
            ("order", "order.order_time", "order_time"),
            ("order", "order", "order"),
            ("order", "Price [EUR]", "Price [EUR]"),
            ("", "[", "["),
            ("", "customer.external_id", "customer.external_id"),
            ("customer", "customer.profile.attributes[phone]", "attributes.phone"),
            ("customer", "customer.profile.region_code", "region_code"),
        ] {
            assert_eq!(name(kind, field), expected);
        }
    }

    #[test]
    fn a_field_that_is_empty_and_wrong_is_wrong() {
        let problem = |field: &str, reason| Problem {
            field: field.to_owned(),
            reason,
            description: String::new(),
        };
        let problems =
            [problem("a", 2), problem("b", 2), problem("b", 6), problem("a", 2), problem("", 11)];
        let faults: Vec<(String, bool)> = faults("order", &problems, &[1, 2]).into_iter().collect();
        assert_eq!(faults, [("a".to_owned(), true), ("b".to_owned(), false)]);
    }
}
