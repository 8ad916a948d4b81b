//! The values of a feature as some categories, in order.

use kehu_core::Value;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// A number with more values than this is cut into bands.
const MOST_NUMBERS: usize = 10;
/// Categories at most; the least frequent are one.
const MOST_CATEGORIES: usize = 30;
/// Bands of a number.
const BANDS: usize = 4;

/// Categories, and where a value belongs.
pub(crate) enum Bands {
    /// Numbers by the bounds between the bands, ascending; a bound belongs to the band above it.
    Numbers { bounds: Vec<Decimal>, labels: Vec<String> },
    /// Texts by place; what is not among them is the last category.
    Texts { places: BTreeMap<String, usize>, labels: Vec<String> },
}

impl Bands {
    /// The categories of values, numbers between `bounds`, ascending, where there are some; those left
    /// out are called `other`.
    pub(super) fn of<'a>(
        values: impl Iterator<Item = &'a Value>,
        bounds: &[Decimal],
        other: &str,
    ) -> Self {
        if !bounds.is_empty() {
            return Self::between(bounds);
        }
        let (mut numbers, mut texts) = (Vec::new(), BTreeMap::<String, i64>::new());
        for value in values {
            match value {
                Value::Number(number) => numbers.push(number.normalize()),
                Value::Text(text) => *texts.entry(text.clone()).or_default() += 1,
                Value::Bool(truth) => *texts.entry(truth.to_string()).or_default() += 1,
                Value::Null => {}
            }
        }
        if texts.is_empty() { Self::numbers(numbers) } else { Self::texts(texts, other) }
    }

    fn numbers(mut numbers: Vec<Decimal>) -> Self {
        numbers.sort_unstable();
        let mut from = numbers.clone();
        from.dedup();
        if from.len() <= MOST_NUMBERS {
            let labels = from.iter().map(Decimal::to_string).collect();
            return Self::Numbers { bounds: from.split_off(1.min(from.len())), labels };
        }
        // The lower end of a band is the first value of its quarter; equal values stay together.
        let mut from: Vec<Decimal> =
            (0..BANDS).map(|band| numbers[band * numbers.len() / BANDS]).collect();
        from.dedup();
        let last = numbers[numbers.len() - 1];
        let label = |place: usize| match from.get(place + 1) {
            Some(end) => format!("[{}, {end})", from[place]),
            None => format!("[{}, {last}]", from[place]),
        };
        let labels = (0..from.len()).map(label).collect();
        Self::Numbers { bounds: from.split_off(1), labels }
    }

    fn between(bounds: &[Decimal]) -> Self {
        let inner = bounds.windows(2).map(|ends| format!("[{}, {})", ends[0], ends[1]));
        let first = bounds.first().map(|bound| format!("< {bound}"));
        let last = bounds.last().map(|bound| format!(">= {bound}"));
        let labels = first.into_iter().chain(inner).chain(last).collect();
        Self::Numbers { bounds: bounds.to_vec(), labels }
    }

    fn texts(counts: BTreeMap<String, i64>, other: &str) -> Self {
        let mut sorted: Vec<(String, i64)> = counts.into_iter().collect();
        sorted.sort_by(|one, two| two.1.cmp(&one.1).then_with(|| one.0.cmp(&two.0)));
        let more = sorted.len() > MOST_CATEGORIES;
        if more {
            sorted.truncate(MOST_CATEGORIES - 1);
        }
        let mut labels: Vec<String> = sorted.into_iter().map(|(text, _)| text).collect();
        let places = labels.iter().cloned().enumerate().map(|(place, text)| (text, place));
        let places = places.collect();
        if more {
            labels.push(other.to_owned());
        }
        Self::Texts { places, labels }
    }

    /// How many categories there are.
    pub(super) fn len(&self) -> usize {
        let (Self::Numbers { labels, .. } | Self::Texts { labels, .. }) = self;
        labels.len()
    }

    /// What the category at a place is called.
    pub(super) fn label(&self, place: usize) -> &str {
        let (Self::Numbers { labels, .. } | Self::Texts { labels, .. }) = self;
        &labels[place]
    }

    /// The place of the category of a value, which is one of those that they were made of; `None` for
    /// null.
    pub(super) fn place(&self, value: &Value) -> Option<usize> {
        match (self, value) {
            (Self::Numbers { bounds, .. }, Value::Number(number)) => {
                Some(bounds.partition_point(|bound| bound <= number))
            }
            (Self::Texts { places, labels }, Value::Text(text)) => {
                Some(places.get(text).copied().unwrap_or(labels.len() - 1))
            }
            (Self::Texts { places, labels }, Value::Bool(truth)) => {
                Some(places.get(&truth.to_string()).copied().unwrap_or(labels.len() - 1))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: u32) -> Vec<Value> {
        (1..=count).map(|number| Value::Number(number.into())).collect()
    }

    #[test]
    fn few_numbers_are_themselves_and_many_are_quarters() {
        let few = Bands::of(numbers(3).iter(), &[], "other");
        assert_eq!((0..few.len()).map(|it| few.label(it)).collect::<Vec<_>>(), ["1", "2", "3"]);
        let values = numbers(100);
        let many = Bands::of(values.iter(), &[], "other");
        let labels: Vec<&str> = (0..many.len()).map(|it| many.label(it)).collect();
        assert_eq!(labels, ["[1, 26)", "[26, 51)", "[51, 76)", "[76, 100]"]);
        let mut counts = [0; 4];
        values.iter().for_each(|value| counts[many.place(value).unwrap()] += 1);
        assert_eq!(counts, [25; 4]);
    }

    #[test]
    fn bands_are_cut_where_they_are_asked_for() {
        let bands = Bands::of(numbers(3).iter(), &[18.into(), 35.into(), 60.into()], "other");
        let labels: Vec<&str> = (0..bands.len()).map(|it| bands.label(it)).collect();
        assert_eq!(labels, ["< 18", "[18, 35)", "[35, 60)", ">= 60"]);
        let place = |age: i64| bands.place(&Value::Number(age.into()));
        assert_eq!([17, 18, 34, 59, 60].map(place), [0, 1, 1, 2, 3].map(Some));
        assert_eq!(bands.place(&Value::Null), None);
        let one = Bands::of(numbers(3).iter(), &[2.into()], "other");
        assert_eq!((one.len(), one.label(0), one.label(1)), (2, "< 2", ">= 2"));
    }

    #[test]
    fn equal_numbers_stay_together() {
        let mut values = vec![Value::Number(0.into()); 80];
        values.extend(numbers(20));
        let bands = Bands::of(values.iter(), &[], "other");
        let labels: Vec<&str> = (0..bands.len()).map(|it| bands.label(it)).collect();
        assert_eq!(labels, ["[0, 20]"]);
    }

    #[test]
    fn rare_categories_are_one() {
        let text = |it: usize| Value::Text(format!("t{it:02}"));
        let values: Vec<Value> = (0..40).flat_map(|it| vec![text(it); 41 - it]).collect();
        let bands = Bands::of(values.iter(), &[], "other");
        assert_eq!((bands.len(), bands.label(29)), (30, "other"));
        assert_eq!([0, 28, 29, 39].map(|it| bands.place(&text(it)).unwrap()), [0, 28, 29, 29]);
    }
}
