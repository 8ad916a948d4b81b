//! How well the customers cover each target market: how many fit its profile, a scorecard, and how well.

mod fit;

use super::{
    Facts, Needs,
    table::{Cell, Kind, Row, Table},
};
use crate::{
    Reporting,
    labels::Labels,
    ratio::{self, SHARE_SCALE},
    request::Question,
    source,
};
use async_trait::async_trait;
use fit::{Base, Covered, Profile};
use kehu_core::{label::Language, scorecard::Scorecard, taxonomy::Taxonomy};
use kehu_server::Fault;
use kehu_storage::{Database, definitions};

const COLUMNS: [(&str, Kind, &str, &str); 16] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("profile", Kind::Id, "画像标识", "Profile id"),
    ("profile_label", Kind::Text, "目标市场", "Target market"),
    ("scored_count", Kind::Count, "已评分客户", "Customers with a fit"),
    ("mean_fit", Kind::Number, "平均匹配度", "Mean fit"),
    ("strong_count", Kind::Count, "匹配度 80 及以上", "Fit of 80 and above"),
    ("good_count", Kind::Count, "匹配度 60–80", "Fit of 60 to 80"),
    ("weak_count", Kind::Count, "匹配度 40–60", "Fit of 40 to 60"),
    ("no_fit_count", Kind::Count, "匹配度 40 以下", "Fit below 40"),
    ("unknown_count", Kind::Count, "资料不足", "Too little known"),
    ("coverage", Kind::Share, "覆盖率", "Coverage"),
    ("best_count", Kind::Count, "最匹配该画像的客户", "Fit it best"),
    ("best_share", Kind::Share, "最匹配占比", "Share that fits it best"),
    ("amount", Kind::Amount, "匹配客户净销售额", "Net sales of who fits"),
    ("amount_share", Kind::Share, "净销售额占比", "Share of net sales"),
    ("currency_code", Kind::Id, "币种", "Currency"),
];

const DEFINITIONS: [(&str, &str, &str); 4] = [
    (
        "mean_fit",
        "画像评分卡分数的平均值，0 至 100。",
        "The mean score of the scorecard that is the profile, 0 to 100.",
    ),
    (
        "coverage",
        "匹配度 60 及以上的客户占全部已分类客户的比例。",
        "Customers with a fit of 60 and above, over all customers that have a class.",
    ),
    (
        "best_count",
        "在各画像中该画像匹配度最高、且不低于 60 的客户；相同时按画像标识在前者。",
        "Customers whose greatest fit, of 60 and above, is that with this profile; of equals the first by \
         id.",
    ),
    (
        "amount",
        "匹配度 60 及以上客户截止日期前的净销售额。",
        "The net sales up to the date of customers with a fit of 60 and above.",
    ),
];

/// The report `target-markets`: a row for each profile, which are the scorecards whose scores the
/// predicates of the taxonomy read, and one for who fits none.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "target-markets",
            label: ["目标市场覆盖", "Coverage of target markets"],
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
        let classified = source::classified(&reporting.db, question).await?;
        let profiles = profiles(&reporting.db, &classified.taxonomy).await?;
        let base = fit::read(reporting, question, &profiles).await?;
        let mut rows = Vec::new();
        for (profile, covered) in profiles.iter().zip(&base.profiles) {
            let name = [Cell::id(&profile.id), Cell::text(profile.label.get(language))];
            let mut row = vec![Cell::Date(classified.as_of)];
            row.extend(name);
            row.extend(cells(covered, &base));
            row.push(Cell::id(reporting.currency()));
            rows.push(row);
        }
        if !profiles.is_empty() {
            let none = Labels::of(language).no_profile;
            rows.push(without(&base, classified.as_of, none, reporting.currency()));
        }
        Ok(Table::new(&COLUMNS, rows).with_definitions(&DEFINITIONS))
    }
}

/// The scorecards in force whose score a predicate reads, by id.
async fn profiles(db: &Database, taxonomy: &Taxonomy) -> Result<Vec<Profile>, Fault> {
    let predicates = taxonomy.classes.iter().filter_map(|class| class.predicate.as_deref());
    let in_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words: Vec<String> = predicates
        .flat_map(|predicate| predicate.split(|letter| !in_name(letter)))
        .map(str::to_ascii_lowercase)
        .collect();
    let mut profiles = Vec::new();
    for version in definitions::in_force::<Scorecard>(db, &[] as &[&str]).await? {
        let columns = version.definition.columns();
        let score = columns.into_iter().map(|(name, _)| name).find(|name| name.ends_with("_score"));
        let Some(column) = score.filter(|name| words.contains(name)) else { continue };
        let Scorecard { id, label, .. } = version.definition;
        profiles.push(Profile { id, label, column });
    }
    profiles.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(profiles)
}

fn cells(covered: &Covered, base: &Base) -> Row {
    let scored = covered.scored();
    let fits = covered.strong + covered.good;
    let mut row = vec![Cell::Count(scored), Cell::optional(ratio::mean(covered.sum, scored))];
    let unknown = base.customers - scored;
    let counts = [covered.strong, covered.good, covered.weak, covered.no_fit, unknown];
    row.extend(counts.map(Cell::Count));
    row.push(Cell::optional(ratio::count_share(fits, base.customers, SHARE_SCALE)));
    row.push(Cell::Count(covered.best));
    row.push(Cell::optional(ratio::count_share(covered.best, base.customers, SHARE_SCALE)));
    row.push(Cell::Number(covered.amount));
    row.push(Cell::optional(ratio::share(covered.amount, base.amount, SHARE_SCALE)));
    row
}

/// The row of who fits none.
fn without(base: &Base, as_of: chrono::NaiveDate, label: &str, currency: &str) -> Row {
    let mut row = vec![Cell::Date(as_of), Cell::id("none"), Cell::text(label)];
    row.extend(std::iter::repeat_n(Cell::Null, 8));
    row.push(Cell::Count(base.without));
    row.push(Cell::optional(ratio::count_share(base.without, base.customers, SHARE_SCALE)));
    row.push(Cell::Number(base.amount_without));
    row.push(Cell::optional(ratio::share(base.amount_without, base.amount, SHARE_SCALE)));
    row.push(Cell::id(currency));
    row
}
