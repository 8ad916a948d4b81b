//! Who was new, kept, lost, upgraded and downgraded in each month, by class.

pub(crate) mod page;

use super::{
    Facts, Needs,
    table::{Cell, Kind, Row, Table},
};
use crate::{Reporting, labels::Labels, request::Question, source};
use async_trait::async_trait;
use chrono::{Months, NaiveDate};
use kehu_core::{calendar, label::Language, taxonomy::Class};
use kehu_server::Fault;
use kehu_storage::coding::classes;
use std::cmp::Ordering;

/// Months of the report: a year and the month of the date.
const MONTHS: u32 = 13;
/// Months in a year.
const YEAR: usize = 12;

/// The members of classes, month by month.
#[derive(Debug, Clone, Default)]
pub struct MonthlyMembers {
    /// The classes, from the highest on: those of the newest version, then those that only older
    /// ones know and somebody was in.
    pub classes: Vec<Class>,
    /// The months, from the earliest on.
    pub months: Vec<MemberMonth>,
}

/// The members of the classes in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberMonth {
    /// Its first day.
    pub month: NaiveDate,
    /// The members of each class, in the order of the classes; `None` when nobody was classified
    /// on its last day.
    pub classes: Option<Vec<Members>>,
    /// All classes.
    pub total: Option<Members>,
}

/// Members of a class on the last day of a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// How many there are.
    pub members: i64,
    /// What became of those of the month before; `None` when nobody was classified then.
    pub moves: Option<Moves>,
}

/// Who came and went in a month: between the last day of the month before and its own. Classes are
/// higher by their ranks, or, where they have none, that come earlier in the taxonomy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// Who is in the class and was not: new, from a higher or a lower class, or from one beside it. Of
    /// all classes only who is new.
    pub joined: i64,
    /// Who was in no class.
    pub new: i64,
    /// Who was in a lower class.
    pub upgraded: i64,
    /// Who was in a higher class.
    pub downgraded: i64,
    /// Who was in the class and is.
    pub kept: i64,
    /// Who was in the class and is not; of all classes only who is in none any more.
    pub lost: i64,
}

/// Customers who were in one class and are in another, or the same; `None` stands for no class.
pub type Moved = (Option<usize>, Option<usize>, i64);

impl MemberMonth {
    /// Counts the moves of a month by class; `ranks` has how high each class stands, the less the
    /// higher.
    pub fn new(month: NaiveDate, ranks: &[usize], moved: &[Moved]) -> Self {
        let mut classes = vec![(0, Moves::default()); ranks.len()];
        let mut total = (0, Moves::default());
        for (from, to, customers) in moved {
            if let Some(to) = *to {
                classes[to].0 += customers;
                total.0 += customers;
                let way = Way::between(*from, to, ranks);
                classes[to].1.come(way, *customers);
                total.1.come(way, *customers);
            }
            if let Some(from) = from.filter(|from| Some(*from) != *to) {
                classes[from].1.lost += customers;
                total.1.lost += if to.is_none() { *customers } else { 0 };
            }
        }
        total.1.joined = total.1.new;
        let started = moved.iter().any(|(from, _, _)| from.is_some());
        let members = |(members, moves)| Members { members, moves: started.then_some(moves) };
        if total.0 == 0 {
            return Self { month, classes: None, total: None };
        }
        let classes = classes.into_iter().map(members).collect();
        Self { month, classes: Some(classes), total: Some(members(total)) }
    }
}

/// The way into a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    New,
    Kept,
    Up,
    Down,
    /// From a class of the same rank.
    Beside,
}

impl Way {
    fn between(from: Option<usize>, to: usize, ranks: &[usize]) -> Self {
        let Some(from) = from else { return Way::New };
        match ranks[from].cmp(&ranks[to]) {
            _ if from == to => Way::Kept,
            Ordering::Greater => Way::Up,
            Ordering::Less => Way::Down,
            Ordering::Equal => Way::Beside,
        }
    }
}

