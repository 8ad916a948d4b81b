//! Keyset pages: a page says where the next one starts, so that rows inserted meanwhile neither
//! repeat nor hide others.

/// Which page is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<K = i64> {
    /// How many items at most, at least 1.
    pub limit: u64,
    /// The key of the last item of the page before; `None` for the first page.
    pub after: Option<K>,
}

/// Bytes of the rows on a page; at least one row is on it.
const PAGE_BYTES: i64 = 2 << 20;

impl<K: Clone> PageRequest<K> {
    /// The request for as many of the rows as fit on a page: these are their lengths in bytes, in
    /// order.
    pub(crate) fn fitting(&self, lengths: &[i64]) -> Self {
        let mut taken: i64 = 0;
        let fits = lengths.iter().take_while(|length| {
            taken = taken.saturating_add(**length);
            taken <= PAGE_BYTES
        });
        let fitting = u64::try_from(fits.count()).unwrap_or(u64::MAX).max(1);
        Self { limit: self.limit.min(fitting), after: self.after.clone() }
    }
}

impl<K> PageRequest<K> {
    /// The first page of at most `limit` items.
    pub fn first(limit: u64) -> Self {
        Self { limit, after: None }
    }

    /// How many rows to select so that [`Page::of`] can tell whether there are more.
    pub fn fetch(&self) -> u64 {
        self.limit.max(1).saturating_add(1)
    }
}

/// Some items, in the order of their key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, K = i64> {
    /// At most as many items as were asked for.
    pub items: Vec<T>,
    /// The key to ask the next page with (`after`); `None` when this is the last page.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// The page out of the rows selected with [`PageRequest::fetch`].
    pub fn of(request: &PageRequest<K>, mut items: Vec<T>, key: impl Fn(&T) -> K) -> Self {
        let limit = usize::try_from(request.limit.max(1)).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(key) } else { None };
        Self { items, next }
    }

    /// The same page with every item converted, the first failure otherwise.
    pub fn try_map<U, E>(self, convert: impl FnMut(T) -> Result<U, E>) -> Result<Page<U, K>, E> {
        let items = self.items.into_iter().map(convert).collect::<Result<_, E>>()?;
        Ok(Page { items, next: self.next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_long_rows_is_a_short_one() {
        let request = PageRequest::<i64> { limit: 3, after: Some(7) };
        for (lengths, limit) in [
            (vec![], 1),
            (vec![1, 1, 1, 1], 3),
            (vec![PAGE_BYTES, 1], 1),
            (vec![PAGE_BYTES - 1, 1, 1], 2),
            (vec![PAGE_BYTES + 1, 1], 1),
            (vec![i64::MAX, i64::MAX], 1),
        ] {
            let fitting = request.fitting(&lengths);
            assert_eq!(fitting, PageRequest { limit, after: Some(7) }, "{lengths:?}");
        }
    }

    #[test]
    fn a_page_ends_where_the_next_starts() {
        for (rows, limit, items, next) in [
            (0, 2, vec![], None),
            (2, 2, vec![1, 2], None),
            (3, 2, vec![1, 2], Some(2)),
            (2, 0, vec![1], Some(1)),
        ] {
            let request = PageRequest::first(limit);
            let selected = (1..=rows).take(request.fetch() as usize).collect();
            let page = Page::of(&request, selected, |&row| row);
            assert_eq!(page, Page { items, next }, "{rows} rows, limit {limit}");
        }
    }
}
