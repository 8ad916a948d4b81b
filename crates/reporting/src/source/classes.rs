//! The classes of all customers, true on a date and on an earlier one.

use crate::request::{Moment, Question};
use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{
    CustomerId, Label,
    taxonomy::{Class, Taxonomy},
};
use kehu_server::Fault;
use kehu_storage::{
    Database,
    coding::classes::{self, ClassColumns, View},
    definitions,
    facts::CustomerSet,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Who is in which class.
#[derive(Debug, Clone)]
pub(crate) struct Classified {
    /// Name of the taxonomy.
    pub(crate) taxonomy: Label,
    /// The business date.
    pub(crate) as_of: NaiveDate,
    /// The classes of the newest version that gave one, in its order, and after them those that
    /// only older versions know and somebody is or was in.
    pub(crate) classes: Vec<Class>,
    /// Place of each customer's class on the date.
    pub(crate) now: HashMap<CustomerId, usize>,
    /// Place of each customer's class on the earlier date; empty without one.
    pub(crate) earlier: HashMap<CustomerId, usize>,
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
    let as_of = question.moment.as_of;
    let now = on_date(db, question, as_of).await?;
    let earlier = match question.comparison {
        None => ClassColumns::default(),
        Some(comparison) => on_date(db, question, comparison).await?,
    };
    let version_ids: BTreeSet<i64> =
        now.version_ids.iter().chain(&earlier.version_ids).copied().collect();
    let versions =
        definitions::by_numbers::<Taxonomy>(db.reader(), &Vec::from_iter(version_ids)).await?;
    let definitions: Vec<_> =
        versions.into_iter().rev().map(|version| version.definition).collect();
    let named = now.classes.iter().chain(&earlier.classes).map(String::as_str);
    let classes = merge(&definitions, &named.collect());
    let places = classes.iter().enumerate().map(|(place, class)| (class.id.as_str(), place));
    let places: BTreeMap<&str, usize> = places.collect();
    let (now, earlier) = (by_customer(&now, &places)?, by_customer(&earlier, &places)?);
    let label = definitions.first().map(|newest| newest.label.clone()).unwrap_or_default();
    Ok(Classified { taxonomy: label, as_of, classes, now, earlier })
}

async fn on_date(
    db: &Database,
    question: &Question,
    date: NaiveDate,
) -> Result<ClassColumns, Fault> {
    let view = View { true_on: Some(date), known_at: question.moment.known_at };
    let columns = classes::at(db, &question.taxonomy, &CustomerSet::All, view).await?;
    if columns.customers.is_empty() {
        let known_at = question.moment.known_at;
        return Err(unclassified(db, Some(&question.taxonomy), Some((date, known_at))).await?);
    }
    Ok(columns)
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

fn by_customer(
    columns: &ClassColumns,
    places: &BTreeMap<&str, usize>,
) -> Result<HashMap<CustomerId, usize>, Fault> {
    let mut by_customer = HashMap::with_capacity(columns.customers.len());
    for (customer, class) in columns.customers.iter().zip(&columns.classes) {
        let Some(place) = places.get(class.as_str()) else {
            return Err(Fault::internal(format!("class {class} is in no version")));
        };
        by_customer.insert(CustomerId(*customer), *place);
    }
    Ok(by_customer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taxonomy(ids: &[&str]) -> Taxonomy {
        let class = |id: &&str| Class {
            id: (*id).to_owned(),
            code: (*id).to_uppercase(),
            label: Label::new(id, id),
            parent: None,
            predicate: None,
            tags: Vec::new(),
            strategy_summary: Label::default(),
        };
        Taxonomy {
            id: "test".to_owned(),
            label: Label::default(),
            classes: ids.iter().map(class).collect(),
            default_class: ids[0].to_owned(),
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
