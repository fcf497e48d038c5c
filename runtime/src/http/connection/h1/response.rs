//! The response on its way into the connection.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{BufMut, Bytes};
use http::{HeaderMap, HeaderValue, StatusCode, header, response::Parts};
use hyper::ext::ReasonPhrase;

use super::{super::outgoing::Promise, Ended, wire::Wire};
use crate::http::{
    body::BodyError,
    date,
    h1::{Output, fields, number},
    hop_by_hop::has_token,
};

/// What decides the form of a response.
#[derive(Debug, Clone, Copy)]
pub(super) struct To {
    /// Whether the request was HEAD.
    pub(super) head: bool,
    /// Whether it was CONNECT.
    pub(super) connect: bool,
    /// Whether the client speaks HTTP/1.0.
    pub(super) old: bool,
    /// Whether the connection may stay.
    pub(super) keep: bool,
}

/// What of a body is still to be sent, and how.
enum Rest {
    Nothing,
    /// As many bytes as were promised.
    Length(Promise),
    Chunked,
    /// Up to the end of the connection.
    Close,
}

/// A response that is being sent.
pub(super) struct Sending<B> {
    body: B,
    rest: Rest,
    /// Whether the body was not asked for anything yet: what it has at once is sent with the head.
    fresh: bool,
    /// Whether another request may follow.
    pub(super) keep: bool,
}

/// The body is shorter than was announced.
#[derive(Debug, thiserror::Error)]
#[error("the body is shorter than was announced")]
struct TooShort;

impl<B> Sending<B>
where
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    /// Writes the head.
    pub(super) fn new(head: &Parts, body: B, to: To, out: &mut Vec<u8>) -> Self {
        let To { head: to_head, connect, old, keep } = to;
        let (status, headers) = (head.status, &head.headers);
        put_status(head, old, out);
        let (has_connection, announced) = put_fields(headers, out);
        let bodiless = status == StatusCode::NO_CONTENT || connect && status.is_success();
        let no_content = bodiless || to_head || status == StatusCode::NOT_MODIFIED;
        let length = match announced {
            _ if bodiless => None,
            None if no_content && (body.is_end_stream() || !to_head) => None,
            None => body.size_hint().exact(),
            announced => announced,
        };
        let rest = match length {
            _ if no_content => Rest::Nothing,
            Some(0) => Rest::Nothing,
            Some(length) => Rest::Length(Promise::new(Some(length))),
            None if old => Rest::Close,
            None => Rest::Chunked,
        };
        match (length, &rest) {
            (Some(length), _) => fields::put_length(length, out),
            (None, Rest::Chunked) => out.put_slice(b"Transfer-Encoding: chunked\r\n"),
            (None, _) => {}
        }
        let says_close = has_connection && has_token(headers, &header::CONNECTION, "close");
        let closes = says_close || matches!(rest, Rest::Close) || connect && bodiless;
        let keep = keep && !closes;
        if !keep && !says_close {
            out.put_slice(b"Connection: close\r\n");
        } else if old && keep && !has_connection {
            out.put_slice(b"Connection: keep-alive\r\n");
        }
        out.put_slice(b"\r\n");
        Self { body, rest, fresh: true, keep }
    }

    /// Ready when all of it is with the client.
    pub(super) fn poll(
        &mut self,
        wire: &Wire,
        output: &mut Output,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Ended>> {
        loop {
            let mut waits = false;
            if (self.fresh || output.is_empty()) && !self.is_over() {
                self.fresh = false;
                match self.poll_next(output, cx) {
                    Poll::Ready(put) => put?,
                    Poll::Pending => waits = true,
                }
            }
            let mut state = wire.state();
            let Some(stream) = &mut state.stream else { return Poll::Ready(Err(Ended::Gone)) };
            // A client that is written to may have ended its side: that it has gone is what writing tells.
            ready!(output.poll_write(stream, cx))?;
            if waits {
                return state.poll_gone(cx).map(|()| Err(Ended::Gone));
            }
            if self.is_over() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Makes what the body has next ready to be sent.
    pub(super) fn poll_next(&mut self, output: &mut Output, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.transpose().map_err(Ended::Body).and_then(|frame| self.put(frame, output)))
    }

    /// Whether nothing more comes of the body.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.rest, Rest::Nothing)
    }

    /// Makes the next frame ready to be sent; `None` is the end of the body.
    fn put(&mut self, frame: Option<http_body::Frame<Bytes>>, output: &mut Output) -> Result<(), Ended> {
        let last = self.body.is_end_stream();
        let ended = match (frame.map(http_body::Frame::into_data), &mut self.rest) {
            (Some(Ok(data)), Rest::Length(promise)) => {
                let (data, _) = promise.take(data, last).map_err(|_| Ended::Body(TooShort.into()))?;
                output.put_data(data);
                promise.is_kept()
            }
            (Some(Ok(data)), Rest::Chunked) => {
                output.put_chunk(data, last);
                last
            }
            (Some(Ok(data)), Rest::Close) => {
                output.put_data(data);
                last
            }
            (Some(Err(frame)), Rest::Chunked) => {
                output.put_trailers(&frame.into_trailers().unwrap_or_default());
                true
            }
            (None, Rest::Length(_)) => return Err(Ended::Body(TooShort.into())),
            (None, Rest::Chunked) => {
                output.put_chunk(Bytes::new(), true);
                true
            }
            (None, Rest::Close) | (_, Rest::Nothing) => true,
            (Some(Err(_)), Rest::Length(_) | Rest::Close) => false,
        };
        if ended {
            self.rest = Rest::Nothing;
        }
        Ok(())
    }
}

