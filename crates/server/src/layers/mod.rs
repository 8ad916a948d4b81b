//! What stands between the connection and a service, a layer each, from outside in: trace, panic,
//! load, deadline, sign-on.

pub mod deadline;
pub mod load;
mod open;
pub mod panic;
pub mod served;
pub mod trace;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Frame;
use std::pin::Pin;
use tonic::{Status, body::Body};

/// The answer of a layer.
type Answer<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

/// The end of a stream that had begun well.
fn trailers(status: &Status) -> Result<Frame<Bytes>, Status> {
    let mut trailers = HeaderMap::new();
    status.add_header(&mut trailers)?;
    Ok(Frame::trailers(trailers))
}
