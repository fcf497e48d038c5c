//! QPACK (RFC 9204) with the static table and Huffman code, and a dynamic table of capacity zero.
//!
//! Both ends of a connection may go without a dynamic table. What it would save is a few bytes of each head; what it
//! costs is state for each connection, and requests that wait for one another.

use bytes::Bytes;

use crate::{Code, Error};

mod decode;
mod encode;
pub mod huffman;
mod integer;
pub mod streams;
mod table;

pub use encode::Encoder;
pub use table::Name;

/// What each field adds to the size of its section, beyond its name and value (RFC 9114 section 4.2.2).
pub const FIELD_OVERHEAD: u64 = 32;

/// One field of a section.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Its value, not looked at. Often a slice of the section.
    pub value: Bytes,
    /// Whether it must not be compressed by anybody (RFC 9204 section 4.5.4).
    pub sensitive: bool,
}

/// Why a section was not decoded to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its fields are larger than the limit.
    TooLarge,
    /// It is wrong, or the caller found it so.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Decodes a field section and calls `take` with each of its fields, in order.
///
/// # Errors
/// [`Stop::TooLarge`] as soon as the size of the fields (RFC 9114 section 4.2.2) is above `limit`.
/// QPACK_DECOMPRESSION_FAILED for what an encoder without a dynamic table cannot have written. What `take` returns.
pub fn decode(section: Bytes, limit: u64, take: impl FnMut(Field) -> Result<(), Error>) -> Result<(), Stop> {
    decode::Decoder::new(section, limit).run(take)
}

const fn failed(reason: &'static str) -> Error {
    Error::connection(Code::QPACK_DECOMPRESSION_FAILED, reason)
}

#[cfg(test)]
mod tests;
