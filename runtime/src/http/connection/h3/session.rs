//! The request for a WebTransport session, at the end that is asked.

use std::time::Duration;

use caddis_h3::{
    self as protocol, Dialect, SessionId, StreamId,
    message::Protocol,
    webtransport::negotiate::{self, DRAFT02_REQUEST, DRAFT02_RESPONSE},
};
use http::{HeaderMap, HeaderValue, request};

use super::{Busy, Shared};
use crate::http::h3::{Outbound, Reading, SessionLeg, Ticket};

/// How long to wait for the settings of a client where there is no limit for heads of requests, which are sent after them.
const SETTINGS: Duration = Duration::from_secs(10);

/// A session that a client has asked for.
pub(super) struct Asked {
    ticket: Ticket,
    dialect: Dialect,
    /// Whether the client wants to be told the version as in the first drafts.
    versioned: bool,
}

/// Why there is no session.
pub(super) enum Refused {
    /// The client has not said that it can do with one.
    Client,
    Protocol(protocol::Error),
}

/// Looks whether a request asks for a session, and whether there may be one.
pub(super) async fn ask(
    head: &mut request::Parts,
    stream: StreamId,
    shared: &Shared,
) -> Result<Option<Asked>, Refused> {
    let link = &shared.link;
    let asks = head.extensions.get::<Protocol>().is_some_and(Protocol::is_webtransport);
    if !(asks && link.offers_sessions()) {
        return Ok(None);
    }
    // They may come later than the request that was sent after them.
    let settled = link.settled();
    let patience = shared.limits.read_header.unwrap_or(SETTINGS);
    if tokio::time::timeout(patience, settled).await.is_err() || !link.core().borrow().sends_datagrams() {
        return Err(Refused::Client);
    }
    negotiate::check_request(head).map_err(Refused::Protocol)?;
    let ticket = SessionId::new(stream.value()).and_then(|id| link.session(id)).map_err(Refused::Protocol)?;
    // Clients that name no dialect ask in the oldest one.
    let dialect = link.core().borrow().webtransport().unwrap_or(Dialect::Draft02);
    let versioned = head.headers.remove(DRAFT02_REQUEST).is_some();
    Ok(Some(Asked { ticket, dialect, versioned }))
}

impl Asked {
    /// Adds the version to the head of the answer that accepts the session.
    pub(super) fn complete(&self, headers: &mut HeaderMap) {
        headers.remove(DRAFT02_RESPONSE);
        if self.versioned {
            headers.insert(DRAFT02_RESPONSE, HeaderValue::from_static("draft02"));
        }
    }

    /// The session, once the client was told that it is accepted.
    pub(super) fn accept(self, halves: (Reading, Outbound), busy: Busy) -> SessionLeg {
        SessionLeg::new(self.ticket, self.dialect, halves, Box::new(busy))
    }
}
