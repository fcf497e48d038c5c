//! Takes the coding off a body, piece by piece.

use std::io::{self, Write};

use http::{HeaderMap, header};

/// How far back a body may refer, as a power of two in bytes: what HTTP allows (RFC 9659, section 3).
const ZSTD_WINDOW: u32 = 23;

/// Gives the content of a coded body.
pub(super) enum Decoder {
    /// Not coded.
    Identity,
    /// RFC 1952.
    Gzip(flate2::write::MultiGzDecoder<Sink>),
    /// RFC 1950, which is what HTTP calls `deflate`.
    Deflate(flate2::write::ZlibDecoder<Sink>),
    /// RFC 8878.
    Zstd(Box<zstd::stream::write::Decoder<'static, Sink>>),
    /// RFC 7932.
    Brotli(Box<brotli_decompressor::DecompressorWriter<Sink>>),
}

/// Decoded bytes on their way out. A small body may hold a huge content, so that the room is bounded.
#[derive(Debug)]
pub(super) struct Sink {
    decoded: Vec<u8>,
    /// Bytes that may still come.
    left: usize,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left =
            self.left.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("the content is too large"))?;
        self.decoded.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Decoder {
    /// For a message with these headers. A coding that is not known stays on: then bodies are compared as they are.
    ///
    /// # Errors
    /// When the decoder cannot be made.
    pub(super) fn new(headers: &HeaderMap, limit: usize) -> io::Result<Self> {
        let coding = headers.get(header::CONTENT_ENCODING).map_or(&b""[..], |value| value.as_bytes());
        let sink = Sink { decoded: Vec::new(), left: limit };
        Ok(match coding.trim_ascii().to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Self::Gzip(flate2::write::MultiGzDecoder::new(sink)),
            b"deflate" => Self::Deflate(flate2::write::ZlibDecoder::new(sink)),
            b"zstd" => {
                let mut decoder = zstd::stream::write::Decoder::new(sink)?;
                decoder.window_log_max(ZSTD_WINDOW)?;
                Self::Zstd(Box::new(decoder))
            }
            b"br" => Self::Brotli(Box::new(brotli_decompressor::DecompressorWriter::new(sink, 4096))),
            _ => Self::Identity,
        })
    }

    /// The content of the next piece.
    ///
    /// # Errors
    /// When the body is not what its header says, or its content is too large.
    pub(super) fn decode(&mut self, piece: bytes::Bytes) -> io::Result<bytes::Bytes> {
        let sink = match self {
            Self::Identity => return Ok(piece),
            Self::Gzip(decoder) => feed(decoder, &piece)?.get_mut(),
            Self::Deflate(decoder) => feed(decoder, &piece)?.get_mut(),
            Self::Zstd(decoder) => feed(&mut **decoder, &piece)?.get_mut(),
            Self::Brotli(decoder) => feed(&mut **decoder, &piece)?.get_mut(),
        };
        Ok(std::mem::take(&mut sink.decoded).into())
    }
}

/// Has a decoder write all that a piece gives.
fn feed<'d, D: Write>(decoder: &'d mut D, piece: &[u8]) -> io::Result<&'d mut D> {
    decoder.write_all(piece)?;
    decoder.flush()?;
    Ok(decoder)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn decoder(coding: &'static str, limit: usize) -> Decoder {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(coding));
        Decoder::new(&headers, limit).unwrap()
    }

    fn coded(coding: &str, content: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::default();
        match coding {
            "gzip" => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
            "zstd" => zstd::stream::encode_all(content, 3).unwrap(),
            // "hello hello hello hello" with an encoder of another program.
            "br" => {
                vec![27, 22, 0, 248, 141, 148, 110, 222, 68, 85, 134, 150, 108, 32, 111, 33, 79, 28, 224, 56]
            }
            _ => content.to_vec(),
        }
    }

    #[test]
    fn codings_come_off_piece_by_piece() {
        let content = b"hello hello hello hello";
        for coding in ["gzip", "deflate", "zstd", "br", "identity", "unheard-of"] {
            let mut decoder = decoder(coding, 1000);
            let mut decoded = Vec::new();
            for byte in coded(coding, content) {
                decoded.extend(decoder.decode(Bytes::from(vec![byte])).unwrap());
            }
            assert_eq!(decoded, content, "{coding}");
        }
    }

    #[test]
    fn contents_are_bounded_and_nonsense_is_an_error() {
        let content = vec![0; 1 << 20];
        for coding in ["gzip", "deflate", "zstd"] {
            let small = Bytes::from(coded(coding, &content));
            assert!(small.len() < 2000, "{coding}");
            assert!(decoder(coding, 1 << 16).decode(small).is_err(), "{coding}");
            assert!(decoder(coding, 1000).decode(Bytes::from_static(b"not at all")).is_err(), "{coding}");
        }
        assert!(decoder("br", 1000).decode(Bytes::from_static(b"\xff\xff\xff\xff\xff")).is_err());
    }
}
