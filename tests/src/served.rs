//! Services in the process of a test, called over a real connection.

use kehu_server::{
    client::{Client, ClientOptions},
    config::{Settings, Sources},
    health::Health,
    listener::{Api, Listener},
    method,
};
use std::net::{Ipv4Addr, SocketAddr};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{
    service::RoutesBuilder,
    transport::{Channel, Endpoint},
};

/// Packages with services.
const PACKAGES: [&str; 5] =
    ["kehu.ingestion.v1", "kehu.scoring.v1", "kehu.coding.v1", "kehu.reporting.v1", "kehu.run.v1"];

/// Services on a free port, until it is dropped, under the default settings.
pub struct Served {
    /// A connection to them.
    pub channel: Channel,
    /// The client that repeats what may be repeated.
    pub client: Client,
    _stop: DropGuard,
}

impl Served {
    /// Serves what `mount` adds.
    pub async fn start(mount: impl FnOnce(&mut RoutesBuilder)) -> Self {
        let mut routes = RoutesBuilder::default();
        mount(&mut routes);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = Listener::bind("server.listen", any_port).await;
        let listener = listener.expect("there is a free port");
        let url = format!("http://{}", listener.address);
        let stop = CancellationToken::new();
        tokio::spawn(api().await.serve(listener, routes, stop.clone()));
        let client = Client::new(ClientOptions::new(&url)).await.expect("the options are good");
        let endpoint = Endpoint::from_shared(url).expect("an address makes a URL");
        let channel = endpoint.connect().await.expect("the services can be reached");
        Self { channel, client, _stop: stop.drop_guard() }
    }
}

async fn api() -> Api {
    let settings = Settings::load(&Sources::default()).expect("the defaults are good");
    let services: Vec<String> = PACKAGES.into_iter().flat_map(method::services).collect();
    Api {
        limits: settings.server,
        tls: None,
        authenticator: None,
        health: Health::new(services.clone()).await,
        services,
    }
}
