//! The downhill simplex method of Nelder and Mead (1965): the least value of a function without its
//! derivatives. Deterministic: the same function and start give the same end.

/// Evaluations of the function at most, in one descent.
const MOST_EVALUATIONS: u32 = 4_000;
/// Descents at most, each from the end of the one before.
const MOST_DESCENTS: u32 = 8;
/// How far the first corners are from the start.
const STEP: f64 = 0.5;
/// The simplex has converged when its values differ by less, relatively.
const TOLERANCE: f64 = 1e-13;

/// A place and the value there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Corner<const N: usize> {
    pub(super) place: [f64; N],
    pub(super) value: f64,
}

/// The place of the least value, found from `start`. One descent can end in a flat simplex, so the
/// next one begins where it ended until that gains nothing.
pub(super) fn minimise<const N: usize>(
    start: [f64; N],
    function: impl Fn(&[f64; N]) -> f64,
) -> Corner<N> {
    let at = |place: [f64; N]| {
        let value = function(&place);
        Corner { place, value: if value.is_nan() { f64::INFINITY } else { value } }
    };
    let mut best = at(start);
    for _ in 0..MOST_DESCENTS {
        let found = descend(best, &at);
        let gained = best.value - found.value;
        best = found;
        if gained <= TOLERANCE * best.value.abs().max(1.0) {
            break;
        }
    }
    best
}

fn descend<const N: usize>(start: Corner<N>, at: &impl Fn([f64; N]) -> Corner<N>) -> Corner<N> {
    let mut corners = vec![start];
    for axis in 0..N {
        let mut place = start.place;
        place[axis] += STEP;
        corners.push(at(place));
    }
    for _ in 0..MOST_EVALUATIONS {
        corners.sort_by(|one, other| one.value.total_cmp(&other.value));
        let (best, worst) = (corners[0], corners[N]);
        if worst.value - best.value <= TOLERANCE * best.value.abs().max(1.0) && is_small(&corners) {
            break;
        }
        step(&mut corners, at);
    }
    corners.sort_by(|one, other| one.value.total_cmp(&other.value));
    corners[0]
}

/// Whether the corners are so near each other that values alike are no accident.
fn is_small<const N: usize>(corners: &[Corner<N>]) -> bool {
    corners.iter().all(|corner| {
        corner.place.iter().zip(corners[0].place).all(|(one, other)| (one - other).abs() < 1e-7)
    })
}

/// Replaces the worst corner, or draws all towards the best.
fn step<const N: usize>(corners: &mut [Corner<N>], at: &impl Fn([f64; N]) -> Corner<N>) {
    let (best, next, worst) = (corners[0], corners[N - 1], corners[N]);
    let mut middle = [0.0; N];
    for corner in &corners[..N] {
        for (sum, value) in middle.iter_mut().zip(corner.place) {
            *sum += value;
        }
    }
    let count = corners.len() - 1;
    middle.iter_mut().for_each(|sum| *sum /= count as f64);
    let away = |factor: f64| {
        let mut place = middle;
        for (value, worst) in place.iter_mut().zip(worst.place) {
            *value += factor * (*value - worst);
        }
        at(place)
    };
    let reflected = away(1.0);
    let chosen = if reflected.value < best.value {
        let expanded = away(2.0);
        Some(if expanded.value < reflected.value { expanded } else { reflected })
    } else if reflected.value < next.value {
        Some(reflected)
    } else {
        let outside = reflected.value < worst.value;
        let contracted = if outside { away(0.5) } else { away(-0.5) };
        Some(contracted).filter(|it| it.value < worst.value.min(reflected.value))
    };
    match chosen {
        Some(corner) => corners[N] = corner,
        None => shrink(corners, at),
    }
}

fn shrink<const N: usize>(corners: &mut [Corner<N>], at: &impl Fn([f64; N]) -> Corner<N>) {
    let best = corners[0].place;
    for corner in &mut corners[1..] {
        let mut place = corner.place;
        for (value, best) in place.iter_mut().zip(best) {
            *value = best + 0.5 * (*value - best);
        }
        *corner = at(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The valley of Rosenbrock (1960), which is narrow and bent, ends at 1, 1.
    #[test]
    fn the_end_of_a_bent_valley_is_found() {
        let valley = |place: &[f64; 2]| {
            let [x, y] = *place;
            100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2)
        };
        let found = minimise([-1.2, 1.0], valley);
        assert!(found.place.iter().all(|value| (value - 1.0).abs() < 1e-5), "{found:?}");
        assert_eq!(found, minimise([-1.2, 1.0], valley));
    }

    #[test]
    fn places_without_a_value_are_left() {
        let found = minimise([0.3], |[x]| if *x < 0.0 { f64::NAN } else { (x - 2.0).powi(2) });
        assert!((found.place[0] - 2.0).abs() < 1e-5, "{found:?}");
    }
}
