//! Where a test can have a statement of a transaction go wrong.
//!
//! A build for use has none of it, as it has no [`crate::pauses`].

/// What goes wrong with a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is never sent: the connection is lost before.
    Unsent,
    /// It is carried out, and the connection is lost before the answer.
    Unanswered,
    /// The database refuses it.
    Refused,
    /// The database refuses it, and has rolled back, as SQLite does where its disk is full.
    RolledBack,
}

#[cfg(all(feature = "pauses", debug_assertions))]
pub use injected::Faults;
#[cfg(not(all(feature = "pauses", debug_assertions)))]
pub use none::Faults;

#[cfg(all(feature = "pauses", debug_assertions))]
mod injected {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Fault;

    /// What goes wrong, and with which statement; nothing by default.
    #[derive(Debug, Clone, Default)]
    pub struct Faults(Option<Arc<Planned>>);

    #[derive(Debug)]
    struct Planned {
        fault: Fault,
        place: usize,
        statements: AtomicUsize,
    }

    impl Faults {
        /// Of all statements of transactions, BEGIN and COMMIT among them, that in `place`, counted
        /// from 0, goes wrong.
        pub fn new(fault: Fault, place: usize) -> Self {
            let statements = AtomicUsize::new(0);
            Self(Some(Arc::new(Planned { fault, place, statements })))
        }

        /// How many statements there were.
        pub fn statements(&self) -> usize {
            self.0.as_ref().map_or(0, |planned| planned.statements.load(Ordering::Relaxed))
        }

        pub(crate) fn next(&self) -> Option<Fault> {
            let planned = self.0.as_ref()?;
            let place = planned.statements.fetch_add(1, Ordering::Relaxed);
            (place == planned.place).then_some(planned.fault)
        }
    }
}

#[cfg(not(all(feature = "pauses", debug_assertions)))]
mod none {
    /// Nothing ever goes wrong on purpose.
    #[derive(Debug, Clone, Default)]
    pub struct Faults;

    impl Faults {
        #[expect(clippy::unused_self, reason = "as it is where something can go wrong")]
        pub(crate) fn next(&self) -> Option<super::Fault> {
            None
        }
    }
}
