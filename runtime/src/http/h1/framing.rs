//! Where the body of a message ends (RFC 9112, section 6.3).

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, header};
use http_body::SizeHint;

use super::{Chunked, Invalid, Piece, Short};

/// The longest body. Whoever is next may have no room for longer numbers, and take them for others.
pub(super) const LONGEST: u64 = i64::MAX as u64;

/// What ends a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// That many bytes.
    Length(u64),
    /// The last chunk.
    Chunked(Chunked),
    /// The end of the connection.
    Close,
}

impl Framing {
    /// Whether nothing is to come.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunked::Done))
    }

    /// Takes the next piece out of what was read; `None` if that is too little.
    ///
    /// # Errors
    /// When it is no chunk, or `most` bytes are not enough for the trailers.
    pub(crate) fn next(&mut self, input: &mut BytesMut, most: usize) -> Result<Option<Piece>, Invalid> {
        match self {
            Self::Length(0) => Ok(Some(Piece::End)),
            Self::Chunked(chunked) => chunked.next(input, most),
            Self::Length(_) | Self::Close if input.is_empty() => Ok(None),
            Self::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= count as u64;
                Ok(Some(Piece::Data(input.split_to(count).freeze())))
            }
            Self::Close => Ok(Some(Piece::Data(input.split().freeze()))),
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// When that is too early.
    pub(crate) fn closed(&self) -> Result<(), Short> {
        if self.is_done() || *self == Self::Close { Ok(()) } else { Err(Short) }
    }

    /// How much is to come.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Length(left) => SizeHint::with_exact(*left),
            Self::Chunked(Chunked::Done) => SizeHint::with_exact(0),
            Self::Chunked(_) | Self::Close => SizeHint::default(),
        }
    }
}

/// The announced length; several that agree are one. `lists`: also several in one field.
///
/// # Errors
/// When it is no number, or they do not agree.
pub(crate) fn length(headers: &HeaderMap, lists: bool) -> Result<Option<u64>, Invalid> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    values.try_fold(None, |before, value| one_more_length(before, value, lists))
}

/// The same with one field more.
///
/// # Errors
/// The same.
pub(crate) fn one_more_length(
    mut length: Option<u64>,
    value: &HeaderValue,
    lists: bool,
) -> Result<Option<u64>, Invalid> {
    for part in value.as_bytes().split(|byte| lists && *byte == b',') {
        let number = number(part.trim_ascii()).filter(|number| *number <= LONGEST).ok_or(Invalid::Length)?;
        if length.is_some_and(|length| length != number) {
            return Err(Invalid::Length);
        }
        length = Some(number);
    }
    Ok(length)
}

/// A number in nothing but decimal digits.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    let mut number = (!digits.is_empty()).then_some(0_u64)?;
    for digit in digits {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number = number.checked_mul(10)?.checked_add(digit.into())?;
    }
    Some(number)
}
