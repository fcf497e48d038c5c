//! `compression`: asks upstreams for gzip where the client asks for no coding at all, and takes it off again.

use std::{
    io::Write,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;
use http::{HeaderValue, Method, Response, header};
use http_body::Frame;

use super::Request;
use crate::http::{Body, body::BodyError};

/// Decoded at once: what comes of it has to fit into memory, and gzip can make a thousand times as much.
const PIECE: usize = 2048;

/// Asks for gzip, if that can be hidden from the client; whether it did. Go does the same.
pub(super) fn ask(request: &mut Request) -> bool {
    let headers = request.headers_mut();
    let taken = [header::ACCEPT_ENCODING, header::RANGE, header::UPGRADE];
    if taken.iter().any(|name| headers.contains_key(name)) {
        return false;
    }
    if *request.method() == Method::HEAD {
        return false;
    }
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    true
}

/// Takes the coding off a response, if it has it.
pub(super) fn take_off(response: &mut Response<Body>) {
    let coding = response.headers().get(header::CONTENT_ENCODING);
    if response.body().is_empty()
        || !coding.is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"gzip"))
    {
        return;
    }
    response.headers_mut().remove(header::CONTENT_ENCODING);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    let body = std::mem::take(response.body_mut());
    let decoder = Some(MultiGzDecoder::new(Vec::new()));
    *response.body_mut() =
        Body::Boxed(Box::pin(Decoded { body, coded: Bytes::new(), decoder, trailers: None }));
}

struct Decoded {
    body: Body,
    /// What came and is not decoded yet.
    coded: Bytes,
    /// `None` when the content is complete.
    decoder: Option<MultiGzDecoder<Vec<u8>>>,
    trailers: Option<Frame<Bytes>>,
}

impl http_body::Body for Decoded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        loop {
            let Some(decoder) = &mut this.decoder else {
                return Poll::Ready(this.trailers.take().map(Ok));
            };
            if this.coded.is_empty() {
                match ready!(Pin::new(&mut this.body).poll_frame(cx)).transpose()?.map(Frame::into_data) {
                    Some(Ok(data)) => this.coded = data,
                    end => {
                        decoder.try_finish()?;
                        let rest = std::mem::take(decoder.get_mut());
                        this.decoder = None;
                        this.trailers = end.and_then(Result::err);
                        if !rest.is_empty() {
                            return Poll::Ready(Some(Ok(Frame::data(rest.into()))));
                        }
                    }
                }
                continue;
            }
            let piece = this.coded.len().min(PIECE);
            decoder.write_all(&this.coded[..piece])?;
            this.coded.advance(piece);
            // What was understood so far goes out at once, as it came in.
            decoder.flush()?;
            let decoded = std::mem::take(decoder.get_mut());
            if !decoded.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(decoded.into()))));
            }
        }
    }
}
