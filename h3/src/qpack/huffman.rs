//! The Huffman code of RFC 7541 appendix B, which QPACK uses for strings.
//!
//! The code is canonical: the lengths alone decide all of it, so every other table is computed from them when this
//! is compiled.

use bytes::{BufMut, BytesMut};

/// The number of bits of the code of each byte. That of the end of the string (EOS) has 30 bits, all ones.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
     6, 10, 10, 12, 13,  6,  8, 11, 10, 10,  8, 11,  8,  6,  6,  6,  5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8, 15,  6, 12, 10,
    13,  6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8, 13, 19, 13, 14,  6,
    15,  5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/// The longest code, in bits.
const LONGEST: usize = 30;

/// Codes of at most this many bits are found with one look at a table: those of all printable ASCII but ten bytes.
const QUICK: u32 = 9;

struct Code {
    /// The code of each byte, in its lowest bits.
    codes: [u32; 256],
    /// The bytes in the order of their codes.
    ordered: [u8; 256],
    /// For each length: the first code that is longer, its bits at the top of 32.
    bounds: [u32; LONGEST + 1],
    /// For each length: what to subtract from a code to get its place in `ordered`.
    offsets: [u32; LONGEST + 1],
    /// For the next [`QUICK`] bits: the byte and the length of its code, 0 if it is longer.
    quick: [(u8, u8); 1 << QUICK],
}

static CODE: Code = Code::new();

impl Code {
    const fn new() -> Self {
        let mut made = Self {
            codes: [0; 256],
            ordered: [0; 256],
            bounds: [0; LONGEST + 1],
            offsets: [0; LONGEST + 1],
            quick: [(0, 0); 1 << QUICK],
        };
        let (mut code, mut place, mut length) = (0_u32, 0, 1);
        while length <= LONGEST {
            code <<= 1;
            made.offsets[length] = code.wrapping_sub(place);
            let mut byte = 0;
            while byte < 256 {
                if LENGTHS[byte] as usize == length {
                    made.codes[byte] = code;
                    made.ordered[place as usize] = byte as u8;
                    made.fill(byte as u8, code, length as u32);
                    code += 1;
                    place += 1;
                }
                byte += 1;
            }
            made.bounds[length] = code << (32 - length);
            length += 1;
        }
        // The code is complete: only EOS is left.
        assert!(place == 256 && code == (1 << LONGEST) - 1);
        made
    }

    /// Notes a short code for every continuation of its bits.
    const fn fill(&mut self, byte: u8, code: u32, length: u32) {
        if length > QUICK {
            return;
        }
        let first = code << (QUICK - length);
        let mut rest = 0;
        while rest < 1 << (QUICK - length) {
            self.quick[(first + rest) as usize] = (byte, length as u8);
            rest += 1;
        }
    }

    /// The byte whose code is at the top of `window`, and the length of the code; `None` for EOS.
    fn find(&self, window: u32) -> Option<(u8, u32)> {
        let (byte, length) = self.quick[(window >> (32 - QUICK)) as usize];
        if length != 0 {
            return Some((byte, u32::from(length)));
        }
        let length = (QUICK as usize + 1..=LONGEST).find(|&length| window < self.bounds[length])?;
        let place = (window >> (32 - length)).wrapping_sub(self.offsets[length]);
        Some((self.ordered[place as usize], length as u32))
    }
}

/// The length of `text` when it is encoded, in bytes.
#[must_use]
pub fn encoded_size(text: &[u8]) -> usize {
    let bits: usize = text.iter().map(|&byte| usize::from(LENGTHS[usize::from(byte)])).sum();
    bits.div_ceil(8)
}

/// Writes `text` encoded.
pub fn encode(text: &[u8], out: &mut impl BufMut) {
    let (mut bits, mut held) = (0_u64, 0_u32);
    for &byte in text {
        let length = u32::from(LENGTHS[usize::from(byte)]);
        bits = bits << length | u64::from(CODE.codes[usize::from(byte)]);
        held += length;
        if held >= 32 {
            held -= 32;
            out.put_u32((bits >> held) as u32);
        }
    }
    while held >= 8 {
        held -= 8;
        out.put_u8((bits >> held) as u8);
    }
    if held > 0 {
        // The rest is filled with the first bits of EOS.
        out.put_u8((bits << (8 - held)) as u8 | 0xff >> held);
    }
}

