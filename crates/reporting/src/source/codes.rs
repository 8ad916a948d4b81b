//! Codes of customers.

use crate::report::Member;
use kehu_core::code_scheme::CodeScheme;
use kehu_server::{Fault, aside};
use kehu_storage::{Database, PageRequest, coding::codes, definitions, facts::CustomerSet};
use std::collections::HashMap;

/// Example codes of each class.
const EXAMPLES: usize = 3;

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
    taxonomy: &str,
    class_count: usize,
    members: &[Member],
) -> Result<Examples, Fault> {
    let first = first_members(class_count, members);
    let mut examples = vec![Vec::new(); class_count];
    let Some(scheme) = scheme_of(db, taxonomy).await? else { return Ok(examples) };
    let wanted = CustomerSet::Ids(first.iter().flatten().copied().collect());
    let columns = codes::current_of(db, &scheme, &wanted).await?;
    let codes: HashMap<i64, String> = columns.customers.into_iter().zip(columns.codes).collect();
    for (place, customers) in first.iter().enumerate() {
        let codes = customers.iter().filter_map(|customer| codes.get(customer));
        examples[place] = codes.cloned().collect();
    }
    Ok(examples)
}

fn first_members(class_count: usize, members: &[Member]) -> Vec<Vec<i64>> {
    let mut first = vec![Vec::new(); class_count];
    for member in members {
        let Some(class) = member.class else { continue };
        if first[class].len() < EXAMPLES {
            first[class].push(member.customer.0);
        }
    }
    first
}
