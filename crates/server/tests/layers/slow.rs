//! Slow senders, slow readers and silent connections cost a bounded time and memory.

use crate::{
    call,
    raw::Raw,
    world::{World, eventually},
};
use futures::{future::pending, stream};
use kehu_contract::{
    error::ErrorReason,
    run::{ListRunsRequest, WatchRunRequest, run_service_client::RunServiceClient},
};
use kehu_server::fault;
use std::time::Duration;
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A call of `ListRuns` whose message never comes.
async fn without_a_message(channel: Channel) -> Status {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.unwrap();
    let path = PathAndQuery::from_static("/kehu.run.v1.RunService/ListRuns");
    let never = stream::once(pending::<Vec<u8>>());
    grpc.client_streaming(Request::new(never), path, Raw).await.unwrap_err()
}

#[tokio::test]
async fn a_message_that_never_comes_gives_its_place_back() {
    let limits = [("server.max_calls", "2"), ("server.slow_client_timeout", "1s")];
    let world = World::start(&limits).await;
    let slow = [without_a_message(world.channel()), without_a_message(world.channel())];
    let ended = timeout(PATIENCE, futures::future::join_all(slow)).await.expect("they end");
    for status in ended {
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
        assert_eq!(fault::reason(&status), Some(ErrorReason::ClientSlow));
    }
    world.runs().list_runs(ListRunsRequest::default()).await.expect("there is room again");
}

#[tokio::test]
async fn an_answer_that_nobody_reads_gives_its_place_back() {
    let limits = [("server.max_streams", "1"), ("server.slow_client_timeout", "500ms")];
    let world = World::start(&limits).await;
    let narrow = Endpoint::from_shared(world.url()).unwrap().initial_stream_window_size(1_024);
    let mut narrow = RunServiceClient::new(narrow.connect().await.unwrap());
    let request = || WatchRunRequest { name: "runs/1".into() };
    let flood = WatchRunRequest { name: "flood".into() };
    let unread = narrow.watch_run(flood).await.unwrap();
    eventually(|| async { world.runs().watch_run(request()).await.is_ok() }).await;
    let mut late = unread.into_inner();
    let ended = timeout(PATIENCE, async {
        while late.message().await?.is_some() {}
        Ok(())
    })
    .await;
    let status: Status = ended.expect("it ends").unwrap_err();
    assert_eq!(fault::reason(&status), Some(ErrorReason::ClientSlow), "{status}");
}

#[tokio::test]
async fn who_waits_for_a_message_of_the_server_is_not_slow() {
    let world = World::start(&[("server.slow_client_timeout", "100ms")]).await;
    let request = WatchRunRequest { name: "runs/1".into() };
    let mut watched = world.runs().watch_run(request).await.unwrap().into_inner();
    assert!(watched.message().await.unwrap().is_some());
    let more = timeout(Duration::from_millis(600), watched.message()).await;
    assert!(more.is_err(), "the stream ended: {more:?}");
}

#[tokio::test]
async fn a_message_beyond_the_share_of_bytes_is_refused() {
    let world = World::start(&[("server.max_mib_per_caller", "1")]).await;
    let status = call(&world, "/kehu.run.v1.RunService/ListRuns", vec![0; 2 << 20]).await;
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(fault::reason(&status), Some(ErrorReason::ShareExhausted));
    for _ in 0..20 {
        let read = call(&world, "/kehu.run.v1.RunService/ListRuns", vec![0xff; 900 << 10]).await;
        assert_eq!(fault::reason(&read), Some(ErrorReason::MalformedMessage), "it came back");
    }
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let world = World::start(&[]).await;
    let address = world.url().replace("http://", "");
    let mut silent = TcpStream::connect(&address).await.unwrap();
    // The server greets; then it hangs up.
    let closed = timeout(PATIENCE, silent.read_to_end(&mut Vec::new())).await;
    assert!(closed.is_ok(), "it is still open");
    world.runs().list_runs(ListRunsRequest::default()).await.expect("others live on");
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let world = World::start(&[("server.max_connections_per_address", "2")]).await;
    let address = world.url().replace("http://", "");
    let second = TcpStream::connect(&address).await.unwrap();
    let mut third = TcpStream::connect(&address).await.unwrap();
    let closed = timeout(Duration::from_secs(5), third.read(&mut [0; 64])).await;
    assert!(matches!(closed.expect("it is hung up on"), Ok(0) | Err(_)));
    drop(second);
    eventually(|| async {
        let Ok(channel) = Endpoint::from_shared(world.url()).unwrap().connect().await else {
            return false;
        };
        RunServiceClient::new(channel).list_runs(ListRunsRequest::default()).await.is_ok()
    })
    .await;
}
