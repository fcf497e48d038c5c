//! Integers that begin in the middle of a byte (RFC 7541 section 5.1), up to 62 bits.

use bytes::{Buf, BufMut};

use crate::varint;

/// Why there is no integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// More bytes are needed.
    Cut,
    /// It is larger than 62 bits can say.
    TooLarge,
}

/// Writes `value` in the lowest `prefix` bits of a byte, and those that follow; `flags` are the other bits of it.
pub(super) fn write(flags: u8, prefix: u32, mut value: u64, out: &mut impl BufMut) {
    let most = (1 << prefix) - 1;
    if value < most {
        out.put_u8(flags | value as u8);
        return;
    }
    out.put_u8(flags | most as u8);
    value -= most;
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Reads an integer from the lowest `prefix` bits of the next byte, and those that follow.
pub(super) fn read(prefix: u32, input: &mut impl Buf) -> Result<u64, Failure> {
    let mut reader = Reader::new(prefix);
    while input.has_remaining() {
        if let Some(value) = reader.push(input.get_u8())? {
            return Ok(value);
        }
    }
    Err(Failure::Cut)
}

/// An integer of which some bytes have come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader {
    most: u64,
    value: u64,
    /// The place of the next seven bits; `None` before the first byte.
    shift: Option<u32>,
}

impl Reader {
    pub(super) const fn new(prefix: u32) -> Self {
        Self { most: (1 << prefix) - 1, value: 0, shift: None }
    }

    /// Takes one byte; returns the integer if that was its last one.
    pub(super) fn push(&mut self, byte: u8) -> Result<Option<u64>, Failure> {
        let Some(shift) = self.shift else {
            self.value = u64::from(byte) & self.most;
            self.shift = Some(0);
            return Ok((self.value < self.most).then_some(self.value));
        };
        let bits = u64::from(byte & 0x7f);
        // The second condition bounds zeros that add nothing.
        if bits > varint::MAX.checked_shr(shift).unwrap_or(0) || shift > 63 {
            return Err(Failure::TooLarge);
        }
        self.value += bits << shift;
        self.shift = Some(shift + 7);
        if self.value > varint::MAX {
            return Err(Failure::TooLarge);
        }
        Ok((byte & 0x80 == 0).then_some(self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_rfc_7541() {
        for (flags, prefix, value, bytes) in [
            (0, 5, 10, &[10][..]),
            (0xe0, 5, 1337, &[0xff, 0x9a, 0x0a]),
            (0, 8, 42, &[42]),
            (0x80, 7, 127, &[0xff, 0]),
        ] {
            let mut out = Vec::new();
            write(flags, prefix, value, &mut out);
            assert_eq!(out, bytes);
            assert_eq!(read(prefix, &mut &bytes[..]), Ok(value));
        }
    }

    #[test]
    fn all_62_bits_and_no_more() {
        for prefix in 3..=8 {
            for value in [0, 6, 7, 254, 255, 256, 1 << 32, varint::MAX] {
                let mut out = Vec::new();
                write(0, prefix, value, &mut out);
                assert_eq!(read(prefix, &mut &out[..]), Ok(value));
                assert_eq!(read(prefix, &mut &out[..out.len() - 1]), Err(Failure::Cut));
            }
            let mut out = Vec::new();
            write(0, prefix, varint::MAX + 1, &mut out);
            assert_eq!(read(prefix, &mut &out[..]), Err(Failure::TooLarge));
        }
        assert_eq!(read(3, &mut &[0xff; 20][..]), Err(Failure::TooLarge));
        let zeros = [&[0xff][..], &[0x80; 20]].concat();
        assert_eq!(read(8, &mut &zeros[..]), Err(Failure::TooLarge));
    }
}
