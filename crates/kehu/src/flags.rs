//! Flags that stand for settings, and the settings of a process that serves.

use crate::exit::Failure;
use clap::Args;
use kehu_server::config::{Flag, Settings, Sources};
use std::path::PathBuf;

/// Where the settings and the data are.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreFlags {
    /// File of settings, TOML; `kehu config show` prints what holds
    #[arg(long, env = "KEHU_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Folder of the embedded database, ./kehu-data if not given; created when missing
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,

    /// PostgreSQL to use instead, like postgres://user@host/kehu; one with a password is given as
    /// KEHU__STORAGE__DATABASE_URL
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

/// What a process serves with.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServeFlags {
    #[command(flatten)]
    store: StoreFlags,

    /// Address to listen on, 127.0.0.1:7400 if not given; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,

    /// Address of a plain listener for health alone
    #[arg(long, value_name = "ADDRESS")]
    health_listen: Option<String>,

    /// Address of the Prometheus endpoint
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<String>,

    /// Serve without TLS on an address that others can reach
    #[arg(long)]
    insecure: bool,

    /// Currency that all amounts are also kept in, ISO 4217; fixed at the first start, CNY if not
    /// given then
    #[arg(long, value_name = "CODE")]
    base_currency: Option<String>,

    /// Time zone of business dates, an IANA name; fixed at the first start, Asia/Shanghai if not
    /// given then
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
}

impl StoreFlags {
    /// The settings that hold.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        Ok(Settings::load(&self.sources(None))?)
    }

    fn sources(&self, log: Option<&str>) -> Sources {
        let mut sources = Sources {
            file: self.config.clone(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
                .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
                .collect(),
            flags: Vec::new(),
        };
        let data_dir = self.data_dir.as_ref().map(|path| path.display().to_string());
        add(&mut sources, "--data-dir", "storage.data_dir", data_dir);
        add(&mut sources, "--database-url", "storage.database_url", self.database_url.clone());
        add(&mut sources, "--log", "telemetry.log", log.map(str::to_owned));
        sources
    }
}

impl ServeFlags {
    /// Where the settings of the process come from.
    pub(crate) fn sources(&self, log: Option<&str>) -> Sources {
        let mut sources = self.store.sources(log);
        let insecure = self.insecure.then(|| "true".to_owned());
        for (name, key, value) in [
            ("--listen", "server.listen", &self.listen),
            ("--health-listen", "server.health_listen", &self.health_listen),
            ("--metrics-listen", "telemetry.metrics_listen", &self.metrics_listen),
            ("--insecure", "server.insecure", &insecure),
            ("--base-currency", "business.base_currency", &self.base_currency),
            ("--time-zone", "business.time_zone", &self.time_zone),
        ] {
            add(&mut sources, name, key, value.clone());
        }
        sources
    }
}

fn add(sources: &mut Sources, name: &'static str, key: &'static str, value: Option<String>) {
    sources.flags.extend(value.map(|value| Flag { key, value, name }));
}
