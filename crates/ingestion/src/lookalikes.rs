//! Keys of customers that look the same and are kept apart.

use kehu_contract::ingestion::{
    ListLookalikeKeysRequest, ListLookalikeKeysResponse, LookalikeKeys,
};
use kehu_server::{Fault, Violations, page};
use kehu_storage::PageRequest;
use kehu_storage::ingestion::{self as store, LookKey};

use crate::Ingestion;

impl Ingestion {
    /// A page of them.
    pub(crate) async fn lookalikes(
        &self,
        request: ListLookalikeKeysRequest,
    ) -> Result<ListLookalikeKeysResponse, Fault> {
        let mut violations = Violations::new();
        let page = page::parse(request.page_size, &request.page_token, &[], &mut violations);
        let after = page.after.as_deref().and_then(parse_key);
        if page.after.is_some() && after.is_none() {
            violations.add("page_token", "is not a token of this list");
        }
        violations.finish()?;
        let page = PageRequest { limit: page.size, after };
        let found = store::list_lookalikes(&self.db, &page).await?;
        let next = found.next.map(|key| page::token(&token_key(&key), &[]));
        let keys = found.items.into_iter().map(|keys| LookalikeKeys {
            source: keys.source,
            external_ids: keys.ends.into(),
            key_count: keys.count,
        });
        Ok(ListLookalikeKeysResponse {
            lookalike_keys: keys.collect(),
            next_page_token: next.unwrap_or_default(),
        })
    }
}

fn token_key(key: &LookKey) -> String {
    format!("{} {}", key.source_id, key.look)
}

fn parse_key(key: &str) -> Option<LookKey> {
    let (source_id, look) = key.split_once(' ')?;
    Some(LookKey { source_id: source_id.parse().ok()?, look: look.to_owned() })
}
