//! Whatever comes in is answered, and never as a fault of the program: every method, those of health
//! and reflection too, is sent random messages (plausible, extreme and broken ones) on both
//! databases. A call that is not answered in time hangs, and the process must not grow.
//!
//! `KEHU_TEST_FUZZ` sets the calls a method ([`CALLS`] unless told), `KEHU_TEST_SEED` the seed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod call;
mod message;
mod world;

use fastrand::Rng;
use std::time::Duration;

use futures::{StreamExt, stream};
use kehu_contract::DESCRIPTORS;
use kehu_tests::{ServerDatabase, resident};
use prost_reflect::{DescriptorPool, MethodDescriptor};
use tokio::time::timeout;
use tonic::{Code, Status};

use world::World;

/// Calls a method: what two cores do in less than four minutes on both databases. 2,000 take some
/// fifteen.
const CALLS: u64 = 400;
/// Of so many calls one is made to warm up, before the memory is measured.
const WARM_UP: u64 = 5;
/// Calls at a time, of all methods.
const AT_ONCE: usize = 16;
/// A call that takes longer hangs: the server ends each of its own after two minutes.
const LONGEST: Duration = Duration::from_secs(180);
/// MiB by which the process may grow after it was warmed up: what it keeps of definitions that were
/// made meanwhile, pages of its database, and what the allocator does not give back.
const GROWTH: u64 = 256;
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
    let calls = number("KEHU_TEST_FUZZ").unwrap_or(CALLS);
    let warm_up = calls.div_ceil(WARM_UP);
    let mut failures = at_random(&world, 0..warm_up).await;
    let before = resident(world.server.id());
    failures.extend(at_random(&world, warm_up..calls).await);
    let after = resident(world.server.id());
    let told = failures.iter().take(TOLD).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} faults with seed {}:\n{told}", failures.len(), seed());
    assert!(world.server.is_ready().await, "it is not ready any more");
    if let Some((before, after)) = before.zip(after) {
        assert!(after <= before + (GROWTH << 20), "it grew from {before} to {after} bytes");
    }
    world.server.stop().await;
}

/// Makes calls of every method, and returns what was answered as it must not be.
async fn at_random(world: &World, numbers: std::ops::Range<u64>) -> Vec<String> {
    let methods = methods();
    let calls = numbers.flat_map(|number| methods.iter().map(move |method| (number, method)));
    let failures = calls.map(|(number, method)| one(world, method, number));
    stream::iter(failures).buffer_unordered(AT_ONCE).filter_map(async |told| told).collect().await
}

/// Makes a call, and tells of an answer as it must not be.
async fn one(world: &World, method: &MethodDescriptor, number: u64) -> Option<String> {
    let mut rng = Rng::with_seed(seed().wrapping_mul(1_000_003).wrapping_add(number));
    let messages = message::random(&mut rng, method);
    let answer = timeout(LONGEST, call::call(&world.channel, method, &messages)).await;
    let what = match answer {
        Ok(answer) => answer.err().filter(|status| !is_callers(method, status))?.to_string(),
        Err(_) => format!("no answer in {LONGEST:?}"),
    };
    let sent = message::shown(method, &messages);
    Some(format!("{} #{number}: {what}\n  of {sent}", method.full_name()))
}

/// Whether the fault is one of what the caller sent, or of the state of things.
fn is_callers(method: &MethodDescriptor, status: &Status) -> bool {
    // Reflection asked for what it does not do, which stands in its contract.
    let unserved = status.code() == Code::Unimplemented && method.full_name().starts_with("grpc.");
    unserved
        || matches!(
            status.code(),
            Code::InvalidArgument
                | Code::NotFound
                | Code::AlreadyExists
                | Code::FailedPrecondition
                | Code::OutOfRange
                | Code::Aborted
                | Code::ResourceExhausted
        )
}

/// The methods of the contract, of health and of reflection, by name.
fn methods() -> Vec<MethodDescriptor> {
    let mut pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    for descriptors in
        [tonic_health::pb::FILE_DESCRIPTOR_SET, tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET]
    {
        pool.decode_file_descriptor_set(descriptors).unwrap();
    }
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    methods.filter(|method| !method.full_name().starts_with("google.")).collect()
}

fn seed() -> u64 {
    number("KEHU_TEST_SEED").unwrap_or(1)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number: {text}")))
}
