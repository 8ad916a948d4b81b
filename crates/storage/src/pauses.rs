//! Where a test can hold a transaction, to play several in a stated order.
//!
//! A build for use has none of it. It takes the feature `pauses`, which nobody but `kehu-tests`
//! asks for, and debug assertions, which no release has; without either what stands here is
//! empty and does nothing.

/// A place at which whoever has a database can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Facts are about to be read.
    Facts,
    /// A transaction is about to begin.
    Begin,
    /// It has begun: on SQLite nobody else writes.
    Begun,
    /// It has written everything and is about to commit.
    Commit,
    /// It has committed and is about to wait for the disk.
    Flush,
}

#[cfg(all(feature = "pauses", debug_assertions))]
pub use held::{Arrival, Pauses};
#[cfg(not(all(feature = "pauses", debug_assertions)))]
pub use none::Pauses;

#[cfg(all(feature = "pauses", debug_assertions))]
mod held {
    use tokio::sync::{mpsc, oneshot};

    use super::Point;

    /// Somebody who has come to a point, and stands there until this is dropped.
    #[derive(Debug)]
    pub struct Arrival {
        /// The point.
        pub point: Point,
        _go: oneshot::Sender<()>,
    }

    /// Whom to tell of arrivals; nobody is held where there is nobody to tell.
    #[derive(Debug, Clone, Default)]
    pub struct Pauses(Option<mpsc::UnboundedSender<Arrival>>);

    impl Pauses {
        /// Holds everybody at every point until the arrival is let go.
        pub fn new(arrivals: mpsc::UnboundedSender<Arrival>) -> Self {
            Self(Some(arrivals))
        }

        pub(crate) async fn reach(&self, point: Point) {
            let Some(arrivals) = &self.0 else { return };
            let (go, going) = oneshot::channel();
            if arrivals.send(Arrival { point, _go: go }).is_ok() {
                // It never sends: it is dropped.
                let _ = going.await;
            }
        }
    }
}

#[cfg(not(all(feature = "pauses", debug_assertions)))]
mod none {
    /// Nobody is ever held.
    #[derive(Debug, Clone, Default)]
    pub struct Pauses;

    impl Pauses {
        #[expect(clippy::unused_async, reason = "as it is where somebody can be held")]
        pub(crate) async fn reach(&self, _: super::Point) {}
    }
}
