//! Calls that no stock client makes, over real connections to the real process: messages that are
//! none, cut short or falsely flagged, texts with U+0000, lists without end. Each is the caller's
//! fault, and is told so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::pin::Pin;
use std::time::Duration;

use futures::future::poll_fn;
use kehu_contract::DESCRIPTORS;
use kehu_contract::error::ErrorReason;
use kehu_contract::ingestion::{IngestRequest, IngestStart, ingest_request::Message as Ingest};
use kehu_contract::scoring::{GetFeaturesRequest, StartScoringRequest};
use kehu_server::fault;
use kehu_tests::{ServerDatabase, program::Server};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MapKey, MessageDescriptor, Value};
use tokio::time::timeout;
use tonic::{
    Code, Status,
    body::Body,
    codegen::{Body as _, Service, http::Request},
    transport::{Channel, Endpoint},
};

/// A call that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(60);
/// Methods that read codes as people write them: what is no letter and no digit is passed over.
const READ_CODES: [&str; 3] = ["/DecodeCode", "/ResolveCode", "/ValidateCode"];
/// Messages within messages.
const DEPTH: usize = 6;

/// A server, and the methods that it has.
struct World {
    server: Server,
    channel: Channel,
    pool: DescriptorPool,
}

impl World {
    async fn start(place: &[&str]) -> Self {
        let server = Server::start(place).await;
        let channel = Endpoint::from_shared(server.url.clone()).unwrap().connect().await.unwrap();
        let mut pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
        for descriptors in
            [tonic_health::pb::FILE_DESCRIPTOR_SET, tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET]
        {
            pool.decode_file_descriptor_set(descriptors).unwrap();
        }
        Self { server, channel, pool }
    }

    /// The methods that take one message, or those that take a stream, by path.
    fn methods(&self, streams: bool) -> Vec<(String, MessageDescriptor)> {
        let methods =
            self.pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
        let methods = methods.filter(|method| method.is_client_streaming() == streams);
        let path = |method: &prost_reflect::MethodDescriptor| {
            format!("/{}/{}", method.parent_service().full_name(), method.name())
        };
        methods.map(|method| (path(&method), method.input())).collect()
    }

    /// What a call with this body ends in.
    async fn call(&self, path: &str, body: impl Into<Vec<u8>>) -> Status {
        let request = Request::post(format!("{}{path}", self.server.url))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        let body = Body::new(http_body_util::Full::new(prost::bytes::Bytes::from(body.into())));
        let mut channel = self.channel.clone();
        poll_fn(|context| Service::<Request<Body>>::poll_ready(&mut channel, context))
            .await
            .unwrap();
        let answer = timeout(LONGEST, channel.call(request.body(body).unwrap())).await;
        let answer = answer.unwrap_or_else(|_| panic!("{path} hangs")).unwrap();
        if let Some(status) = Status::from_header_map(answer.headers()) {
            return status;
        }
        let ended = timeout(LONGEST, trailers(answer.into_body())).await;
        ended.unwrap_or_else(|_| panic!("the answer of {path} hangs"))
    }
}

/// The status behind the messages of an answer.
async fn trailers(mut body: Body) -> Status {
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(trailers) = frame.unwrap().into_trailers() {
            return Status::from_header_map(&trailers).unwrap();
        }
    }
    panic!("an answer ends without a status");
}

/// A message with what stands before it: whether it is compressed, and its length.
fn framed(flag: u8, length: usize, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).unwrap().to_be_bytes();
    [&[flag], &length[..], message].concat()
}

fn whole(message: &[u8]) -> Vec<u8> {
    framed(0, message.len(), message)
}

/// Bodies that no message can be read from.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("nothing", Vec::new()),
        ("half of what stands before a message", vec![0, 0, 0]),
        ("a length without a message", framed(0, 9, &[])),
        ("a message that is cut short", framed(0, 9, &[0x0a, 7, b'x'])),
        ("a message that is no protobuf", whole(&[0xff; 9])),
        ("a text that is not UTF-8", whole(&[0x0a, 2, 0xc3, 0x28])),
        ("a flag of a compression that was not named", framed(1, 2, &[0x0a, 0])),
        ("a flag that there is not", framed(7, 2, &[0x0a, 0])),
        ("a length beyond all limits", framed(0, u32::MAX as usize, &[0; 9])),
    ]
}

#[tokio::test]
async fn a_message_that_is_none_is_the_callers_fault() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(&["--data-dir", &folder.path().join("d").display().to_string()]).await;
    for (path, input) in world.methods(false) {
        for (what, body) in broken() {
            let status = world.call(&path, body).await;
            // A message without fields reads over what it does not know.
            let may_be_read = what.starts_with("a text") && input.get_field(1).is_none();
            let expected = if may_be_read { Code::Ok } else { Code::InvalidArgument };
            let is_so = status.code() == expected || may_be_read && status.code() != Code::Internal;
            assert!(is_so, "{path}: {what}: {status:?}");
        }
    }
    world.server.stop().await;
}

