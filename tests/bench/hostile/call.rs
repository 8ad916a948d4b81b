//! A call of any method, whose message is bytes.

use futures::future::poll_fn;
use http_body_util::Full;
use std::{error::Error, pin::Pin};
use tonic::{
    body::Body,
    codegen::{Body as _, Bytes, Service, http::Request},
    transport::{Channel, Endpoint},
};

/// The server, over one connection of the hostile callers.
#[derive(Clone)]
pub(crate) struct Target {
    url: String,
    channel: Channel,
}

impl Target {
    pub(crate) async fn connect(url: &str) -> Result<Self, Box<dyn Error>> {
        let channel = Endpoint::from_shared(url.to_owned())?.connect().await?;
        Ok(Self { url: url.to_owned(), channel })
    }

    /// Sends a body, and reads the answer to its end, whatever it is.
    pub(crate) async fn call(&self, path: &str, body: Bytes) -> Result<(), Box<dyn Error>> {
        let request = Request::post(format!("{}{path}", self.url))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Body::new(Full::new(body)))?;
        let mut channel = self.channel.clone();
        poll_fn(|context| Service::<Request<Body>>::poll_ready(&mut channel, context)).await?;
        let mut answer = channel.call(request).await?.into_body();
        while let Some(frame) = poll_fn(|context| Pin::new(&mut answer).poll_frame(context)).await {
            frame?;
        }
        Ok(())
    }
}

/// A message with what stands before it.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a message is small").to_be_bytes();
    [&[0], &length[..], message].concat()
}
