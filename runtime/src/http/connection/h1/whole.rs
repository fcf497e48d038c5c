//! Whole messages in memory, as the engine reads and writes them, for fuzzing.

use std::task::{Context, Poll, Waker};

use super::{
    request::{self, Asked},
    response::{Sending, To},
};
use crate::{
    fuzzing::{Message, Pieces, finish},
    http::h1::{Input, Output},
};

/// Reads a request from bytes that come in pieces of that many; `None` if it is refused, or not all of it is there.
pub(crate) fn read(bytes: &[u8], step: usize, most: usize) -> Option<Message> {
    let (mut input, mut pieces) = (Input::default(), bytes.chunks(step));
    let mut head = loop {
        let mut head = None;
        input.take_head(most, &mut head, request::read).ok()?;
        match head {
            Some(head) => break head,
            None => input.bytes.extend_from_slice(pieces.next()?),
        }
    };
    let Asked { mut framing, .. } = head.asked().ok()?;
    let line = format!("{} {}", head.method, head.uri);
    finish(line, head.headers, &mut framing, &mut input, pieces, most)
}

/// Writes a response.
pub(crate) fn write(response: http::Response<Pieces>, head: bool, old: bool) -> Vec<u8> {
    let (parts, body) = response.into_parts();
    let mut output = Output::default();
    let to = To { head, connect: false, old, keep: true };
    let mut sending = Sending::new(&parts, body, to, output.head());
    let (mut out, mut cx) = (Vec::new(), Context::from_waker(Waker::noop()));
    loop {
        let written = output.poll_write(&mut out, &mut cx);
        assert!(matches!(written, Poll::Ready(Ok(()))), "a buffer takes everything");
        if sending.is_over() {
            return out;
        }
        let next = sending.poll_next(&mut output, &mut cx);
        assert!(matches!(next, Poll::Ready(Ok(()))), "the body is there");
    }
}
