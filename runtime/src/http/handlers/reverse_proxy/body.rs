//! The body of a request, which can be sent once unless it was read into memory before.

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use http_body_util::BodyExt;

use crate::{
    error::Error,
    http::{Body, Exchange, body::BodyError, prefixed::prefixed},
};

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
        let body = std::mem::take(&mut exchange.body);
        if body.is_empty() {
            return Ok(Self::Whole(Bytes::new()));
        }
        if buffer == 0 {
            return Ok(Self::Stream(body));
        }
        match Box::pin(Buffered::read(body, buffer)).await {
            Ok(Buffered::All(bytes)) => Ok(Self::Whole(bytes)),
            Ok(Buffered::Part(body)) => Ok(Self::Stream(body)),
            Err(error) => {
                let kind = Error::kind_of_request_body(&*error);
                Err(Error::new(kind, "reading the request body").because(error))
            }
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
