//! Messages of HTTP/1.1 through the proxy without sockets, and what must hold of what goes on, for `fuzz/`.

use std::{
    collections::VecDeque,
    pin::Pin,
    slice::Chunks,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use http_body::{Frame, SizeHint};

use crate::http::{
    Body, Exchange,
    body::BodyError,
    connection::whole as client_side,
    exchange::Connection,
    h1::{Framing, Input, Piece},
    handlers::reverse_proxy::whole as upstream_side,
    trailers,
};

/// The longest head, and the longest trailers.
const MOST: usize = 16 << 10;

/// A message that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// Method and target, or the status.
    line: String,
    fields: HeaderMap,
    body: Vec<u8>,
    trailers: HeaderMap,
    /// What the head says of the length, as [`SizeHint::exact`] has it.
    length: Option<u64>,
    /// Whether the end of the connection is its end.
    closes: bool,
    /// Bytes that were not its.
    rest: usize,
}

/// A body that is there, in pieces.
#[derive(Debug)]
pub(crate) struct Pieces {
    frames: VecDeque<Piece>,
    length: Option<u64>,
}

/// Reads what follows a head; `None` if it is refused, or not all of it is there.
pub(crate) fn finish(
    line: String,
    fields: HeaderMap,
    framing: &mut Framing,
    input: &mut Input,
    mut more: Chunks<'_, u8>,
    most: usize,
) -> Option<Message> {
    let (length, closes) = (framing.size_hint().exact(), *framing == Framing::Close);
    let mut message =
        Message { line, fields, body: Vec::new(), trailers: HeaderMap::new(), length, closes, rest: 0 };
    loop {
        match framing.next(&mut input.bytes, most).ok()? {
            Some(Piece::Data(data)) => message.body.extend_from_slice(&data),
            Some(Piece::Trailers(fields)) => message.trailers = fields,
            Some(Piece::End) => break,
            None => match more.next() {
                Some(piece) => input.bytes.extend_from_slice(piece),
                None => {
                    framing.closed().ok()?;
                    break;
                }
            },
        }
    }
    message.rest = input.bytes.len() + more.map(<[u8]>::len).sum::<usize>();
    Some(message)
}

impl Message {
    /// The body in two pieces, and its trailers.
    fn pieces(&self) -> Pieces {
        let (one, other) = self.body.split_at(self.body.len() / 2);
        let data = [one, other].into_iter().filter(|data| !data.is_empty());
        let mut frames: VecDeque<_> = data.map(|data| Piece::Data(Bytes::copy_from_slice(data))).collect();
        if !self.trailers.is_empty() {
            frames.push_back(Piece::Trailers(self.trailers.clone()));
        }
        Pieces { frames, length: self.length }
    }

    /// The trailers that may go on to an upstream.
    fn trailers(&self, aliases: bool) -> HeaderMap {
        let mut fields = self.trailers.clone();
        trailers::strip(&mut fields);
        if !aliases {
            trailers::strip_aliases(&mut fields);
        }
        fields
    }
}