impl Moves {
    fn come(&mut self, way: Way, customers: i64) {
        match way {
            Way::New => self.new += customers,
            Way::Kept => self.kept += customers,
            Way::Up => self.upgraded += customers,
            Way::Down => self.downgraded += customers,
            Way::Beside => {}
        }
        self.joined += if way == Way::Kept { 0 } else { customers };
    }
}

/// The last two years and the month of the date: the last thirteen months are shown, those before are
/// what they are compared with. [`Fault::Precondition`] when nobody has a class on the date.
pub(crate) async fn monthly_members(
    reporting: &Reporting,
    question: &Question,
) -> Result<MonthlyMembers, Fault> {
    let (as_of, known_at) = (question.moment.as_of, question.moment.known_at);
    let this_month = calendar::month_start(as_of);
    let back = |months: usize| {
        let months = u32::try_from(months).ok().map(Months::new);
        months.and_then(|months| this_month.checked_sub_months(months))
    };
    let starts: Vec<_> = (0..=MONTHS as usize + YEAR).rev().filter_map(back).collect();
    let ends: Vec<_> = starts.iter().map(|start| calendar::month_end(*start).min(as_of)).collect();
    let db = &reporting.db;
    let moves = classes::moves_through(db, &question.taxonomy, &ends, known_at).await?;
    if moves.last().is_none_or(|moves| moves.iter().all(|it| it.to.is_none())) {
        let asked = Some((as_of, known_at));
        return Err(source::unclassified(db, Some(&question.taxonomy), asked).await?);
    }
    let ids = moves.iter().flatten().flat_map(|moved| [&moved.from, &moved.to]);
    let ids = ids.flatten().map(String::as_str).collect();
    let classes = source::classes_of(db, question, &ends, &ids).await?;
    let place = |class: &Option<String>| match class {
        None => Ok(None),
        Some(id) => source::place(&classes, id).map(Some),
    };
    let ranks = ranks(&classes);
    let mut months = Vec::with_capacity(moves.len());
    for (month, moves) in starts.iter().skip(1).zip(&moves) {
        let mut moved = Vec::with_capacity(moves.len());
        for it in moves {
            moved.push((place(&it.from)?, place(&it.to)?, it.customers));
        }
        months.push(MemberMonth::new(*month, &ranks, &moved));
    }
    Ok(MonthlyMembers { classes, months })
}

/// How high each class stands: those that an older version had stand behind those of the newest.
fn ranks(classes: &[Class]) -> Vec<usize> {
    let own = |class: &Class| class.rank.and_then(|rank| usize::try_from(rank).ok());
    let ranked = classes.iter().any(|class| class.rank.is_some());
    let behind = if ranked { usize::MAX } else { 0 };
    let places = classes.iter().enumerate();
    places.map(|(place, class)| own(class).unwrap_or(behind.max(place))).collect()
}

impl MonthlyMembers {
    /// The members of a class in a month; behind the last class, those of all.
    fn of(&self, place: usize, class: usize) -> Option<&Members> {
        let month = self.months.get(place)?;
        let classes = month.classes.as_ref()?;
        classes.get(class).or(month.total.as_ref())
    }
}

/// A figure of a class in a month: its name for programs and for people, and what it is.
type Figure = (&'static str, fn(&Labels) -> &'static str, fn(&Members) -> Option<i64>);

/// The figures, in order.
const FIGURES: [Figure; 7] = [
    ("members", |labels| labels.members, |it| Some(it.members)),
    ("joined", |labels| labels.joined, |it| it.moves.as_ref().map(|it| it.joined)),
    ("new", |labels| labels.new_customers, |it| it.moves.as_ref().map(|it| it.new)),
    ("upgraded", |labels| labels.upgraded, |it| it.moves.as_ref().map(|it| it.upgraded)),
    ("downgraded", |labels| labels.downgraded, |it| it.moves.as_ref().map(|it| it.downgraded)),
    ("kept", |labels| labels.kept, |it| it.moves.as_ref().map(|it| it.kept)),
    ("lost", |labels| labels.lost, |it| it.moves.as_ref().map(|it| it.lost)),
];

