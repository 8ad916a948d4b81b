//! Reasons of late payment: which there are, and which are excused.

use kehu_contract::ingestion::{
    self as contract, ListLateReasonsRequest, ListLateReasonsResponse, SetLateReasonRequest,
    SetLateReasonResponse,
};
use kehu_core::{key, limits, text};
use kehu_server::{Fault, Violations, convert, freshness, page};
use kehu_storage::definitions::Signed;
use kehu_storage::ingestion::late_reasons::{
    Changed, LateReason, list_late_reasons, set_late_reason,
};
use kehu_storage::{PageRequest, business_date};

use crate::Ingestion;

/// What tokens of pages of the list are of.
const FILTERS: [&str; 1] = ["lateReasons"];

impl Ingestion {
    pub(crate) async fn set_reason(
        &self,
        request: SetLateReasonRequest,
        signed: &Signed,
    ) -> Result<SetLateReasonResponse, Fault> {
        let today = business_date::current(&self.db, &self.checker.calendar, signed.at).await?.date;
        let mut violations = Violations::new();
        let from = convert::parse_date("from_date", request.from_date, &mut violations);
        if from.is_some_and(|from| from > today) {
            violations
                .add("from_date", format!("must not be later than the business date {today}"));
        }
        let late_reason = key::name(&request.late_reason);
        if late_reason.is_empty() || late_reason.chars().count() > limits::NAME {
            violations.add("late_reason", format!("must be 1 to {} characters", limits::NAME));
        }
        if late_reason.chars().any(text::is_invisible) {
            violations.add("late_reason", "must not hold characters that cannot be seen");
        }
        let reason = convert::parse_reason(&request.reason, &mut violations);
        violations.finish()?;
        let from = from.unwrap_or(today);
        let wanted = LateReason { late_reason, excused: request.excused, from, reason };
        let done = set_late_reason(&self.db, &wanted, signed).await?;
        Ok(SetLateReasonResponse {
            late_reason: Some(changed(&done.last)),
            customer_count: i64::try_from(done.customers).unwrap_or(i64::MAX),
            freshness_token: freshness::token(&self.db, done.position).await?,
        })
    }

    pub(crate) async fn reasons(
        &self,
        request: ListLateReasonsRequest,
    ) -> Result<ListLateReasonsResponse, Fault> {
        let mut violations = Violations::new();
        let asked = page::parse(request.page_size, &request.page_token, &FILTERS, &mut violations);
        violations.finish()?;
        let asked = PageRequest { limit: asked.size, after: asked.after };
        let found = list_late_reasons(&self.db, &asked).await?;
        let next = found.next.map(|next| page::token(&next, &FILTERS));
        let listed = found.items.into_iter().map(|(late_reason, last)| match last {
            Some(last) => changed(&last),
            None => contract::LateReason { late_reason, ..contract::LateReason::default() },
        });
        Ok(ListLateReasonsResponse {
            late_reasons: listed.collect(),
            next_page_token: next.unwrap_or_default(),
        })
    }
}

fn changed(last: &Changed) -> contract::LateReason {
    contract::LateReason {
        late_reason: last.now.late_reason.clone(),
        excused: last.now.excused,
        from_date: Some(convert::date(last.now.from)),
        reason: last.now.reason.clone(),
        version: last.version,
        change_time: Some(convert::timestamp(last.at)),
        changed_by: last.by.clone().unwrap_or_default(),
    }
}
