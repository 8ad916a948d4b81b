//! A caller that asks for too much at once, and one beside it.

use crate::keys::{AUDIENCE, Keys};
use futures::{future, stream};
use kehu_contract::{
    error::ErrorReason,
    run::{
        GetRunRequest, ListRunsRequest, ListRunsResponse, WatchRunRequest,
        run_service_client::RunServiceClient,
    },
};
use kehu_server::fault;
use kehu_tests::{
    program::{Server, kehu},
    until,
};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_prost::ProstCodec;

/// A server with few places, where callers sign on.
struct World {
    server: Server,
    keys: Keys,
}

impl World {
    async fn start() -> Self {
        let keys = Keys::new();
        let mut command = kehu(&["serve", "--listen", "127.0.0.1:0"]);
        command
            .arg("--data-dir")
            .arg(keys.path("data"))
            .env("KEHU__AUTH__JWKS_FILE", keys.path("jwks.json"))
            .env("KEHU__AUTH__AUDIENCE", AUDIENCE)
            .env("KEHU__SERVER__MAX_CALLS", "4")
            .env("KEHU__SERVER__MAX_CALLS_PER_CALLER", "2")
            .env("KEHU__SERVER__MAX_STREAMS", "4")
            .env("KEHU__SERVER__DRAIN_GRACE", "1s");
        Self { server: Server::spawn(command).await, keys }
    }

    async fn connect(&self) -> Channel {
        let endpoint = Endpoint::from_shared(self.server.url.clone()).unwrap();
        endpoint.connect().await.unwrap()
    }

    /// The request as a caller makes it who may read.
    fn signed<T>(&self, subject: &str, message: T) -> Request<T> {
        let token = self.keys.token_of(subject, "read");
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    async fn list(&self, subject: &str) -> Result<(), Status> {
        let request = self.signed(subject, ListRunsRequest::default());
        RunServiceClient::new(self.connect().await).list_runs(request).await.map(|_| ())
    }

    /// A call whose message never comes, over a connection of its own.
    async fn stall(&self, subject: &str) -> tokio::task::JoinHandle<Status> {
        let mut grpc = Grpc::new(self.connect().await);
        grpc.ready().await.unwrap();
        let path = PathAndQuery::from_static("/kehu.run.v1.RunService/ListRuns");
        let request = self.signed(subject, stream::once(future::pending::<ListRunsRequest>()));
        let codec = ProstCodec::<ListRunsRequest, ListRunsResponse>::default();
        tokio::spawn(async move {
            grpc.client_streaming(request, path, codec).await.expect_err("it asked for nothing")
        })
    }
}

#[tokio::test]
async fn one_caller_cannot_take_the_others_place() {
    let world = World::start().await;
    let mut stalled = Vec::new();
    // One that comes while `list` has a place of the share is refused.
    until("the share is taken", async || {
        stalled.push(world.stall("crm").await);
        world.list("crm").await.is_err()
    })
    .await;
    let refused = world.list("crm").await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    assert_eq!(fault::reason(&refused), Some(ErrorReason::ShareExhausted));
    for _ in 0..20 {
        world.list("erp").await.expect("another caller has a share of its own");
    }
    // No token, no share: it does not come so far.
    let mut stranger = RunServiceClient::new(world.connect().await);
    let unknown = stranger.get_run(GetRunRequest::default()).await.unwrap_err();
    assert_eq!(unknown.code(), Code::Unauthenticated);
    world.server.stop().await;
    future::join_all(stalled).await;
}

#[tokio::test]
async fn what_needs_no_token_takes_nobodys_place() {
    let world = World::start().await;
    let mut held = Vec::new();
    let mut refused = 0;
    for _ in 0..12 {
        let mut health = HealthClient::new(world.connect().await);
        for _ in 0..10 {
            match health.watch(HealthCheckRequest::default()).await {
                Ok(watched) => held.push(watched),
                Err(status) => {
                    assert!(matches!(status.code(), Code::ResourceExhausted | Code::Unavailable));
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((held.len(), refused), (64, 56), "of 120, eight a connection and 64 in all");
    world.list("erp").await.expect("there is room for calls");
    let request = world.signed("erp", WatchRunRequest { name: "runs/999".to_owned() });
    let watched = RunServiceClient::new(world.connect().await).watch_run(request).await;
    let missing = match watched {
        Ok(watched) => watched.into_inner().message().await.unwrap_err(),
        Err(status) => status,
    };
    assert_eq!(missing.code(), Code::NotFound, "there is room for streams: {missing}");
    let mut health = HealthClient::new(world.connect().await);
    health.check(HealthCheckRequest::default()).await.expect("health is always answered");
    drop(held);
    world.server.stop().await;
}
