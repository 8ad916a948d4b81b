//! What a fault carries is bounded: it goes out in headers, and stock clients take no more than
//! 8 KiB of them, whatever the caller sent that is named in it.

use super::{Fault, Violation};

/// Longest text in a detail or a message, in bytes. A message goes out percent-encoded, which
/// makes three of each byte that is not ASCII, and once more within the details.
const LONGEST_TEXT: usize = 400;
/// Longest path of a field or name of a resource, in bytes.
const LONGEST_NAME: usize = 200;
/// Bytes of violations that are listed; they go out in base 64.
const LISTED: usize = 2_400;
/// Bytes of a listed violation besides its texts.
const FRAME: usize = 8;

/// A text for people within the bound.
pub(super) fn text(text: &str) -> String {
    cut(text, LONGEST_TEXT)
}

/// A name or a path within the bound.
pub(super) fn name(name: &str) -> String {
    cut(name, LONGEST_NAME)
}

/// The first violations, as many as fit, and how many are left out.
pub(super) fn listed(violations: &[Violation]) -> (Vec<Violation>, usize) {
    let mut listed = Vec::new();
    let mut bytes = 0;
    for violation in violations {
        let field = name(&violation.field);
        let description = text(&violation.description);
        bytes += field.len() + description.len() + FRAME;
        if bytes > LISTED {
            break;
        }
        listed.push(Violation { field, description });
    }
    let left_out = violations.len() - listed.len();
    (listed, left_out)
}

/// The fault with its texts and names within the bounds; violations are for [`listed`].
pub(super) fn within(fault: Fault) -> Fault {
    match fault {
        Fault::NotFound { kind, name: long } => Fault::NotFound { kind, name: name(&long) },
        Fault::Exists { kind, name: long } => Fault::Exists { kind, name: name(&long) },
        Fault::EtagMismatch { name: long } => Fault::EtagMismatch { name: name(&long) },
        Fault::Precondition { kind, subject, description } => {
            Fault::Precondition { kind, subject: name(&subject), description: text(&description) }
        }
        Fault::NotReady { why } => Fault::NotReady { why: text(&why) },
        other => other,
    }
}

/// The text, cut where a character ends, so that it has at most this many bytes.
fn cut(text: &str, most: usize) -> String {
    const MARK: &str = "…";
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most - MARK.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Status;

    /// Bytes of the headers that the status goes out in.
    fn header_bytes(status: Status) -> usize {
        let response: tonic::codegen::http::Response<()> = status.into_http();
        let bytes = |(name, value): (&tonic::codegen::http::HeaderName, &_)| {
            let value: &tonic::codegen::http::HeaderValue = value;
            name.as_str().len() + value.len() + 32
        };
        response.headers().iter().map(bytes).sum()
    }

    #[test]
    fn whatever_is_named_fits_the_headers_of_stock_clients() {
        for long in ["x".repeat(70_000), "客".repeat(70_000), "\0".repeat(70_000)] {
            let violation = Violation { field: long.clone(), description: long.clone() };
            for fault in [
                Fault::Invalid(vec![violation; 5_000]),
                Fault::NotFound { kind: "code", name: long.clone() },
                Fault::Exists { kind: "code", name: long.clone() },
                Fault::EtagMismatch { name: long.clone() },
                Fault::Precondition {
                    kind: "ANY",
                    subject: long.clone(),
                    description: long.clone(),
                },
                Fault::NotReady { why: long.clone() },
            ] {
                let shown = fault.to_string();
                let bytes = header_bytes(fault.into());
                assert!(bytes < 8 * 1024, "{bytes} bytes of {}", &shown[..60.min(shown.len())]);
            }
        }
    }

    #[test]
    fn what_is_short_stays_as_it_is() {
        let violation = |field: &str| Violation { field: field.into(), description: "bad".into() };
        let few = [violation("a"), violation("b")];
        assert_eq!(listed(&few), (few.to_vec(), 0));
        let many: Vec<_> = (0..1_000).map(|count| violation(&format!("a[{count}]"))).collect();
        let (first, left_out) = listed(&many);
        assert!(first.len() > 50, "{}", first.len());
        assert_eq!((&first[..], first.len() + left_out), (&many[..first.len()], many.len()));
        assert_eq!(cut("客户客户", 8), "客…");
    }
}
