//! The least that a service can do: a handler with one SELECT by primary key, without layers.

use kehu_contract::ingestion::{
    Customer, GetCustomerRequest, GetCustomerResponse, GetTimelineRequest, GetTimelineResponse,
    ListCustomersRequest, ListCustomersResponse, ListProfileValuesRequest,
    ListProfileValuesResponse, LookupCustomerRequest, LookupCustomerResponse,
    UpsertCustomerRequest, UpsertCustomerResponse,
    customer_service_server::{CustomerService, CustomerServiceServer},
};
use kehu_storage::Database;
use sea_orm::{ConnectionTrait, DbErr, Statement};
use std::{
    error::Error,
    io::{Write, stdout},
    net::Ipv4Addr,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

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
    let server = server.add_service(CustomerServiceServer::new(Bare(db)));
    Ok(server.serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop).await?)
}

impl Bare {
    async fn name(&self, id: i64) -> Result<Option<Option<String>>, DbErr> {
        let reader = self.0.reader();
        let backend = reader.get_database_backend();
        let sql = "SELECT display_name FROM customer WHERE customer_id = $1";
        let statement = Statement::from_sql_and_values(backend, sql, [id.into()]);
        let row = reader.query_one_raw(statement).await?;
        row.map(|row| row.try_get_by_index(0)).transpose()
    }
}

#[tonic::async_trait]
impl CustomerService for Bare {
    async fn get_customer(
        &self,
        request: Request<GetCustomerRequest>,
    ) -> Result<Response<GetCustomerResponse>, Status> {
        let name = request.into_inner().name;
        let id = name.strip_prefix("customers/").and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| Status::invalid_argument("no name"))?;
        let found = self.name(id).await.map_err(|error| Status::internal(error.to_string()))?;
        found.ok_or_else(|| Status::not_found("no such customer"))?;
        let customer = Customer { name, ..Default::default() };
        Ok(Response::new(GetCustomerResponse { customer: Some(customer) }))
    }

    async fn upsert_customer(
        &self,
        _: Request<UpsertCustomerRequest>,
    ) -> Result<Response<UpsertCustomerResponse>, Status> {
        Err(Status::unimplemented("it only reads"))
    }

    async fn list_customers(
        &self,
        _: Request<ListCustomersRequest>,
    ) -> Result<Response<ListCustomersResponse>, Status> {
        Err(Status::unimplemented("it reads one"))
    }

    async fn lookup_customer(
        &self,
        _: Request<LookupCustomerRequest>,
    ) -> Result<Response<LookupCustomerResponse>, Status> {
        Err(Status::unimplemented("it reads by name"))
    }

    async fn list_profile_values(
        &self,
        _: Request<ListProfileValuesRequest>,
    ) -> Result<Response<ListProfileValuesResponse>, Status> {
        Err(Status::unimplemented("it knows no values"))
    }

    async fn get_timeline(
        &self,
        _: Request<GetTimelineRequest>,
    ) -> Result<Response<GetTimelineResponse>, Status> {
        Err(Status::unimplemented("it knows no timeline"))
    }
}
