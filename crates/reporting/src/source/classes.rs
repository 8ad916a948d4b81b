//! How many customers are in which class, true on a date and on an earlier one.

use crate::{
    report::ClassCell,
    request::{Moment, Question},
};
use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{
    calendar,
    taxonomy::{Class, Taxonomy},
};
use kehu_server::Fault;
use kehu_storage::{
    Database,
    bulk::ColumnType::{I64, OptText},
    coding::classes,
    definitions,
    reports::{Basis, Rows},
};
use std::collections::BTreeSet;

/// How many are in which class.
#[derive(Debug, Clone)]
pub(crate) struct Classified {
    /// The version of the taxonomy that gave the classes on the business date.
    pub(crate) taxonomy: Taxonomy,
    /// The business date.
    pub(crate) as_of: NaiveDate,
    /// The classes of the newest version that gave one, in its order, and after them those that
    /// only older versions know and somebody is or was in.
    pub(crate) classes: Vec<Class>,
    /// The customers by their classes on the earlier date and on this one, places of `classes`.
    pub(crate) cells: Vec<ClassCell>,
}

/// A precondition when nobody has ever been classified under the taxonomy, or under any.
pub(crate) async fn check_classified(
    db: &Database,
    taxonomy: Option<&str>,
    moment: Moment,
) -> Result<(), Fault> {
    match classes::latest_classified(db, taxonomy, moment.known_at).await? {
        Some(_) => Ok(()),
        None => Err(unclassified(db, taxonomy, None).await?),
    }
}

/// Reads the classes that a question is about. [`Fault::NotFound`] for a taxonomy that does not
/// exist, [`Fault::Precondition`] when nobody has a class on one of the dates.
pub(crate) async fn classified(db: &Database, question: &Question) -> Result<Classified, Fault> {
    let basis = basis(question);
    let rows = basis.rows(db, include_str!("class_cells.sql"), &COLUMNS).await?;
    let mut named = BTreeSet::new();
    for (column, date) in [("to_class", Some(basis.as_of)), ("from_class", basis.earlier)] {
        let Some(date) = date else { continue };
        let before = named.len();
        for row in 0..rows.len() {
            named.extend(rows.text(column, row)?.map(|class| (column, class)));
        }
        if named.len() == before {
            let known_at = question.moment.known_at;
            let asked = Some((date, known_at));
            return Err(unclassified(db, Some(&question.taxonomy), asked).await?);
        }
    }
    let dates: Vec<_> = [Some(basis.as_of), basis.earlier].into_iter().flatten().collect();
    let definitions = versions(db, &basis, &dates).await?;
    let classes = merge(&definitions, &named.iter().map(|(_, class)| *class).collect());
    let cells = cells(&rows, &classes)?;
    let taxonomy = definitions.into_iter().next().unwrap_or_default();
    Ok(Classified { taxonomy, as_of: basis.as_of, classes, cells })
}

const COLUMNS: [(&str, kehu_storage::bulk::ColumnType); 8] = [
    ("from_class", OptText),
    ("to_class", OptText),
    ("customers", I64),
    ("orders", I64),
    ("amount_high", I64),
    ("amount_low", I64),
    ("ordered_high", I64),
    ("ordered_low", I64),
];

/// What a question is about, for queries.
pub(crate) fn basis(question: &Question) -> Basis {
    Basis {
        known_at: question.moment.known_at,
        taxonomy: Some(question.taxonomy.clone()),
        other_taxonomy: Some(question.other_taxonomy.clone()).filter(|other| !other.is_empty()),
        earlier: question.comparison,
        ..Basis::of(question.moment.as_of)
    }
}

/// The same over the 365 days that end on its date.
pub(crate) fn year(question: &Question) -> Basis {
    let last = question.moment.as_of;
    let first = calendar::days_before(last, 364);
    Basis { periods: vec![(first, last)], ..basis(question) }
}

/// The classes of the newest version that gave one on the dates, in its order, and after them those
/// of older ones that are `named`.
pub(crate) async fn classes_of(
    db: &Database,
    question: &Question,
    dates: &[NaiveDate],
    named: &BTreeSet<&str>,
) -> Result<Vec<Class>, Fault> {
    Ok(merge(&versions(db, &basis(question), dates).await?, named))
}

