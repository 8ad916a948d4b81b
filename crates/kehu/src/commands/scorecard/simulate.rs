//! `kehu scorecard simulate`: what a version changes, against live data.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    runs,
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::scoring::{
    CompositeDistribution, GetSimulationRequest, SimulatedGrade, Simulation, StartSimulationRequest,
};
use kehu_server::convert;

/// Customers whose composite changes that are named, at most.
const MOVERS: usize = 20;

#[derive(Debug, Args)]
pub(super) struct Simulate {
    #[command(flatten)]
    client: Client,

    /// The scorecard
    #[arg(value_name = "ID")]
    id: String,

    /// The version to try; the latest, mostly the draft, if not given
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    version: i64,

    /// The published version to compare it with; the latest before it if not given
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    base_version: i64,

    /// The date to score for, and to calibrate a draft as of; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,
}

impl Simulate {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = StartSimulationRequest {
            name: self.id.clone(),
            version: self.version,
            base_version: self.base_version,
            as_of_date: self.as_of.map(convert::date),
            request_id: String::new(),
        };
        let run = connection.scorecards().start_simulation(request).await?.into_inner().run;
        let run = runs::follow(&connection, "simulate", run).await?.name;
        let answer = connection.scorecards().get_simulation(GetSimulationRequest { run }).await?;
        let simulation = answer.into_inner().simulation.unwrap_or_default();
        if self.client.output == Format::Json {
            return output::json(&simulation);
        }
        print(&simulation)?;
        output::line(&match simulation.stale_reason.as_str() {
            "" => {
                let run = &simulation.run;
                format!(
                    "\nTo publish just this: kehu scorecard publish {} --simulation {run}",
                    self.id
                )
            }
            reason => format!("\nPublishing cannot rest on it: {reason}"),
        })
    }
}

fn print(simulation: &Simulation) -> Result<(), Failure> {
    let base = match simulation.base_version {
        0 => "no version".to_owned(),
        base => format!("version {base}"),
    };
    output::line(&format!(
        "{}: version {} against {base}, as of {}: the grade of {} of {} customers changes; amounts are \
         what they bought in the 365 days up to it\n",
        simulation.scorecard,
        simulation.version,
        output::date(simulation.as_of_date.as_ref()),
        simulation.moved_count,
        simulation.customer_count,
    ))?;
    print_composites(simulation)?;
    print_grades(simulation)?;
    let movers: Vec<_> = simulation
        .movers
        .iter()
        .take(MOVERS)
        .map(|it| {
            vec![
                it.customer.clone(),
                output::decimal(it.from_composite.as_ref()),
                output::decimal(it.to_composite.as_ref()),
                none(&it.from_grade),
                none(&it.to_grade),
                output::cents(it.amount.as_ref()),
            ]
        })
        .collect();
    if movers.is_empty() {
        return Ok(());
    }
    output::line("")?;
    let header = ["who changes most", "before", "after", "grade before", "grade after", "amount"];
    output::line(&output::table(&header, &["before", "after", "amount"], movers))
}

fn print_composites(simulation: &Simulation) -> Result<(), Failure> {
    let header = [
        "composites",
        "scored",
        "mean",
        "least",
        "10 %",
        "25 %",
        "50 %",
        "75 %",
        "90 %",
        "greatest",
    ];
    let row = |name: &str, of: &CompositeDistribution| {
        let mut row =
            vec![name.to_owned(), of.scored_count.to_string(), output::decimal(of.mean.as_ref())];
        row.extend(of.quantiles.iter().map(|it| it.value.clone()));
        row.resize(header.len(), "–".to_owned());
        row
    };
    let before = simulation.before.as_ref().map(|before| row("before", before));
    let after = simulation.after.as_ref().map(|after| row("after", after));
    let rows = before.into_iter().chain(after).collect();
    output::line(&output::table(&header, &header[1..], rows))
}

fn print_grades(simulation: &Simulation) -> Result<(), Failure> {
    if simulation.grades.is_empty() {
        return Ok(());
    }
    output::line("")?;
    let header = ["grade", "before", "after", "gained", "lost", "amount before", "amount after"];
    let rows = simulation.grades.iter().map(grade_row).collect();
    output::line(&output::table(&header, &header[1..], rows))?;
    let moved = simulation.moves.iter().filter(|it| it.from_grade != it.to_grade);
    let rows: Vec<_> = moved
        .map(|it| {
            let (from, to) = (none(&it.from_grade), none(&it.to_grade));
            vec![from, to, it.customers.to_string(), output::cents(it.amount.as_ref())]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    output::line("")?;
    let header = ["from", "to", "customers", "amount"];
    output::line(&output::table(&header, &header[2..], rows))
}

fn grade_row(grade: &SimulatedGrade) -> Vec<String> {
    vec![
        none(&grade.grade),
        grade.customers_before.to_string(),
        grade.customers.to_string(),
        grade.gained_count.to_string(),
        grade.lost_count.to_string(),
        output::cents(grade.amount_before.as_ref()),
        output::cents(grade.amount.as_ref()),
    ]
}

fn none(grade: &str) -> String {
    if grade.is_empty() { "no grade".to_owned() } else { grade.to_owned() }
}
