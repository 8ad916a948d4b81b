//! A unary call: sent whole, as often as is allowed, until its deadline.

use super::{Inner, transport::Broken};
use crate::{Fault, deadline, method::Method};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Collected, Full};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt;

/// What came of a try.
struct Outcome {
    /// What the caller is told unless another try follows.
    answer: Result<Response<Body>, Status>,
    again: Again,
    /// How long the server asked to wait before the next try.
    asked: Option<Duration>,
}

/// Whether another try may follow.
enum Again {
    Never,
    /// When the call may be repeated though the first may have been carried out.
    IfRepeatable,
    /// No server has seen the call.
    Always,
}

impl From<Broken> for Outcome {
    fn from(broken: Broken) -> Self {
        let again = match broken {
            Broken::Late => Again::Never,
            Broken::Lost(_) => Again::IfRepeatable,
            Broken::Unsent(_) => Again::Always,
        };
        Self { answer: Err(broken.into()), again, asked: None }
    }
}

/// Sends `request` until it is answered, may not be repeated, or `deadline` has passed.
pub(super) async fn call(
    inner: &Inner,
    method: &Method,
    request: Request<Body>,
    deadline: Instant,
) -> Result<Response<Body>, Status> {
    let (head, body) = request.into_parts();
    let message = body.collect().await?.to_bytes();
    let repeatable = method.is_repeatable(&message);
    let request = Request::from_parts(head, Full::new(message));
    inner.retries.start();
    let mut tried = 0;
    loop {
        tried += 1;
        let outcome = send(inner, request.clone(), deadline).await;
        let may_repeat = match outcome.again {
            Again::Never => false,
            Again::IfRepeatable => repeatable,
            Again::Always => true,
        };
        if !may_repeat {
            return outcome.answer;
        }
        let Some(wait) = inner.retries.wait(tried, outcome.asked, deadline) else {
            return outcome.answer;
        };
        sleep(wait).await;
    }
}

/// One try. The answer is read to its end, so that a connection that breaks half-way is noticed.
async fn send(inner: &Inner, request: Request<Full<Bytes>>, deadline: Instant) -> Outcome {
    let mut request = request.map(Body::new);
    let timeout = deadline.saturating_duration_since(Instant::now());
    deadline::write(request.headers_mut(), timeout);
    let answered = async {
        let (head, body) = inner.transport.send(request).await?.into_parts();
        let body = body.collect().await.map_err(|status| Broken::Lost(status.into()))?;
        Ok::<_, Broken>(Response::from_parts(head, body))
    };
    match timeout_at(deadline, answered).await {
        Ok(Ok(answer)) => judge(answer, deadline),
        Ok(Err(broken)) => broken.into(),
        Err(_) => Broken::Late.into(),
    }
}

/// Whether an answer is one, or says that there may be one later.
fn judge(answer: Response<Collected<Bytes>>, deadline: Instant) -> Outcome {
    let status = status_of(&answer);
    let code = status.as_ref().map_or(Code::Ok, Status::code);
    // What a server of tonic says when the time that it was given has passed.
    if code == Code::Cancelled && Instant::now() >= deadline {
        return Broken::Late.into();
    }
    let info = status.and_then(|status| status.get_details_retry_info());
    // Who is over its share is told when to come back; other exhaustion lasts.
    let later = code == Code::ResourceExhausted && info.is_some();
    let again = if code == Code::Unavailable || later { Again::IfRepeatable } else { Again::Never };
    let asked = info.and_then(|info| info.retry_delay);
    Outcome { answer: Ok(answer.map(Body::new)), again, asked }
}

/// The status of an answer, also when only a proxy answered; `None` without one.
fn status_of(answer: &Response<Collected<Bytes>>) -> Option<Status> {
    let trailers = || answer.body().trailers().and_then(Status::from_header_map);
    let proxy = || match answer.status() {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Some(Fault::Unavailable.into()),
        _ => None,
    };
    Status::from_header_map(answer.headers()).or_else(trailers).or_else(proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn judged(answer: Response<Body>, deadline: Instant) -> Outcome {
        let (head, body) = answer.into_parts();
        judge(Response::from_parts(head, body.collect().await.unwrap()), deadline)
    }

    #[tokio::test]
    async fn cancelled_after_the_deadline_is_late() {
        let timeout = || Status::cancelled("Timeout expired").into_http();
        let late = judged(timeout(), Instant::now()).await.answer.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded);
        let in_time = Instant::now() + Duration::from_secs(60);
        assert!(judged(timeout(), in_time).await.answer.is_ok());
    }

    #[tokio::test]
    async fn a_proxy_without_a_server_may_be_asked_again() {
        let deadline = Instant::now() + Duration::from_secs(60);
        for (status, again) in [(503, true), (404, false), (200, false)] {
            let answer = Response::builder().status(status).body(Body::empty()).unwrap();
            let judged = judged(answer, deadline).await;
            assert_eq!(matches!(judged.again, Again::IfRepeatable), again, "{status}");
        }
    }
}
