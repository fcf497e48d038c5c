//! The response of a responder: a CGI head (RFC 3875, section 6), then the body.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::io::AsyncRead;

use super::record::{Record, Records};
use crate::{
    http::{
        Body,
        body::{BodyError, announced_length},
    },
    logging::{Level, Logger},
};

/// Longer heads are refused.
const MOST_HEAD: usize = 1 << 20;
/// How long a responder may take to say that it is done after the last byte of a response.
const GOODBYE: Duration = Duration::from_secs(1);
/// What is kept of the standard error of a request.
const MOST_STDERR: usize = 64 << 10;

/// Takes a connection back once the response is through.
pub(super) type Lease<R> = Box<dyn FnOnce(R)>;

/// Why there is no response.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) error: io::Error,
    /// Whether the responder had begun to answer.
    pub(super) begun: bool,
}

/// Reads the head. The body follows as the client takes it; after a HEAD there is none.
pub(super) async fn read<R>(
    mut records: Records<R>,
    bodiless: bool,
    stderr: Option<Logger>,
    lease: Option<Lease<R>>,
) -> Result<Response<Body>, Broken>
where
    R: AsyncRead + Unpin + 'static,
{
    let head = match read_head(&mut records).await {
        Ok(head) => head,
        Err(error) => return Err(Broken { error, begun: records.begun }),
    };
    let Head { response, first, errors, ended } = head;
    let status = response.status();
    let length = announced_length(response.headers()).and_then(|length| usize::try_from(length).ok());
    let bodiless = bodiless || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let mut body = Stdout {
        first,
        records: Some(records),
        ended: false,
        remaining: if bodiless { Some(0) } else { length },
        errors,
        stderr,
        status,
        lease,
    };
    if ended {
        body.end();
    }
    if body.first.is_empty() {
        body.let_go();
    }
    Ok(response.map(|()| Body::Boxed(Box::pin(body))))
}

struct Head {
    response: Response<()>,
    /// What came of the body with it.
    first: Bytes,
    errors: BytesMut,
    /// Whether nothing follows.
    ended: bool,
}

async fn read_head<R: AsyncRead + Unpin>(records: &mut Records<R>) -> io::Result<Head> {
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
    Ok(Head { response, first, errors, ended })
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
    /// `None` at the end.
    records: Option<Records<R>>,
    ended: bool,
    /// How much is still to come, if the head tells.
    remaining: Option<usize>,
    errors: BytesMut,
    stderr: Option<Logger>,
    status: StatusCode,
    lease: Option<Lease<R>>,
}

impl<R: AsyncRead + Unpin> Stdout<R> {
    fn end(&mut self) {
        self.ended = true;
        let reader = self.records.take().and_then(Records::into_reader);
        if let Some((lease, reader)) = self.lease.take().zip(reader) {
            lease(reader);
        }
    }
}

impl<R: AsyncRead + Unpin + 'static> Stdout<R> {
    /// Passes a piece on.
    fn pass(&mut self, data: Bytes) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.remaining = self.remaining.map(|remaining| remaining.saturating_sub(data.len()));
        self.let_go();
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    /// After the last byte that the head has announced nobody asks for more, but the connection can only be kept once the
    /// responder has said that it is done.
    fn let_go(&mut self) {
        if self.remaining == Some(0) && self.lease.is_some() && !self.ended {
            let mut rest = Self {
                first: Bytes::new(),
                records: self.records.take(),
                ended: std::mem::replace(&mut self.ended, true),
                remaining: None,
                errors: std::mem::take(&mut self.errors),
                stderr: self.stderr.take(),
                status: self.status,
                lease: self.lease.take(),
            };
            tokio::task::spawn_local(async move {
                // What goes beyond the announced length costs the connection.
                drop(tokio::time::timeout(GOODBYE, rest.frame()).await);
            });
        }
    }
}

impl<R: AsyncRead + Unpin + 'static> http_body::Body for Stdout<R> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = self.get_mut();
        if !body.first.is_empty() {
            let first = std::mem::take(&mut body.first);
            return body.pass(first);
        }
        while let Some(records) = &mut body.records {
            match ready!(records.poll_next(cx)) {
                Ok(Record::Stdout(data)) => return body.pass(data),
                Ok(Record::Stderr(data)) => keep(&mut body.errors, &data),
                Ok(Record::End) => body.end(),
                Err(error) => {
                    body.lease = None;
                    body.end();
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
