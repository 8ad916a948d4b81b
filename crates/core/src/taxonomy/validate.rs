//! What a taxonomy must be before it can classify anybody. That predicates are well-typed is
//! checked where they are compiled.

use super::{Class, Taxonomy};
use crate::identifier::{ID_RULE, is_id};
use crate::scorecard::{Problem, problem};

impl Taxonomy {
    /// Every structural fault, in the order of the fields; empty when there is none.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !is_id(&self.id) {
            problems.push(problem("id", ID_RULE));
        }
        if let Some(message) = self.label.problem() {
            problems.push(problem("label", message));
        }
        for (field, label) in [("purpose", &self.purpose), ("owner", &self.owner)] {
            if let Some(message) = label.foreign() {
                problems.push(problem(field, message));
            }
        }
        if self.classes.is_empty() {
            problems.push(problem("classes", "must have at least one class"));
        }
        for (index, class) in self.classes.iter().enumerate() {
            self.class_problems(index, class, &mut problems);
        }
        self.default_problems(&mut problems);
        self.strategy_problems(&mut problems);
        self.quality_problems(&mut problems);
        problems
    }

    /// What is missing before it may be published, besides what [`Taxonomy::validate`] finds.
    pub fn missing(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (field, label, what) in [
            ("purpose", &self.purpose, "what the taxonomy is for"),
            ("owner", &self.owner, "who answers for the taxonomy"),
        ] {
            if label.is_empty() {
                problems.push(problem(field, format!("must say {what} before it is published")));
            }
        }
        problems
    }

    fn class_problems(&self, index: usize, class: &Class, problems: &mut Vec<Problem>) {
        let mut add = |field: &str, message: String| {
            problems.push(problem(format!("classes[{index}].{field}"), message));
        };
        let earlier = &self.classes[..index];
        if !is_id(&class.id) {
            add("id", ID_RULE.to_owned());
        }
        if earlier.iter().any(|other| other.id == class.id) {
            add("id", format!("{:?} is used twice: give each class its own id", class.id));
        }
        if !is_code(&class.code) {
            add("code", "must be 1 to 4 capital letters and digits".to_owned());
        }
        if earlier.iter().any(|other| other.code == class.code) {
            add("code", format!("{:?} is used twice: give each class its own code", class.code));
        }
        if let Some(message) = class.label.problem() {
            add("label", message.to_owned());
        }
        if let Some(message) = self.parent_problem(class) {
            add("parent", message);
        }
        if let Some(message) = self.predicate_problem(class) {
            add("predicate", message.to_owned());
        }
        for (index, tag) in class.tags.iter().enumerate() {
            if let Some(message) = tag.problem() {
                add(&format!("tags[{index}]"), message.to_owned());
            }
        }
        if let Some(message) = self.rank_problem(class) {
            add("rank", message.to_owned());
        }
        if let Some(message) = self.priority_problem(index, class) {
            add("priority", message);
        }
        if let Some(message) = class.strategy_summary.foreign() {
            add("strategy_summary", message.to_owned());
        }
    }

    fn rank_problem(&self, class: &Class) -> Option<&'static str> {
        match class.rank {
            None if self.classes.iter().any(|class| class.rank.is_some()) => {
                Some("must be there, as other classes have one: give each class one, or none")
            }
            Some(rank) if !(1..=200).contains(&rank) => Some("must be from 1, the highest, to 200"),
            _ => None,
        }
    }

    fn priority_problem(&self, index: usize, class: &Class) -> Option<String> {
        let Some(priority) = class.priority else {
            let others_have = self.classes.iter().any(|class| class.priority.is_some());
            let missing = class.predicate.is_some() && others_have;
            let message = "must be there, as other classes have one: give one to each class with a \
                           predicate, or to none";
            return missing.then(|| message.to_owned());
        };
        if !(1..=200).contains(&priority) {
            return Some("must be from 1, the highest, to 200".to_owned());
        }
        let before = self.classes[..index].iter().filter_map(|class| class.priority).max();
        let before = before.filter(|before| *before > priority)?;
        Some(format!("must not be less than {before}, that of a class before: put it before that"))
    }

    fn parent_problem(&self, class: &Class) -> Option<String> {
        let mut above = class.parent.as_deref();
        // A path longer than there are classes goes round in a circle.
        for _ in &self.classes {
            let id = above?;
            if id == class.id {
                return Some(format!("class {id:?} is above itself: break the circle"));
            }
            match self.class(id) {
                None if class.parent.as_deref() == Some(id) => {
                    return Some(format!("no class has the id {id:?}: name one of this taxonomy"));
                }
                None => return None,
                Some(next) => above = next.parent.as_deref(),
            }
        }
        // The circle is further up, and is reported there.
        None
    }

    fn predicate_problem(&self, class: &Class) -> Option<&'static str> {
        match class.predicate.as_deref() {
            Some(predicate) if predicate.trim().is_empty() => {
                Some("must not be empty: leave it out, or write an SQL boolean expression")
            }
            Some(_) => None,
            None if class.id == self.default_class || self.has_children(class) => None,
            None => Some("is missing: only the default class and a class with children have none"),
        }
    }

    fn default_problems(&self, problems: &mut Vec<Problem>) {
        match self.class(&self.default_class) {
            None => {
                let message = format!("no class has the id {:?}", self.default_class);
                problems.push(problem("default_class", message));
            }
            Some(class) if self.has_children(class) => {
                let message = "must be a class without children: customers are assigned to it";
                problems.push(problem("default_class", message));
            }
            Some(_) => {}
        }
    }

    fn has_children(&self, class: &Class) -> bool {
        self.classes.iter().any(|other| other.parent.as_ref() == Some(&class.id))
    }
}

