//! Classes counted in the database.

use std::collections::BTreeMap;

use super::View;
use super::line::names;
use super::read::name;
use super::sight::{Seen, sight, sight_of};
use crate::history::{self, Sight, Subject};
use crate::{Database, Error};

/// How many customers went from one class to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// The id of the class before; `None` for customers without one.
    pub from: Option<String>,
    /// The id of the class after; `None` for customers without one.
    pub to: Option<String>,
    /// How many, those who stayed where they were, too.
    pub customers: i64,
}

/// How many customers are in each class of a taxonomy, by id; classes without any are left out.
pub async fn counts(
    db: &Database,
    taxonomy: &str,
    view: View,
) -> Result<BTreeMap<String, i64>, Error> {
    let Some(sight) = sight(db, taxonomy, view).await? else { return Ok(BTreeMap::new()) };
    let names = names(db.reader(), taxonomy).await?;
    let sql = format!(
        "SELECT class_no, count(*) FROM class_span WHERE {} GROUP BY class_no",
        sight.condition
    );
    let mut counts = BTreeMap::new();
    for row in history::query(db.reader(), &sql).await? {
        counts.insert(name(&names, row.try_get_by_index(0)?)?, row.try_get_by_index(1)?);
    }
    Ok(counts)
}

/// How many customers each taxonomy leaves out now, by its id; taxonomies that leave nobody out
/// are not there.
pub async fn count_left_out(db: &Database) -> Result<BTreeMap<String, i64>, Error> {
    let mut counts = BTreeMap::new();
    for taxonomy in history::names(db.reader(), Subject::Classes).await? {
        let view = View { true_on: None, known_at: None };
        let Some(sight) = sight_of(db, &taxonomy, view, Seen::LeftOut).await? else { continue };
        let sql = format!("SELECT count(*) FROM class_span WHERE {}", sight.condition);
        for row in history::query(db.reader(), &sql).await? {
            let customers: i64 = row.try_get_by_index(0)?;
            if customers > 0 {
                counts.insert(taxonomy.clone(), customers);
            }
        }
    }
    Ok(counts)
}

/// How many customers went from which class in one view to which in another, sorted.
///
/// Most stays reach over both dates and are counted as they are; only those that are true on one
/// of them have to find their customer's other one.
pub async fn moves(
    db: &Database,
    taxonomy: &str,
    before: View,
    after: View,
) -> Result<Vec<Move>, Error> {
    let (before, after) = (sight(db, taxonomy, before).await?, sight(db, taxonomy, after).await?);
    let condition =
        |sight: Option<Sight>| sight.map_or("1 = 0".to_owned(), |sight| sight.condition);
    let (before, after) = (condition(before), condition(after));
    let sql = format!(
        "SELECT one, two, CAST(sum(customers) AS bigint) FROM \
         (SELECT class_no AS one, class_no AS two, count(*) AS customers FROM class_span \
         WHERE ({before}) AND ({after}) GROUP BY class_no \
         UNION ALL SELECT one, two, count(*) FROM (\
         SELECT max(one) AS one, max(two) AS two FROM (\
         SELECT customer_id, class_no AS one, CAST(NULL AS integer) AS two FROM class_span \
         WHERE ({before}) AND (({after}) IS NOT TRUE) UNION ALL \
         SELECT customer_id, CAST(NULL AS integer), class_no FROM class_span \
         WHERE ({after}) AND (({before}) IS NOT TRUE)) AS ends GROUP BY customer_id) AS pairs \
         GROUP BY one, two) AS counted GROUP BY one, two"
    );
    let names = names(db.reader(), taxonomy).await?;
    let mut moves = Vec::new();
    for row in history::query(db.reader(), &sql).await? {
        let class = |number: Option<i32>| number.map(|number| name(&names, number)).transpose();
        moves.push(Move {
            from: class(row.try_get_by_index(0)?)?,
            to: class(row.try_get_by_index(1)?)?,
            customers: row.try_get_by_index(2)?,
        });
    }
    moves.sort();
    Ok(moves)
}
