//! A taxonomy as a table that people read.

use crate::output;
use kehu_contract::{coding::TaxonomyDefinition, shared::Label};

/// The taxonomy in both languages, class by class in the order in which they are tried.
pub(super) fn readable(definition: &TaxonomyDefinition) -> String {
    let mut lines = vec![format!("{}  {}", definition.id, both(definition.label.as_ref()))];
    for (what, label) in [("For 用途", &definition.purpose), ("Owner 负责", &definition.owner)]
    {
        let label = both(label.as_ref());
        if !label.is_empty() {
            lines.push(format!("{what}: {label}"));
        }
    }
    lines.push("The first class that holds takes a customer. 由上至下，先符合者为准。".to_owned());
    lines.push(String::new());
    let rows = (1..).zip(&definition.classes).map(|(place, class)| {
        let is_default = class.id == definition.default_class;
        let is_above = definition.classes.iter().any(|other| other.parent == class.id);
        let when = match class.predicate.as_str() {
            "" if is_default => "everybody else 其余客户".to_owned(),
            "" if is_above => "its classes below 见下级".to_owned(),
            predicate if is_default => format!("{predicate}, or nothing holds 或均不符合"),
            predicate => predicate.to_owned(),
        };
        let tags: Vec<String> = class.tags.iter().map(|tag| both(Some(tag))).collect();
        vec![
            if class.priority > 0 { class.priority.to_string() } else { place.to_string() },
            class.code.clone(),
            class.id.clone(),
            both(class.label.as_ref()),
            class.parent.clone(),
            when,
            tags.join("; "),
        ]
    });
    let header = [
        "priority 优先",
        "code 代码",
        "class 类别",
        "name 名称",
        "part of 上级",
        "when 条件",
        "tags 标签",
    ];
    lines.push(output::table(&header, &["priority 优先"], rows.collect()));
    lines.join("\n")
}

fn both(label: Option<&Label>) -> String {
    let Some(Label { zh, en }) = label else { return String::new() };
    format!("{zh} {en}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_core::taxonomy::templates;

    #[test]
    fn each_class_is_a_line_with_what_it_takes() {
        for template in templates() {
            let shown = readable(&kehu_coding::taxonomy_definition(&template));
            for class in &template.classes {
                assert!(shown.contains(&class.label.zh) && shown.contains(&class.label.en));
            }
            assert_eq!(shown.matches("everybody else 其余客户").count(), 1, "{}", template.id);
        }
        let two = &templates()[0];
        assert!(readable(&kehu_coding::taxonomy_definition(two)).contains("abc_grade = 'A'"));
    }
}
