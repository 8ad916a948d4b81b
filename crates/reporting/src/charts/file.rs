//! Charts as a file: SVG that needs nothing but itself. The rules of the page's style sheet that are
//! about charts go into it, with the colours of light in place of their names, which many programs
//! that open SVG do not know.

use super::{WIDTH, line, text};
use crate::html::{Element, element};
use std::sync::LazyLock;

/// Round everything.
const MARGIN: i64 = 20;
/// Of a line of text.
const LINE: i64 = 20;

/// A chart with its name, its legend of (style, name), and a note.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    pub(crate) heading: &'static str,
    pub(crate) legend: Vec<(&'static str, &'static str)>,
    pub(crate) drawing: Element,
    /// What is said below it.
    pub(crate) note: Option<String>,
}

static STYLE: LazyLock<String> = LazyLock::new(|| style(include_str!("../page/style.css")));

/// The charts as a file, one below the other, under a title.
pub(crate) fn file(title: &str, language: &str, charts: Vec<Chart>) -> String {
    let mut body = element("g").child(text(MARGIN, MARGIN + 16, "name", title));
    let mut top = MARGIN + 2 * LINE;
    for chart in charts {
        body = body.child(text(MARGIN, top + 12, "name", chart.heading));
        top += LINE;
        let (legend, below) = legend(&chart.legend, top);
        let height = height(&chart.drawing);
        let drawing = chart.drawing.attr("x", MARGIN).attr("y", below + 8);
        let drawing = drawing.attr("width", WIDTH).attr("height", height);
        body = body.child(legend).child(drawing);
        top = below + 8 + height + MARGIN;
        if let Some(note) = chart.note {
            body = body.child(text(MARGIN, top, "tick small", note));
            top += MARGIN;
        }
    }
    let (width, height) = (WIDTH + 2 * MARGIN, top);
    let paper = element("rect").attr("width", width).attr("height", height).class("paper");
    let document = element("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .attr("xml:lang", language)
        .attr("width", width)
        .attr("height", height)
        .attr("viewBox", format!("0 0 {width} {height}"))
        .attr("font-family", "system-ui, 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif")
        .child(element("title").text(title))
        .child(element("style").verbatim(STYLE.as_str()))
        .child(paper)
        .child(body);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{document}")
}

/// The entries beside each other, as many as fit a line, and where they end.
fn legend(entries: &[(&'static str, &'static str)], top: i64) -> (Element, i64) {
    let (mut legend, mut left, mut top) = (element("g"), MARGIN, top);
    for (style, name) in entries {
        let width =
            26 + name.chars().map(|letter| if letter.is_ascii() { 7 } else { 13 }).sum::<i64>();
        if left > MARGIN && left + width > MARGIN + WIDTH {
            (left, top) = (MARGIN, top + LINE);
        }
        legend =
            legend.child(key(style, left, top)).child(text(left + 24, top + 12, "tick", *name));
        left += width + 16;
    }
    (legend, if entries.is_empty() { top } else { top + LINE })
}

/// The sign of an entry: a box, or a line as the chart has it.
fn key(style: &str, left: i64, top: i64) -> Element {
    let of_line = match style {
        "line-first" => "curve",
        "line-net" => "net",
        "line-even" => "even",
        _ => {
            let key = element("rect").attr("x", left + 2).attr("y", top + 2);
            return key.attr("width", 12).attr("height", 12).class(style);
        }
    };
    line(left, top + 8, left + 18, top + 8).class(of_line)
}

/// The last number of the view box.
fn height(drawing: &Element) -> i64 {
    let size = drawing.attribute("viewBox").and_then(|size| size.rsplit(' ').next());
    size.and_then(|height| height.parse().ok()).unwrap_or(WIDTH)
}

/// The rules about what is in charts, and that of the paper.
fn style(sheet: &str) -> String {
    let mut names = Vec::new();
    // The first block is that of light.
    for declaration in sheet.split('}').next().unwrap_or_default().split(['{', ';']) {
        if let Some((name, value)) = declaration.trim().split_once(':')
            && name.starts_with("--")
        {
            names.push((format!("var({name})"), value.trim().to_owned()));
        }
    }
    let of_charts = |rule: &&str| rule.starts_with("svg ") && !rule.starts_with("svg {");
    let mut rules: Vec<&str> = sheet.lines().filter(of_charts).collect();
    rules.push(".paper { fill: var(--paper); }");
    let mut style = rules.join("\n");
    for (name, value) in names {
        style = style.replace(&name, &value);
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_needs_no_other() {
        assert!(STYLE.contains("svg rect.first { fill: #1f66ad; }"), "{}", *STYLE);
        assert!(!STYLE.contains("var(") && !STYLE.contains("max-width"), "{}", *STYLE);
        assert!(!STYLE.contains('<') && !STYLE.contains('&'));
    }
}
