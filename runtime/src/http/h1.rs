//! Messages of HTTP/1.1 on the wire (RFC 9112): what the ends of clients and of upstreams have in common.

mod buffers;
mod chunked;
pub(crate) mod fields;
mod framing;
mod input;
mod names;
mod output;

pub(crate) use self::{
    chunked::{Chunked, Piece},
    framing::{Framing, length, number, one_more_length},
    input::{Input, Parsed},
    output::Output,
};

/// What a peer must not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Invalid {
    #[error(transparent)]
    Syntax(#[from] httparse::Error),
    #[error("a header field has an invalid name or value")]
    Field,
    #[error("the status is none")]
    Status,
    #[error("the method is none")]
    Method,
    #[error("the target is none")]
    Target,
    #[error("the target is too long")]
    LongTarget,
    #[error("the length of the body is no number, or more than one")]
    Length,
    #[error("unknown transfer coding")]
    Coding,
    #[error("invalid chunk")]
    Chunk,
    #[error("the header fields are longer than {0} bytes")]
    TooLarge(usize),
}

/// A message that ended before its end.
#[derive(Debug, thiserror::Error)]
#[error("end of file before message length reached")]
pub(crate) struct Short;
