//! Clients and times that are bad for a listener.

use crate::authority::Authority;
use crate::mutual::{answers, load};
use crate::server::{READ, Server, call};
use std::{
    process::Command,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// Set in the process that runs out of file descriptors.
const FEW_DESCRIPTORS: &str = "KEHU_TEST_FEW_DESCRIPTORS";

#[tokio::test]
async fn a_silent_client_blocks_nobody_and_is_cut_off() {
    let authority = Authority::new("servers");
    let folder = tempfile::tempdir().unwrap();
    authority.issue(&["localhost"]).write(folder.path());
    let server = Server::start(Some(load(folder.path(), None)), None).await;
    let begun = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    let mut rude = TcpStream::connect(server.address).await.unwrap();
    rude.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let answered = timeout(Duration::from_secs(5), answers(&server, authority.client())).await;
    assert!(answered.expect("the silent ones hold nobody up"));

    let mut byte = [0; 1];
    let cut = timeout(Duration::from_secs(20), silent[0].read(&mut byte)).await;
    assert!(matches!(cut.expect("the handshake ends"), Ok(0) | Err(_)));
    assert!(begun.elapsed() > Duration::from_secs(9), "{:?}", begun.elapsed());
    assert!(answers(&server, authority.client()).await);
}

/// Runs itself once more, allowed few file descriptors.
#[tokio::test]
async fn running_out_of_file_descriptors_passes() {
    if std::env::var_os(FEW_DESCRIPTORS).is_some() {
        return run_out_and_recover().await;
    }
    let name = "silent::running_out_of_file_descriptors_passes";
    let ended = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(FEW_DESCRIPTORS, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && printed.contains("1 passed"), "{printed}");
}

async fn run_out_and_recover() {
    let server = Server::start(None, None).await;
    let channel = server.connect(None).await.unwrap();
    assert!(call(&channel, READ, None).await.is_ok(), "accepted");
    let mut clients = Vec::new();
    // Without a pause, so that the descriptors are gone before the server accepts any of them.
    while let Ok(client) = std::net::TcpStream::connect(server.address) {
        clients.push(client);
    }
    assert!(clients.len() > 10);
    sleep(Duration::from_secs(1)).await;
    let answered = timeout(Duration::from_secs(5), call(&channel, READ, None)).await;
    assert!(answered.expect("open connections go on").is_ok());
    drop(clients);
    let recovered = async {
        let channel = server.connect(None).await.unwrap();
        call(&channel, READ, None).await.is_ok()
    };
    let recovered = timeout(Duration::from_secs(5), recovered).await;
    assert!(recovered.expect("accepting goes on"));
}
