//! Variable-length integers of QUIC (RFC 9000 section 16): reading them from pieces, and writing them.

use bytes::{Buf, BufMut, Bytes};

/// The largest value: 2<sup>62</sup> - 1.
pub const MAX: u64 = (1 << 62) - 1;

/// The number of bytes that [`write()`] uses for a value: 1, 2, 4 or 8.
#[must_use]
pub const fn size(value: u64) -> usize {
    match value {
        0..=0x3f => 1,
        0x40..=0x3fff => 2,
        0x4000..=0x3fff_ffff => 4,
        _ => 8,
    }
}

/// Writes a value in the fewest bytes.
///
/// # Panics
/// If the value is larger than [`MAX`], which is a mistake of the caller.
pub fn write(value: u64, out: &mut impl BufMut) {
    assert!(value <= MAX, "a variable-length integer has 62 bits");
    match size(value) {
        1 => out.put_u8(value as u8),
        2 => out.put_u16(value as u16 | 0x4000),
        4 => out.put_u32(value as u32 | 0x8000_0000),
        _ => out.put_u64(value | 0xc000_0000_0000_0000),
    }
}

/// Reads a value from the start of `input` and moves past it; `None` if it is cut short, which moves nothing.
pub fn read(input: &mut impl Buf) -> Option<u64> {
    let first = *input.chunk().first()?;
    let length = 1 << (first >> 6);
    if input.remaining() < length {
        return None;
    }
    Some(match length {
        1 => u64::from(input.get_u8()),
        2 => u64::from(input.get_u16() & 0x3fff),
        4 => u64::from(input.get_u32() & 0x3fff_ffff),
        _ => input.get_u64() & MAX,
    })
}

/// Reads the one integer that fills all of `payload`; `None` if it is shorter or longer than that.
#[must_use]
pub fn read_only(mut payload: &[u8]) -> Option<u64> {
    read(&mut payload).filter(|_| payload.is_empty())
}

/// An integer of which some bytes have come.
#[derive(Clone, Debug, Default)]
pub struct Partial {
    bytes: [u8; 8],
    length: u8,
}

impl Partial {
    /// Takes from `input` what belongs to the integer, and returns it once it is whole.
    pub fn read(&mut self, input: &mut Bytes) -> Option<u64> {
        if self.length == 0
            && let Some(value) = read(input)
        {
            return Some(value);
        }
        while input.has_remaining() {
            self.bytes[usize::from(self.length)] = input.get_u8();
            self.length += 1;
            if self.length == 1 << (self.bytes[0] >> 6) {
                let value = read(&mut &self.bytes[..usize::from(self.length)]);
                self.length = 0;
                return value;
            }
        }
        None
    }

    /// Whether a part of an integer was taken and the rest is missing.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.length != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_rfc() {
        for (value, bytes) in [
            (37, &[0x25][..]),
            (15_293, &[0x7b, 0xbd]),
            (494_878_333, &[0x9d, 0x7f, 0x3e, 0x7d]),
            (151_288_809_941_952_652, &[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c]),
            (MAX, &[0xff; 8]),
        ] {
            let mut out = Vec::new();
            write(value, &mut out);
            assert_eq!(out, bytes);
            assert_eq!(size(value), bytes.len());
            assert_eq!(read_only(bytes), Some(value));
            assert_eq!(read(&mut &bytes[..bytes.len() - 1]), None);
        }
        // Longer than it needs to be.
        assert_eq!(read_only(&[0x40, 0x25]), Some(37));
        assert_eq!(read_only(&[0x25, 0]), None);
    }

    #[test]
    fn byte_by_byte() {
        let mut partial = Partial::default();
        for byte in [0x9d, 0x7f, 0x3e] {
            assert_eq!(partial.read(&mut Bytes::copy_from_slice(&[byte])), None);
            assert!(partial.is_cut());
        }
        let mut rest = Bytes::from_static(&[0x7d, 0x25]);
        assert_eq!(partial.read(&mut rest), Some(494_878_333));
        assert_eq!(partial.read(&mut rest), Some(37));
        assert!(!partial.is_cut() && rest.is_empty());
    }

    #[test]
    #[should_panic(expected = "62 bits")]
    fn too_large_a_value_is_not_written() {
        write(MAX + 1, &mut Vec::new());
    }
}
