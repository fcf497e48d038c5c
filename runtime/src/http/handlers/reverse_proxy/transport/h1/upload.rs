//! A request on its way to the upstream: its head, then its body as it comes.

use std::{
    io::{self, Write},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{BufMut, Bytes};
use http::{HeaderMap, Method, Uri, header};
use http_body::{Body as _, Frame};

use super::{
    super::{
        super::request::Fields,
        outgoing::{Lent, Outgoing},
    },
    Broken,
};
use crate::{
    http::{
        Body,
        h1::{Output, fields, number},
        trailers,
    },
    tunnel::Leg,
};

#[derive(Default)]
pub(super) struct Upload {
    body: Body,
    /// What of the body has yet to be asked for.
    rest: Rest,
    output: Output,
    failed: Option<io::Error>,
}

/// How much of a body is to come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Rest {
    #[default]
    Nothing,
    Length(u64),
    Chunked,
}

impl Upload {
    /// Writes the head of a request, and takes its body. `last`: no other follows on the connection.
    pub(super) fn begin(&mut self, request: &mut Outgoing<'_>, last: bool) {
        let mut output = Output::default();
        let out = output.head();
        let (says, body) = match request {
            Outgoing::Lent(Lent { method, uri, fields, body }) => {
                put_line(method, uri, out);
                (put_lent(fields, out), std::mem::take(body))
            }
            Outgoing::Whole(request) => {
                put_line(request.method(), request.uri(), out);
                (put_fields(request.headers(), out), std::mem::take(request.body_mut()))
            }
        };
        if last && !says.connection {
            out.put_slice(b"Connection: close\r\n");
        }
        let rest = put_length(says.length, &body, out);
        out.put_slice(b"\r\n");
        *self = Self { rest, output, ..Self::default() };
        match body {
            Body::Full(content) => {
                self.rest = Rest::Nothing;
                self.output.put_data(content);
            }
            body => self.body = body,
        }
    }

    /// Nothing more is sent: the buffer is free.
    pub(super) fn free(&mut self) {
        self.output.free();
        self.body = Body::Empty;
    }

    /// Whether there is nothing more to be sent, or nobody who takes it.
    pub(super) fn is_over(&self) -> bool {
        self.failed.is_some() || self.is_done()
    }

    /// Whether all of it is with the upstream.
    pub(super) fn is_done(&self) -> bool {
        self.failed.is_none() && self.rest == Rest::Nothing && self.output.is_empty()
    }

    /// Whether nothing of it was sent.
    pub(super) fn is_untouched(&self) -> bool {
        !self.output.is_touched()
    }

    pub(super) fn into_body(self) -> Body {
        self.body
    }

    /// Why it could not be sent.
    pub(super) fn failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    /// Sends what there is. An upstream that takes no more is no error here: it may have answered before.
    ///
    /// # Errors
    /// When the body breaks off.
    pub(super) fn poll(&mut self, leg: &mut Leg, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if self.failed.is_some() {
            return Poll::Ready(Ok(()));
        }
        loop {
            match self.output.poll_write(leg, cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.failed = Some(error);
                    return Poll::Ready(Ok(()));
                }
                Poll::Pending => return Poll::Pending,
            }
            if self.rest == Rest::Nothing {
                return Poll::Ready(Ok(()));
            }
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
            match frame.transpose().map_err(Broken::Body)? {
                Some(frame) => self.frame(frame)?,
                None => self.end()?,
            }
        }
    }

    fn frame(&mut self, frame: Frame<Bytes>) -> Result<(), Broken> {
        match (frame.into_data(), self.rest) {
            (Ok(data), Rest::Length(left)) => {
                let left = left.checked_sub(data.len() as u64).ok_or(Broken::Length)?;
                self.rest = if left == 0 { Rest::Nothing } else { Rest::Length(left) };
                self.output.put_data(data);
            }
            (Ok(data), Rest::Chunked) => self.output.put_chunk(data, false),
            (Err(frame), Rest::Chunked) => {
                let mut fields = frame.into_trailers().unwrap_or_default();
                trailers::strip_aliases(&mut fields);
                self.output.put_trailers(&fields);
                self.rest = Rest::Nothing;
            }
            (Ok(_), Rest::Nothing) | (Err(_), _) => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Broken> {
        match self.rest {
            Rest::Length(_) => return Err(Broken::Length),
            Rest::Chunked => self.output.put_chunk(Bytes::new(), true),
            Rest::Nothing => {}
        }
        self.rest = Rest::Nothing;
        Ok(())
    }
}

/// Writes the request line. A proxy gets the whole URL.
fn put_line(method: &Method, uri: &Uri, out: &mut Vec<u8>) {
    out.put_slice(method.as_str().as_bytes());
    out.put_u8(b' ');
    if uri.scheme().is_some() {
        write!(out, "{uri}").expect("a buffer grows");
    } else {
        out.put_slice(uri.path_and_query().map_or("/", |target| target.as_str()).as_bytes());
    }
    out.put_slice(b" HTTP/1.1\r\n");
}

/// What is said of the message itself.
struct Says {
    /// Whether there is something about the connection.
    connection: bool,
    /// Whether there is a length, and which.
    length: Option<Option<u64>>,
}

/// Writes all fields but the length. The host should come first (RFC 9110, section 7.2).
fn put_fields(headers: &HeaderMap, out: &mut Vec<u8>) -> Says {
    if let Some(host) = headers.get(header::HOST) {
        fields::put(&header::HOST, host, out);
    }
    for (name, value) in headers {
        if !matches!(*name, header::HOST | header::CONTENT_LENGTH | header::TRANSFER_ENCODING) {
            fields::put(name, value, out);
        }
    }
    let length = headers.get(header::CONTENT_LENGTH);
    Says {
        connection: headers.contains_key(header::CONNECTION),
        length: length.map(|length| number(length.as_bytes())),
    }
}

/// The same with fields that were not collected.
fn put_lent(lent: &Fields<'_>, out: &mut Vec<u8>) -> Says {
    if let Some(host) = lent.host() {
        fields::put(&header::HOST, host, out);
    }
    lent.each(|name, value| fields::put(name, value, out));
    Says { connection: lent.upgrades(), length: lent.length().map(|length| number(length.as_bytes())) }
}

/// Says how long the body is, which decides how it is sent (RFC 9112, section 6.1). `said` is what was said already.
fn put_length(said: Option<Option<u64>>, body: &Body, out: &mut Vec<u8>) -> Rest {
    let length = match body.size_hint().exact() {
        Some(0) if said.is_none() => return Rest::Nothing,
        Some(length) => length,
        None => {
            let Some(length) = said.flatten() else {
                out.put_slice(b"Transfer-Encoding: chunked\r\n");
                return Rest::Chunked;
            };
            length
        }
    };
    fields::put_length(length, out);
    if length == 0 { Rest::Nothing } else { Rest::Length(length) }
}
