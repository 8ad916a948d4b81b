//! Whether the data is as good as a taxonomy asks before it is published.

use kehu_core::quality::{Counts, Dimension};
use kehu_core::taxonomy::{QualityDemand, Taxonomy};
use kehu_server::{Fault, clock, names};
use kehu_storage::business_date;
use kehu_storage::ingestion::quality::{self as store, ALL_SOURCES, Line, LineFilter};

use crate::Coding;

/// How many days a measurement is looked at: it is repeated each business day, so an older one says
/// that something keeps it from being so.
const MOST_DAYS: i64 = 7;
/// Lines of a measurement that are looked at.
const LINES: u64 = 2_000;
/// Demands that are told: more say nothing new.
const TOLD: usize = 10;

impl Coding {
    /// Refuses a taxonomy that asks for better data than there is.
    pub(crate) async fn check_quality(&self, taxonomy: &Taxonomy) -> Result<(), Fault> {
        if taxonomy.data_quality.is_empty() {
            return Ok(());
        }
        let refused = |kind, description| Fault::Precondition {
            kind,
            subject: names::resource(names::TAXONOMIES, &taxonomy.id),
            description,
        };
        let today = business_date::current(&self.db, &self.calendar, clock::now()).await?.date;
        let measured = store::measurement_on(&self.db, today).await?;
        let measured = measured.map(|measured| measured.measured_on);
        let fresh = |day: &chrono::NaiveDate| (today - *day).num_days() <= MOST_DAYS;
        let Some(day) = measured.filter(fresh) else {
            let text = format!(
                "the taxonomy asks how good the data is, which was not measured within \
                 {MOST_DAYS} days up to {today}: measure it with StartMeasurement (kehu quality \
                 --measure)"
            );
            return Err(refused("DATA_QUALITY_MEASURED", text));
        };
        let all = LineFilter::Source(ALL_SOURCES);
        let lines = store::day_lines(&self.db, day, all, LINES).await?;
        let short = taxonomy.data_quality.iter().filter_map(|demand| shortfall(demand, &lines));
        let short: Vec<String> = short.take(TOLD).collect();
        if short.is_empty() {
            return Ok(());
        }
        let text = format!(
            "the data is not as good as the taxonomy asks, as of {day}: {}. Mend the data \
             (GetDataQuality and kehu quality show it by source, ListRejects and kehu rejects what \
             was refused), measure it again with StartMeasurement (kehu quality --measure), or ask \
             for less in data_quality of the draft",
            short.join("; ")
        );
        Err(refused("DATA_QUALITY_SUFFICIENT", text))
    }
}

/// What a demand lacks, for people; `None` when it is met.
fn shortfall(demand: &QualityDemand, lines: &[Line]) -> Option<String> {
    let find = |field: &str| {
        let of_demand = |line: &&Line| line.key.kind == demand.record && line.key.field == field;
        lines.iter().find(of_demand)
    };
    // A field that nobody has is in no line: it is missing wherever there are records.
    let ratio = match find(&demand.field) {
        Some(line) => line.ratio(demand.dimension),
        None => find("").and_then(|records| {
            let nothing = Counts { expected: records.counts.held, ..Counts::default() };
            nothing.ratio(demand.dimension)
        }),
    };
    let (subject, name) = (demand.subject(), name(demand.dimension));
    match ratio {
        Some(ratio) if ratio >= demand.at_least => None,
        Some(ratio) => {
            Some(format!("{name} of {subject} is {ratio}, and {} is asked for", demand.at_least))
        }
        None => Some(format!("there is nothing to measure {name} of {subject} by")),
    }
}

fn name(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Completeness => "completeness",
        Dimension::Validity => "validity",
        Dimension::Uniqueness => "uniqueness",
        Dimension::Timeliness => "timeliness",
    }
}
