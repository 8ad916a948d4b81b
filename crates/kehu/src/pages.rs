//! Lists that come in pages.

use crate::exit::Failure;
use clap::Args;
use std::future::Future;
use tonic::Status;

/// The most that a page of any list may hold.
const PAGE: usize = 1_000;

/// How much of a list to show.
#[derive(Debug, Clone, Args)]
pub(crate) struct Limit {
    /// How many to list at most
    #[arg(long, default_value_t = 20, conflicts_with = "all", value_name = "COUNT")]
    pub limit: usize,

    /// List all of them
    #[arg(long)]
    pub all: bool,
}

impl Limit {
    /// Hands the items to `show`, page by page, until there are no more or the limit is reached.
    /// `fetch` takes the size and the token of a page, and gives its items and the next token.
    pub(crate) async fn pages<T, Page>(
        &self,
        mut fetch: impl FnMut(i32, String) -> Page,
        mut show: impl FnMut(&[T]) -> Result<(), Failure>,
    ) -> Result<(), Failure>
    where
        Page: Future<Output = Result<(Vec<T>, String), Status>>,
    {
        let mut left = if self.all { usize::MAX } else { self.limit };
        let mut token = String::new();
        while left > 0 {
            let size = i32::try_from(left.min(PAGE)).unwrap_or(i32::MAX);
            let (items, next) = fetch(size, token).await?;
            let shown = items.len().min(left);
            show(&items[..shown])?;
            left -= shown;
            if next.is_empty() {
                break;
            }
            token = next;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit in pages of two of the numbers 1 to 5, and what was shown of them.
    async fn shown(limit: usize, all: bool) -> Vec<Vec<i32>> {
        let mut shown = Vec::new();
        let fetch = |_, token: String| async move {
            let start: i32 = token.parse().unwrap_or_default();
            let items = (start + 1..=5).take(2).collect();
            let next = if start + 2 < 5 { (start + 2).to_string() } else { String::new() };
            Ok((items, next))
        };
        let show = |items: &[i32]| {
            shown.push(items.to_vec());
            Ok(())
        };
        Limit { limit, all }.pages(fetch, show).await.expect("nothing fails");
        shown
    }

    #[tokio::test]
    async fn pages_end_at_the_limit_or_with_the_list() {
        assert_eq!(shown(3, false).await, [vec![1, 2], vec![3]]);
        assert_eq!(shown(20, false).await, [vec![1, 2], vec![3, 4], vec![5]]);
        assert_eq!(shown(1, true).await, [vec![1, 2], vec![3, 4], vec![5]]);
        assert!(shown(0, false).await.is_empty());
    }
}
