//! Each feature against values computed by hand.

mod catalogue;
mod definition;
mod habits;
mod independence;
mod memory;
mod models;
mod orders;
mod plans;
mod source;
mod world;
