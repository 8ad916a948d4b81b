//! `kehu.reporting.v1.ReportingService`.

use crate::{Reporting, convert as own, page, recommend, report, request};
use futures::stream::{self, BoxStream, StreamExt};
use kehu_contract::reporting::{
    ExportReportRequest, ExportReportResponse, GetClassSummaryRequest, GetClassSummaryResponse,
    GetMigrationMatrixRequest, GetMigrationMatrixResponse, GetMonthlyTrendRequest,
    GetMonthlyTrendResponse, GetParetoCurveRequest, GetParetoCurveResponse, GetReportRequest,
    GetReportResponse, GetRfmHeatMapRequest, GetRfmHeatMapResponse, ListReportsRequest,
    ListReportsResponse, RecommendProductsRequest, RecommendProductsResponse, RenderReportRequest,
    RenderReportResponse, reporting_service_server::ReportingService,
};
use kehu_core::CustomerId;
use kehu_server::{Fault, Violations, convert, names};
use kehu_storage::change_log::Reading;
use prost::bytes::Bytes;
use tonic::{Request, Response, Status};

/// Bytes in one piece of a stream.
const PIECE: usize = 64 * 1024;

type Pieces<T> = BoxStream<'static, Result<T, Status>>;

impl Reporting {
    async fn class_summary(
        &self,
        request: GetClassSummaryRequest,
    ) -> Result<GetClassSummaryResponse, Fault> {
        let mut violations = Violations::new();
        let question = request::question(
            &request.taxonomy,
            &request.time,
            request.comparison_date,
            self.business_date().await?,
            &mut violations,
        );
        let fresh = request::fresh(&request.time, &mut violations);
        violations.finish()?;
        let freshness_token = fresh.wait(&self.db, Reading::Codes).await?;
        let answer = report::summary(self, &question).await?;
        let response =
            report::class_summary_response(&answer, question.comparison, self.currency())?;
        Ok(GetClassSummaryResponse { freshness_token, ..response })
    }

    async fn migration_matrix(
        &self,
        request: GetMigrationMatrixRequest,
    ) -> Result<GetMigrationMatrixResponse, Fault> {
        let mut violations = Violations::new();
        let question = request::comparison(
            &request.taxonomy,
            &request.time,
            request.comparison_date,
            self.business_date().await?,
            &mut violations,
        );
        let fresh = request::fresh(&request.time, &mut violations);
        violations.finish()?;
        let freshness_token = fresh.wait(&self.db, Reading::Classes).await?;
        let answer = report::matrix(self, &question).await?;
        let response =
            report::migration_matrix_response(&answer, question.comparison, self.currency())?;
        Ok(GetMigrationMatrixResponse { freshness_token, ..response })
    }

    async fn pareto_curve(
        &self,
        request: GetParetoCurveRequest,
    ) -> Result<GetParetoCurveResponse, Fault> {
        let mut violations = Violations::new();
        let today = self.business_date().await?;
        let moment = request::moment(&request.time, today, &mut violations);
        let range = (2, 1_000);
        let points =
            request::number("point_count", request.point_count, range, 100, &mut violations);
        let fresh = request::fresh(&request.time, &mut violations);
        violations.finish()?;
        let freshness_token = fresh.wait(&self.db, Reading::Facts).await?;
        let answer = report::curve(self, moment, i64::from(points)).await?;
        let response = report::pareto_curve_response(&answer);
        Ok(GetParetoCurveResponse { freshness_token, ..response })
    }

    async fn rfm_heat_map(
        &self,
        request: GetRfmHeatMapRequest,
    ) -> Result<GetRfmHeatMapResponse, Fault> {
        let mut violations = Violations::new();
        let today = self.business_date().await?;
        let moment = request::moment(&request.time, today, &mut violations);
        let fresh = request::fresh(&request.time, &mut violations);
        violations.finish()?;
        let freshness_token = fresh.wait(&self.db, Reading::Scores).await?;
        let answer = report::map(self, moment).await?;
        let response = report::heat_map_response(&answer, self.currency())?;
        Ok(GetRfmHeatMapResponse { freshness_token, ..response })
    }

    async fn monthly_trend(
        &self,
        request: GetMonthlyTrendRequest,
    ) -> Result<GetMonthlyTrendResponse, Fault> {
        let mut violations = Violations::new();
        let today = self.business_date().await?;
        let moment = request::moment(&request.time, today, &mut violations);
        let range = (1, 120);
        let months =
            request::number("month_count", request.month_count, range, 13, &mut violations);
        let fresh = request::fresh(&request.time, &mut violations);
        violations.finish()?;
        let freshness_token = fresh.wait(&self.db, Reading::Facts).await?;
        let answer = report::trend(self, moment, months).await?;
        let response = report::monthly_trend_response(&answer, self.currency())?;
        Ok(GetMonthlyTrendResponse { freshness_token, ..response })
    }