#[tokio::test]
async fn a_message_of_a_stream_that_is_none_is_the_callers_fault() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(&["--data-dir", &folder.path().join("d").display().to_string()]).await;
    let start = IngestStart {
        stream_id: "one".to_owned(),
        source: "shop".to_owned(),
        origin: String::new(),
    };
    let start = IngestRequest { message: Some(Ingest::Start(start)) };
    let start = whole(&start.encode_to_vec());
    let ingest = "/kehu.ingestion.v1.IngestionService/Ingest";
    assert_eq!(world.call(ingest, start.clone()).await.code(), Code::Ok);
    for (what, body) in broken().into_iter().skip(1) {
        for body in [body.clone(), [start.clone(), body].concat()] {
            let status = world.call(ingest, body).await;
            assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status:?}");
        }
    }
    for (path, _) in world.methods(true) {
        for (what, body) in broken() {
            let code = world.call(&path, body).await.code();
            assert!(matches!(code, Code::Ok | Code::InvalidArgument), "{path}: {what}: {code:?}");
        }
    }
    world.server.stop().await;
}

#[tokio::test]
async fn lists_without_end_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(&["--data-dir", &folder.path().join("d").display().to_string()]).await;
    let names: Vec<String> = (0..300_000).map(|number| format!("a{number}")).collect();
    let scoring = StartScoringRequest { scorecards: names.clone(), ..Default::default() };
    let classification = kehu_contract::coding::StartClassificationRequest {
        taxonomies: names,
        ..Default::default()
    };
    let features = GetFeaturesRequest {
        customer: "customers/1".to_owned(),
        features: vec!["recency".to_owned(); 300_000],
        ..Default::default()
    };
    for (path, message) in [
        ("/kehu.scoring.v1.ScoringService/StartScoring", scoring.encode_to_vec()),
        (
            "/kehu.coding.v1.ClassificationService/StartClassification",
            classification.encode_to_vec(),
        ),
        ("/kehu.scoring.v1.FeatureService/GetFeatures", features.encode_to_vec()),
    ] {
        let status = world.call(path, whole(&message)).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{path}: {status:?}");
        assert_eq!(fault::reason(&status), Some(ErrorReason::InvalidFields));
        assert!(status.message().contains("at most"), "{path}: {status:?}");
        assert!(!status.message().contains("more)"), "checking goes on: {status:?}");
    }
    world.server.stop().await;
}

#[tokio::test]
async fn a_null_character_is_refused_wherever_it_stands_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    null_everywhere(&["--data-dir", &folder.path().join("d").display().to_string()]).await;
}

#[tokio::test]
async fn a_null_character_is_refused_wherever_it_stands_on_postgres() {
    let Some(database) = ServerDatabase::migrated().await else { return };
    null_everywhere(&["--database-url", &database.url]).await;
}

/// Each method with U+0000 in all texts, and in each of them alone.
async fn null_everywhere(place: &[&str]) {
    let world = World::start(place).await;
    for (path, input) in world.methods(false).into_iter().chain(world.methods(true)) {
        let texts = texts(&input, 0);
        let mut messages: Vec<_> = (0..texts).map(|one| filled(&input, Some(one))).collect();
        messages.push(filled(&input, None));
        for message in messages {
            let status = world.call(&path, whole(&message.encode_to_vec())).await;
            let is_fine = !matches!(status.code(), Code::Internal | Code::Unknown);
            assert!(is_fine, "{path}: {status:?}\n of {message}");
            assert!(
                !matches!(status.code(), Code::Unavailable | Code::Unimplemented),
                "{status:?}"
            );
        }
        let reads_codes = READ_CODES.iter().any(|name| path.ends_with(name));
        if texts > 0 && path.starts_with("/kehu.") && !reads_codes {
            let status = world.call(&path, whole(&filled(&input, None).encode_to_vec())).await;
            assert_eq!(status.code(), Code::InvalidArgument, "{path}: {status:?}");
        }
    }
    assert!(world.server.is_ready().await);
    world.server.stop().await;
}

/// How many texts a message of this type has, one of each list and each choice.
fn texts(kind: &MessageDescriptor, depth: usize) -> usize {
    let of = |kind: &Kind| match kind {
        Kind::String => 1,
        Kind::Message(inner) if depth < DEPTH => texts(inner, depth + 1),
        _ => 0,
    };
    kind.fields().map(|field| of(&field.kind())).sum()
}

/// A message all of whose texts have U+0000, or only this one.
fn filled(kind: &MessageDescriptor, only: Option<usize>) -> DynamicMessage {
    let mut place = 0;
    fill(kind, only, &mut place, 0)
}

fn fill(
    kind: &MessageDescriptor,
    only: Option<usize>,
    place: &mut usize,
    depth: usize,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(kind.clone());
    for field in kind.fields() {
        let before = *place;
        let value = match field.kind() {
            Kind::String => {
                *place += 1;
                let text = if only.is_none_or(|only| only == before) { "a\0b" } else { "abc" };
                Value::String(text.to_owned())
            }
            Kind::Message(inner) if depth < DEPTH => {
                Value::Message(fill(&inner, only, place, depth + 1))
            }
            _ => continue,
        };
        // Of a choice the last one stands: the one that is sought, once it was met.
        let sought = only.is_none_or(|only| (before..*place).contains(&only));
        if field.containing_oneof().is_some() && !sought {
            continue;
        }
        let value = if field.is_map() {
            let Value::Message(entry) = &value else { continue };
            let inner = entry.get_field_by_name("value").unwrap().into_owned();
            let key = entry.get_field_by_name("key").unwrap();
            let Some(key) = key.as_str() else { continue };
            Value::Map([(MapKey::String(key.to_owned()), inner)].into())
        } else if field.is_list() {
            Value::List(vec![value])
        } else {
            value
        };
        message.set_field(&field, value);
    }
    message
}
