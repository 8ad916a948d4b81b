//! A disk that is full, and a folder that is nobody else's.

use crate::metrics::{has, scrape};
use kehu_contract::ingestion::{
    Customer, ListCustomersRequest, SourceReference, UpsertCustomerRequest,
    customer_service_client::CustomerServiceClient,
};
use kehu_tests::{
    ServerDatabase, SmallDisk,
    program::{self, Server, kehu},
    until,
};
use std::{
    fs::{self, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
};
use tonic::{Code, Status};

async fn upsert(url: &str, id: &str) -> Result<Customer, Status> {
    let mut customers = CustomerServiceClient::connect(url.to_owned()).await.unwrap();
    let request = UpsertCustomerRequest {
        reference: Some(SourceReference { source: "erp".to_owned(), external_id: id.to_owned() }),
        profile: Some(Default::default()),
        ..Default::default()
    };
    Ok(customers.upsert_customer(request).await?.into_inner().customer.unwrap())
}

/// Whether a service says that it serves.
async fn serves(url: &str, service: &str) -> bool {
    let asked = program::run(&["health", "--server", url, "--service", service]).await;
    asked.status.success()
}

/// Takes all the room that is left.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for piece in [vec![1; 1 << 16], vec![1; 512]] {
        while file.write_all(&piece).is_ok() {}
    }
}

/// Upserts customers until one is refused; returns the acknowledged.
async fn upsert_until_full(url: &str) -> Vec<Customer> {
    let mut held = Vec::new();
    loop {
        match upsert(url, &format!("before {}", held.len())).await {
            Ok(customer) => held.push(customer),
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                return held;
            }
        }
    }
}

#[tokio::test]
async fn a_full_disk_stops_writers_until_there_is_room_and_costs_nothing_acknowledged() {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let (data, filler) = (disk.path().join("data"), disk.path().join("filler"));
    let log = tempfile::NamedTempFile::new().unwrap();
    let data_dir = data.display().to_string();
    let mut command = kehu(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &data_dir]);
    command.stderr(log.reopen().unwrap());
    let server = Server::spawn(command).await;
    until("it is ready", async || server.is_ready().await).await;
    fill(&filler);
    let mut held = upsert_until_full(&server.url).await;
    let (ingestion, reporting) =
        ("kehu.ingestion.v1.IngestionService", "kehu.reporting.v1.ReportingService");
    until("writers stop", async || !serves(&server.url, ingestion).await).await;
    assert!(serves(&server.url, reporting).await && !server.is_ready().await);
    fs::remove_file(&filler).unwrap();
    until("writers go on", async || serves(&server.url, ingestion).await).await;
    assert!(server.is_ready().await);
    for number in 0..5 {
        held.push(upsert(&server.url, &format!("after {number}")).await.unwrap());
    }
    let said = fs::read_to_string(log.path()).unwrap();
    let told = "the database refuses writes: services that write are not ready";
    assert_eq!(said.matches(told).count(), 1, "{said}");
    server.kill().await;
    let server = Server::on(&data).await;
    let mut customers = CustomerServiceClient::connect(server.url.clone()).await.unwrap();
    for customer in held {
        let request = kehu_contract::ingestion::GetCustomerRequest { name: customer.name.clone() };
        let found = customers.get_customer(request).await.unwrap().into_inner();
        assert_eq!(found.customer, Some(customer));
    }
    server.stop().await;
}

