//! The body of a request, which can be sent once unless it was read into memory before.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, header, request::Parts};
use http_body::Frame;
use http_body_util::BodyExt;

use crate::{
    error::Error,
    http::{Body, Exchange, body::BodyError, prefixed::prefixed},
};

/// How long the end of a body may come behind a head that is usually all of the request: Go's time.
const END: Duration = Duration::from_millis(200);

/// What there is to send.
#[derive(Debug)]
pub(super) enum RequestBody {
    /// Nothing, or all of it in memory: can be sent any number of times.
    Whole(Bytes),
    /// What the client sends; taken when it is sent.
    Stream(Body),
    /// It was sent.
    Spent,
}

impl RequestBody {
    /// No body, whatever the client sends.
    pub(super) fn none() -> Self {
        Self::Whole(Bytes::new())
    }

    /// Takes the body of a request and reads up to `buffer` bytes of it, all of it if that is negative.
    ///
    /// # Errors
    /// When the client does not send what it has announced.
    pub(super) async fn take(exchange: &mut Exchange, buffer: i64) -> Result<Self, Error> {
        let mut body = std::mem::take(&mut exchange.body);
        if body.is_empty() {
            return Ok(Self::Whole(Bytes::new()));
        }
        if is_usually_empty(&exchange.request) {
            // Some clients say in a frame of its own that there is nothing. What upstreams make of an empty body in chunks is not
            // always the same as no body.
            match tokio::time::timeout(END, body.frame()).await {
                Ok(None) => return Ok(Self::Whole(Bytes::new())),
                Ok(Some(Ok(frame))) => body = prefixed([Some(frame), None], body),
                Ok(Some(Err(error))) => return Err(broken_off(error)),
                Err(_) => {}
            }
        }
        if buffer == 0 {
            return Ok(Self::Stream(body));
        }
        match Box::pin(Buffered::read(body, buffer)).await {
            Ok(Buffered::All(bytes)) => Ok(Self::Whole(bytes)),
            Ok(Buffered::Part(body)) => Ok(Self::Stream(body)),
            Err(error) => Err(broken_off(error)),
        }
    }

    /// The body for the next attempt.
    pub(super) fn next(&mut self) -> Body {
        match self {
            Self::Whole(bytes) => bytes.clone().into(),
            Self::Stream(body) => {
                let body = std::mem::take(body);
                *self = Self::Spent;
                body
            }
            Self::Spent => Body::Empty,
        }
    }

    /// Takes back a body of which nothing was sent.
    pub(super) fn put_back(&mut self, body: Body) {
        if matches!(self, Self::Spent) {
            *self = Self::Stream(body);
        }
    }

    /// Whether the next attempt would send all of it.
    pub(super) fn is_whole(&self) -> bool {
        !matches!(self, Self::Spent)
    }

    /// The length of a body that is in memory.
    pub(super) fn known_length(&self) -> Option<usize> {
        match self {
            Self::Whole(bytes) => Some(bytes.len()),
            Self::Stream(_) | Self::Spent => None,
        }
    }

    /// Leaves a body that was taken to whoever handles the request next.
    pub(super) fn give_back(&mut self, exchange: &mut Exchange) {
        if exchange.body.is_empty() {
            exchange.body = self.next();
        }
    }
}

/// Whether a request should have no content, although it does not say so (RFC 9110, section 9.3).
fn is_usually_empty(head: &Parts) -> bool {
    matches!(head.method, Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS | Method::TRACE)
        && !head.headers.contains_key(header::CONTENT_LENGTH)
}

fn broken_off(error: BodyError) -> Error {
    Error::new(Error::kind_of_request_body(&*error), "reading the request body").because(error)
}

/// A body of which the beginning was read.
pub(super) enum Buffered {
    /// It was not longer than the limit.
    All(Bytes),
    /// What was read, then the rest.
    Part(Body),
}

impl Buffered {
    /// Reads up to `limit` bytes, everything if it is negative. Bodies with trailers stay streams, so as to keep them.
    pub(super) async fn read(mut body: Body, limit: i64) -> Result<Self, BodyError> {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut read = BytesMut::new();
        while (read.len() as u64) < limit {
            match body.frame().await {
                None => return Ok(Self::All(read.freeze())),
                Some(frame) => match frame?.into_data() {
                    Ok(data) => read.extend_from_slice(&data),
                    Err(trailers) => {
                        return Ok(Self::Part(prefixed([data(read), Some(trailers)], body)));
                    }
                },
            }
        }
        Ok(Self::Part(prefixed([data(read), None], body)))
    }
}

fn data(read: BytesMut) -> Option<Frame<Bytes>> {
    (!read.is_empty()).then(|| Frame::data(read.freeze()))
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;
    use tokio::sync::mpsc;

    use super::*;
    use crate::testing::{exchange, run};

    type Sender = mpsc::UnboundedSender<Frame<Bytes>>;

    /// A request whose body comes in pieces.
    fn asked(method: Method, length: Option<&str>) -> (Exchange, Sender) {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let frames = futures_util::stream::poll_fn(move |cx| {
            receiver.poll_recv(cx).map(|frame| frame.map(Ok::<_, std::io::Error>))
        });
        let fields: Vec<_> = length.map(|length| ("content-length", length)).into_iter().collect();
        let mut exchange = exchange("/", &fields);
        exchange.request.method = method;
        exchange.body = Body::boxed(StreamBody::new(frames));
        (exchange, sender)
    }

    /// What is taken of it after some were sent, and how the rest of them can be.
    async fn taken(
        method: Method,
        length: Option<&str>,
        send: impl FnOnce(&Sender),
    ) -> (RequestBody, Sender) {
        let (mut exchange, sender) = asked(method, length);
        send(&sender);
        (RequestBody::take(&mut exchange, 0).await.unwrap(), sender)
    }

    async fn sent(mut body: RequestBody, sender: Sender) -> Bytes {
        assert_eq!(body.known_length(), None);
        drop(sender);
        body.next().collect().await.unwrap().to_bytes()
    }

    #[test]
    fn an_end_that_comes_a_little_later_is_waited_for() {
        run(async {
            let (mut exchange, sender) = asked(Method::GET, None);
            let end = async move { drop(sender) };
            let (body, ()) = tokio::join!(RequestBody::take(&mut exchange, 0), end);
            assert_eq!(body.unwrap().known_length(), Some(0));
        });
    }

    #[test]
    fn what_comes_in_place_of_the_end_is_sent() {
        run(async {
            let send = |sender: &Sender| drop(sender.send(Frame::data("content".into())));
            let (body, sender) = taken(Method::GET, None, send).await;
            assert_eq!(sent(body, sender).await, "content");
        });
    }

    #[test]
    fn the_end_is_not_waited_for_where_content_is_to_come() {
        run(async {
            tokio::time::pause();
            let start = tokio::time::Instant::now();
            for (method, length) in [(Method::POST, None), (Method::GET, Some("3"))] {
                let (body, sender) = taken(method, length, |_| {}).await;
                assert!(start.elapsed().is_zero());
                sender.send(Frame::data("abc".into())).unwrap();
                assert_eq!(sent(body, sender).await, "abc");
            }
            let (body, sender) = taken(Method::GET, None, |_| {}).await;
            assert!(start.elapsed() >= END);
            sender.send(Frame::data("late".into())).unwrap();
            assert_eq!(sent(body, sender).await, "late");
        });
    }
}
