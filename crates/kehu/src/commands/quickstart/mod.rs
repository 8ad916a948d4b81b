//! `kehu quickstart`: the main job in one command, over the same API that everybody calls.

mod pipeline;
mod sample;
mod summary;

use crate::{
    commands::{import, report},
    connection::Connection,
    exit::Failure,
    node::{ALL_ROLES, Node, NodeOptions, Opened, Store, Wanted},
    output,
};
use clap::Args;
use kehu_contract::{reporting::RenderReportRequest, shared::Language};
use kehu_server::{client::ClientOptions, convert};
use pipeline::Dates;
pub(crate) use sample::read_text;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
pub(crate) use summary::loaded as print_loaded;

/// Load a retailer's sales, score, classify and code everyone, write a report, keep serving.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu quickstart\n  kehu quickstart --exit --data-dir /tmp/kehu\n  \
    kehu quickstart --input sales.csv --mapping sales.toml --base-currency EUR --time-zone Europe/Berlin"
)]
pub(crate) struct Quickstart {
    #[command(flatten)]
    store: Store,

    #[command(flatten)]
    wanted: Wanted,

    /// CSV file of order lines to load instead of the sample, plain or gzip
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,

    /// How the columns of the file map to orders; found from its header if not given
    #[arg(long, value_name = "FILE", requires = "input")]
    mapping: Option<PathBuf>,

    /// End when all is done instead of serving on
    #[arg(long)]
    exit: bool,

    /// Address to serve on; a free port if this one is taken
    #[arg(long, env = "KEHU_LISTEN", default_value = "127.0.0.1:7400", value_name = "ADDRESS")]
    listen: SocketAddr,
}

impl Quickstart {
    /// Does everything, then serves on.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let opened = self.open().await?;
        let input = self.input()?;
        let table = import::Table::open(&input.path, input.mapping)?;
        let node = self.serve(opened, &table).await?;
        let connection = Connection::open(ClientOptions::new(node.url())).await?;
        let loaded = table.load(&connection).await?;
        summary::loaded(&loaded)?;
        match Dates::of(&loaded, &node.calendar) {
            Some(dates) => self.classify(&connection, &dates).await?,
            None => output::line("Nothing was loaded, so there is nobody to classify.")?,
        }
        if self.exit {
            return node.stop().await;
        }
        summary::next_steps(node.address)?;
        node.serve().await
    }

    /// Opens the database; a shared one is brought up to date, too.
    async fn open(&self) -> Result<Opened, Failure> {
        std::fs::create_dir_all(&self.store.data_dir).map_err(|source| Failure::Output {
            path: self.store.data_dir.display().to_string(),
            source,
        })?;
        let opened = self.store.open().await?;
        opened.db.migrate().await.map_err(|error| Failure::Unavailable(error.to_string()))?;
        Ok(opened)
    }

    fn input(&self) -> Result<sample::Input, Failure> {
        match &self.input {
            None => sample::unpack(&self.store.data_dir),
            Some(path) => sample::Input::own(path, self.mapping.as_deref()),
        }
    }

    async fn serve(&self, opened: Opened, table: &import::Table) -> Result<Node, Failure> {
        let wanted = Wanted {
            base_currency: self.wanted.base_currency.clone().or_else(|| table.currency()),
            time_zone: self.wanted.time_zone.clone().or_else(|| table.time_zone()),
        };
        let listen = free_address(self.listen).await;
        let options = NodeOptions { roles: ALL_ROLES.to_vec(), listen, wanted };
        Node::start(opened, options).await
    }

    /// Scores, classifies, codes and reports as of the day after the last order.
    async fn classify(&self, connection: &Connection, dates: &Dates) -> Result<(), Failure> {
        pipeline::run(connection, dates).await?;
        summary::classes(connection, dates).await?;
        for (name, language) in
            [("report.html", Language::En), ("report.zh-CN.html", Language::ZhCn)]
        {
            write_report(connection, dates, language, &self.store.data_dir.join(name)).await?;
        }
        Ok(())
    }
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
    };
    report::write(path, &report::render(connection, request).await?)?;
    output::line(&format!("Report: {}", path.display()))
}

/// The address, or a free port on this machine when it is taken.
async fn free_address(wanted: SocketAddr) -> SocketAddr {
    match tokio::net::TcpListener::bind(wanted).await {
        Ok(_) => wanted,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    }
}
