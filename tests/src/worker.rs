//! A worker of runs whose steps the test decides.

use std::pin::Pin;

use kehu_storage::{Database, run};

/// Lets `worker` (the future of `kehu_runs::work`, polled by nobody else) go on until a partition of the
/// run is done. From then on it stands still wherever it is, and goes on only when it is awaited;
/// dropping it is what a crash does.
pub async fn stand_still_after_a_partition(
    database: &Database,
    run_id: i64,
    mut worker: Pin<&mut impl Future<Output = ()>>,
) {
    while run::get(database, run_id).await.expect("the run is there").done == 0 {
        let step = futures::poll!(worker.as_mut());
        assert!(step.is_pending(), "a worker works until it is told to stop");
    }
}
