//! Members of classes chosen by a predicate.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kehu_analytics::Predicate;
use kehu_core::CustomerId;
use kehu_server::{Fault, Violations};
use kehu_storage::coding::classes::{self, Assignment, View};
use kehu_storage::facts::CustomerSet;
use kehu_storage::{Page, PageRequest};

use crate::convert::analytics_fault;
use crate::rules::Columns;
use crate::{Coding, evaluate};

/// Members that are looked at together, and in one call.
const LOOKED_AT_TOGETHER: u64 = 2_000;
const LOOKED_AT: usize = 20_000;

/// A predicate over features and scores as of a date.
pub(crate) struct Filter {
    predicate: Predicate,
    features: Vec<String>,
    /// The columns of scores that it reads, with the scorecard of each.
    score_columns: BTreeMap<String, String>,
    as_of: NaiveDate,
}

impl Filter {
    /// Compiles the field `filter` of a request; `None` when it is empty, or wrong.
    pub(crate) fn parse(
        sql: &str,
        columns: &Columns,
        as_of: NaiveDate,
        violations: &mut Violations,
    ) -> Option<Self> {
        let compiled = columns.predicate(sql);
        let predicate =
            compiled.inspect_err(|error| violations.add("filter", error.to_string())).ok()?;
        let (mut features, mut score_columns) = (Vec::new(), BTreeMap::new());
        for column in predicate.columns() {
            match columns.scorecard(column) {
                Some(scorecard) => {
                    score_columns.insert(column.clone(), scorecard.to_owned());
                }
                None => features.push(column.clone()),
            }
        }
        Some(Self { predicate, features, score_columns, as_of })
    }
}

impl Coding {
    /// A page of the members for whom the filter holds. A call that has looked at many ends with
    /// what it has found, and where to go on.
    pub(crate) async fn chosen_members(
        &self,
        filter: &Filter,
        (taxonomy, class): (&str, Option<&str>),
        view: View,
        page: &PageRequest,
    ) -> Result<Page<Assignment>, Fault> {
        let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let (mut chosen, mut looked_at, mut after) = (Vec::new(), 0, page.after);
        loop {
            let next = PageRequest { limit: LOOKED_AT_TOGETHER, after };
            let found = classes::members(&self.db, taxonomy, class, view, &next).await?;
            looked_at += found.items.len();
            let holds = self.holds(filter, &found.items).await?;
            for member in found.items.into_iter().filter(|one| holds.contains(&one.customer)) {
                chosen.push(member);
                if chosen.len() == wanted {
                    let next = chosen.last().map(|member| member.customer.0);
                    return Ok(Page { items: chosen, next });
                }
            }
            after = found.next;
            if after.is_none() || looked_at >= LOOKED_AT {
                return Ok(Page { items: chosen, next: after });
            }
        }
    }

    /// Those of the members for whom the filter holds.
    async fn holds(
        &self,
        filter: &Filter,
        members: &[Assignment],
    ) -> Result<BTreeSet<CustomerId>, Fault> {
        let customers = members.iter().map(|member| member.customer.0).collect();
        let features: Vec<&str> = filter.features.iter().map(String::as_str).collect();
        let read = (&features[..], &filter.score_columns);
        let from = (&self.db, &self.analytics);
        let customers = CustomerSet::Ids(customers);
        let frame = evaluate::frame(from, read, &customers, filter.as_of).await?;
        let predicate = filter.predicate.clone();
        let holds = tokio::task::spawn_blocking(move || {
            let holds = predicate.evaluate(&frame).map_err(analytics_fault)?;
            let each = frame.customers().into_iter().zip(holds);
            Ok(each.filter(|(_, holds)| *holds == Some(true)).map(|(one, _)| one).collect())
        });
        holds.await.map_err(Fault::internal)?
    }
}