/// The database becomes read-only in the middle of work, and writable again.
#[tokio::test]
async fn a_database_that_can_only_be_read_stops_writers_and_costs_nothing_acknowledged() {
    let Some(database) = ServerDatabase::migrated().await else { return };
    let log = tempfile::NamedTempFile::new().unwrap();
    let listen = program::free_address();
    let mut command = kehu(&["serve", "--listen", "127.0.0.1:0"]);
    command.args(["--database-url", &database.url, "--metrics-listen", &listen.to_string()]);
    command.stderr(log.reopen().unwrap());
    let server = Server::spawn(command).await;
    until("it is ready", async || server.is_ready().await).await;
    let mut held = vec![upsert(&server.url, "first").await.unwrap()];
    database.only_read(true).await;
    let (ingestion, reporting) =
        ("kehu.ingestion.v1.IngestionService", "kehu.reporting.v1.ReportingService");
    let mut tried = 0;
    until("writers stop", async || {
        tried += 1;
        let refused = upsert(&server.url, &format!("meanwhile {tried}")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
        !serves(&server.url, ingestion).await
    })
    .await;
    until("readers go on", async || serves(&server.url, reporting).await).await;
    let counted = "kehu_storage_refused_writes_total{";
    assert!(has(&scrape(listen).await, counted, &["error_type=\"read_only\""]));
    database.only_read(false).await;
    until("writers go on", async || serves(&server.url, ingestion).await).await;
    until("all is ready", async || server.is_ready().await).await;
    held.push(upsert(&server.url, "last").await.unwrap());
    let said = fs::read_to_string(log.path()).unwrap();
    assert!(said.contains("it can only be read") && said.contains("takes writes again"), "{said}");
    server.kill().await;
    let server = Server::start(&["--database-url", &database.url]).await;
    let mut customers = CustomerServiceClient::connect(server.url.clone()).await.unwrap();
    for customer in held {
        let request = kehu_contract::ingestion::GetCustomerRequest { name: customer.name.clone() };
        let found = customers.get_customer(request).await.unwrap().into_inner();
        assert_eq!(found.customer, Some(customer));
    }
    let unheard =
        customers.list_customers(ListCustomersRequest::default()).await.unwrap().into_inner();
    assert_eq!(unheard.customers.len(), 2, "what was refused is not held: {unheard:?}");
    server.stop().await;
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_data_are_for_the_account_that_runs_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::on(&data).await;
    upsert(&server.url, "one").await.unwrap();
    assert_private(&data, 4);
    server.stop().await;
    // As an earlier release left it.
    for path in [data.clone(), data.join("kehu.db"), data.join("lock")] {
        fs::set_permissions(&path, Permissions::from_mode(mode(&path) | 0o055)).unwrap();
    }
    let log = tempfile::NamedTempFile::new().unwrap();
    let data_dir = data.display().to_string();
    let mut command = kehu(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &data_dir]);
    command.stderr(log.reopen().unwrap());
    let server = Server::spawn(command).await;
    assert_private(&data, 4);
    let said = fs::read_to_string(log.path()).unwrap();
    assert_eq!(said.matches("made private").count(), 3, "{said}");
    server.stop().await;
}

/// Nobody else can read the folder, nor any of its files, of which there are so many at least.
fn assert_private(data: &Path, least: usize) {
    assert_eq!(mode(data), 0o700);
    let files: Vec<_> = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= least, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_folder_with_other_files_keeps_its_permissions() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("photo.jpg"), "not Kehu's").unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let server = Server::on(folder.path()).await;
    assert_eq!(mode(folder.path()), 0o755);
    assert_eq!(mode(&folder.path().join("kehu.db")), 0o600);
    server.stop().await;
}

#[tokio::test]
async fn a_second_server_is_refused_even_when_the_lock_file_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::on(&data).await;
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &data.display().to_string()];
    for _ in 0..2 {
        let (code, said) = program::fail(&arguments).await;
        assert_eq!(code, 69, "{said}");
        assert!(said.contains("another kehu uses"), "{said}");
        fs::remove_file(data.join("lock")).unwrap();
    }
    server.stop().await;
    Server::on(&data).await.stop().await;
}

#[tokio::test]
async fn a_password_on_the_command_line_is_refused() {
    let url = "postgres://kehu:secret@127.0.0.1:1/kehu";
    let (code, said) = program::fail(&["serve", "--database-url", url]).await;
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("KEHU__STORAGE__DATABASE_URL") && !said.contains("secret"), "{said}");
}
