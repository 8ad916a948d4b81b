//! A service behind the trace layer: its runs fail, its watched runs do as their names say.

use futures::stream::{self, BoxStream, StreamExt};
use kehu_contract::run::{
    CancelRunRequest, CancelRunResponse, GetRunRequest, GetRunResponse, ListRunsRequest,
    ListRunsResponse, RetractRunRequest, RetractRunResponse, WatchRunRequest, WatchRunResponse,
    run_service_server::{RunService, RunServiceServer},
};
use kehu_server::{
    Fault,
    layers::{middleware::Layered, trace::Trace},
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

struct Runs;

/// Serves on a free port, whose URL it returns.
pub(crate) async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (_, health) = tonic_health::server::health_reporter();
    let server = Server::builder()
        .layer(Layered(Trace))
        .add_service(RunServiceServer::new(Runs))
        .add_service(health);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    url
}

#[tonic::async_trait]
impl RunService for Runs {
    type WatchRunStream = BoxStream<'static, Result<WatchRunResponse, Status>>;

    async fn get_run(
        &self,
        request: Request<GetRunRequest>,
    ) -> Result<Response<GetRunResponse>, Status> {
        match request.get_ref().name.as_str() {
            "runs/broken" => Err(Fault::internal("a broken row").into()),
            name => Err(Fault::NotFound { kind: "run", name: name.to_owned() }.into()),
        }
    }

    async fn list_runs(
        &self,
        _: Request<ListRunsRequest>,
    ) -> Result<Response<ListRunsResponse>, Status> {
        Ok(Response::new(ListRunsResponse::default()))
    }

    async fn watch_run(
        &self,
        request: Request<WatchRunRequest>,
    ) -> Result<Response<Self::WatchRunStream>, Status> {
        let answer = stream::iter([Ok(WatchRunResponse::default())]);
        Ok(Response::new(match request.get_ref().name.as_str() {
            "runs/endless" => answer.chain(stream::pending()).boxed(),
            "runs/broken" => {
                // The fault comes up while the body is read, long after the handler returned.
                let broken = stream::once(async { Err(Fault::internal("a broken row").into()) });
                answer.chain(broken).boxed()
            }
            _ => answer.boxed(),
        }))
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
