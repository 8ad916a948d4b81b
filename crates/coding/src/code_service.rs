//! `kehu.coding.v1.CodeService`.

mod create;
mod import;
mod read;

use kehu_contract::coding as contract;
use kehu_contract::coding::{
    CountLeftOutRequest, CountLeftOutResponse, CreateCodeSchemeRequest, CreateCodeSchemeResponse,
    DecodeCodeRequest, DecodeCodeResponse, GetCodeSchemeRequest, GetCodeSchemeResponse,
    ImportCodesRequest, ImportCodesResponse, ListCodeHistoryRequest, ListCodeHistoryResponse,
    ListCodeSchemesRequest, ListCodeSchemesResponse, ListCodesRequest, ListCodesResponse,
    ListLeftOutRequest, ListLeftOutResponse, ResolveCodeRequest, ResolveCodeResponse,
    StartCodingRequest, StartCodingResponse, ValidateCodeRequest, ValidateCodeResponse,
    code_service_server::CodeService,
};
use kehu_core::code_scheme::CodeScheme;
use kehu_server::{Fault, Violations, aside, auth, convert, names, page};
use kehu_storage::{
    PageRequest,
    coding::{
        classes::{self, View},
        schemes::SchemeVersion,
    },
    definitions, document, facts,
    run::NewRun,
};
use tonic::{Request, Response, Status};

use crate::Coding;
use crate::assign::compiled;
use crate::coding_job::{CodingRequest, KIND};
use crate::convert::scheme_view;

impl Coding {
    async fn get_code_scheme(
        &self,
        request: GetCodeSchemeRequest,
    ) -> Result<GetCodeSchemeResponse, Fault> {
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::CODE_SCHEMES, &request.name, &mut violations);
        violations.finish()?;
        let scheme = definitions::get(&self.db, &id.unwrap_or_default(), None).await?;
        Ok(GetCodeSchemeResponse { code_scheme: Some(view(&scheme)) })
    }

    async fn list_code_schemes(
        &self,
        request: ListCodeSchemesRequest,
    ) -> Result<ListCodeSchemesResponse, Fault> {
        let filters = [names::CODE_SCHEMES];
        let mut violations = Violations::new();
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let page = PageRequest { limit: page.size, after: page.after };
        let found = definitions::list(&self.db, &page).await?;
        let schemes = aside::readable(found.items)?;
        Ok(ListCodeSchemesResponse {
            code_schemes: schemes.iter().map(view).collect(),
            next_page_token: found.next.map(|key| page::token(&key, &filters)).unwrap_or_default(),
        })
    }

    async fn start_coding(
        &self,
        request: Request<StartCodingRequest>,
    ) -> Result<StartCodingResponse, Fault> {
        let caller = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let scheme =
            names::parse_resource("scheme", names::CODE_SCHEMES, &request.scheme, &mut violations);
        let as_of = convert::parse_date("as_of_date", request.as_of_date, &mut violations);
        let request_id = convert::parse_request_id(&request.request_id, &mut violations);
        violations.finish()?;
        let as_of = match as_of {
            Some(as_of) => as_of,
            None => self.business_date().await?,
        };
        let scheme = scheme.unwrap_or_default();
        let stored = definitions::get::<CodeScheme>(&self.db, &scheme, None).await?;
        let view = View { true_on: Some(as_of), known_at: None };
        self.check_classified(&stored.definition.taxonomy, view).await?;
        let asked = CodingRequest { scheme };
        let new = NewRun {
            kind: KIND,
            request: document::write(&asked),
            as_of: Some(as_of),
            partition_size: None,
            request_id,
            caller,
        };
        let run = kehu_runs::start(&self.db, &new, self.max_waiting).await?;
        Ok(StartCodingResponse { run: Some(run) })
    }

    /// Refuses to code when nobody is classified: the run would give no codes and look well.
    async fn check_classified(&self, taxonomy: &str, view: View) -> Result<(), Fault> {
        if taxonomy.is_empty() || facts::partitions(&self.db, u64::MAX).await?.is_empty() {
            return Ok(());
        }
        let one = PageRequest::first(1);
        if !classes::members(&self.db, taxonomy, None, view, &one).await?.items.is_empty() {
            return Ok(());
        }
        Err(Fault::Precondition {
            kind: "CUSTOMERS_CLASSIFIED",
            subject: names::resource(names::TAXONOMIES, taxonomy),
            description: format!("no customer has a class under {taxonomy}: classify first"),
        })
    }
}

