//! Whole messages in memory, as the engine reads and writes them, for fuzzing.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{HeaderMap, StatusCode};
use tokio::io::{AsyncReadExt, DuplexStream, duplex};

use super::{
    super::super::request::{Fields, strip_hop_by_hop},
    super::outgoing::{Lent, Outgoing},
    head,
    upload::Upload,
};
use crate::{
    fuzzing::{Message, Pieces, finish},
    http::{Body, Exchange, h1::Input},
    tunnel::Leg,
};

/// Reads the final response to a request from bytes that come in pieces of that many; `None` if it is refused, or not all of
/// it is there.
pub(crate) fn read(bytes: &[u8], step: usize, most: usize, to_head: bool) -> Option<Message> {
    let (mut input, mut pieces) = (Input::default(), bytes.chunks(step));
    let mut head = loop {
        let mut head = None;
        input.take_head(most, &mut head, head::read).ok()?;
        match head {
            Some(head) if head.is_interim() => {}
            Some(head) => break head,
            None => input.bytes.extend_from_slice(pieces.next()?),
        }
    };
    let (mut framing, _) = head.framing(to_head).ok()?;
    let response = head.response(Body::Empty);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return None;
    }
    finish(
        response.status().as_str().to_owned(),
        response.headers().clone(),
        &mut framing,
        &mut input,
        pieces,
        most,
    )
}

/// The fields of a response that go on.
pub(crate) fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    strip_hop_by_hop(&mut headers);
    headers
}

/// The fields of a request that go on.
pub(crate) fn fields(exchange: &Exchange) -> HeaderMap {
    Fields::new(exchange, &[]).to_map()
}

/// Writes a request, whose fields may be those of an exchange.
pub(crate) fn write(request: http::Request<Pieces>, exchange: Option<&Exchange>) -> Vec<u8> {
    let mut upload = Upload::default();
    let longest = request.body().len() * 32 + 64 * request.headers().len() + (1 << 16);
    let (near, mut far) = duplex(longest);
    let request = request.map(|pieces| Body::Boxed(Box::pin(pieces)));
    let mut outgoing = match exchange {
        Some(exchange) => Outgoing::Lent(Lent {
            method: &request.method().clone(),
            uri: &request.uri().clone(),
            fields: Fields::new(exchange, &[]),
            body: request.into_body(),
        }),
        None => request.into(),
    };
    upload.begin(&mut outgoing, false);
    let (mut leg, mut cx) = (Leg::Other(Box::new(near)), Context::from_waker(Waker::noop()));
    let sent = upload.poll(&mut leg, &mut cx);
    assert!(matches!(sent, Poll::Ready(Ok(()))) && upload.is_done(), "there is room");
    drop(leg);
    read_all(&mut far)
}

fn read_all(far: &mut DuplexStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = pin!(far.read_to_end(&mut bytes)).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(read, Poll::Ready(Ok(_))), "the other end is closed");
    bytes
}
