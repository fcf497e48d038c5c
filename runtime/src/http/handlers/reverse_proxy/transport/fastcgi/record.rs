//! Records of FastCGI (specification of 1996, sections 3.3 and 3.4). There is one request at a time on a
//! connection: number 1.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};

const VERSION: u8 = 1;
const REQUEST: u16 = 1;
const BEGIN_REQUEST: u8 = 1;
const END_REQUEST: u8 = 3;
const PARAMS: u8 = 4;
pub(super) const STDIN: u8 = 5;
const STDOUT: u8 = 6;
const STDERR: u8 = 7;
const RESPONDER: u16 = 1;
const HEADER: usize = 8;

/// The most that a record carries here.
pub(super) const MOST: usize = 65_500;

/// The header of a record without padding.
pub(super) fn header(kind: u8, length: usize) -> [u8; HEADER] {
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    let request = REQUEST.to_be_bytes();
    [VERSION, kind, request[0], request[1], length[0], length[1], 0, 0]
}

/// The record that opens a request; the responder closes the connection after it unless it is to `keep` it.
pub(super) fn begin(keep: bool) -> Vec<u8> {
    let role = RESPONDER.to_be_bytes();
    [&header(BEGIN_REQUEST, 8)[..], &[role[0], role[1], u8::from(keep), 0, 0, 0, 0, 0]].concat()
}

/// Appends the records that carry the environment.
pub(super) fn parameters(environment: &[(String, String)], out: &mut Vec<u8>) {
    let mut pairs = Vec::new();
    for (name, value) in environment {
        for text in [name, value] {
            match u8::try_from(text.len()) {
                Ok(length @ ..=127) => pairs.push(length),
                _ => {
                    let length = u32::try_from(text.len()).unwrap_or(u32::MAX >> 1) | 1 << 31;
                    pairs.extend(length.to_be_bytes());
                }
            }
        }
        pairs.extend(name.as_bytes());
        pairs.extend(value.as_bytes());
    }
    for part in pairs.chunks(MOST) {
        out.extend(header(PARAMS, part.len()));
        out.extend(part);
    }
    out.extend(header(PARAMS, 0));
}

/// What a responder says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record {
    Stdout(Bytes),
    Stderr(Bytes),
    End,
}

/// The records that come on a connection.
pub(super) struct Records<R> {
    reader: R,
    buffer: BytesMut,
    /// Whether anything has come.
    pub(super) begun: bool,
}

impl<R: AsyncRead + Unpin> Records<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: BytesMut::new(), begun: false }
    }

    /// What they came from, if there is nothing left over.
    pub(super) fn into_reader(self) -> Option<R> {
        self.buffer.is_empty().then_some(self.reader)
    }

    /// The next record that says something.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Record>> {
        loop {
            if let Some((kind, content)) = self.take() {
                match kind {
                    STDOUT if !content.is_empty() => return Poll::Ready(Ok(Record::Stdout(content))),
                    STDERR if !content.is_empty() => return Poll::Ready(Ok(Record::Stderr(content))),
                    END_REQUEST => return Poll::Ready(Ok(Record::End)),
                    _ => continue,
                }
            }
            let mut read = [0; 8192];
            let mut unfilled = ReadBuf::new(&mut read);
            ready!(Pin::new(&mut self.reader).poll_read(cx, &mut unfilled))?;
            if unfilled.filled().is_empty() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.begun = true;
            self.buffer.extend_from_slice(unfilled.filled());
        }
    }

    /// Kind and content of the first record, once it is complete.
    fn take(&mut self) -> Option<(u8, Bytes)> {
        let header = self.buffer.get(..HEADER)?;
        let kind = header[1];
        let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let padding = usize::from(header[6]);
        if self.buffer.len() < HEADER + length + padding {
            return None;
        }
        self.buffer.advance(HEADER);
        let content = self.buffer.split_to(length).freeze();
        self.buffer.advance(padding);
        Some((kind, content))
    }
}
