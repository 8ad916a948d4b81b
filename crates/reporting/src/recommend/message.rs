//! Recommendations as the contract has them.

use super::{Drawn, Product, Recommended};
use kehu_contract::reporting as contract;
use kehu_server::{convert, names};

/// The answer of `RecommendProducts`.
pub(crate) fn response(answer: Recommended) -> contract::RecommendProductsResponse {
    contract::RecommendProductsResponse {
        as_of_date: Some(convert::date(answer.as_of)),
        customer: names::customer(answer.customer),
        class_id: answer.class_id,
        class_label: Some(convert::label(&answer.class_label)),
        class_buyer_count: answer.buyers.members,
        buyer_count: answer.buyers.all,
        products: answer.products.into_iter().map(product).collect(),
        freshness_token: String::new(),
    }
}

fn product(product: Product) -> contract::RecommendedProduct {
    contract::RecommendedProduct {
        product_code: product.code,
        product_name: product.name.unwrap_or_default(),
        class_buyer_count: product.buyers.members,
        buyer_count: product.buyers.all,
        support: Some(convert::decimal(product.support)),
        base_share: Some(convert::decimal(product.base_share)),
        lift: Some(convert::decimal(product.lift)),
        residual: Some(convert::decimal(product.residual)),
        drawn_by: product.drawn_by.map(drawn),
    }
}

fn drawn(drawn: Drawn) -> contract::DrawingProduct {
    contract::DrawingProduct {
        product_code: drawn.code,
        product_name: drawn.name.unwrap_or_default(),
        basket_count: drawn.baskets,
        confidence: Some(convert::decimal(drawn.confidence)),
        lift: Some(convert::decimal(drawn.lift)),
    }
}