/// A scheme that cannot give codes any more has no capacity.
fn view(scheme: &SchemeVersion) -> contract::CodeScheme {
    match compiled(&scheme.definition) {
        Ok(compiled) => scheme_view(scheme, compiled.capacity()),
        Err(fault) => {
            let broken_reason = fault.to_string();
            contract::CodeScheme { broken_reason, ..scheme_view(scheme, 0) }
        }
    }
}

#[tonic::async_trait]
impl CodeService for Coding {
    async fn create_code_scheme(
        &self,
        request: Request<CreateCodeSchemeRequest>,
    ) -> Result<Response<CreateCodeSchemeResponse>, Status> {
        Ok(Response::new(Coding::create_code_scheme(self, request).await?))
    }

    async fn get_code_scheme(
        &self,
        request: Request<GetCodeSchemeRequest>,
    ) -> Result<Response<GetCodeSchemeResponse>, Status> {
        Ok(Response::new(Coding::get_code_scheme(self, request.into_inner()).await?))
    }

    async fn list_code_schemes(
        &self,
        request: Request<ListCodeSchemesRequest>,
    ) -> Result<Response<ListCodeSchemesResponse>, Status> {
        Ok(Response::new(Coding::list_code_schemes(self, request.into_inner()).await?))
    }

    async fn start_coding(
        &self,
        request: Request<StartCodingRequest>,
    ) -> Result<Response<StartCodingResponse>, Status> {
        Ok(Response::new(Coding::start_coding(self, request).await?))
    }

    async fn import_codes(
        &self,
        request: Request<ImportCodesRequest>,
    ) -> Result<Response<ImportCodesResponse>, Status> {
        Ok(Response::new(Coding::import_codes(self, request.into_inner()).await?))
    }

    async fn resolve_code(
        &self,
        request: Request<ResolveCodeRequest>,
    ) -> Result<Response<ResolveCodeResponse>, Status> {
        Ok(Response::new(Coding::resolve_code(self, request.into_inner()).await?))
    }

    async fn list_code_history(
        &self,
        request: Request<ListCodeHistoryRequest>,
    ) -> Result<Response<ListCodeHistoryResponse>, Status> {
        Ok(Response::new(Coding::list_code_history(self, request.into_inner()).await?))
    }

    async fn list_codes(
        &self,
        request: Request<ListCodesRequest>,
    ) -> Result<Response<ListCodesResponse>, Status> {
        Ok(Response::new(Coding::list_codes(self, request.into_inner()).await?))
    }

    async fn list_left_out(
        &self,
        request: Request<ListLeftOutRequest>,
    ) -> Result<Response<ListLeftOutResponse>, Status> {
        Ok(Response::new(Coding::list_left_out(self, request.into_inner()).await?))
    }

    async fn count_left_out(
        &self,
        request: Request<CountLeftOutRequest>,
    ) -> Result<Response<CountLeftOutResponse>, Status> {
        Ok(Response::new(Coding::count_left_out(self, request.into_inner()).await?))
    }

    async fn decode_code(
        &self,
        request: Request<DecodeCodeRequest>,
    ) -> Result<Response<DecodeCodeResponse>, Status> {
        Ok(Response::new(Coding::decode_code(self, request.into_inner()).await?))
    }

    async fn validate_code(
        &self,
        request: Request<ValidateCodeRequest>,
    ) -> Result<Response<ValidateCodeResponse>, Status> {
        Ok(Response::new(Coding::validate_code(self, request.into_inner()).await?))
    }
}