fn is_code(text: &str) -> bool {
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (1..=4).contains(&text.len()) && text.bytes().all(capital)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Label;

    fn sample() -> Taxonomy {
        let mut classes = Vec::new();
        for (id, code, parent, predicate) in [
            ("key", "K", None, None),
            ("key-new", "KN", Some("key"), Some("tenure_days < 90")),
            ("key-old", "KO", Some("key"), Some("tenure_days >= 90")),
            ("other", "X", None, None),
        ] {
            classes.push(Class {
                id: id.to_owned(),
                code: code.to_owned(),
                label: Label::new("", id),
                parent: parent.map(str::to_owned),
                predicate: predicate.map(str::to_owned),
                ..Class::default()
            });
        }
        let (id, label) = ("sample".to_owned(), Label::new("样例", ""));
        let default_class = "other".to_owned();
        Taxonomy { id, label, classes, default_class, ..Taxonomy::default() }
    }

    fn fields(taxonomy: &Taxonomy) -> Vec<String> {
        taxonomy.validate().into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn a_tree_with_inner_nodes_is_valid() {
        assert_eq!(sample().validate(), []);
    }

    #[test]
    fn each_fault_is_found_where_it_is() {
        type Change = fn(&mut Taxonomy);
        let cases: [(Change, &[&str]); 18] = [
            (|it| it.id = "Sample".to_owned(), &["id"]),
            (|it| it.label = Label::default(), &["label"]),
            (|it| it.classes[1].label = Label::new("", "New\u{1b}[31m"), &["classes[1].label"]),
            (|it| it.classes[1].tags = vec![Label::new("\0", "")], &["classes[1].tags[0]"]),
            (
                |it| it.classes[1].strategy_summary = Label::new("", "\u{7}call"),
                &["classes[1].strategy_summary"],
            ),
            (|it| it.classes.clear(), &["classes", "default_class"]),
            (|it| it.classes[1].id = "other".to_owned(), &["classes[3].id"]),
            (|it| it.classes[2].code = "KN".to_owned(), &["classes[2].code"]),
            (|it| it.classes[2].code = "ko".to_owned(), &["classes[2].code"]),
            (|it| it.classes[2].parent = Some("gone".to_owned()), &["classes[2].parent"]),
            (
                |it| it.classes[0].parent = Some("key-old".to_owned()),
                &["classes[0].parent", "classes[2].parent"],
            ),
            (|it| it.classes[2].predicate = None, &["classes[2].predicate"]),
            (|it| it.classes[2].predicate = Some(" ".to_owned()), &["classes[2].predicate"]),
            (|it| it.default_class = "gone".to_owned(), &["classes[3].predicate", "default_class"]),
            (|it| it.classes[1].parent = Some("other".to_owned()), &["default_class"]),
            (|it| it.classes[1].priority = Some(1), &["classes[2].priority"]),
            (
                |it| (it.classes[1].priority, it.classes[2].priority) = (Some(2), Some(1)),
                &["classes[2].priority"],
            ),
            (
                |it| (it.classes[1].priority, it.classes[2].priority) = (Some(0), Some(201)),
                &["classes[1].priority", "classes[2].priority"],
            ),
        ];
        for (index, (change, expected)) in cases.into_iter().enumerate() {
            let mut taxonomy = sample();
            change(&mut taxonomy);
            assert_eq!(fields(&taxonomy), expected, "case {index}");
        }
    }

    #[test]
    fn classes_of_one_priority_exclude_each_other() {
        let mut taxonomy = sample();
        assert!(!taxonomy.has_exclusive_classes() && !taxonomy.excludes("key-new", "key-old"));
        (taxonomy.classes[1].priority, taxonomy.classes[2].priority) = (Some(1), Some(2));
        assert!(!taxonomy.has_exclusive_classes() && !taxonomy.excludes("key-new", "key-old"));
        taxonomy.classes[2].priority = Some(1);
        assert!(taxonomy.has_exclusive_classes() && taxonomy.excludes("key-new", "key-old"));
        assert!(!taxonomy.excludes("key", "other"));
        assert_eq!(taxonomy.validate(), []);
    }

    #[test]
    fn a_draft_need_not_say_what_it_is_for_and_whose_it_is() {
        let mut taxonomy = sample();
        let missing = |taxonomy: &Taxonomy| -> Vec<String> {
            taxonomy.missing().into_iter().map(|problem| problem.field).collect()
        };
        assert_eq!(missing(&taxonomy), ["purpose", "owner"]);
        taxonomy.purpose = Label::new("区别服务", "");
        assert_eq!(missing(&taxonomy), ["owner"]);
        taxonomy.owner = Label::new("", "Sales\u{0}");
        assert_eq!(missing(&taxonomy), [""; 0]);
        assert_eq!(fields(&taxonomy), ["owner"]);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let mut taxonomy = sample();
        taxonomy.id.clear();
        taxonomy.classes[3].code = "12345".to_owned();
        taxonomy.classes[3].tags = vec![Label::default()];
        assert_eq!(fields(&taxonomy), ["id", "classes[3].code", "classes[3].tags[0]"]);
    }
}
