//! Taking over what a request came on, when its client and a handler agree to speak something else there.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::request::Parts;
use hyper::upgrade::OnUpgrade;

use crate::tunnel::Leg;

/// The client's side of a tunnel, and what was read of it already: there once the response that agrees is sent.
pub(crate) struct Takeover(OnUpgrade);

impl Takeover {
    /// Takes the offer out of a request; `None` if its client makes none.
    pub(crate) fn of(request: &mut Parts) -> Option<Self> {
        request.extensions.remove().map(Self)
    }
}

impl Future for Takeover {
    type Output = hyper::Result<(Leg, Bytes)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_ok(Leg::from_upgraded)
    }
}
