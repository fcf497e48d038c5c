//! Bodies that pass the frames of another on, and look at them.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{Body, body::BodyError};

/// What comes of asking a body for its next frame.
pub(crate) type Polled = Poll<Option<Result<Frame<Bytes>, BodyError>>>;

/// Stands between a body and whoever reads it.
pub(crate) trait Pass<B = Body>: Unpin {
    /// Asks the body for its next frame.
    fn poll(&mut self, body: Pin<&mut B>, cx: &mut Context<'_>) -> Polled;

    /// Nobody reads the body any more.
    fn left(&mut self, _body: &mut B) {}
}

/// A body that is passed on. It is as long as the one within, and ends when that does.
#[derive(Debug)]
pub(crate) struct Passing<P: Pass<B>, B = Body> {
    body: B,
    pass: P,
}

impl<P: Pass<B>, B> Passing<P, B> {
    pub(crate) fn new(body: B, pass: P) -> Self {
        Self { body, pass }
    }
}

impl<P: Pass + 'static> Passing<P> {
    /// For where it is one body among others.
    pub(crate) fn boxed(body: Body, pass: P) -> Body {
        Body::Boxed(Box::pin(Self::new(body, pass)))
    }
}

/// Bytes of the frame that came, if one did.
pub(crate) fn bytes(polled: &Polled) -> usize {
    match polled {
        Poll::Ready(Some(Ok(frame))) => frame.data_ref().map_or(0, Bytes::len),
        Poll::Ready(_) | Poll::Pending => 0,
    }
}

impl<P: Pass<B>, B> Drop for Passing<P, B> {
    fn drop(&mut self) {
        self.pass.left(&mut self.body);
    }
}

impl<P, B> http_body::Body for Passing<P, B>
where
    P: Pass<B>,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let Self { body, pass } = self.get_mut();
        pass.poll(Pin::new(body), cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
