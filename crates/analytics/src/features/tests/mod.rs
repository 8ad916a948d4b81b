//! Each feature against values computed by hand.

mod catalogue;
mod habits;
mod independence;
mod orders;
mod world;
