//! Cells that can only be one of a few things, in the words that files have for them.

use std::collections::BTreeMap;

use kehu_contract::ingestion::{InteractionDirection, InvoiceStatus, SurveyMeasure};

use crate::columns::{FileKind, Role};
use crate::mapping::Mapping;

/// A thing that a cell can be: its name in a mapping, its number in the contract, and words for it.
type Choice = (&'static str, i32, &'static [&'static str]);

const INVOICE_STATUS: [Choice; 2] = [
    (
        "issued",
        InvoiceStatus::Issued as i32,
        &["open", "paid", "partial", "overdue", "posted", "已开票", "未付", "已付", "部分付款"],
    ),
    (
        "cancelled",
        InvoiceStatus::Cancelled as i32,
        &["canceled", "void", "voided", "reversed", "作废", "已作废", "红冲", "已取消"],
    ),
];

const DIRECTION: [Choice; 2] = [
    ("inbound", InteractionDirection::Inbound as i32, &["in", "incoming", "呼入", "来电", "客户"]),
    (
        "outbound",
        InteractionDirection::Outbound as i32,
        &["out", "outgoing", "呼出", "去电", "企业"],
    ),
];

const MEASURE: [Choice; 4] = [
    ("csat", SurveyMeasure::Csat as i32, &["satisfaction", "满意度", "客户满意度"]),
    ("nps", SurveyMeasure::Nps as i32, &["recommend", "推荐度", "推荐意愿", "净推荐值"]),
    ("ces", SurveyMeasure::Ces as i32, &["effort", "费力度", "省力度"]),
    ("comment", SurveyMeasure::Comment as i32, &["text", "free text", "意见", "评论", "反馈"]),
];

const FLAG: [Choice; 2] = [
    ("yes", 1, &["y", "true", "1", "x", "是", "有", "√"]),
    ("no", 0, &["n", "false", "0", "否", "无"]),
];

/// What a column of a role can be; nothing where it may be anything.
fn choices(kind: Option<FileKind>, role: Role) -> &'static [Choice] {
    match (role, kind) {
        (Role::Status, Some(FileKind::Invoices)) => &INVOICE_STATUS,
        (Role::Direction, _) => &DIRECTION,
        (Role::Measure, _) => &MEASURE,
        (Role::Complaint | Role::Withdrawn, _) => &FLAG,
        _ => &[],
    }
}

/// The names of what a column can be.
pub(crate) fn names(kind: Option<FileKind>, role: Role) -> Vec<&'static str> {
    choices(kind, role).iter().map(|(name, _, _)| *name).collect()
}

/// The words of a file.
#[derive(Debug)]
pub(crate) struct Words {
    kind: FileKind,
    stated: BTreeMap<Role, BTreeMap<String, Vec<String>>>,
}

impl Words {
    /// Those of `mapping`, before the usual ones.
    pub(crate) fn new(kind: FileKind, mapping: &Mapping) -> Self {
        Self { kind, stated: mapping.values.clone() }
    }

    /// The number of what a cell says; `None` where it says nothing that is known.
    pub(crate) fn find(&self, role: Role, cell: &str) -> Option<i32> {
        let wanted = cell.to_lowercase();
        let choices = choices(Some(self.kind), role);
        for (name, words) in self.stated.get(&role).into_iter().flatten() {
            if words.iter().any(|word| word.trim().to_lowercase() == wanted) {
                return choices.iter().find(|(of, _, _)| of == name).map(|(_, number, _)| *number);
            }
        }
        let known = choices
            .iter()
            .find(|(name, _, words)| *name == wanted || words.contains(&wanted.as_str()));
        known.map(|(_, number, _)| *number)
    }

    /// What it can be, for people.
    pub(crate) fn possible(&self, role: Role) -> String {
        names(Some(self.kind), role).join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_mapping_come_first() {
        let text = "kind = \"surveys\"\nvalues.measure.nps = [\"满意度\"]";
        let words = Words::new(FileKind::Surveys, &Mapping::parse(text).unwrap());
        for (cell, measure) in [
            ("满意度", Some(SurveyMeasure::Nps)),
            ("CSAT", Some(SurveyMeasure::Csat)),
            ("净推荐值", Some(SurveyMeasure::Nps)),
            ("other", None),
        ] {
            assert_eq!(words.find(Role::Measure, cell), measure.map(|it| it as i32), "{cell}");
        }
        assert_eq!(words.find(Role::Withdrawn, "是"), Some(1));
        assert_eq!(words.possible(Role::Direction), "inbound, outbound");
    }
}
