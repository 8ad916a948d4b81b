//! Maximum likelihood over positive parameters.

use super::nelder_mead::minimise;

/// A parameter that runs beyond this, or below its inverse, has no best value.
const FARTHEST: f64 = 1e5;

/// The least value of a parameter.
pub(super) const LEAST: f64 = 1.0 / FARTHEST;

/// Why a model could not be fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFitted {
    /// Nothing can be learnt of who never comes back.
    #[error("nobody bought on a second day: there is nothing to learn from")]
    NobodyRepeats,
    /// The likelihood grows without end.
    #[error(
        "the likelihood has no greatest value: {parameter} runs towards {towards}, so these customers do not tell \
         what the model asks for; take a longer time or more customers"
    )]
    NoMaximum {
        /// Which parameter runs away.
        parameter: &'static str,
        /// Where to: `zero` or `infinity`.
        towards: &'static str,
    },
}

/// The positive parameters for which the logarithm of a likelihood is greatest, and what it is there.
pub(super) fn positive<const N: usize>(
    names: [&'static str; N],
    log_likelihood: impl Fn(&[f64; N]) -> f64,
) -> Result<([f64; N], f64), NotFitted> {
    let farthest = FARTHEST.ln();
    let found = minimise([0.0; N], |logarithms: &[f64; N]| {
        if logarithms.iter().any(|it| it.abs() > farthest) {
            return f64::INFINITY;
        }
        -log_likelihood(&logarithms.map(f64::exp))
    });
    for (parameter, logarithm) in names.into_iter().zip(found.place) {
        if logarithm.abs() > farthest - 1.0 {
            let towards = if logarithm > 0.0 { "infinity" } else { "zero" };
            return Err(NotFitted::NoMaximum { parameter, towards });
        }
    }
    Ok((found.place.map(f64::exp), -found.value))
}
