//! A tree of elements that writes itself as HTML: every tag is closed and every text escaped.

use kehu_core::text::{is_invisible, is_joiner, is_separator};
use std::fmt::{self, Display, Formatter, Write};

/// An element of HTML or SVG.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    tag: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Text(String),
    Verbatim(&'static str),
    Element(Element),
}

/// Elements that have no end tag.
const VOID: [&str; 2] = ["meta", "br"];

/// An empty element.
pub(crate) fn element(tag: &'static str) -> Element {
    Element { tag, attributes: Vec::new(), children: Vec::new() }
}

impl Element {
    /// Adds an attribute.
    pub(crate) fn attr(mut self, name: &'static str, value: impl Display) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    /// The value of an attribute, if it has it.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Adds the attribute `class`.
    pub(crate) fn class(self, names: &str) -> Self {
        self.attr("class", names)
    }

    /// Adds a text.
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    /// Adds a text of ours as it stands, for the contents of `style`.
    pub(crate) fn verbatim(mut self, text: &'static str) -> Self {
        self.children.push(Node::Verbatim(text));
        self
    }

    /// Adds an element.
    pub(crate) fn child(mut self, child: Element) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// Adds elements.
    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children.into_iter().map(Node::Element));
        self
    }
}

impl Display for Element {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "<{}", self.tag)?;
        for (name, value) in &self.attributes {
            write!(out, " {name}=\"")?;
            escape(value, out)?;
            out.write_char('"')?;
        }
        out.write_char('>')?;
        if VOID.contains(&self.tag) {
            return Ok(());
        }
        for child in &self.children {
            match child {
                Node::Text(text) => escape(text, out)?,
                Node::Verbatim(text) => out.write_str(text)?,
                Node::Element(element) => write!(out, "{element}")?,
            }
        }
        writeln!(out, "</{}>", self.tag)
    }
}

/// Escapes what has a meaning in HTML and leaves out control characters, which it forbids, and
/// marks that turn or break what is shown.
fn escape(text: &str, out: &mut Formatter<'_>) -> fmt::Result {
    for character in text.chars() {
        match character {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' => out.write_str("&quot;")?,
            '\'' => out.write_str("&#39;")?,
            '\n' | '\t' => out.write_char(' ')?,
            _ if is_separator(character) => out.write_char(' ')?,
            _ if is_invisible(character) && !is_joiner(character) => {}
            _ => out.write_char(character)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_attributes_are_escaped() {
        let page = element("p")
            .attr("title", "a \"b\" & 'c'")
            .text("<script>\u{0}\u{1b}\u{202e}x</script>")
            .child(element("br"))
            .child(element("i").text("客户\n名"));
        assert_eq!(
            page.to_string(),
            "<p title=\"a &quot;b&quot; &amp; &#39;c&#39;\">&lt;script&gt;x&lt;/script&gt;\
             <br><i>客户 名</i>\n</p>\n"
        );
    }
}
