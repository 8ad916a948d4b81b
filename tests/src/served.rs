//! Services in the process of a test, called over a real connection.

use kehu_server::listener::Listener;
use std::net::{Ipv4Addr, SocketAddr};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{
    service::RoutesBuilder,
    transport::{Channel, Endpoint},
};

/// Services on a free port, until it is dropped.
pub struct Served {
    /// A connection to them.
    pub channel: Channel,
    _stop: DropGuard,
}

impl Served {
    /// Serves what `mount` adds.
    pub async fn start(mount: impl FnOnce(&mut RoutesBuilder)) -> Self {
        let mut routes = RoutesBuilder::default();
        mount(&mut routes);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = Listener::bind(any_port).await.expect("there is a free port");
        let url = format!("http://{}", listener.address);
        let stop = CancellationToken::new();
        tokio::spawn(listener.serve(routes, stop.clone()));
        let endpoint = Endpoint::from_shared(url).expect("an address makes a URL");
        let channel = endpoint.connect().await.expect("the services can be reached");
        Self { channel, _stop: stop.drop_guard() }
    }
}
