//! Digests of orders: equal when everything that is kept of them is equal.

use kehu_storage::ingestion::{LineRow, NewOrder};
use sha2::{Digest, Sha256};

/// Bytes of a SHA-256 that are kept: enough to tell the versions of one order apart.
const KEPT: usize = 16;

/// The digest of an order whose amounts are complete. The amounts in the base currency are part
/// of it, so that an order sent again after its rate was corrected is converted anew.
pub(super) fn of(order: &NewOrder) -> String {
    let mut bytes = Vec::with_capacity(256 + order.lines.len() * 128);
    push_text(&mut bytes, Some(&order.external_id));
    push_text(&mut bytes, Some(&order.customer));
    push_text(&mut bytes, Some(&order.currency));
    push_text(&mut bytes, order.channel.as_deref());
    for number in [
        i64::from(order.kind.number()),
        i64::from(order.status.number()),
        order.ordered_at.timestamp_micros(),
        order.base_amount.0,
    ] {
        push_number(&mut bytes, Some(number));
    }
    for line in &order.lines {
        push_line(&mut bytes, line);
    }
    hex::encode(&Sha256::digest(&bytes)[..KEPT])
}

fn push_line(bytes: &mut Vec<u8>, line: &LineRow) {
    for text in [&line.product, &line.description, &line.category, &line.brand] {
        push_text(bytes, text.as_deref());
    }
    for number in [
        Some(line.line_number),
        Some(line.quantity.0),
        Some(line.unit_price.0),
        line.discount.map(|discount| discount.0),
        Some(line.amount.0),
    ] {
        push_number(bytes, number);
    }
}

/// A text with its length before it, so that no two lists of texts give the same bytes.
fn push_text(bytes: &mut Vec<u8>, text: Option<&str>) {
    let length = text.map_or(u64::MAX, |text| text.len() as u64);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
}

fn push_number(bytes: &mut Vec<u8>, number: Option<i64>) {
    bytes.push(u8::from(number.is_some()));
    bytes.extend_from_slice(&number.unwrap_or_default().to_le_bytes());
}
