//! Interim responses (1xx) to clients.

use std::{fmt::Debug, rc::Rc, sync::Arc, task::Waker};

use http::{HeaderMap, StatusCode};

use super::Wire;

/// What may wait for a client that does not read; interim responses beyond that are left out.
pub(super) const MAX_WAITING: usize = 64 << 10;

/// A stream that carries one request and its responses.
pub(crate) trait InterimStream: Send + Sync + Debug {
    /// Sends a response at once, unless the final one is decided already. `waker` is that of the task which answers.
    fn send(&self, status: StatusCode, headers: &HeaderMap, waker: &Waker);
}

/// Where the interim responses of a request go.
#[derive(Debug, Clone)]
pub(crate) enum InterimTarget {
    /// A connection of HTTP/1.1, which knows the request by this name.
    Connection(Rc<Wire>, u32),
    /// A stream of its own.
    Stream(Arc<dyn InterimStream>),
}

/// Sends interim responses to the client of one request.
#[derive(Debug)]
pub(crate) struct InterimSender {
    target: InterimTarget,
    /// Has the connection look after what waits.
    waker: Waker,
}

impl InterimSender {
    /// `waker` is that of the task which answers the request.
    pub(crate) fn new(target: &InterimTarget, waker: &Waker) -> Self {
        Self { target: target.clone(), waker: waker.clone() }
    }

    /// Sends a response at once, unless the final one is decided already.
    pub(crate) fn send(&self, status: StatusCode, headers: &HeaderMap) {
        match &self.target {
            InterimTarget::Connection(wire, request) => wire.send_interim(*request, status, headers),
            InterimTarget::Stream(stream) => stream.send(status, headers, &self.waker),
        }
    }
}