const COLUMNS: [(&str, Kind, &str, &str); 11] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("month", Kind::Date, "月份", "Month"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("figure", Kind::Id, "指标标识", "Figure id"),
    ("figure_label", Kind::Text, "指标", "Figure"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("month_before_count", Kind::Count, "上月", "Month before"),
    ("month_before_change", Kind::Count, "比上月", "Change on the month before"),
    ("year_before_count", Kind::Count, "上年同月", "Same month of the year before"),
    ("year_before_change", Kind::Count, "比上年同月", "Change on the year before"),
];

/// The report `monthly-members`: a row for each month, class and figure, with the same figure of the
/// month before and of the same month of the year before. Months in which nobody was classified are
/// left out, and so are moves of those that follow one.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "monthly-members",
            label: ["各类别客户月度增减", "Members by class and month"],
            needs: Needs::Taxonomy,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let answer = monthly_members(reporting, question).await?;
        let mut rows = Vec::new();
        for place in YEAR..answer.months.len() {
            for class in 0..=answer.classes.len() {
                let of_class = match answer.classes.get(class) {
                    Some(class) => [Cell::id(&class.id), Cell::text(class.label.get(language))],
                    None => [Cell::id("total"), Cell::text(Labels::of(language).total)],
                };
                rows.extend(FIGURES.iter().filter_map(|(id, label, figure)| {
                    let count = |place: usize| figure(answer.of(place, class)?);
                    let mut row = vec![Cell::Date(question.moment.as_of)];
                    row.push(Cell::Date(answer.months[place].month));
                    row.extend(of_class.clone());
                    row.extend([Cell::id(id), Cell::text(label(Labels::of(language)))]);
                    row.extend(compared(count(place)?, [count(place - 1), count(place - YEAR)]));
                    Some(row)
                }));
            }
        }
        Ok(Table::new(&COLUMNS, rows))
    }
}

/// A figure, and of each earlier one what it was and the change since.
fn compared(count: i64, earlier: [Option<i64>; 2]) -> Row {
    let mut row = vec![Cell::Count(count)];
    for earlier in earlier {
        row.push(earlier.map_or(Cell::Null, Cell::Count));
        row.push(earlier.map_or(Cell::Null, |earlier| Cell::Count(count - earlier)));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves([joined, new, upgraded, downgraded, kept, lost]: [i64; 6]) -> Option<Moves> {
        Some(Moves { joined, new, upgraded, downgraded, kept, lost })
    }

    #[test]
    fn moves_go_up_and_down_in_the_order_of_the_classes() {
        let day = "2011-12-01".parse().unwrap();
        let moved = [
            (None, Some(0), 1),
            (Some(0), Some(0), 10),
            (Some(1), Some(0), 2),
            (Some(0), Some(2), 3),
            (Some(2), Some(1), 4),
            (Some(2), None, 5),
        ];
        let month = MemberMonth::new(day, &[0, 1, 2], &moved);
        let classes = month.classes.unwrap();
        assert_eq!(classes[0], Members { members: 13, moves: moves([3, 1, 2, 0, 10, 3]) });
        assert_eq!(classes[1], Members { members: 4, moves: moves([4, 0, 4, 0, 0, 2]) });
        assert_eq!(classes[2], Members { members: 3, moves: moves([3, 0, 0, 3, 0, 9]) });
        let total = month.total.unwrap();
        assert_eq!(total, Members { members: 20, moves: moves([1, 1, 6, 3, 10, 5]) });

        // The last class stands highest, and the first two beside each other.
        let month = MemberMonth::new(day, &[2, 2, 1], &moved);
        let total = month.total.unwrap();
        assert_eq!(total, Members { members: 20, moves: moves([1, 1, 3, 4, 10, 5]) });

        let first = MemberMonth::new(day, &[0], &[(None, Some(0), 7)]);
        assert_eq!(first.total, Some(Members { members: 7, moves: None }));
        let ended = MemberMonth::new(day, &[0], &[(Some(0), None, 7)]);
        assert_eq!((ended.classes, ended.total), (None, None));
    }
}
