//! Rows of a query that has a column `class_id`, which is null for customers without a class.

use kehu_core::{label::Language, taxonomy::Class};
use kehu_server::Fault;
use kehu_storage::reports::Rows;

use super::table::Cell;

/// The rows by the order of their classes; those of no class come last.
pub(super) fn order(found: &Rows, classes: &[Class]) -> Result<Vec<usize>, Fault> {
    let mut places = Vec::with_capacity(found.len());
    for place in 0..found.len() {
        places.push((place_of(found.text("class_id", place)?, classes), place));
    }
    places.sort_unstable();
    Ok(places.into_iter().map(|(_, place)| place).collect())
}

/// The place of a class; behind all others without one.
pub(super) fn place_of(class: Option<&str>, classes: &[Class]) -> usize {
    let found = classes.iter().position(|it| Some(it.id.as_str()) == class);
    found.unwrap_or(classes.len())
}

/// Id and label of a class; null for customers without one.
pub(super) fn class_cells(class: Option<&str>, classes: &[Class], language: Language) -> [Cell; 2] {
    let Some(id) = class else { return [Cell::Null, Cell::Null] };
    let label = classes.iter().find(|class| class.id == id).map(|class| class.label.get(language));
    [Cell::id(id), Cell::text(label.unwrap_or(id))]
}
