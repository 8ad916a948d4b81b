//! Every method of the contract, with every scope and with every kind of bad token.

use crate::descriptors::methods;
use crate::issuer::{Issuer, SUBJECT, authenticator, claims, seconds_from_now, with};
use crate::server::{OPEN, Server, call};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, encode};
use kehu_contract::error::ErrorReason;
use kehu_server::{
    auth::{Scope, required_scopes},
    fault,
};
use serde_json::{Value, json};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

#[test]
fn personal_data_is_kept_apart() {
    use Scope::{Admin, Code, Ingest, PersonalData, Read, Score};
    let rows: [(&str, &[Scope]); 8] = [
        ("kehu.ingestion.v1.CustomerService/LookupCustomer", &[Read, PersonalData]),
        ("kehu.ingestion.v1.IngestionService/ListRejects", &[Read, PersonalData]),
        ("kehu.reporting.v1.ReportingService/ExportReport", &[Read, PersonalData]),
        ("kehu.ingestion.v1.IngestionService/Ingest", &[Ingest]),
        ("kehu.scoring.v1.ScoringService/StartScoring", &[Score]),
        ("kehu.coding.v1.CodeService/StartCoding", &[Code]),
        ("kehu.scoring.v1.ScorecardService/PublishScorecard", &[Admin]),
        ("kehu.reporting.v1.ReportingService/GetClassSummary", &[Read]),
    ];
    for (method, scopes) in rows {
        assert_eq!(required_scopes(method), Some(scopes), "{method}");
    }
}

#[tokio::test]
async fn every_method_takes_its_scopes_and_no_others() {
    let issuer = Issuer::ed25519("one");
    let server = Server::start(None, authenticator(&[&issuer])).await;
    let channel = server.connect(None).await.unwrap();
    for held in single_and_all_but_one() {
        let token = issuer.sign(&claims(&words(&held)));
        for method in methods() {
            let outcome = call(&channel, &method, Some(&token)).await;
            expect(outcome.map(|seen| seen.subject), &method, &held);
        }
    }
    for method in methods() {
        let required = required_scopes(&method).unwrap();
        let token = issuer.sign(&claims(&words(required)));
        let outcome = call(&channel, &method, Some(&token)).await;
        expect(outcome.map(|seen| seen.subject), &method, required);
    }
}

#[tokio::test]
async fn no_method_takes_a_bad_token_whatever_its_scope() {
    let issuer = Issuer::ed25519("one");
    let server = Server::start(None, authenticator(&[&issuer])).await;
    let channel = server.connect(None).await.unwrap();
    let mut held: Vec<String> = Scope::ALL.iter().map(Scope::to_string).collect();
    held.push(words(&Scope::ALL));
    for scopes in held {
        let tokens = bad_tokens(&issuer, &scopes);
        for method in methods() {
            refuse_all(&channel, &method, &tokens).await;
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_is_denied() {
    let issuer = Issuer::ed25519("one");
    let server = Server::start(None, authenticator(&[&issuer])).await;
    let channel = server.connect(None).await.unwrap();
    let token = issuer.sign(&claims(&words(&Scope::ALL)));
    for method in ["kehu.run.v1.RunService/DropRuns", "kehu.run.v1.RunService/getrun", "x/y"] {
        let status = call(&channel, method, Some(&token)).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{method}");
        assert_eq!(status.message(), "nobody may call this method");
        let status = call(&channel, method, None).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{method}");
    }
}

#[tokio::test]
async fn health_and_reflection_ask_nobody() {
    let issuer = Issuer::ed25519("one");
    let server = Server::start(None, authenticator(&[&issuer])).await;
    let channel = server.connect(None).await.unwrap();
    for method in [OPEN, "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] {
        for token in [None, Some("garbage")] {
            assert_eq!(call(&channel, method, token).await.unwrap().subject, None, "{method}");
        }
    }
}

#[tokio::test]
async fn without_sign_on_everybody_may_do_everything() {
    let server = Server::start(None, None).await;
    let channel = server.connect(None).await.unwrap();
    for method in methods() {
        let seen = call(&channel, &method, None).await.unwrap();
        assert_eq!((seen.subject, seen.address.as_deref()), (None, Some("127.0.0.1")), "{method}");
    }
}

fn words(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

/// Each scope alone, and all but each.
fn single_and_all_but_one() -> Vec<Vec<Scope>> {
    let single = Scope::ALL.iter().map(|scope| vec![*scope]);
    let others = |absent: &Scope| Scope::ALL.into_iter().filter(|it| it != absent).collect();
    single.chain(Scope::ALL.iter().map(others)).collect()
}

/// The outcome of a call by who holds some scopes is what the method's row says.
fn expect(outcome: Result<Option<String>, Status>, method: &str, held: &[Scope]) {
    let required = required_scopes(method).unwrap();
    let missing: Vec<Scope> = required.iter().copied().filter(|it| !held.contains(it)).collect();
    if missing.is_empty() {
        assert_eq!(outcome.unwrap().as_deref(), Some(SUBJECT), "{method} with {held:?}");
        return;
    }
    let status = outcome.expect_err(method);
    assert_eq!(status.code(), Code::PermissionDenied, "{method} with {held:?}");
    assert_eq!(fault::reason(&status), Some(ErrorReason::PermissionDenied));
    let metadata = status.get_details_error_info().unwrap().metadata;
    assert_eq!(metadata["missing_scopes"], words(&missing), "{method} with {held:?}");
}

/// Tokens that are refused, and the word that says why; `None` is no token.
fn bad_tokens(issuer: &Issuer, scopes: &str) -> Vec<(&'static str, Option<String>)> {
    let good = claims(scopes);
    let token = issuer.sign(&good);
    let payload = token.split('.').nth(1).unwrap();
    let other = Issuer::ed25519(&issuer.kid);
    vec![
        ("missing", None),
        ("malformed", Some("garbage".to_owned())),
        ("malformed", Some(token.rsplit_once('.').unwrap().0.to_owned())),
        ("expired", Some(issuer.sign(&with(good.clone(), "exp", seconds_from_now(-60).into())))),
        ("wrong_audience", Some(issuer.sign(&with(good.clone(), "aud", json!("billing"))))),
        ("bad_signature", Some(other.sign(&good))),
        ("wrong_algorithm", Some(signed_with_the_public_key(issuer, &good))),
        // {"alg":"none","typ":"JWT"}
        ("malformed", Some(format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}."))),
    ]
}

/// A token by HS256 with the public key as the secret, which everybody can make.
fn signed_with_the_public_key(issuer: &Issuer, claims: &Value) -> String {
    let public = DecodingKey::from_jwk(&issuer.jwk).unwrap();
    let secret = EncodingKey::from_secret(public.try_get_as_bytes().unwrap());
    let mut header = issuer.header();
    header.alg = Algorithm::HS256;
    encode(&header, claims, &secret).unwrap()
}

async fn refuse_all(channel: &Channel, method: &str, tokens: &[(&'static str, Option<String>)]) {
    for (why, token) in tokens {
        let status = call(channel, method, token.as_deref()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{method} with a token that is {why}");
        assert_eq!(fault::reason(&status), Some(ErrorReason::Unauthenticated));
        let metadata = status.get_details_error_info().unwrap().metadata;
        assert_eq!(metadata["why"], *why, "{method}");
        assert!(!metadata.values().any(|text| Some(text) == token.as_ref()));
    }
}
