//! A call of any method with messages as bytes.

use futures::StreamExt;
use prost::bytes::{Buf, BufMut, Bytes};
use prost_reflect::MethodDescriptor;
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::Channel,
};

/// Answers of a stream that are read before it is left.
const MOST_ANSWERS: usize = 1_000;

/// Sends the messages, and reads the answers: the fault, if it ends in one. Every method is
/// called as a stream both ways, which on the wire a unary one is, too. What is watched for ever is left
/// after its first answer.
pub(crate) async fn call(
    channel: &Channel,
    method: &MethodDescriptor,
    messages: &[Bytes],
) -> Result<(), Status> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let path = PathAndQuery::try_from(path).unwrap();
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    let messages = futures::stream::iter(messages.to_vec());
    let answers = client.streaming(Request::new(messages), path, Raw).await?;
    let endless = ["Watch", "WatchChanges"].contains(&method.name());
    let most = if endless { 1 } else { MOST_ANSWERS };
    let mut answers = answers.into_inner().take(most);
    while let Some(answer) = answers.next().await {
        answer?;
    }
    Ok(())
}

/// Bytes as they are.
#[derive(Debug, Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, bytes: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(bytes);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        buffer.advance(buffer.remaining());
        Ok(Some(()))
    }
}
