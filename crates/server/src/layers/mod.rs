//! What stands between the connection and a service, a layer each, from outside in: load,
//! trace, panic, streams, deadline, sign-on, the caller's share.

pub mod deadline;
mod kind;
pub mod load;
pub mod middleware;
mod open;
mod paced;
pub mod panic;
mod received;
pub mod served;
pub mod share;
pub mod starting;
pub mod streams;
pub mod trace;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tonic::Status;

/// The end of a stream that had begun well.
fn trailers(status: &Status) -> Result<Frame<Bytes>, Status> {
    let mut trailers = HeaderMap::new();
    status.add_header(&mut trailers)?;
    Ok(Frame::trailers(trailers))
}
