//! The reports, computed from plain rows: pure, exact, and independent of the order of the
//! rows except where it says so.

mod class_summary;
mod heat_map;
mod migration;
mod monthly_trend;
mod pareto;

pub use class_summary::{ClassFigures, ClassSummary, class_summary};
pub use heat_map::{HeatMap, HeatMapCell, Scored, heat_map};
pub use migration::{MigrationCell, MigrationMatrix, migration_matrix};
pub use monthly_trend::{MonthFigures, MonthlyTrend, Order, Totals};
pub use pareto::{ParetoCurve, ParetoPoint, pareto_curve};

use kehu_core::CustomerId;
use rust_decimal::Decimal;

/// One customer as of the business date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The customer.
    pub customer: CustomerId,
    /// Place of its class among those of the report; `None` when it has none on the date.
    pub class: Option<usize>,
    /// Place of its class on the comparison date; `None` when it had none yet.
    pub earlier: Option<usize>,
    /// Amount up to the date, net of returns, in the base currency.
    pub amount: Decimal,
    /// Amount of its completed orders up to the date, before returns.
    pub ordered: Decimal,
    /// Completed orders up to the date.
    pub orders: i64,
}