    async fn recommend_products(
        &self,
        request: RecommendProductsRequest,
    ) -> Result<RecommendProductsResponse, Fault> {
        let mut violations = Violations::new();
        let customer = names::parse_customer("customer", &request.customer, &mut violations);
        let today = self.business_date().await?;
        let question =
            request::question(&request.taxonomy, &request.time, None, today, &mut violations);
        let (asked, range) = (request.product_count, (1, 100));
        let most = request::number("product_count", asked, range, 10, &mut violations);
        let fresh = request::fresh(&request.time, &mut violations);
        violations.finish()?;
        let freshness_token = fresh.wait(&self.db, Reading::Classes).await?;
        let customer = customer.unwrap_or(CustomerId(0));
        let answer = recommend::recommend(self, customer, &question, most as usize).await?;
        let response = recommend::message::response(answer);
        Ok(RecommendProductsResponse { freshness_token, ..response })
    }

    async fn page(&self, request: RenderReportRequest) -> Result<Bytes, Fault> {
        if !request.report.is_empty() {
            return self.page_of(request).await;
        }
        let mut violations = Violations::new();
        if !request.features.is_empty() {
            violations.add("features", "must be empty: name the one report that they are for");
        }
        if !request.bands.is_empty() {
            violations.add("bands", "must be empty: name the one report that they are for");
        }
        let question = request::question(
            &request.taxonomy,
            &request.time,
            request.comparison_date,
            self.business_date().await?,
            &mut violations,
        );
        let fresh = request::fresh(&request.time, &mut violations);
        violations.finish()?;
        fresh.wait(&self.db, Reading::Codes).await?;
        let figures = self.figures(&question).await?;
        Ok(page::render(&figures, convert::language(request.language)).into())
    }
}

#[tonic::async_trait]
impl ReportingService for Reporting {
    async fn get_class_summary(
        &self,
        request: Request<GetClassSummaryRequest>,
    ) -> Result<Response<GetClassSummaryResponse>, Status> {
        Ok(Response::new(self.class_summary(request.into_inner()).await?))
    }

    async fn get_migration_matrix(
        &self,
        request: Request<GetMigrationMatrixRequest>,
    ) -> Result<Response<GetMigrationMatrixResponse>, Status> {
        Ok(Response::new(self.migration_matrix(request.into_inner()).await?))
    }

    async fn get_pareto_curve(
        &self,
        request: Request<GetParetoCurveRequest>,
    ) -> Result<Response<GetParetoCurveResponse>, Status> {
        Ok(Response::new(self.pareto_curve(request.into_inner()).await?))
    }

    async fn get_rfm_heat_map(
        &self,
        request: Request<GetRfmHeatMapRequest>,
    ) -> Result<Response<GetRfmHeatMapResponse>, Status> {
        Ok(Response::new(self.rfm_heat_map(request.into_inner()).await?))
    }

    async fn get_monthly_trend(
        &self,
        request: Request<GetMonthlyTrendRequest>,
    ) -> Result<Response<GetMonthlyTrendResponse>, Status> {
        Ok(Response::new(self.monthly_trend(request.into_inner()).await?))
    }

    async fn recommend_products(
        &self,
        request: Request<RecommendProductsRequest>,
    ) -> Result<Response<RecommendProductsResponse>, Status> {
        Ok(Response::new(Self::recommend_products(self, request.into_inner()).await?))
    }

    async fn list_reports(
        &self,
        _: Request<ListReportsRequest>,
    ) -> Result<Response<ListReportsResponse>, Status> {
        Ok(Response::new(ListReportsResponse { reports: own::reports() }))
    }

    async fn get_report(
        &self,
        request: Request<GetReportRequest>,
    ) -> Result<Response<GetReportResponse>, Status> {
        Ok(Response::new(self.answer(request.into_inner()).await?))
    }

    type RenderReportStream = Pieces<RenderReportResponse>;

    async fn render_report(
        &self,
        request: Request<RenderReportRequest>,
    ) -> Result<Response<Self::RenderReportStream>, Status> {
        let page = self.page(request.into_inner()).await?;
        let pieces = pieces(&page).map(|html| Ok(RenderReportResponse { html }));
        Ok(Response::new(Box::pin(stream::iter(Vec::from_iter(pieces)))))
    }

    type ExportReportStream = Pieces<ExportReportResponse>;

    async fn export_report(
        &self,
        request: Request<ExportReportRequest>,
    ) -> Result<Response<Self::ExportReportStream>, Status> {
        let request = request.into_inner();
        let format = own::format(request.format)?;
        let parts = self.export(request, format).await?;
        let pieces = parts.flat_map(move |part| {
            stream::iter(match part {
                Ok(part) => pieces(&part).map(|piece| Ok(own::piece(piece, format))).collect(),
                Err(fault) => vec![Err(Status::from(fault))],
            })
        });
        Ok(Response::new(Box::pin(pieces)))
    }
}

/// The bytes cut into pieces that fit a message.
fn pieces(bytes: &Bytes) -> impl Iterator<Item = Bytes> {
    let starts = (0..bytes.len()).step_by(PIECE);
    starts.map(|start| bytes.slice(start..bytes.len().min(start + PIECE)))
}
