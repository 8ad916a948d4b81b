//! `kehu taxonomy simulate` and `compare`: what a version changes, against live data.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    runs,
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::coding::{
    GetSimulationRequest, SimulatedClass, Simulation, StartSimulationRequest,
};
use kehu_server::convert;

/// Customers who would move that are named, at most.
const MOVERS: usize = 20;

#[derive(Debug, Args)]
pub(super) struct Simulate {
    #[command(flatten)]
    client: Client,

    /// The taxonomy
    #[arg(value_name = "ID")]
    id: String,

    /// The version to try; the latest, mostly the draft, if not given
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    version: i64,

    /// The date to classify for; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,
}

impl Simulate {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let versions = (0, self.version);
        let simulation = carry_out(&self.client, &self.id, versions, self.as_of).await?;
        if self.client.output == Format::Json {
            return output::json(&simulation);
        }
        print(&simulation)?;
        match simulation.stale_reason.as_str() {
            "" => {
                let run = &simulation.run;
                output::line(&format!(
                    "\nTo publish just this: kehu taxonomy publish {} --simulation {run}",
                    self.id
                ))
            }
            reason => output::line(&format!("\nPublishing cannot rest on it: {reason}")),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Compare {
    #[command(flatten)]
    client: Client,

    /// The taxonomy
    #[arg(value_name = "ID")]
    id: String,

    /// The version before
    #[arg(value_name = "FROM", value_parser = clap::value_parser!(i64).range(1..))]
    from: i64,

    /// The version after
    #[arg(value_name = "TO", value_parser = clap::value_parser!(i64).range(1..))]
    to: i64,

    /// The date to classify for; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,
}

impl Compare {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let versions = (self.from, self.to);
        let simulation = carry_out(&self.client, &self.id, versions, self.as_of).await?;
        match self.client.output {
            Format::Json => output::json(&simulation),
            Format::Table => print(&simulation),
        }
    }
}

/// Simulates a version against a base, and waits for what it comes to.
async fn carry_out(
    client: &Client,
    id: &str,
    (base_version, version): (i64, i64),
    as_of: Option<NaiveDate>,
) -> Result<Simulation, Failure> {
    let connection = Connection::open(client.options()).await?;
    let request = StartSimulationRequest {
        name: id.to_owned(),
        version,
        base_version,
        as_of_date: as_of.map(convert::date),
        request_id: String::new(),
    };
    let run = connection.taxonomies().start_simulation(request).await?.into_inner().run;
    let run = runs::follow(&connection, "simulate", run).await?.name;
    let answer = connection.taxonomies().get_simulation(GetSimulationRequest { run }).await?;
    Ok(answer.into_inner().simulation.unwrap_or_default())
}

fn print(simulation: &Simulation) -> Result<(), Failure> {
    let base = match simulation.base_version {
        0 => "no version".to_owned(),
        base => format!("version {base}"),
    };
    output::line(&format!(
        "{}: version {} against {base}, as of {}: {} of {} customers move; amounts are what they bought \
         in the 365 days up to it\n",
        simulation.taxonomy,
        simulation.version,
        output::date(simulation.as_of_date.as_ref()),
        simulation.moved_count,
        simulation.customer_count,
    ))?;
    let classes = simulation.classes.iter().map(class_row).collect();
    let header =
        ["class", "before", "after", "gained", "lost", "amount before", "amount after", ""];
    output::line(&output::table(&header, &header[1..7], classes))?;
    print_moves(simulation)?;
    print_overlaps(simulation)?;
    for change in &simulation.code_changes {
        output::line(&format!("\n{}: {} codes change", change.code_scheme, change.customers))?;
    }
    Ok(())
}

fn class_row(class: &SimulatedClass) -> Vec<String> {
    let finding = match (class.customers, class.matched_count) {
        (0, matched) if matched > 0 => {
            format!("nobody reaches it: classes before it take all {matched} that it holds for")
        }
        _ => String::new(),
    };
    vec![
        none(&class.class_id),
        class.customers_before.to_string(),
        class.customers.to_string(),
        class.gained_count.to_string(),
        class.lost_count.to_string(),
        output::cents(class.amount_before.as_ref()),
        output::cents(class.amount.as_ref()),
        finding,
    ]
}

fn print_moves(simulation: &Simulation) -> Result<(), Failure> {
    let moved = simulation.moves.iter().filter(|it| it.from_class_id != it.to_class_id);
    let rows: Vec<_> = moved
        .map(|it| {
            let (from, to) = (none(&it.from_class_id), none(&it.to_class_id));
            vec![from, to, it.customers.to_string(), output::cents(it.amount.as_ref())]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    output::line("")?;
    output::line(&output::table(
        &["from", "to", "customers", "amount"],
        &["customers", "amount"],
        rows,
    ))?;
    output::line("")?;
    let movers = simulation.movers.iter().take(MOVERS);
    let rows = movers.map(|it| {
        let (from, to) = (none(&it.from_class_id), none(&it.to_class_id));
        vec![it.customer.clone(), from, to, output::cents(it.amount.as_ref())]
    });
    output::line(&output::table(
        &["who moves most", "from", "to", "amount"],
        &["amount"],
        rows.collect(),
    ))
}

fn print_overlaps(simulation: &Simulation) -> Result<(), Failure> {
    if simulation.overlaps.is_empty() {
        return Ok(());
    }
    output::line("")?;
    let rows = simulation.overlaps.iter().map(|it| {
        let mended = if it.excluded { "of one priority: to be mended" } else { "" };
        vec![
            it.class_id.clone(),
            it.other_class_id.clone(),
            it.customers.to_string(),
            it.example_customer.clone(),
            mended.to_owned(),
        ]
    });
    let header = ["class that takes", "holds, too", "customers", "such as", ""];
    output::line(&output::table(&header, &["customers"], rows.collect()))
}

fn none(class: &str) -> String {
    if class.is_empty() { "no class".to_owned() } else { class.to_owned() }
}