/// The place of a class among those that have it.
pub(crate) fn place(classes: &[Class], id: &str) -> Result<usize, Fault> {
    let place = classes.iter().position(|class| class.id == id);
    place.ok_or_else(|| Fault::internal(format!("class {id} is in no version")))
}

/// The versions that gave the classes on the dates, the newest first.
async fn versions(
    db: &Database,
    basis: &Basis,
    dates: &[NaiveDate],
) -> Result<Vec<Taxonomy>, Fault> {
    let mut version_ids = BTreeSet::new();
    for date in dates {
        version_ids.extend(basis.version_on(db, *date).await?);
    }
    let version_ids = Vec::from_iter(version_ids);
    let versions = definitions::by_numbers::<Taxonomy>(db.reader(), &version_ids).await?;
    Ok(versions.into_iter().rev().map(|version| version.definition).collect())
}

fn cells(rows: &Rows, classes: &[Class]) -> Result<Vec<ClassCell>, Fault> {
    let place = |class: Option<&str>| class.map(|class| place(classes, class)).transpose();
    let mut cells = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        cells.push(ClassCell {
            from: place(rows.text("from_class", row)?)?,
            to: place(rows.text("to_class", row)?)?,
            customers: rows.whole("customers", row)?,
            orders: rows.whole("orders", row)?,
            amount: rows.amount("amount", row)?,
            ordered: rows.amount("ordered", row)?,
        });
    }
    Ok(cells)
}

/// The fault that nobody has a class (on a date, as known at a time): the taxonomy does not
/// exist, or no run was made that reaches so far.
pub(crate) async fn unclassified(
    db: &Database,
    taxonomy: Option<&str>,
    moment: Option<(NaiveDate, Option<DateTime<Utc>>)>,
) -> Result<Fault, Fault> {
    if let Some(taxonomy) = taxonomy {
        definitions::get::<Taxonomy>(db, taxonomy, None).await?;
    }
    let subject = taxonomy.map_or("taxonomies".to_owned(), |id| format!("taxonomies/{id}"));
    let Some((date, known_at)) = moment else {
        let description = "no customer was classified yet: publish the taxonomy and start a \
                           classification";
        let description = description.to_owned();
        return Ok(Fault::Precondition { kind: "CLASSIFIED", subject, description });
    };
    let description = match classes::latest_classified(db, taxonomy, known_at).await? {
        Some(through) if date > through => format!(
            "customers are classified through {through}: start a classification as of {date}, or \
             ask for an earlier date"
        ),
        _ => format!(
            "no class is true on {date} as known then: start a classification as of {date}, or \
             ask for a later date or time"
        ),
    };
    Ok(Fault::Precondition { kind: "CLASSIFIED", subject, description })
}

/// The classes of the first definition, then those of the others that are `named` and new.
fn merge(definitions: &[Taxonomy], named: &BTreeSet<&str>) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    for (place, definition) in definitions.iter().enumerate() {
        for class in &definition.classes {
            let known = classes.iter().any(|known| known.id == class.id);
            if !known && (place == 0 || named.contains(class.id.as_str())) {
                classes.push(class.clone());
            }
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_core::Label;

    fn taxonomy(ids: &[&str]) -> Taxonomy {
        let class = |id: &&str| Class {
            id: (*id).to_owned(),
            code: (*id).to_uppercase(),
            label: Label::new(id, id),
            ..Class::default()
        };
        Taxonomy {
            id: "test".to_owned(),
            classes: ids.iter().map(class).collect(),
            default_class: ids[0].to_owned(),
            ..Taxonomy::default()
        }
    }

    #[test]
    fn classes_of_older_versions_come_last_and_only_with_members() {
        let versions = [taxonomy(&["a", "b"]), taxonomy(&["c", "b", "d"])];
        let merged = merge(&versions, &BTreeSet::from(["a", "d"]));
        let ids: Vec<_> = merged.iter().map(|class| class.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "d"]);
    }
}
