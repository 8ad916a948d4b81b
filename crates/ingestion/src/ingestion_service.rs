//! `kehu.ingestion.v1.IngestionService`.

use chrono::NaiveDate;
use kehu_contract::ingestion::{
    DiscardRejectsRequest, DiscardRejectsResponse, GetDataSummaryRequest, GetDataSummaryResponse,
    IngestRequest, IngestResponse, ListExchangeRatesRequest, ListExchangeRatesResponse,
    ListRejectsRequest, ListRejectsResponse, ingestion_service_server::IngestionService,
};
use kehu_core::currency;
use kehu_server::{Fault, Violations, auth, page};
use kehu_storage::PageRequest;
use kehu_storage::ingestion::{self as store, RejectShare};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument;

use crate::{Ingestion, convert, stream};

/// Answers that wait for a slow caller before the writing waits too.
const ANSWERS: usize = 16;

impl Ingestion {
    async fn rates(
        &self,
        request: ListExchangeRatesRequest,
    ) -> Result<ListExchangeRatesResponse, Fault> {
        let mut violations = Violations::new();
        let code = request.currency_code.as_str();
        if !code.is_empty() && !currency::is_known(code) {
            violations.add("currency_code", "must be an ISO 4217 currency");
        }
        let filters = [code];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        let after = page.after.as_deref().map(|key| {
            let after = parse_rate_key(key);
            if after.is_none() {
                violations.add("page_token", "is not a token of this list");
            }
            after.unwrap_or_default()
        });
        violations.finish()?;
        let page = PageRequest { limit: page.size, after };
        let code = Some(code).filter(|code| !code.is_empty());
        let found = store::list_rates(&self.db, code, &page).await?;
        let key = |(currency, day): (String, NaiveDate)| format!("{currency} {day}");
        let next = found.next.map(|next| page::token(&key(next), &filters));
        Ok(ListExchangeRatesResponse {
            exchange_rates: found.items.into_iter().map(convert::rate).collect(),
            next_page_token: next.unwrap_or_default(),
        })
    }
}

fn parse_rate_key(key: &str) -> Option<(String, NaiveDate)> {
    let (currency, day) = key.split_once(' ')?;
    Some((currency.to_owned(), day.parse().ok()?))
}

#[tonic::async_trait]
impl IngestionService for Ingestion {
    type IngestStream = ReceiverStream<Result<IngestResponse, Status>>;

    async fn ingest(
        &self,
        request: Request<Streaming<IngestRequest>>,
    ) -> Result<Response<Self::IngestStream>, Status> {
        let (answers, stream) = mpsc::channel(ANSWERS);
        let caller = auth::caller(request.extensions()).unwrap_or_default();
        let share = RejectShare { caller, bytes: self.reject_bytes };
        let serving = stream::serve(self.clone(), share, request.into_inner(), answers);
        tokio::spawn(serving.in_current_span());
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn list_rejects(
        &self,
        request: Request<ListRejectsRequest>,
    ) -> Result<Response<ListRejectsResponse>, Status> {
        Ok(Response::new(self.rejects(request.into_inner()).await?))
    }

    async fn discard_rejects(
        &self,
        request: Request<DiscardRejectsRequest>,
    ) -> Result<Response<DiscardRejectsResponse>, Status> {
        let caller = auth::caller(request.extensions()).unwrap_or_default();
        Ok(Response::new(self.discard(request.into_inner(), &caller).await?))
    }

    async fn list_exchange_rates(
        &self,
        request: Request<ListExchangeRatesRequest>,
    ) -> Result<Response<ListExchangeRatesResponse>, Status> {
        Ok(Response::new(self.rates(request.into_inner()).await?))
    }

    async fn get_data_summary(
        &self,
        request: Request<GetDataSummaryRequest>,
    ) -> Result<Response<GetDataSummaryResponse>, Status> {
        Ok(Response::new(self.data_summary(request.into_inner()).await?))
    }
}
