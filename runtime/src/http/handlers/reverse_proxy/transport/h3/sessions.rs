//! Asking an upstream for a WebTransport session (draft-ietf-webtrans-http3-15, section 3).

use bytes::BytesMut;
use caddis_h3::{
    Dialect, Role, SessionId,
    message::write,
    webtransport::negotiate::{self, DRAFT02_REQUEST, DRAFT02_RESPONSE},
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, response};
use quinn::ConnectionError;

use super::{
    super::{
        Request,
        between::Interim,
        exchange::{Answer, Failure},
        streamed::prepare,
    },
    Requests,
    dialing::STREAM_WINDOW,
    failed,
    requests::{Broken, Unanswered, answered, unanswered},
};
use crate::http::{
    Body,
    h3::{NoStream, Quota, Reading, SessionLeg},
};

/// Sessions of clients that may share a connection, and what the upstream may do in each. All of them together do not use up
/// what QUIC permits on the connection, so that a client which reads nothing holds up no other.
const SHARED: u64 = 16;
pub(super) const QUOTA: Quota = Quota { streams: 64, data: STREAM_WINDOW as u64 };
/// What an upstream may do in a session without limits of its own, in quotas.
const UNLIMITED: u64 = 4;

impl Requests {
    /// Whether the connection is one for sessions.
    pub(super) fn offers_sessions(&self) -> bool {
        self.0.link.offers_sessions()
    }

    /// What the upstream has not offered that sessions need, once it has said what it offers.
    ///
    /// # Errors
    /// When the connection ends before that.
    pub(super) async fn missing_for_sessions(&self) -> Result<Option<&'static str>, ConnectionError> {
        let link = &self.0.link;
        let upstream = tokio::select! {
            upstream = link.settled() => upstream,
            error = link.quic().closed() => return Err(error),
        };
        let dialect = link.core().borrow().local().webtransport(Role::Client, &upstream);
        Ok(match dialect {
            Some(_) if link.quic().max_datagram_size().is_none() => Some("datagrams of QUIC (RFC 9221)"),
            Some(_) => None,
            None if !upstream.takes_datagrams() => Some("the setting H3_DATAGRAM (RFC 9297)"),
            None if upstream.enable_connect_protocol => Some("a setting of WebTransport of any draft"),
            None => Some("the setting ENABLE_CONNECT_PROTOCOL (RFC 9220)"),
        })
    }

    /// Whether one more session may be asked for. Where sessions have no limits each has a connection of its own, which nobody
    /// uses after it: such upstreams often know one session only.
    pub(in super::super) fn has_room_for_session(&self) -> bool {
        let link = &self.0.link;
        let core = link.core().borrow();
        let Some((peer, dialect)) = core.peer().zip(core.webtransport()) else { return false };
        self.has_limits() && link.has_room_for_session(dialect.most_sessions(core.local(), peer).min(SHARED))
    }

    /// Whether sessions have limits of their own.
    fn has_limits(&self) -> bool {
        let core = self.0.link.core().borrow();
        core.peer()
            .zip(core.webtransport())
            .is_some_and(|(peer, dialect)| dialect.has_flow_control(core.local(), peer))
    }

    /// Asks for a session, with a request in the form of HTTP/3.
    async fn session(
        &self,
        request: Request,
        interim: impl Fn(StatusCode, HeaderMap),
    ) -> Result<(response::Parts, Asked), Box<Unanswered>> {
        let (mut parts, body) = request.into_parts();
        let link = &self.0.link;
        let dialect = link.core().borrow().webtransport().unwrap_or(Dialect::Draft02);
        prepare(&mut parts.headers, &body);
        if dialect == Dialect::Draft02 {
            parts.headers.insert(DRAFT02_REQUEST, HeaderValue::from_static("1"));
        }
        let (mut reading, mut outbound) = match link.request(Method::CONNECT).await {
            Ok(halves) => halves,
            Err(error) => return Err(unanswered(error, Some(body))),
        };
        // Others may have been faster on a connection that had room.
        let ticket = SessionId::new(reading.id().value()).and_then(|id| link.session(id));
        let Ok(ticket) = ticket else { return Err(unanswered(NoStream::GoingAway, Some(body))) };
        link.permit(if self.has_limits() { 1 } else { UNLIMITED }, QUOTA);
        let (protocol, mut head) = (dialect.protocol(), BytesMut::new());
        let size = write::request(&Method::CONNECT, &parts.uri, &parts.headers, Some(&protocol), &mut head);
        let limit = link.core().borrow().peer_field_section();
        if let Some(limit) = limit.filter(|limit| size > *limit) {
            return Err(unanswered(Broken::RequestTooLarge { size, limit }, None));
        }
        // That the upstream wants no more is no reason not to hear what it says.
        drop(outbound.write(&mut [head.freeze()]).await);
        let response = answered(&mut reading, interim).await;
        let mut response = response.map_err(|error| unanswered(error, None))?;
        link.core().borrow_mut().request_done();
        if !response.status.is_success() {
            outbound.finish();
            return Ok((response, Asked::Refused(Box::new(reading))));
        }
        negotiate::check_response(&response).map_err(|error| unanswered(error, None))?;
        response.headers.remove(DRAFT02_RESPONSE);
        let leg = SessionLeg::new(ticket, dialect, (reading, outbound), Box::new(self.clone()));
        Ok((response, Asked::Accepted(Box::new(leg))))
    }
}

/// What the upstream makes of the request for a session.
enum Asked {
    Accepted(Box<SessionLeg>),
    /// What follows is the response's body.
    Refused(Box<Reading>),
}

/// Asks for a session, and waits for the answer.
pub(super) async fn ask(
    requests: Requests,
    request: Request,
    interim: Interim,
) -> Result<Box<Answer>, Failure> {
    let asked = requests.session(request, |status, headers| interim.came(status, headers)).await;
    match asked.map_err(|unanswered| failed(*unanswered))? {
        (head, Asked::Accepted(session)) => {
            let response = Response::from_parts(head, Body::Empty);
            let mut answer = Answer::of(response);
            answer.session = Some(session);
            Ok(answer)
        }
        (head, Asked::Refused(reading)) => {
            Ok(Answer::of(Response::from_parts(head, requests.body(*reading).await)))
        }
    }
}