/// Writes the head of a response that switches protocols.
pub(super) fn put_switch(head: &Parts, out: &mut Vec<u8>) {
    put_status(head, false, out);
    put_fields(&head.headers, out);
    out.put_slice(b"\r\n");
}

/// Writes a whole response that ends its connection: the request cannot be taken.
pub(super) fn put_refusal(status: StatusCode, out: &mut Vec<u8>) {
    let (mut head, ()) = http::Response::new(()).into_parts();
    head.status = status;
    put_status(&head, false, out);
    out.put_slice(b"Connection: close\r\nContent-Length: 0\r\n");
    fields::put(&header::DATE, &date::now(), out);
    out.put_slice(b"\r\n");
}

/// Writes a response that comes before the final one.
pub(super) fn put_interim(status: StatusCode, headers: &HeaderMap, out: &mut Vec<u8>) {
    put_line(status, status.canonical_reason().unwrap_or_default().as_bytes(), false, out);
    for (name, value) in headers {
        fields::put(name, value, out);
    }
    out.put_slice(b"\r\n");
}

fn put_status(head: &Parts, old: bool, out: &mut Vec<u8>) {
    let status = head.status;
    if status == StatusCode::OK && !old && head.extensions.is_empty() {
        return out.put_slice(b"HTTP/1.1 200 OK\r\n");
    }
    let reason = head.extensions.get::<ReasonPhrase>().map(ReasonPhrase::as_bytes);
    put_line(
        status,
        reason.unwrap_or_else(|| status.canonical_reason().unwrap_or_default().as_bytes()),
        old,
        out,
    );
}

fn put_line(status: StatusCode, reason: &[u8], old: bool, out: &mut Vec<u8>) {
    let version: &[u8] = if old { b"HTTP/1.0 " } else { b"HTTP/1.1 " };
    for part in [version, status.as_str().as_bytes(), b" ", reason, b"\r\n"] {
        out.put_slice(part);
    }
}

/// Writes the fields that handlers have set, but for how the body is sent; with the date. Whether there is a `Connection`
/// among them, and the length that they announce.
fn put_fields(headers: &HeaderMap, out: &mut Vec<u8>) -> (bool, Option<u64>) {
    let (mut connection, mut length, mut dated) = (false, None, false);
    for (name, value) in headers {
        match *name {
            header::CONTENT_LENGTH => {
                length = length.or_else(|| number(value.as_bytes()));
                continue;
            }
            header::TRANSFER_ENCODING => continue,
            header::CONNECTION => connection = true,
            header::DATE => dated = true,
            _ => {}
        }
        fields::put(name, value, out);
    }
    if !dated {
        let now: HeaderValue = date::now();
        fields::put(&header::DATE, &now, out);
    }
    (connection, length)
}
