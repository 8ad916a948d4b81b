//! Models of customers: what is learnt from many and says something of one.
//!
//! Numbers are binary floating point here, and only here: what a model is fitted to, and what it
//! expects, are no amounts of anybody. The same customers in any order give the same parameters.

mod bg_nbd;
mod customer_value;
mod fit;
mod gamma_gamma;
mod nelder_mead;
pub mod special;
#[cfg(test)]
mod tests;
mod trained;

pub use bg_nbd::{BgNbd, Purchases};
pub use customer_value::{CustomerValue, DISCOUNT_MONTHS, History};
pub use fit::NotFitted;
pub use gamma_gamma::{GammaGamma, Spending};
pub use trained::{Holdout, Trained, Window, kept};
