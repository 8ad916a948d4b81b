//! A process with one service, whose handlers do as the test says.

use futures::stream::{self, BoxStream, StreamExt};
use kehu_contract::run::{
    CancelRunRequest, CancelRunResponse, GetRunRequest, GetRunResponse, ListRunsRequest,
    ListRunsResponse, RetractRunRequest, RetractRunResponse, Run, WatchRunRequest,
    WatchRunResponse,
    run_service_client::RunServiceClient,
    run_service_server::{RunService, RunServiceServer},
};
use kehu_server::{
    client::Client,
    config::{Flag, Settings, Sources},
    deadline,
    health::Health,
    listener::{Api, Listener},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Response, Status,
    service::RoutesBuilder,
    transport::{Channel, Endpoint},
};

/// What the handlers are doing.
#[derive(Clone, Default)]
struct Handlers {
    holding: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    release: Arc<Release>,
}

struct Release(Semaphore);

impl Default for Release {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

/// Counts handlers that are let go, finished or not.
struct Held(Arc<AtomicUsize>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A process that serves [`Handlers`].
pub(crate) struct World {
    pub(crate) health: Health,
    handlers: Handlers,
    channel: Channel,
    url: String,
    stop: CancellationToken,
    serving: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl World {
    /// Starts it with some settings other than the defaults.
    pub(crate) async fn start(settings: &[(&'static str, &str)]) -> Self {
        let flags = settings
            .iter()
            .map(|(key, value)| Flag { key, value: (*value).to_owned(), name: "--test" })
            .collect();
        let settings = Settings::load(&Sources { flags, ..Sources::default() }).unwrap();
        let listener = Listener::bind("server.listen", ([127, 0, 0, 1], 0).into()).await.unwrap();
        let url = format!("http://{}", listener.address);
        let services = vec!["kehu.run.v1.RunService".to_owned()];
        let health = Health::new(services.clone()).await;
        let handlers = Handlers::default();
        let mut routes = RoutesBuilder::default();
        routes.add_service(RunServiceServer::new(handlers.clone()));
        let stop = CancellationToken::new();
        let api = Api {
            limits: settings.server,
            tls: None,
            authenticator: None,
            health: health.clone(),
            services,
        };
        let serving = api.serve(listener, routes, stop.clone());
        let serving = tokio::spawn(async move { serving.await.unwrap() });
        let channel = connect(&url).await;
        let serving = std::sync::Mutex::new(Some(serving));
        Self { health, handlers, channel, url, stop, serving }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Another connection.
    pub(crate) async fn connect(&self) -> Channel {
        connect(&self.url).await
    }

    pub(crate) fn runs(&self) -> RunServiceClient<Channel> {
        RunServiceClient::new(self.channel())
    }

    pub(crate) fn runs_by(&self, client: Client) -> RunServiceClient<Client> {
        RunServiceClient::new(client)
    }

    /// A call that is being served until [`World::release`].
    pub(crate) fn hold(&self) -> JoinHandle<Result<(), Status>> {
        let mut runs = self.runs();
        tokio::spawn(async move {
            runs.get_run(GetRunRequest { name: "hold".into() }).await.map(|_| ())
        })
    }

    pub(crate) async fn until_holding(&self, calls: usize) {
        eventually(|| async { self.handlers.holding.load(Ordering::SeqCst) >= calls }).await;
    }

    pub(crate) fn release(&self) {
        self.handlers.release.0.add_permits(1_000);
    }

    /// Calls that were held and are over.
    pub(crate) fn dropped(&self) -> usize {
        self.handlers.dropped.load(Ordering::SeqCst)
    }

    pub(crate) async fn until_dropped(&self, calls: usize) {
        eventually(|| async { self.dropped() >= calls }).await;
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    pub(crate) async fn until_stopped(&self) {
        let serving = self.serving.lock().unwrap().take().unwrap();
        serving.await.unwrap();
    }
}

async fn connect(url: &str) -> Channel {
    Endpoint::from_shared(url.to_owned()).unwrap().connect().await.unwrap()
}

/// Waits until something is so.
pub(crate) async fn eventually<F: Future<Output = bool>>(mut check: impl FnMut() -> F) {
    let so = async {
        while !check().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), so).await.expect("it is so in time");
}

#[tonic::async_trait]
impl RunService for Handlers {
    type WatchRunStream = BoxStream<'static, Result<WatchRunResponse, Status>>;

    async fn get_run(
        &self,
        request: Request<GetRunRequest>,
    ) -> Result<Response<GetRunResponse>, Status> {
        let mut run = Run::default();
        match request.into_inner().name.as_str() {
            "panic" => panic!("as told"),
            "hold" => {
                let _held = Held(self.dropped.clone());
                self.holding.fetch_add(1, Ordering::SeqCst);
                self.release.0.acquire().await.expect("it is never closed").forget();
            }
            "remaining" => {
                let left = deadline::remaining().unwrap_or_default();
                run.phase = left.as_millis().to_string();
            }
            _ => {}
        }
        Ok(Response::new(GetRunResponse { run: Some(run), ..Default::default() }))
    }

    async fn list_runs(
        &self,
        _: Request<ListRunsRequest>,
    ) -> Result<Response<ListRunsResponse>, Status> {
        Ok(Response::new(ListRunsResponse::default()))
    }

    /// One message, then nothing for ever, or a panic, or messages without end.
    async fn watch_run(
        &self,
        request: Request<WatchRunRequest>,
    ) -> Result<Response<Self::WatchRunStream>, Status> {
        let name = request.into_inner().name;
        if name == "flood" {
            let run = Run { phase: "x".repeat(100), ..Run::default() };
            let message = WatchRunResponse { run: Some(run), ..Default::default() };
            return Ok(Response::new(stream::repeat(Ok(message)).boxed()));
        }
        let panics = name == "panic";
        let first = stream::iter([Ok(WatchRunResponse::default())]);
        let rest = stream::once(async move {
            // The first message is on its way before.
            sleep(Duration::from_millis(100)).await;
            assert!(!panics, "as told");
            std::future::pending().await
        });
        Ok(Response::new(first.chain(rest).boxed()))
    }

    async fn cancel_run(
        &self,
        _: Request<CancelRunRequest>,
    ) -> Result<Response<CancelRunResponse>, Status> {
        Ok(Response::new(CancelRunResponse::default()))
    }

    async fn retract_run(
        &self,
        _: Request<RetractRunRequest>,
    ) -> Result<Response<RetractRunResponse>, Status> {
        Ok(Response::new(RetractRunResponse::default()))
    }
}
