//! What the contract says of a method: whether it is unary, and whether it may be repeated.
//! Health and reflection, which every port has, are known too.

use kehu_contract::DESCRIPTORS;
use prost::{
    Message,
    bytes::Buf,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, method_options::IdempotencyLevel,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

/// Bytes before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// Name in metrics of what is no known method, so that a caller cannot make up names without end.
const OTHER: &str = "_OTHER";

/// The known methods, by path.
static METHODS: LazyLock<HashMap<String, Method>> = LazyLock::new(|| {
    let mut methods = HashMap::new();
    for encoded in [
        DESCRIPTORS,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
    ] {
        let set = FileDescriptorSet::decode(encoded).expect("the compiler wrote the descriptors");
        methods.extend(set.file.iter().flat_map(methods_of));
    }
    methods
});

/// A known method.
#[derive(Debug)]
pub struct Method {
    /// Its name in metrics: `kehu.scoring.v1.ScoringService/GetScore`.
    pub name: String,
    /// One message there and one back.
    pub unary: bool,
    /// Whether it is of Kehu's contract, and not health or reflection.
    pub is_ours: bool,
    /// Whether it has side effects.
    pub(crate) writes: bool,
    repeat: Repeat,
}

/// When a call may be sent again though the first may have been carried out.
#[derive(Debug, PartialEq, Eq)]
enum Repeat {
    Never,
    Always,
    /// When the field of this number, the `request_id`, is set.
    WithRequestId(u32),
}

impl Method {
    /// Whether a call may be repeated; `body` is its one message as it is sent.
    pub(crate) fn is_repeatable(&self, body: &[u8]) -> bool {
        match self.repeat {
            Repeat::Never => false,
            Repeat::Always => true,
            Repeat::WithRequestId(number) => match body.split_at_checked(PREFIX) {
                Some(([0, ..], message)) => has_text(message, number),
                // A compressed message cannot be looked into.
                _ => false,
            },
        }
    }
}

/// The method at `path`, `/kehu.scoring.v1.ScoringService/GetScore`.
pub fn find(path: &str) -> Option<&'static Method> {
    METHODS.get(path)
}

/// The name of the method at `path` for metrics, `_OTHER` for one that is not known.
pub fn name(path: &str) -> &'static str {
    find(path).map_or(OTHER, |method| method.name.as_str())
}

/// The full names of the services of a package such as `kehu.scoring.v1`, in order.
pub fn services(package: &str) -> BTreeSet<String> {
    let names = METHODS.values().filter_map(|method| method.name.split_once('/'));
    let services = names.map(|(service, _)| service);
    let of_package = |service: &&str| service.rsplit_once('.').is_some_and(|(it, _)| it == package);
    services.filter(of_package).map(str::to_owned).collect()
}

/// The methods of a service, by its full name.
pub(crate) fn of_service(service: &str) -> impl Iterator<Item = &'static Method> {
    METHODS
        .values()
        .filter(move |method| method.name.split_once('/').is_some_and(|(name, _)| name == service))
}

/// Whether a service, by its full name, has a method with side effects.
pub fn writes(service: &str) -> bool {
    of_service(service).any(|method| method.writes)
}

fn methods_of(file: &FileDescriptorProto) -> Vec<(String, Method)> {
    let mut methods = Vec::new();
    for service in &file.service {
        for method in &service.method {
            let name = format!("{}.{}/{}", file.package(), service.name(), method.name());
            let unary = !method.client_streaming() && !method.server_streaming();
            let repeat = repeat(file, method);
            let is_ours = name.starts_with("kehu.");
            let writes = level(method) != IdempotencyLevel::NoSideEffects;
            methods.push((format!("/{name}"), Method { name, unary, is_ours, repeat, writes }));
        }
    }
    methods
}

fn level(method: &MethodDescriptorProto) -> IdempotencyLevel {
    let level = method.options.as_ref().map(|options| options.idempotency_level());
    level.unwrap_or(IdempotencyLevel::IdempotencyUnknown)
}

fn repeat(file: &FileDescriptorProto, method: &MethodDescriptorProto) -> Repeat {
    match level(method) {
        IdempotencyLevel::IdempotencyUnknown => Repeat::Never,
        IdempotencyLevel::NoSideEffects => Repeat::Always,
        IdempotencyLevel::Idempotent => {
            request_id(file, method.input_type()).map_or(Repeat::Always, Repeat::WithRequestId)
        }
    }
}

