//! `kehu rates`.

use crate::{
    cli::Client,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use clap::Args;
use kehu_contract::ingestion::{ListExchangeRatesRequest, ListedExchangeRate};

/// List the exchange rates that amounts in foreign currencies are converted at.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu rates\n  kehu rates --currency EUR --all")]
pub(crate) struct Rates {
    #[command(flatten)]
    client: Client,

    /// Only this currency, ISO 4217
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,

    #[command(flatten)]
    limit: Limit,
}

impl Rates {
    /// Lists them by currency and date.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let fetch = |page_size, page_token| {
            let currency_code = self.currency.clone().unwrap_or_default();
            let request = ListExchangeRatesRequest { page_size, page_token, currency_code };
            let mut client = connection.ingestion();
            async move {
                let page = client.list_exchange_rates(request).await?.into_inner();
                Ok((page.exchange_rates, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |rates| self.show(rates)).await
    }

    fn show(&self, rates: &[ListedExchangeRate]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return rates.iter().try_for_each(output::json_line);
        }
        if rates.is_empty() {
            return output::line("No rates are held: they come in as records of Ingest.");
        }
        let rows = rates.iter().map(|rate| {
            let number = rate.rate.as_ref().map(|rate| rate.value.clone()).unwrap_or_default();
            vec![rate.currency_code.clone(), output::date(rate.start_date.as_ref()), number]
        });
        output::line(&output::table(&["currency", "from", "rate"], &["rate"], rows.collect()))
    }
}
