//! The least that a service can do: a handler with one SELECT by primary key, or that sends back what it
//! was sent, without layers.

use kehu_contract::ingestion::{Customer, GetCustomerRequest, GetCustomerResponse};
use kehu_storage::Database;
use sea_orm::{ConnectionTrait, DbErr, Statement};
use std::{
    convert::Infallible,
    error::Error,
    io::{Write, stdout},
    net::Ipv4Addr,
    task::{Context, Poll},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    body::Body,
    codegen::{BoxFuture, Service, http},
    server::{Grpc, NamedService, UnaryService},
    transport::Server,
};
use tonic_prost::ProstCodec;

/// Answers `GetCustomer`: of a customer after a look at it, of anything else at once.
#[derive(Clone)]
struct Bare(Database);

/// Serves on a free port until it is told to stop.
pub(crate) async fn serve(folder: &str) -> Result<(), Box<dyn Error>> {
    let db = Database::connect(&format!("sqlite://{folder}/kehu.db")).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(stdout(), "serving on http://{}", listener.local_addr()?)?;
    let mut told = signal(SignalKind::terminate())?;
    let stop = async move {
        told.recv().await;
    };
    let mut server = Server::builder().tcp_nodelay(true);
    let server = server.add_service(Bare(db));
    Ok(server.serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop).await?)
}

impl Bare {
    async fn customer(
        &self,
        request: Request<GetCustomerRequest>,
    ) -> Result<Response<GetCustomerResponse>, Status> {
        let name = request.into_inner().name;
        if let Some(id) = name.strip_prefix("customers/").and_then(|id| id.parse().ok()) {
            let found = self.name(id).await.map_err(|error| Status::internal(error.to_string()))?;
            found.ok_or_else(|| Status::not_found("no such customer"))?;
        }
        let customer = Customer { name, ..Default::default() };
        Ok(Response::new(GetCustomerResponse { customer: Some(customer) }))
    }

    async fn name(&self, id: i64) -> Result<Option<Option<String>>, DbErr> {
        let reader = self.0.reader();
        let backend = reader.get_database_backend();
        let sql = "SELECT display_name FROM customer WHERE customer_id = $1";
        let statement = Statement::from_sql_and_values(backend, sql, [id.into()]);
        let row = reader.query_one_raw(statement).await?;
        row.map(|row| row.try_get_by_index(0)).transpose()
    }
}

impl NamedService for Bare {
    const NAME: &'static str = "kehu.ingestion.v1.CustomerService";
}

impl Service<http::Request<Body>> for Bare {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = GetCustomer(self.clone());
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).unary(method, request).await) })
    }
}

struct GetCustomer(Bare);

impl UnaryService<GetCustomerRequest> for GetCustomer {
    type Response = GetCustomerResponse;
    type Future = BoxFuture<Response<GetCustomerResponse>, Status>;

    fn call(&mut self, request: Request<GetCustomerRequest>) -> Self::Future {
        let bare = self.0.clone();
        Box::pin(async move { bare.customer(request).await })
    }
}
