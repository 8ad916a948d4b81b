//! What is held: the orders that count, and those that wait for their day.

use kehu_contract::ingestion::{GetDataSummaryRequest, GetDataSummaryResponse, WaitingOrder};
use kehu_server::{Fault, Violations, clock, convert, names};
use kehu_storage::business_date;
use kehu_storage::ingestion as store;

use crate::Ingestion;

/// How many of the orders that wait are named.
const NAMED: u64 = 10;

impl Ingestion {
    /// Sums up the orders that are held.
    pub(crate) async fn data_summary(
        &self,
        request: GetDataSummaryRequest,
    ) -> Result<GetDataSummaryResponse, Fault> {
        let mut violations = Violations::new();
        let as_of = convert::parse_date("as_of_date", request.as_of_date, &mut violations);
        violations.finish()?;
        let as_of = match as_of {
            Some(as_of) => as_of,
            None => {
                let calendar = &self.checker.calendar;
                business_date::current(&self.db, calendar, clock::now()).await?.date
            }
        };
        let held = store::held_orders(&self.db, as_of, NAMED).await?;
        let (first, last) = held.days.unzip();
        Ok(GetDataSummaryResponse {
            as_of_date: Some(convert::date(as_of)),
            order_count: held.count,
            first_order_date: first.map(convert::date),
            last_order_date: last.map(convert::date),
            waiting_order_count: held.waiting,
            customer_count: held.customers,
            waiting_orders: held.first_waiting.into_iter().map(waiting_order).collect(),
        })
    }
}

fn waiting_order(order: store::WaitingOrder) -> WaitingOrder {
    WaitingOrder {
        order_date: Some(convert::date(order.ordered_on)),
        source: order.source,
        external_id: order.external_id,
        customer: names::customer(order.customer),
    }
}
