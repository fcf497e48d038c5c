//! A request on its way to the upstream: its head, then its body as it comes.

use std::{
    fmt::Write,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use http_body::{Body as _, Frame};
use tokio::io::AsyncWrite;

use super::{super::Request, Broken, buffers};
use crate::{
    http::{Body, body::announced_length, gathered},
    tunnel::Leg,
};

/// A body in memory up to this size is sent in one piece with the head.
const SHORT: usize = 2048;

/// Fields that mean something for the message itself do not belong behind it (RFC 9110, section 6.5.1).
const NO_TRAILERS: [HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::HOST,
    header::TRAILER,
    header::TE,
    header::CONNECTION,
];

#[derive(Default)]
pub(super) struct Upload {
    body: Body,
    /// What of the body has yet to be asked for.
    rest: Rest,
    /// What is to be written, in this order: a head or the beginning of a chunk, content, the end of a chunk.
    out: BytesMut,
    data: Bytes,
    tail: &'static [u8],
    touched: bool,
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
    /// Writes the head of a request. `last`: no other follows on the connection.
    pub(super) fn begin(&mut self, request: Request, last: bool) {
        let (parts, body) = request.into_parts();
        let mut out = buffers::take();
        out.put_slice(parts.method.as_str().as_bytes());
        out.put_u8(b' ');
        put_target(&parts.uri, &mut out);
        out.put_slice(b" HTTP/1.1\r\n");
        // It should come first (RFC 9110, section 7.2).
        if let Some(host) = parts.headers.get(header::HOST) {
            put_field(&header::HOST, host, &mut out);
        }
        for (name, value) in &parts.headers {
            if !matches!(*name, header::HOST | header::CONTENT_LENGTH | header::TRANSFER_ENCODING) {
                put_field(name, value, &mut out);
            }
        }
        if last && !parts.headers.contains_key(header::CONNECTION) {
            out.put_slice(b"Connection: close\r\n");
        }
        let rest = put_length(&parts.headers, &body, &mut out);
        out.put_slice(b"\r\n");
        *self = Self { rest, out, ..Self::default() };
        match body {
            Body::Full(content) => {
                self.rest = Rest::Nothing;
                if content.len() <= SHORT {
                    self.out.put_slice(&content);
                } else {
                    self.data = content;
                }
            }
            body => self.body = body,
        }
    }

    /// Nothing more is sent: the buffer is free.
    pub(super) fn free(&mut self) {
        buffers::give(std::mem::take(&mut self.out));
        self.body = Body::Empty;
    }

    /// Whether there is nothing more to be sent, or nobody who takes it.
    pub(super) fn is_over(&self) -> bool {
        self.failed.is_some() || self.is_done()
    }

    /// Whether all of it is with the upstream.
    pub(super) fn is_done(&self) -> bool {
        self.failed.is_none() && self.rest == Rest::Nothing && self.is_written()
    }

    /// Whether nothing of it was sent.
    pub(super) fn is_untouched(&self) -> bool {
        !self.touched
    }

    pub(super) fn into_body(self) -> Body {
        self.body
    }

    /// Why it could not be sent.
    pub(super) fn failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    fn is_written(&self) -> bool {
        self.out.is_empty() && self.data.is_empty() && self.tail.is_empty()
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
            match self.poll_write(leg, cx) {
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

    /// Writes and flushes what is there.
    fn poll_write(&mut self, leg: &mut Leg, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_written() {
            let written = if self.data.is_empty() && self.tail.is_empty() {
                Pin::new(&mut *leg).poll_write(cx, &self.out)
            } else {
                let slices = [IoSlice::new(&self.out), IoSlice::new(&self.data), IoSlice::new(self.tail)];
                gathered::poll_write(leg, cx, &slices)
            };
            let mut written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.touched = true;
            let mut advance = |part: &mut dyn Buf| {
                let count = written.min(part.remaining());
                part.advance(count);
                written -= count;
            };
            advance(&mut self.out);
            advance(&mut self.data);
            advance(&mut self.tail);
        }
        Pin::new(leg).poll_flush(cx)
    }

    fn frame(&mut self, frame: Frame<Bytes>) -> Result<(), Broken> {
        match (frame.into_data(), self.rest) {
            (Ok(data), Rest::Length(left)) => {
                let left = left.checked_sub(data.len() as u64).ok_or(Broken::Length)?;
                self.rest = if left == 0 { Rest::Nothing } else { Rest::Length(left) };
                self.data = data;
            }
            (Ok(data), Rest::Chunked) if !data.is_empty() => {
                self.out.clear();
                write!(self.out, "{:x}\r\n", data.len()).expect("a buffer grows");
                self.data = data;
                self.tail = b"\r\n";
            }
            (Err(frame), Rest::Chunked) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                self.out.clear();
                self.out.put_slice(b"0\r\n");
                for (name, value) in trailers.iter().filter(|(name, _)| !NO_TRAILERS.contains(name)) {
                    put_field(name, value, &mut self.out);
                }
                self.out.put_slice(b"\r\n");
                self.rest = Rest::Nothing;
            }
            (Ok(_) | Err(_), _) => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Broken> {
        match self.rest {
            Rest::Length(_) => return Err(Broken::Length),
            Rest::Chunked => self.tail = b"0\r\n\r\n",
            Rest::Nothing => {}
        }
        self.rest = Rest::Nothing;
        Ok(())
    }
}

/// The target as it is asked for: a proxy gets the whole URL.
fn put_target(uri: &Uri, out: &mut BytesMut) {
    if uri.scheme().is_some() {
        write!(out, "{uri}").expect("a buffer grows");
        return;
    }
    out.put_slice(uri.path_and_query().map_or("/", |target| target.as_str()).as_bytes());
}

/// One field, its name in the spelling that Go gives it.
fn put_field(name: &HeaderName, value: &HeaderValue, out: &mut BytesMut) {
    let start = out.len();
    out.put_slice(name.as_str().as_bytes());
    let mut begins = true;
    for byte in &mut out[start..] {
        if begins {
            byte.make_ascii_uppercase();
        }
        begins = *byte == b'-';
    }
    out.put_slice(b": ");
    out.put_slice(value.as_bytes());
    out.put_slice(b"\r\n");
}

/// Says how long the body is, which decides how it is sent (RFC 9112, section 6.1).
fn put_length(headers: &HeaderMap, body: &Body, out: &mut BytesMut) -> Rest {
    let length = match body.size_hint().exact() {
        Some(0) if !headers.contains_key(header::CONTENT_LENGTH) => return Rest::Nothing,
        Some(length) => length,
        None => {
            let Some(length) = announced_length(headers) else {
                out.put_slice(b"Transfer-Encoding: chunked\r\n");
                return Rest::Chunked;
            };
            length
        }
    };
    write!(out, "Content-Length: {length}\r\n").expect("a buffer grows");
    if length == 0 { Rest::Nothing } else { Rest::Length(length) }
}
