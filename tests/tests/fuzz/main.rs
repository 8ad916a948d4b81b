//! Whatever comes in is answered, and never as a fault of the program: every method is sent
//! random messages (plausible, extreme and broken ones) on both databases.
//!
//! `KEHU_TEST_FUZZ` sets the calls a method (200 unless told), `KEHU_TEST_SEED` the seed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod call;
mod message;
mod world;

use fastrand::Rng;
use futures::{StreamExt, stream};
use kehu_contract::DESCRIPTORS;
use kehu_tests::ServerDatabase;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use tonic::Code;

use world::World;

/// Calls at a time.
const AT_ONCE: usize = 4;
/// Failures that are told; more of them say nothing new.
const TOLD: usize = 20;

#[tokio::test]
async fn whatever_comes_in_is_answered_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data").display().to_string();
    fuzz(&["--data-dir", &folder]).await;
}

#[tokio::test]
async fn whatever_comes_in_is_answered_on_postgres() {
    let Some(database) = ServerDatabase::migrated().await else { return };
    fuzz(&["--database-url", &database.url]).await;
}

async fn fuzz(place: &[&str]) {
    let world = World::start(place).await;
    let seed = number("KEHU_TEST_SEED").unwrap_or(1);
    let mut failures = Vec::new();
    for method in methods() {
        for failure in at_random(&world, &method, seed).await {
            failures.push(failure);
        }
        assert!(world.server.is_ready().await, "not ready after {}", method.full_name());
    }
    let told = failures.iter().take(TOLD).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} faults with seed {seed}:\n{told}", failures.len());
    world.server.stop().await;
}

/// Calls a method many times, and returns what was answered as it must not be.
async fn at_random(world: &World, method: &MethodDescriptor, seed: u64) -> Vec<String> {
    let calls = number("KEHU_TEST_FUZZ").unwrap_or(200);
    let answers = (0..calls).map(|count| async move {
        let mut rng = Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(count));
        let messages = message::random(&mut rng, method);
        let answer = call::call(&world.channel, method, &messages).await;
        let status = answer.err().filter(|status| !is_callers(status.code()))?;
        let sent = message::shown(method, &messages);
        Some(format!("{} #{count}: {status:?}\n  of {sent}", method.full_name()))
    });
    stream::iter(answers).buffer_unordered(AT_ONCE).filter_map(async |told| told).collect().await
}

/// Whether the fault is one of what the caller sent, or of the state of things.
fn is_callers(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Aborted
            | Code::ResourceExhausted
    )
}

/// The methods of the contract, by name.
fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    methods.filter(|method| method.full_name().starts_with("kehu.")).collect()
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number: {text}")))
}
