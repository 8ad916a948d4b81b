//! `kehu taxonomy diff`: what two versions say differently.

use crate::{cli::Client, connection::Connection, exit::Failure, output};
use clap::Args;
use tonic::Status;

/// Lines of the file that stand in both versions and are shown around what differs.
const AROUND: usize = 2;

#[derive(Debug, Args)]
pub(super) struct Diff {
    #[command(flatten)]
    client: Client,

    /// The taxonomy
    #[arg(value_name = "ID")]
    id: String,

    /// The version before
    #[arg(value_name = "FROM", value_parser = clap::value_parser!(i64).range(1..))]
    from: i64,

    /// The version after; the latest if not given
    #[arg(value_name = "TO", value_parser = clap::value_parser!(i64).range(1..))]
    to: Option<i64>,
}

impl Diff {
    /// Prints the lines of the file of each version that are not in that of the other.
    pub(super) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let mut texts = Vec::new();
        for version in [self.from, self.to.unwrap_or_default()] {
            let definition = super::definition_of(&connection, &self.id, version).await?;
            texts.push(kehu_coding::taxonomy(definition).map_err(Status::from)?.to_yaml());
        }
        let lines = diff(&texts[0], &texts[1]);
        if lines.is_empty() {
            return output::line("The two versions say the same.");
        }
        output::line(&lines.join("\n"))
    }
}

/// The lines of `after` that are not in `before` with `+`, those of `before` that are gone with `-`,
/// and a few around them; `…` stands for what is left out.
fn diff(before: &str, after: &str) -> Vec<String> {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let lines = marked(&before, &after);
    let differs: Vec<usize> = (0..lines.len()).filter(|place| lines[*place].0 != ' ').collect();
    let mut shown = Vec::new();
    let mut left_out = false;
    for (place, (mark, line)) in lines.iter().enumerate() {
        let near = differs.iter().any(|differing| differing.abs_diff(place) <= AROUND);
        if near {
            if left_out {
                shown.push("  …".to_owned());
            }
            shown.push(format!("{mark} {line}"));
        }
        left_out = !near;
    }
    shown
}

/// Each line with `-`, `+` or a blank, by the longest sequence of lines that stands in both. Both are
/// of 200 classes at most, a few thousand lines.
fn marked<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<(char, &'a str)> {
    let mut common = vec![vec![0_u32; after.len() + 1]; before.len() + 1];
    for (row, left) in before.iter().enumerate().rev() {
        for (column, right) in after.iter().enumerate().rev() {
            common[row][column] = match left == right {
                true => common[row + 1][column + 1] + 1,
                false => common[row + 1][column].max(common[row][column + 1]),
            };
        }
    }
    let (mut row, mut column, mut lines) = (0, 0, Vec::new());
    while row < before.len() || column < after.len() {
        let both = row < before.len() && column < after.len();
        if both && before[row] == after[column] {
            lines.push((' ', before[row]));
            (row, column) = (row + 1, column + 1);
        } else if column == after.len()
            || (row < before.len() && common[row + 1][column] >= common[row][column + 1])
        {
            lines.push(('-', before[row]));
            row += 1;
        } else {
            lines.push(('+', after[column]));
            column += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_shown_with_what_is_around_it() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh";
        assert_eq!(diff(before, before), [""; 0]);
        let after = "a\nb\nc\nd\ne\nF\ng\nh\ni";
        assert_eq!(diff(before, after), ["  …", "  d", "  e", "- f", "+ F", "  g", "  h", "+ i"]);
        assert_eq!(diff("a\nb", "b"), ["- a", "  b"]);
        assert_eq!(diff("", "x"), ["+ x"]);
    }
}
