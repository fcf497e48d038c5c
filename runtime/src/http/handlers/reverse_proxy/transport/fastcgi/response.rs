//! The response of a responder: a CGI head (RFC 3875, section 6), then the body.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use tokio::io::AsyncRead;

use super::record::{Record, Records};
use crate::{
    http::{Body, body::BodyError},
    logging::{Level, Logger},
};

/// Longer heads are refused.
const MOST_HEAD: usize = 1 << 20;
/// What is kept of the standard error of a request.
const MOST_STDERR: usize = 64 << 10;

/// Reads the head. The body follows as the client takes it.
pub(super) async fn read<R>(mut records: Records<R>, stderr: Option<Logger>) -> io::Result<Response<Body>>
where
    R: AsyncRead + Unpin + 'static,
{
    let (mut head, mut errors) = (BytesMut::new(), BytesMut::new());
    let (end, ended) = loop {
        if let Some(end) = end_of_head(&head) {
            break (end, false);
        }
        if head.len() > MOST_HEAD {
            return Err(io::Error::other("the head of the response is too long"));
        }
        match poll_fn(|cx| records.poll_next(cx)).await? {
            Record::Stdout(data) => head.extend_from_slice(&data),
            Record::Stderr(data) => keep(&mut errors, &data),
            Record::End => break (head.len(), true),
        }
    };
    let first = head.split_off(end).freeze();
    let mut response = parse(&head)?;
    if response.headers_mut().remove(header::TRANSFER_ENCODING).is_some() {
        return Err(io::Error::other("the response has a transfer coding, which FastCGI has not"));
    }
    let status = response.status();
    let body = Stdout { first, records, ended, errors, stderr, status };
    Ok(response.map(|()| Body::Boxed(Box::pin(body))))
}

/// Where the body begins, once the empty line is there.
fn end_of_head(head: &[u8]) -> Option<usize> {
    let mut line = 0;
    for (at, _) in head.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if matches!(&head[line..at], b"" | b"\r") {
            return Some(at + 1);
        }
        line = at + 1;
    }
    None
}

fn parse(head: &[u8]) -> io::Result<Response<()>> {
    let mut response = Response::new(());
    for line in head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
        let malformed = || io::Error::other(format!("malformed line {:?}", String::from_utf8_lossy(line)));
        let colon = line.iter().position(|byte| *byte == b':').ok_or_else(malformed)?;
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"status") {
            let code = value.split(|byte| *byte == b' ').next().unwrap_or_default();
            *response.status_mut() = StatusCode::from_bytes(code).map_err(|_| malformed())?;
        } else {
            let name = HeaderName::from_bytes(name).map_err(|_| malformed())?;
            response.headers_mut().append(name, HeaderValue::from_bytes(value).map_err(|_| malformed())?);
        }
    }
    Ok(response)
}

fn keep(errors: &mut BytesMut, data: &[u8]) {
    let room = MOST_STDERR.saturating_sub(errors.len());
    errors.extend_from_slice(&data[..data.len().min(room)]);
}

/// What a responder writes to its standard output after the head.
struct Stdout<R> {
    first: Bytes,
    records: Records<R>,
    ended: bool,
    errors: BytesMut,
    stderr: Option<Logger>,
    status: StatusCode,
}

impl<R: AsyncRead + Unpin> http_body::Body for Stdout<R> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = self.get_mut();
        if !body.first.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut body.first)))));
        }
        while !body.ended {
            match ready!(body.records.poll_next(cx)) {
                Ok(Record::Stdout(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Record::Stderr(data)) => keep(&mut body.errors, &data),
                Ok(Record::End) => body.ended = true,
                Err(error) => {
                    body.ended = true;
                    return Poll::Ready(Some(Err(error.into())));
                }
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.first.is_empty()
    }
}

impl<R> Drop for Stdout<R> {
    fn drop(&mut self) {
        let Some(logger) = self.stderr.as_ref().filter(|_| !self.errors.is_empty()) else { return };
        let bad = self.status.is_client_error() || self.status.is_server_error();
        logger.log(if bad { Level::Error } else { Level::Warn }, "stderr", |fields| {
            fields.add("body", &*String::from_utf8_lossy(&self.errors));
        });
    }
}
