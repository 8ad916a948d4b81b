//! Long work and the hand-off between services: the workers that lease pieces of runs and carry
//! them out, the follower that turns changes of one service into work of the next, and the
//! `RunService` that answers for runs of every kind. Beside it the `BusinessDateService`, which
//! every role serves, too.

mod business_date;
mod day;
mod follower;
mod job;
mod measure;
mod partition;
pub mod retraction;
mod service;
mod trim;
mod view;
mod worker;

pub use business_date::{BusinessDates, check_not_later};
pub use day::{Daily, Evaluated, keep_days, start_due};
pub use follower::{CursorMove, Follower, follow};
pub use job::{Job, RunContext};
pub use measure::count_from_zero;
pub use partition::{PARTITION, Partition};
pub use service::Runs;
pub use trim::trim;
pub use view::{MAX_WAITING, start};
pub use worker::Worker;
