//! Two features side by side: how often their values come together, and whether that is chance.

use super::{
    Facts, Independence, Needs, Takes,
    bands::Bands,
    independence::decimal,
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
use kehu_core::{Value, label::Language};
use kehu_server::Fault;

/// What the report is about where no features are named.
const FEATURES: &[&str] = &["preferred_channel", "orders_365d"];

const COLUMNS: [(&str, Kind, &str, &str); 14] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("row_feature", Kind::Id, "行指标", "Feature of rows"),
    ("row_value", Kind::Text, "行取值", "Value of the row"),
    ("column_feature", Kind::Id, "列指标", "Feature of columns"),
    ("column_value", Kind::Text, "列取值", "Value of the column"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("row_share", Kind::Share, "占行比例", "Share of the row"),
    ("expected_count", Kind::Number, "期望客户数", "Expected customers"),
    ("residual", Kind::Number, "调整后残差", "Adjusted residual"),
    ("chi_square", Kind::Number, "卡方值", "Chi-square"),
    ("degrees_of_freedom", Kind::Count, "自由度", "Degrees of freedom"),
    ("p_value", Kind::Number, "p 值", "p-value"),
    ("cramers_v", Kind::Number, "克拉默 V", "Cramér's V"),
    ("missing_count", Kind::Count, "缺值客户数", "Customers without a value"),
];

const DEFINITIONS: [(&str, &str, &str); 5] = [
    (
        "row_value",
        "数值指标按所给的界值分段；未给界值且有十个以上不同取值时，按四分位数分段。取值超过三十个的类别，其余合为“其他”。",
        "A number is cut at the bounds that are asked for, else one with more than ten values at its \
         quartiles. Of more than thirty categories the least frequent are one.",
    ),
    (
        "expected_count",
        "两指标相互独立时的期望客户数：行合计 × 列合计 ÷ 总数。",
        "The count if neither told anything of the other: the sum of the row times that of the \
         column, over all.",
    ),
    (
        "residual",
        "偏离期望的标准化程度（Haberman 1973）；绝对值大于 2 的格偏离明显。",
        "How far the count is from the expected one in standard deviations (Haberman 1973); beyond \
         2 either way it stands out.",
    ),
    (
        "p_value",
        "皮尔逊卡方独立性检验：两指标独立时，偏离至少如此之大的概率。",
        "Pearson's test of independence: the probability of being at least so far off by chance.",
    ),
    (
        "cramers_v",
        "关联强度，0 为无关联，1 为完全决定（Cramér 1946）。",
        "Strength of the association, 0 for none and 1 where one tells the other (Cramér 1946).",
    ),
];

/// The report `cross-tab`: a row for each pair of values of two features, and one for all, which says
/// whether they depend on each other.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "cross-tab",
            label: ["交叉分析", "Cross-tabulation"],
            needs: Needs::Time,
            features: FEATURES,
            takes: Takes::Pair,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let (pairs, missing) = read(reporting, question).await?;
        let labels = Labels::of(language);
        let [rows, columns] = [0, 1].map(|place| {
            let values = pairs.iter().map(|pair| &pair[place]);
            Bands::of(values, question.bands(&question.features[place]), labels.other)
        });
        let mut counts = vec![vec![0_i64; columns.len()]; rows.len()];
        for [row, column] in &pairs {
            if let Some((row, column)) = rows.place(row).zip(columns.place(column)) {
                counts[row][column] += 1;
            }
        }
        let found = Independence::of(&counts);
        let head = |names: [&str; 2]| {
            let of = |place: usize| Cell::id(&question.features[place]);
            let [row, column] = names.map(Cell::text);
            vec![Cell::Date(question.moment.as_of), of(0), row, of(1), column]
        };
        let mut table = Vec::with_capacity(rows.len() * columns.len() + 1);
        for (row, counts) in counts.iter().enumerate() {
            for (column, count) in counts.iter().enumerate() {
                let mut cells = head([rows.label(row), columns.label(column)]);
                cells.extend(found.cells(row, column, *count));
                table.push(cells);
            }
        }
        let mut total = head([labels.total; 2]);
        total.extend(found.total(missing));
        table.push(total);
        Ok(Table::new(&COLUMNS, table).with_definitions(&DEFINITIONS))
    }
}

impl Independence {
    /// The last cells of a pair of values.
    fn cells(&self, row: usize, column: usize, count: i64) -> Row {
        let share = ratio::count_share(count, self.rows[row], SHARE_SCALE);
        let mut cells = vec![Cell::Count(count), Cell::optional(share)];
        let found = [Some(self.expected(row, column)), self.residual(row, column, count)];
        cells.extend(found.map(|number| Cell::optional(number.and_then(decimal))));
        cells.resize(cells.len() + 5, Cell::Null);
        cells
    }

    /// The last cells of the row for all.
    fn total(&self, missing: i64) -> Row {
        let mut cells = vec![Cell::Count(self.all), Cell::Null, Cell::Null, Cell::Null];
        cells.push(Cell::optional(self.chi_square.and_then(decimal)));
        cells.push(self.chi_square.map_or(Cell::Null, |_| Cell::Count(self.degrees.into())));
        let found = [self.p_value(), self.cramers_v()];
        cells.extend(found.map(|number| Cell::optional(number.and_then(decimal))));
        cells.push(Cell::Count(missing));
        cells
    }
}

/// The two values of everybody who has both, and how many have not.
async fn read(reporting: &Reporting, question: &Question) -> Result<(Vec<[Value; 2]>, i64), Fault> {
    let names: Vec<&str> = question.features.iter().map(String::as_str).collect();
    let [one, two] = names[..] else {
        return Err(Fault::internal("a cross-tab is of two features"));
    };
    let (mut pairs, mut missing) = (Vec::new(), 0);
    for set in source::values(reporting, question, &[one, two]).await? {
        let mut columns = set.columns.into_iter();
        let (ones, twos) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
        for pair in ones.into_iter().zip(twos) {
            match pair {
                (Value::Null, _) | (_, Value::Null) => missing += 1,
                (one, two) => pairs.push([one, two]),
            }
        }
    }
    Ok((pairs, missing))
}
