//! Codes of customers.

use super::basis;
use crate::request::Question;
use kehu_core::{code_scheme::CodeScheme, taxonomy::Class};
use kehu_server::{Fault, aside};
use kehu_storage::{
    Database, PageRequest,
    bulk::ColumnType::{I64, Text},
    coding::codes,
    definitions,
    facts::CustomerSet,
};
use std::collections::HashMap;

/// Codes of a few customers of each class, in the order of the classes.
pub(crate) type Examples = Vec<Vec<String>>;

/// The id of the scheme whose codes the reports on a taxonomy show: the first by id that codes
/// its classes, else the first of all; `None` without any.
pub(crate) async fn scheme_of(db: &Database, taxonomy: &str) -> Result<Option<String>, Fault> {
    let mut first = None;
    let mut page = PageRequest::first(100);
    loop {
        let schemes = definitions::list::<CodeScheme>(db, &page).await?;
        for scheme in aside::readable(schemes.items)? {
            if scheme.definition.taxonomy == taxonomy {
                return Ok(Some(scheme.definition.id));
            }
            first.get_or_insert(scheme.definition.id);
        }
        match schemes.next {
            Some(next) => page.after = Some(next),
            None => return Ok(first),
        }
    }
}

/// The codes of the first members of each class.
pub(crate) async fn examples(
    db: &Database,
    question: &Question,
    classes: &[Class],
) -> Result<Examples, Fault> {
    let mut examples = vec![Vec::new(); classes.len()];
    let Some(scheme) = scheme_of(db, &question.taxonomy).await? else { return Ok(examples) };
    let columns = [("class_id", Text), ("customer_id", I64)];
    let first = basis(question).rows(db, include_str!("first_members.sql"), &columns).await?;
    let mut members = Vec::with_capacity(first.len());
    for row in 0..first.len() {
        members.push((first.text("class_id", row)?, first.whole("customer_id", row)?));
    }
    let wanted = CustomerSet::Ids(members.iter().map(|(_, customer)| *customer).collect());
    let columns = codes::current_of(db, &scheme, &wanted).await?;
    let codes: HashMap<i64, String> = columns.customers.into_iter().zip(columns.codes).collect();
    for (class, customer) in members {
        let place = classes.iter().position(|it| Some(it.id.as_str()) == class);
        if let (Some(place), Some(code)) = (place, codes.get(&customer)) {
            examples[place].push(code.clone());
        }
    }
    Ok(examples)
}
