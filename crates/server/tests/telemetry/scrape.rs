//! A scraper, over a real socket.

use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The whole answer to a GET.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let mut connection = connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The metrics, once there is `text` among them.
pub(crate) async fn until(address: SocketAddr, text: &str) -> String {
    for _ in 0..500 {
        let page = get(address, "/metrics").await;
        if page.contains(text) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no {text} came");
}

pub(crate) async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    TcpStream::connect(address).await
}