impl Pieces {
    /// Bytes of all of it.
    pub(crate) fn len(&self) -> usize {
        let lengths = self.frames.iter().map(|piece| match piece {
            Piece::Data(data) => data.len(),
            Piece::Trailers(fields) => {
                fields.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
            }
            Piece::End => 0,
        });
        lengths.sum()
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(match self.frames.pop_front() {
            Some(Piece::Data(data)) => {
                self.length = self.length.map(|length| length - data.len() as u64);
                Some(Ok(Frame::data(data)))
            }
            Some(Piece::Trailers(fields)) => Some(Ok(Frame::trailers(fields))),
            Some(Piece::End) | None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.length.is_none_or(|length| length == 0)
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A request from a client on its way to an upstream.
///
/// # Panics
/// When it is another one if its bytes come in other pieces, or the upstream could take it for another one.
pub fn request(bytes: &[u8], step: usize) {
    let read = client_side::read(bytes, bytes.len().max(1), MOST);
    let Some(read) = read else {
        return assert_eq!(None, client_side::read(bytes, step.max(1), MOST));
    };
    assert_eq!(Some(&read), client_side::read(bytes, step.max(1), MOST).as_ref());
    assert!(read.length.is_none_or(|length| length == read.body.len() as u64));
    let (method, uri) = read.line.split_once(' ').expect("both were there");
    if method == Method::CONNECT {
        return;
    }
    let uri: Uri = uri.parse().expect("it was one");
    let target = uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let exchange = exchange(method, &uri, &target, &read);
    let fields = upstream_side::fields(&exchange);
    for lent in [None, Some(&exchange)] {
        let mut request = Request::new(read.pieces());
        *request.method_mut() = exchange.request.method.clone();
        *request.uri_mut() = exchange.request.uri.clone();
        if lent.is_none() {
            *request.headers_mut() = fields.clone();
        }
        let written = upstream_side::write(request, lent);
        let again =
            client_side::read(&written, written.len(), usize::MAX).expect("what goes on is a request");
        assert_eq!(again.rest, 0, "nothing goes on but the request");
        assert_eq!(again.line, format!("{method} {target}"));
        assert_eq!(again.body, read.body);
        assert_eq!(again.trailers, read.trailers(false));
        assert_one_framing(&written, &again);
        assert_eq!(again.fields.get_all(header::HOST).iter().count(), 1);
        assert_same_fields(fields.clone(), again.fields);
    }
}

/// The request as handlers get it.
fn exchange(method: &str, uri: &Uri, target: &str, read: &Message) -> Exchange {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = method.parse().expect("it was one");
    parts.uri = target.parse().expect("it was one");
    parts.headers = read.fields.clone();
    let host = uri.authority().and_then(|authority| authority.host().parse().ok());
    let host = host.or_else(|| parts.headers.get(header::HOST).cloned());
    parts.headers.insert(header::HOST, host.unwrap_or(HeaderValue::from_static("upstream")));
    Exchange::new(parts, Body::Empty, Arc::new(Connection::new(None, None, None)))
}

/// A response from an upstream on its way to a client, to HEAD or not, perhaps over HTTP/1.0.
///
/// # Panics
/// As [`request`] does.
pub fn response(bytes: &[u8], step: usize, head: bool, old: bool) {
    let read = upstream_side::read(bytes, bytes.len().max(1), MOST, head);
    let Some(read) = read else {
        return assert_eq!(None, upstream_side::read(bytes, step.max(1), MOST, head));
    };
    assert_eq!(Some(&read), upstream_side::read(bytes, step.max(1), MOST, head).as_ref());
    let fields = upstream_side::passed_on(read.fields.clone());
    let mut response = Response::new(read.pieces());
    *response.status_mut() = read.line.parse().expect("it was one");
    *response.headers_mut() = fields.clone();
    let written = client_side::write(response, head, old);
    let again =
        upstream_side::read(&written, written.len(), usize::MAX, head).expect("what goes on is a response");
    assert_eq!(again.rest, 0, "nothing goes on but the response");
    assert_eq!((&again.line, &again.body), (&read.line, &read.body));
    if again.closes {
        assert!(old && again.fields.get(header::CONNECTION).is_some_and(|value| value == "close"));
    } else if again.length.is_none() {
        assert_eq!(again.trailers, read.trailers(true));
    }
    assert_one_framing(&written, &again);
    assert_same_fields(fields, again.fields);
}

/// The head says in one way only how long the body is.
fn assert_one_framing(written: &[u8], read: &Message) {
    let framings = read.fields.get_all(header::CONTENT_LENGTH).iter().count()
        + read.fields.get_all(header::TRANSFER_ENCODING).iter().count();
    assert!(framings <= 1, "{}", String::from_utf8_lossy(written));
}

/// What goes on is what came, but for how it is sent.
fn assert_same_fields(mut before: HeaderMap, mut after: HeaderMap) {
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::DATE] {
        before.remove(&name);
        after.remove(&name);
    }
    assert_eq!(before, after);
}

#[cfg(test)]
mod tests {
    use super::{request, response};

    const PARTS: [&str; 24] = [
        "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;x\r\nbody\r\n0\r\nX-T: 1\r\n\r\n",
        "HEAD http://b/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-T: 1\r\nHost: b\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.0 200\r\n\r\nbody",
        "\r\n",
        "\n",
        "\r",
        " ",
        ":",
        "\0",
        "#",
        "Content-Length: 7\r\n",
        "Content-Length: 4\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Connection: Host, Content-Length, close\r\n",
        "Host: b\r\n",
        "X: a\r\n b\r\n",
        "0\r\n\r\n",
        "0\r\nContent-Length: 1\r\nA_b: c\r\n\r\n",
    ];

    /// The fuzz targets find more; this is what is found in a moment.
    #[test]
    fn messages_that_somebody_has_spoilt_go_on_as_they_are_or_not_at_all() {
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..20_000 {
            let mut bytes = PARTS[random.usize(..8)].as_bytes().to_vec();
            for _ in 0..random.usize(..4) {
                let (at, part) = (random.usize(..=bytes.len()), PARTS[random.usize(8..PARTS.len())]);
                let end = (at + random.usize(..4)).min(bytes.len());
                bytes.splice(at..end, part.bytes());
            }
            let step = random.usize(1..20);
            request(&bytes, step);
            response(&bytes, step, random.bool(), random.bool());
        }
    }
}