/// Why a string could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It contains EOS, or it is not filled with at most seven bits of it.
    Invalid,
    /// It is longer than the limit.
    TooLong,
}

/// Decodes a string of at most `limit` bytes to the end of `out`.
///
/// # Errors
/// Says what is wrong; `out` is then as it was before.
pub fn decode(encoded: &[u8], limit: usize, out: &mut BytesMut) -> Result<(), Failure> {
    let start = out.len();
    // Five bits are the shortest code.
    out.resize(start + limit.min(encoded.len() * 8 / 5), 0);
    let decoded = decode_into(encoded, &mut out[start..]);
    out.truncate(start + decoded.unwrap_or(0));
    decoded.map(|_| ())
}

/// Decodes a string and returns its length. It is too long if it is longer than the room for it.
fn decode_into(encoded: &[u8], room: &mut [u8]) -> Result<usize, Failure> {
    let mut decoded = 0;
    let (mut bits, mut held) = (0_u64, 0_u32);
    let mut input = encoded.iter();
    loop {
        while held <= 56
            && let Some(&byte) = input.next()
        {
            bits |= u64::from(byte) << (56 - held);
            held += 8;
        }
        // What is missing at the end looks like EOS and cannot complete a code that is not there.
        let ones = if held < 32 { u32::MAX >> held } else { 0 };
        let window = (bits >> 32) as u32 | ones;
        match CODE.find(window) {
            Some((byte, length)) if length <= held => {
                *room.get_mut(decoded).ok_or(Failure::TooLong)? = byte;
                decoded += 1;
                bits <<= length;
                held -= length;
            }
            _ if held < 8 && window == u32::MAX => return Ok(decoded),
            _ => return Err(Failure::Invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoded: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut out = BytesMut::new();
        decode(encoded, 1000, &mut out).map(|()| out.to_vec())
    }

    fn encoded(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encode(text, &mut out);
        assert_eq!(out.len(), encoded_size(text));
        out
    }

    #[test]
    fn strings_of_rfc_7541() {
        for (text, bytes) in [
            (&b"www.example.com"[..], &b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"[..]),
            (b"no-cache", b"\xa8\xeb\x10\x64\x9c\xbf"),
            (b"custom-key", b"\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f"),
            (b"custom-value", b"\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf"),
            (b"302", b"\x64\x02"),
            (b"private", b"\xae\xc3\x77\x1a\x4b"),
            (b"307", b"\x64\x0e\xff"),
        ] {
            assert_eq!(encoded(text), bytes);
            assert_eq!(decoded(bytes).as_deref(), Ok(text));
        }
    }

    #[test]
    fn codes_of_rfc_7541() {
        for (byte, code) in [(0, 0x1ff8), (b'\n', 0x3fff_fffc), (b'a', 3), (b'~', 0x1ffd), (255, 0x03ff_ffee)]
        {
            assert_eq!(CODE.codes[usize::from(byte)], code);
        }
    }

    #[test]
    fn every_byte_and_every_pair_of_bytes() {
        for first in 0..=255 {
            for second in 0..=255 {
                let text = [first, second];
                assert_eq!(decoded(&encoded(&text)).as_deref(), Ok(&text[..]));
            }
        }
    }

    #[test]
    fn bad_padding_and_eos() {
        // "a" is 00011; the three bits behind it are to be ones.
        assert_eq!(decoded(&[0b0001_1111]).as_deref(), Ok(&b"a"[..]));
        assert_eq!(decoded(&[0b0001_1110]), Err(Failure::Invalid));
        // Eight bits of padding are one too many, and EOS itself is never permitted.
        assert_eq!(decoded(&[0b0001_1111, 0xff]), Err(Failure::Invalid));
        assert_eq!(decoded(&[0xff]), Err(Failure::Invalid));
        assert_eq!(decoded(&[0xff; 4]), Err(Failure::Invalid));
        assert_eq!(decoded(&[]).as_deref(), Ok(&b""[..]));
    }

    #[test]
    fn decoding_stops_at_the_limit() {
        let bytes = encoded(&[b'a'; 100]);
        let mut out = BytesMut::from("before");
        assert_eq!(decode(&bytes, 99, &mut out), Err(Failure::TooLong));
        assert_eq!(out, "before");
        out.clear();
        assert_eq!(decode(&bytes, 100, &mut out), Ok(()));
    }
}
