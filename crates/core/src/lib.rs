//! The domain of Kehu, pure: no IO, no clock, no randomness. What is here cannot fail
//! except on its input.

pub mod amount;
pub mod attribute;
pub mod calendar;
pub mod check;
pub mod city_tier;
pub mod code_scheme;
pub mod contact_key;
pub mod country;
pub mod currency;
pub mod customer;
pub mod decimal;
pub mod division;
pub mod enterprise;
pub mod evaluation;
pub mod identifier;
pub mod industry;
pub mod key;
pub mod label;
pub mod limits;
pub mod match_key;
pub mod matching;
pub mod model;
pub mod money;
pub mod quality;
pub mod scorecard;
pub mod taxonomy;
pub mod text;
pub mod value;
pub mod yaml;

pub use customer::{CustomerId, Reference};
pub use label::Label;
pub use money::{Money, Quantity, Rate};
pub use value::Value;
