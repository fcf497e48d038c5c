//! A request and its response on a stream of HTTP/3 (RFC 9114).

mod connection;
mod dialing;
mod requests;
mod sessions;
mod socket;
mod underway;

use bytes::Bytes;
use caddis_h3::message::Protocol;
use http::{Response, Version};

use self::requests::{Answered, Unanswered};
pub(super) use self::{dialing::Quic, requests::Requests};
use super::{
    Request,
    between::Interim,
    exchange::{Answer, Failure},
    extended_connect,
    streamed::adapt,
};
use crate::{
    http::{Body, h3::Tunnelled},
    tunnel::Leg,
};

/// Sends a request in the form of HTTP/1.1 and waits for the head of its response. `extended`: it opens a WebSocket
/// (RFC 9220).
pub(super) async fn send(
    requests: Requests,
    mut request: Request,
    interim: Interim,
    extended: bool,
) -> Result<Box<Answer>, Failure> {
    adapt(&mut request, true, Version::HTTP_3);
    if extended && requests.offers_sessions() {
        return sessions::ask(requests, request, interim).await;
    }
    let accept = extended.then(|| extended_connect::ask(&mut request));
    let protocol = extended.then(|| Protocol::from_static("websocket"));
    let answered = requests.send(request, protocol, |status, headers| interim.came(status, headers)).await;
    let Answered { response, reading, stream, upload } =
        answered.map_err(|unanswered| failed(*unanswered))?;
    match (accept, stream) {
        (Some(accept), Some(stream)) if response.status.is_success() => {
            let leg = Leg::Other(Box::new(Tunnelled::new(stream, reading, None)));
            let mut response = Response::from_parts(response, Body::Empty);
            extended_connect::as_upgrade(&mut response, accept);
            Ok(Answer::switched(response, (leg, Bytes::new())))
        }
        (_, _) => {
            let body = requests.body(reading).await;
            Ok(Answer::of(Response::from_parts(response, upload.go_along(body))))
        }
    }
}

fn failed(Unanswered { error, unsent }: Unanswered) -> Failure {
    let (kind, stale) = (error.kind(), unsent.is_some() || error.is_end());
    Failure::new(kind, error, unsent, stale)
}
