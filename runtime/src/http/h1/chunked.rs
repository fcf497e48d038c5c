//! The chunked transfer coding (RFC 9112, section 7.1), taken off.

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;

use super::{Invalid, fields, framing::LONGEST};

/// The longest line that begins a chunk: its size and extensions, which are not looked at.
const LONGEST_LINE: usize = 4096;
/// Fields behind the last chunk.
const MOST_TRAILERS: usize = 128;

/// Where in the coding the next byte is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunked {
    /// In the line that begins a chunk.
    Size,
    /// In a chunk of which this much is to come.
    Data(u64),
    /// At the end of a chunk.
    DataEnd,
    /// Behind the last chunk.
    Trailers,
    Done,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
    End,
}

impl Chunked {
    /// Takes the next piece out of what was read; `None` if that is too little.
    ///
    /// # Errors
    /// When it is no chunk, or `most` bytes are not enough for the trailers.
    pub(crate) fn next(&mut self, input: &mut BytesMut, most: usize) -> Result<Option<Piece>, Invalid> {
        loop {
            match self {
                Self::Size => {
                    let Some(end) = input.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n') else {
                        return if input.len() < LONGEST_LINE { Ok(None) } else { Err(Invalid::Chunk) };
                    };
                    let size = size(&input[..end])?;
                    input.advance(end + 1);
                    *self = if size == 0 { Self::Trailers } else { Self::Data(size) };
                }
                Self::Data(_) if input.is_empty() => return Ok(None),
                Self::Data(left) => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                    *left -= count as u64;
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                    return Ok(Some(Piece::Data(input.split_to(count).freeze())));
                }
                Self::DataEnd => match input.get(..2) {
                    None => return Ok(None),
                    Some(b"\r\n") => {
                        input.advance(2);
                        *self = Self::Size;
                    }
                    Some(_) => return Err(Invalid::Chunk),
                },
                Self::Trailers => {
                    let trailers = trailers(input)?;
                    if trailers.as_ref().map_or(input.len(), |(length, _)| *length) > most {
                        return Err(Invalid::TooLarge(most));
                    }
                    let Some((length, trailers)) = trailers else { return Ok(None) };
                    input.advance(length);
                    *self = Self::Done;
                    return Ok(Some(if trailers.is_empty() {
                        Piece::End
                    } else {
                        Piece::Trailers(trailers)
                    }));
                }
                Self::Done => return Ok(Some(Piece::End)),
            }
        }
    }
}

/// The size in the line before a chunk.
fn size(line: &[u8]) -> Result<u64, Invalid> {
    let line = line.strip_suffix(b"\r").ok_or(Invalid::Chunk)?;
    // Others may take a carriage return for the end of the line.
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(Invalid::Chunk);
    }
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    if digits.is_empty() || digits.len() > 16 {
        return Err(Invalid::Chunk);
    }
    let size = digits.iter().try_fold(0, |size: u64, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(size << 4 | u64::from(digit))
    });
    size.filter(|size| *size <= LONGEST).ok_or(Invalid::Chunk)
}

/// The fields behind the last chunk and how long they are, once they are complete.
fn trailers(input: &[u8]) -> Result<Option<(usize, HeaderMap)>, Invalid> {
    if input.starts_with(b"\r\n") {
        return Ok(Some((2, HeaderMap::new())));
    }
    let mut room = [httparse::EMPTY_HEADER; MOST_TRAILERS];
    let httparse::Status::Complete((length, parsed)) = httparse::parse_headers(input, &mut room)? else {
        return Ok(None);
    };
    let (copy, mut trailers) = (Bytes::copy_from_slice(&input[..length]), HeaderMap::new());
    fields::collect(&copy, input, parsed, &mut trailers, |_, _| {})?;
    Ok(Some((length, trailers)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of the text when it is read in pieces of that many bytes.
    fn decoded(text: &str, step: usize) -> Result<(String, HeaderMap, bool), Invalid> {
        let (mut chunked, mut input) = (Chunked::Size, BytesMut::new());
        let (mut data, mut trailers) = (String::new(), HeaderMap::new());
        for piece in text.as_bytes().chunks(step) {
            input.extend_from_slice(piece);
            while let Some(piece) = chunked.next(&mut input, 1000)? {
                match piece {
                    Piece::Data(bytes) => data.push_str(std::str::from_utf8(&bytes).unwrap()),
                    Piece::Trailers(fields) => trailers = fields,
                    Piece::End => return Ok((data, trailers, input.is_empty())),
                }
            }
        }
        Ok((data, trailers, false))
    }

    #[test]
    fn chunks_come_in_any_pieces() {
        let text = "4\r\nWiki\r\n7;name=\"value\"\r\npedia i\r\nB \r\nn \r\nchunks.\r\n0\r\n\r\n";
        for step in 1..text.len() {
            let (data, trailers, whole) = decoded(text, step).unwrap();
            assert_eq!(data, "Wikipedia in \r\nchunks.", "{step}");
            assert!(trailers.is_empty() && whole, "{step}");
        }
    }

    #[test]
    fn trailers_are_fields() {
        let (data, trailers, _) = decoded("1\r\na\r\n0\r\nDigest: x\r\nExpires: now\r\n\r\n", 3).unwrap();
        assert_eq!((&*data, trailers["digest"].to_str().unwrap(), trailers.len()), ("a", "x", 2));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for text in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            "1\na\r\n0\r\n\r\n",
            "1\r\nab\r\n",
            "1\r\na\n0\r\n\r\n",
            "10000000000000000\r\n",
            "8000000000000000\r\n",
            "1;a\rb\r\na\r\n0\r\n\r\n",
            "1;a\nb\r\na\r\n0\r\n\r\n",
            "1;a\0b\r\na\r\n0\r\n\r\n",
            "1\r\r\na\r\n0\r\n\r\n",
            " 1\r\na\r\n0\r\n\r\n",
            "1_0\r\n",
            "0\r\n bad: fold\r\n\r\n",
        ] {
            assert!(decoded(text, 1000).is_err(), "{text:?}");
        }
        let line = format!("1;{}\r\n", "x".repeat(LONGEST_LINE));
        assert_eq!(decoded(&line, 100).unwrap_err().to_string(), Invalid::Chunk.to_string());
        let trailers = format!("0\r\na: {}\r\n\r\n", "x".repeat(1000));
        assert_eq!(decoded(&trailers, 100).unwrap_err().to_string(), Invalid::TooLarge(1000).to_string());
    }
}
