//! The response on its way into a stream.

use std::{
    future::Future,
    iter::successors,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{Reason, SendStream, server::SendResponse};
use http::Response;

use crate::http::{
    body::BodyError,
    connection::outgoing::{self, Promise},
    trailers,
};

/// Sends the head. What is then to be sent of the body, if it is not all said.
///
/// # Errors
/// When the head cannot be sent, or the client has gone.
pub(super) fn begin<B>(
    respond: &mut SendResponse<Bytes>,
    response: Response<B>,
    to_head: bool,
) -> Result<Option<Sending<B>>, h2::Error>
where
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    let (mut head, body) = response.into_parts();
    let promise = outgoing::finish_head(&mut head, &body, to_head);
    let stream = respond.send_response(Response::from_parts(head, ()), promise.is_none())?;
    Ok(promise.map(|promise| Sending { body, stream, waiting: None, promise }))
}

/// A body that is being sent.
pub(crate) struct Sending<B> {
    body: B,
    stream: SendStream<Bytes>,
    /// Data that there was no room for yet, and whether it is the last.
    waiting: Option<(Bytes, bool)>,
    promise: Promise,
}

/// Why a body was not sent.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// Nothing can be sent on the stream any more. Whoever receives on it learns why.
    Stream,
    /// The body itself has broken off, with which the stream was reset.
    Body(BodyError),
}

impl From<h2::Error> for Unsent {
    fn from(_: h2::Error) -> Self {
        Self::Stream
    }
}

impl<B> Future for Sending<B>
where
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    type Output = Result<(), Unsent>;

    /// Ready when all is sent that will be. The body is asked for nothing while the client has no room for what came.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            if let Poll::Ready(reset) = this.stream.poll_reset(cx) {
                return Poll::Ready(reset.map(drop).map_err(Unsent::from));
            }
            if this.waiting.is_some() {
                ready!(this.poll_room(cx))?;
            }
            if let Some((data, last)) = this.waiting.take() {
                this.stream.send_data(data, last)?;
                if last {
                    return Poll::Ready(Ok(()));
                }
            }
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    let frame = match frame.into_data() {
                        Ok(data) => {
                            if this.take(data) {
                                continue;
                            }
                            return Poll::Ready(Err(this.cut_short()));
                        }
                        Err(frame) => frame,
                    };
                    if let Ok(mut fields) = frame.into_trailers() {
                        return Poll::Ready(this.end(|stream| {
                            trailers::strip(&mut fields);
                            stream.send_trailers(fields)
                        }));
                    }
                }
                Some(Err(error)) => {
                    this.stream.send_reset(reason_of(&*error));
                    return Poll::Ready(Err(Unsent::Body(error)));
                }
                None => {
                    return Poll::Ready(this.end(|stream| stream.send_data(Bytes::new(), true)));
                }
            }
        }
    }
}

impl<B> Sending<B>
where
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    /// The body for a stream whose head was sent; `left` is the length that it has promised.
    pub(crate) fn new(body: B, stream: SendStream<Bytes>, left: Option<u64>) -> Self {
        Self { body, stream, waiting: None, promise: Promise::new(left) }
    }

    /// Takes data to send, but for what goes beyond the promised length. Whether the stream is fit to send it.
    fn take(&mut self, data: Bytes) -> bool {
        let Ok((data, last)) = self.promise.take(data, self.body.is_end_stream()) else { return false };
        if !data.is_empty() || last {
            self.waiting = Some((data, last));
        }
        true
    }

    /// Ready when the client has room. One byte is asked for: for the rest, the library asks when it has the data. Asked for
    /// at once, it would be kept from other streams.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        if self.waiting.as_ref().is_none_or(|(data, _)| data.is_empty()) {
            return Poll::Ready(Ok(()));
        }
        self.stream.reserve_capacity(1);
        while self.stream.capacity() == 0 {
            if ready!(self.stream.poll_capacity(cx)).transpose()?.is_none() {
                return Poll::Ready(Err(Reason::STREAM_CLOSED.into()));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the stream, unless more was promised.
    fn end(
        &mut self,
        end: impl FnOnce(&mut SendStream<Bytes>) -> Result<(), h2::Error>,
    ) -> Result<(), Unsent> {
        if !self.promise.is_kept() {
            return Err(self.cut_short());
        }
        self.stream.reserve_capacity(0);
        Ok(end(&mut self.stream)?)
    }

    /// Resets the stream of a body that is not as long as the head has promised.
    fn cut_short(&mut self) -> Unsent {
        self.stream.send_reset(Reason::INTERNAL_ERROR);
        Unsent::Body("the body is shorter than was announced".into())
    }
}

/// How the peer is told of a body that breaks off: what was said of it on another connection of HTTP/2 is said again.
fn reason_of(error: &(dyn std::error::Error + 'static)) -> Reason {
    successors(Some(error), |error| error.source())
        .find_map(|error| error.downcast_ref::<h2::Error>()?.reason())
        .filter(|reason| *reason != Reason::NO_ERROR)
        .unwrap_or(Reason::INTERNAL_ERROR)
}
