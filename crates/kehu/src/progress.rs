//! Progress of long work, on standard error: a bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for `total` units of work.
pub(crate) fn bar(label: &str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{prefix:<10} {bar:32} {percent:>3}%  {human_pos}/{human_len}  {per_sec}  {eta} left {msg}",
    )
    .expect("the template is fixed and tested")
    .progress_chars("━╸─");
    ProgressBar::new(total).with_style(style).with_prefix(label.to_owned())
}

/// A spinner for work of unknown length.
pub(crate) fn spinner(label: &str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(label.to_owned());
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    spinner
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_template_is_one() {
        super::bar("import", 10).finish_and_clear();
    }
}
