//! A server with a shop's sales, scores, classes and codes.

use kehu_tests::{program::Server, sample};
use tonic::transport::{Channel, Endpoint};

/// Lines of the sample that are loaded.
const LINES: usize = 3_000;
/// The day after the last of them.
const DATE: &str = "2010-12-03";

/// The server, and a connection to it.
pub(crate) struct World {
    /// The process.
    pub(crate) server: Server,
    /// The connection.
    pub(crate) channel: Channel,
}

impl World {
    /// Starts a server on a database, and does its main job once.
    pub(crate) async fn start(place: &[&str]) -> Self {
        let shop = ["--base-currency", "GBP", "--time-zone", "Europe/London"];
        let server = Server::start(&[place, &shop].concat()).await;
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("sales.csv");
        sample::write_start(&input, LINES);
        let mapping = sample::data("online_retail/mapping.toml").display().to_string();
        server.succeed(&["import", &input.display().to_string(), "--mapping", &mapping]).await;
        server.succeed(&["business-date", DATE]).await;
        server.succeed(&["score", "rfm", "abc", "value"]).await;
        server.succeed(&["classify", "abc", "value-six", "loyalty"]).await;
        server.succeed(&["code"]).await;
        let endpoint = Endpoint::from_shared(server.url.clone()).unwrap();
        Self { channel: endpoint.connect().await.unwrap(), server }
    }
}