/// The number of the field `request_id` of a request, which is in the file of its method.
fn request_id(file: &FileDescriptorProto, request: &str) -> Option<u32> {
    let (_, name) = request.rsplit_once('.')?;
    let message = file.message_type.iter().find(|message| message.name() == name)?;
    let field = message.field.iter().find(|field| field.name() == "request_id")?;
    u32::try_from(field.number()).ok()
}

/// Whether the text field `number` of an encoded message is set and not empty.
fn has_text(mut message: &[u8], number: u32) -> bool {
    while message.has_remaining() {
        let Ok((tag, wire)) = decode_key(&mut message) else { return false };
        if tag == number && wire == WireType::LengthDelimited {
            return decode_varint(&mut message).is_ok_and(|length| length > 0);
        }
        if skip_field(wire, tag, &mut message, DecodeContext::default()).is_err() {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_contract::scoring::{GetScoreRequest, StartScoringRequest};

    fn framed(message: &impl Message) -> Vec<u8> {
        let mut body = vec![0, 0, 0, 0, u8::try_from(message.encoded_len()).unwrap()];
        message.encode(&mut body).unwrap();
        body
    }

    fn is_repeatable(path: &str, message: &impl Message) -> bool {
        find(path).unwrap().is_repeatable(&framed(message))
    }

    #[test]
    fn reads_may_be_repeated() {
        let path = "/kehu.scoring.v1.ScoringService/GetScore";
        assert!(is_repeatable(path, &GetScoreRequest::default()));
        assert!(find(path).unwrap().unary);
    }

    #[test]
    fn a_run_is_started_again_only_under_a_request_id() {
        let path = "/kehu.scoring.v1.ScoringService/StartScoring";
        let mut request = StartScoringRequest {
            scorecards: vec!["rfm".to_owned(), "value".to_owned()],
            ..Default::default()
        };
        assert!(!is_repeatable(path, &request));
        request.request_id = "6f1e2a34-0b5c-4d7e-8f90-123456789abc".to_owned();
        assert!(is_repeatable(path, &request));
        let mut compressed = framed(&request);
        compressed[0] = 1;
        assert!(!find(path).unwrap().is_repeatable(&compressed));
    }

    #[test]
    fn what_changes_with_every_call_is_never_repeated() {
        let path = "/kehu.scoring.v1.ScorecardService/PublishScorecard";
        assert!(!find(path).unwrap().is_repeatable(&[]));
    }

    #[test]
    fn services_are_those_of_the_package() {
        let found: Vec<_> = services("kehu.run.v1").into_iter().collect();
        assert_eq!(found, ["kehu.run.v1.BusinessDateService", "kehu.run.v1.RunService"]);
        assert!(services("kehu").is_empty());
    }

    #[test]
    fn a_method_is_named_when_it_is_in_the_contract() {
        for (path, name) in [
            ("/kehu.run.v1.RunService/GetRun", "kehu.run.v1.RunService/GetRun"),
            ("/grpc.health.v1.Health/Watch", "grpc.health.v1.Health/Watch"),
            (
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            ),
            ("/kehu.run.v1.RunService/GetRuns", OTHER),
            ("/kehu.run.v1.RunService", OTHER),
            ("/", OTHER),
        ] {
            assert_eq!(super::name(path), name, "{path}");
        }
    }

    #[test]
    fn streams_are_no_unary_calls() {
        for path in [
            "/kehu.ingestion.v1.IngestionService/Ingest",
            "/kehu.run.v1.RunService/WatchRun",
            "/grpc.health.v1.Health/Watch",
        ] {
            assert!(!find(path).unwrap().unary, "{path}");
        }
        assert!(find("/grpc.health.v1.Health/Check").unwrap().unary);
    }

    #[test]
    fn every_request_id_makes_its_method_repeatable() {
        let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
        for file in &set.file {
            for method in file.service.iter().flat_map(|service| &service.method) {
                if request_id(file, method.input_type()).is_some() {
                    let found = repeat(file, method);
                    assert!(matches!(found, Repeat::WithRequestId(_)), "{}", method.name());
                }
            }
        }
    }
}
