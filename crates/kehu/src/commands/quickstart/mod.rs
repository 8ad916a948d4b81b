//! `kehu quickstart`: the main job in one command, over the same API that everybody calls.

mod pipeline;
mod sample;
mod summary;

use crate::{
    commands::{business_date, import, report},
    connection::Connection,
    exit::Failure,
    flags::ServeFlags,
    node::{ALL_ROLES, Node, Opened, Signals, folder},
    output,
};
use clap::Args;
use kehu_contract::{reporting::RenderReportRequest, shared::Language};
use kehu_server::{
    client::ClientOptions,
    config::{self, Settings},
    convert,
};
use pipeline::Dates;
use std::{
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    path::{Path, PathBuf},
};
pub(crate) use summary::loaded as print_loaded;

/// A free port of this machine, for when the address is taken.
const FREE_PORT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// Load a retailer's sales, score, classify and code everyone, write a report, keep serving.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu quickstart\n  kehu quickstart --exit --data-dir /tmp/kehu\n  \
    kehu quickstart --input sales.csv --mapping sales.toml --base-currency EUR --time-zone Europe/Berlin"
)]
pub(crate) struct Quickstart {
    #[command(flatten)]
    flags: ServeFlags,

    /// CSV file of order lines to load instead of the sample, plain or gzip
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,

    /// How the columns of the file map to orders; found from its header if not given
    #[arg(long, value_name = "FILE", requires = "input")]
    mapping: Option<PathBuf>,

    /// End when all is done instead of serving on
    #[arg(long)]
    exit: bool,
}

impl Quickstart {
    /// Does everything, then serves on. Serves on a free port if the address is taken.
    pub(crate) async fn run(self, log: &str) -> Result<(), Failure> {
        let mut settings = Settings::load(&self.flags.sources(Some(log)))?;
        check_open(&settings)?;
        let opened = open(&settings.storage).await?;
        let data_dir = settings.storage.data_dir.clone();
        let input = self.input(&data_dir)?;
        let table = import::Table::open(&input.path, input.mapping)?;
        fill_in(&mut settings, &table);
        let node = Node::bind(settings, ALL_ROLES.to_vec(), Some(FREE_PORT)).await?;
        let serving = node.serve(opened).await?;
        let connection = Connection::open(ClientOptions::new(serving.url())).await?;
        let loaded = table.load(&connection).await?;
        summary::loaded(&loaded)?;
        loaded.check()?;
        match Dates::settle(&connection, &loaded, &serving.calendar).await? {
            Some(dates) => classify(&connection, &dates, &data_dir).await?,
            None => output::line("No order counts, so there is nobody to classify.")?,
        }
        if self.exit {
            return serving.drain().await;
        }
        let held = business_date::get(&connection).await?;
        output::line(&format!("\n{}", business_date::describe(&held)))?;
        summary::next_steps(serving.address)?;
        serving.until_stopped(Signals::listen()?).await
    }

    fn input(&self, data_dir: &Path) -> Result<sample::Input, Failure> {
        match &self.input {
            None => sample::unpack(data_dir),
            Some(path) => sample::own(path, self.mapping.as_deref()),
        }
    }
}

/// The quickstart calls itself, without a token or certificates.
fn check_open(settings: &Settings) -> Result<(), Failure> {
    let closed = settings.tls.certificate_file.is_some() || settings.auth.jwks_file.is_some();
    if !closed {
        return Ok(());
    }
    let text = "the quickstart serves without TLS and sign-on: leave out [tls] and [auth], or \
                use kehu serve and kehu import";
    Err(Failure::Usage(text.to_owned()))
}

/// Opens the database; a shared one is brought up to date, too.
async fn open(storage: &config::Storage) -> Result<Opened, Failure> {
    folder::create(&storage.data_dir)?;
    let opened = Opened::open(storage).await?;
    opened.db.migrate().await.map_err(|error| Failure::Unavailable(error.to_string()))?;
    Ok(opened)
}

/// What the mapping states holds where nothing else is said.
fn fill_in(settings: &mut Settings, table: &import::Table) {
    let business = &mut settings.business;
    business.base_currency = business.base_currency.take().or_else(|| table.currency());
    business.time_zone = business.time_zone.take().or_else(|| table.time_zone());
}

/// Scores, classifies, codes and reports as of the business date.
async fn classify(connection: &Connection, dates: &Dates, folder: &Path) -> Result<(), Failure> {
    pipeline::run(connection, dates).await?;
    summary::classes(connection, dates).await?;
    for (name, language) in [("report.html", Language::En), ("report.zh-CN.html", Language::ZhCn)] {
        write_report(connection, dates, language, &folder.join(name)).await?;
    }
    Ok(())
}

async fn write_report(
    connection: &Connection,
    dates: &Dates,
    language: Language,
    path: &Path,
) -> Result<(), Failure> {
    let request = RenderReportRequest {
        taxonomy: pipeline::MAIN_TAXONOMY.to_owned(),
        time: Some(dates.report_time()),
        comparison_date: dates.comparison.map(convert::date),
        language: language.into(),
        ..Default::default()
    };
    let page = report::render(connection, request).await?;
    report::write(path, &page, &folder::private())?;
    output::line(&format!("Report: {}", path.display()))
}
