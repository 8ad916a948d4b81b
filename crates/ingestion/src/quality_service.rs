//! `kehu.ingestion.v1.DataQualityService`.

use chrono::{Days, NaiveDate};
use kehu_contract::ingestion::{
    GetDataQualityRequest, GetDataQualityResponse, StartMeasurementRequest,
    StartMeasurementResponse, data_quality_service_server::DataQualityService,
};
use kehu_server::{Fault, Violations, auth, clock, convert as values, names};
use kehu_storage::business_date;
use kehu_storage::ingestion::quality::{self as store, ALL_SOURCES, LineFilter, Measurement};
use kehu_storage::run::NewRun;
use tonic::{Request, Response, Status};

use crate::Ingestion;
use crate::convert::{is_source, quality};
use crate::quality_job::new_run;

/// Lines of an answer: fields, and sources.
const LINES: u64 = 2_000;
const SOURCES: u64 = 1_000;
/// Days that the trend goes back, where nothing else is asked for, and at most.
const TREND_DAYS: i32 = 90;
const MOST_TREND_DAYS: i32 = 1_100;

impl Ingestion {
    async fn start_measurement(
        &self,
        request: Request<StartMeasurementRequest>,
    ) -> Result<StartMeasurementResponse, Fault> {
        let caller = auth::caller(request.extensions());
        let mut violations = Violations::new();
        let request_id =
            values::parse_request_id(&request.into_inner().request_id, &mut violations);
        violations.finish()?;
        let new = NewRun { request_id, caller, ..new_run(self.business_date().await?) };
        let run = kehu_runs::start(&self.db, &new, self.max_waiting).await?;
        Ok(StartMeasurementResponse { run: Some(run) })
    }

    async fn business_date(&self) -> Result<NaiveDate, Fault> {
        Ok(business_date::current(&self.db, &self.checker.calendar, clock::now()).await?.date)
    }

    async fn data_quality(
        &self,
        request: GetDataQualityRequest,
    ) -> Result<GetDataQualityResponse, Fault> {
        let mut violations = Violations::new();
        let as_of = values::parse_date("as_of_date", request.as_of_date, &mut violations);
        if !request.source.is_empty() && !is_source(&request.source) {
            violations.add("source", "must be the name of a source");
        }
        let days = trend_days(request.trend_days, &mut violations);
        violations.finish()?;
        let as_of = match as_of {
            Some(as_of) => as_of,
            None => self.business_date().await?,
        };
        let Some(measured) = store::measurement_on(&self.db, as_of).await? else {
            return Err(unmeasured(as_of));
        };
        let source = match request.source.as_str() {
            "" => ALL_SOURCES,
            name => store::source_number(&self.db, name)
                .await?
                .ok_or_else(|| Fault::NotFound { kind: "source", name: name.to_owned() })?,
        };
        self.answer(&measured, (source, &request.source), days).await
    }

    async fn answer(
        &self,
        measured: &Measurement,
        (source, name): (i64, &str),
        days: Days,
    ) -> Result<GetDataQualityResponse, Fault> {
        let (calendar, day) = (&self.checker.calendar, measured.measured_on);
        let lines = store::day_lines(&self.db, day, LineFilter::Source(source), LINES).await?;
        let sources = match source {
            ALL_SOURCES => store::day_lines(&self.db, day, LineFilter::Records, SOURCES).await?,
            _ => Vec::new(),
        };
        let first = day.checked_sub_days(days).unwrap_or(day);
        let trend = store::trend(&self.db, source, (first, day)).await?;
        let line = |line| quality::line(line, day, calendar);
        Ok(GetDataQualityResponse {
            as_of_date: Some(values::date(day)),
            measure_time: Some(values::timestamp(measured.measured_at)),
            run: names::run(measured.run_id),
            lines: lines.into_iter().map(line).collect(),
            sources: sources.into_iter().map(line).collect(),
            trend: trend.iter().map(|point| quality::point(point, name, calendar)).collect(),
        })
    }
}

fn trend_days(days: i32, violations: &mut Violations) -> Days {
    let days = if days == 0 { TREND_DAYS } else { days };
    if !(1..=MOST_TREND_DAYS).contains(&days) {
        violations.add("trend_days", format!("must be between 0 and {MOST_TREND_DAYS}"));
    }
    Days::new(u64::try_from(days).unwrap_or_default())
}

fn unmeasured(as_of: NaiveDate) -> Fault {
    Fault::Precondition {
        kind: "DATA_QUALITY_MEASURED",
        subject: "dataQuality".to_owned(),
        description: format!(
            "data quality was not measured up to {as_of}: start a measurement with \
             StartMeasurement (kehu quality --measure), which from then on is repeated each \
             business day"
        ),
    }
}

#[tonic::async_trait]
impl DataQualityService for Ingestion {
    async fn start_measurement(
        &self,
        request: Request<StartMeasurementRequest>,
    ) -> Result<Response<StartMeasurementResponse>, Status> {
        Ok(Response::new(Ingestion::start_measurement(self, request).await?))
    }

    async fn get_data_quality(
        &self,
        request: Request<GetDataQualityRequest>,
    ) -> Result<Response<GetDataQualityResponse>, Status> {
        Ok(Response::new(self.data_quality(request.into_inner()).await?))
    }
}
