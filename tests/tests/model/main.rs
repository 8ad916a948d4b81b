//! What is followed, piece by piece and with whatever dies on the way, is what a rebuild from
//! nothing gives: random histories of a small shop, on both databases at once.
//!
//! `KEHU_TEST_SEEDS=200` plays more of them, `KEHU_TEST_SEED=17` the one again that failed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod check;
mod facts;
mod plan;
mod world;

use std::sync::Arc;

use kehu_tests::{databases, embedded};
use tokio::sync::Semaphore;

use check::Promises;
use plan::Plan;
use world::World;

/// How many histories are played.
const SEEDS: u64 = 20;
/// At a time: each keeps about a core busy.
const AT_ONCE: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_followed_is_what_a_rebuild_gives() {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut plays = Vec::new();
    for seed in seeds() {
        let places = places.clone();
        let play = tokio::spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            play(seed).await;
        });
        plays.push((seed, play));
    }
    let mut failed = Vec::new();
    for (seed, play) in plays {
        if play.await.is_err() {
            failed.push(seed);
        }
    }
    let replay: Vec<_> = failed
        .iter()
        .map(|seed| format!("KEHU_TEST_SEED={seed} tests/run --workspace --test model"))
        .collect();
    assert!(failed.is_empty(), "these histories failed; each again with:\n{}", replay.join("\n"));
}

fn seeds() -> Vec<u64> {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    match (number("KEHU_TEST_SEED"), number("KEHU_TEST_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, count) => (0..count.unwrap_or(SEEDS)).collect(),
    }
}

/// Plays one history on each database, and compares after each round.
async fn play(seed: u64) {
    let mut plan = Plan::new(seed);
    let tests = databases().await;
    let mut worlds = Vec::new();
    for test in &tests {
        worlds.push((test.kind, World::new(test.database.clone()), Promises::default()));
    }
    for round in plan.rounds() {
        for (kind, world, _) in &worlds {
            eprintln!("seed {seed} on {kind}: {:?}", round.steps);
            for step in &round.steps {
                world.play(step).await;
            }
            world.settle().await;
        }
        let nothing = embedded().await;
        let rebuilt = check::rebuild(nothing.database.clone(), &worlds[0].1, &round.state).await;
        for (kind, world, promises) in &mut worlds {
            let place = format!("seed {seed} on {kind}");
            check::same(&place, world, &rebuilt, &round.state).await;
            check::whole(&place, world, &round.state).await;
            promises.keep(&place, world, &round.state).await;
        }
    }
    for (_, world, _) in worlds {
        world.db.close().await.unwrap();
    }
}
