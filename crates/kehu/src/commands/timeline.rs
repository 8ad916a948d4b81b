//! `kehu timeline`.

use crate::{
    cli::Client,
    commands::explain,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use clap::Args;
use kehu_contract::google::r#type::Money;
use kehu_contract::ingestion::{GetTimelineRequest, TimelineEvent};

/// Show what happened with a customer, the newest first: orders, invoices, contacts, surveys.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu timeline customers/17\n  \
    kehu timeline online-retail/12347 --all --output json")]
pub(crate) struct Timeline {
    #[command(flatten)]
    client: Client,

    /// A customer: customers/17, a key of a source as SOURCE/KEY or, where one has it, KEY, a code, or a name
    customer: String,

    #[command(flatten)]
    limit: Limit,
}

impl Timeline {
    /// Finds the customer and lists its events.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let customer = explain::find(&connection, &self.customer).await?.name;
        let fetch = |page_size, page_token| {
            let request = GetTimelineRequest { customer: customer.clone(), page_size, page_token };
            let mut client = connection.customers();
            async move {
                let page = client.get_timeline(request).await?.into_inner();
                Ok((page.events, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |events| self.show(events)).await
    }

    fn show(&self, events: &[TimelineEvent]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return events.iter().try_for_each(output::json_line);
        }
        if events.is_empty() {
            return output::line("Nothing has happened with the customer yet.");
        }
        let header = ["date", "what", "key", "amount", "channel", "more"];
        let rows = events.iter().map(row).collect();
        output::line(&output::table(&header, &["amount"], rows))
    }
}

fn row(event: &TimelineEvent) -> Vec<String> {
    vec![
        output::date(event.event_date.as_ref()),
        event.kind.clone(),
        key(event),
        event.amount.as_ref().map(money).unwrap_or_default(),
        event.channel.clone(),
        more(event),
    ]
}

fn key(event: &TimelineEvent) -> String {
    match &event.merge {
        Some(merge) => merge.merge.clone(),
        None => format!("{}/{}", event.source, event.external_id),
    }
}

/// `-12.50 GBP`.
fn money(money: &Money) -> String {
    let sign = if money.units < 0 || money.nanos < 0 { "-" } else { "" };
    let nanos = format!("{:09}", money.nanos.unsigned_abs());
    let decimals = nanos.trim_end_matches('0');
    let decimals = if decimals.len() < 2 { &nanos[..2] } else { decimals };
    format!("{sign}{}.{decimals} {}", money.units.unsigned_abs(), money.currency_code)
}

/// What only some events have.
fn more(event: &TimelineEvent) -> String {
    if !event.sale_external_id.is_empty() {
        return format!("takes back {}", event.sale_external_id);
    }
    if !event.return_external_ids.is_empty() {
        return format!("taken back by {}", event.return_external_ids.join(", "));
    }
    if let Some(merge) = &event.merge {
        return format!("{} into {}: {}", merge.absorbed, merge.survivor, merge.reason);
    }
    let Some(contact) = &event.contact else { return String::new() };
    let product = &contact.product_code;
    if product.is_empty() { contact.kind.clone() } else { format!("{}: {product}", contact.kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_exactly() {
        for (units, nanos, text) in [
            (0, 0, "0.00 GBP"),
            (12, 500_000_000, "12.50 GBP"),
            (0, -10_000_000, "-0.01 GBP"),
            (-3, -123_400_000, "-3.1234 GBP"),
            (i64::MIN, 0, "-9223372036854775808.00 GBP"),
        ] {
            let amount = Money { currency_code: "GBP".to_owned(), units, nanos };
            assert_eq!(money(&amount), text);
        }
    }
}
