//! Encoding a field section (RFC 9204 section 4.5).

use bytes::{BufMut, BytesMut};

use super::{
    FIELD_OVERHEAD, huffman, integer,
    table::{Found, find},
};

/// Writes the fields of one section to the end of a buffer.
#[derive(Debug)]
pub struct Encoder<'a> {
    out: &'a mut BytesMut,
    size: u64,
}

impl<'a> Encoder<'a> {
    /// Begins a section.
    #[must_use]
    pub fn new(out: &'a mut BytesMut) -> Self {
        // Required Insert Count and Base are zero without a dynamic table.
        out.put_slice(&[0, 0]);
        Self { out, size: 0 }
    }

    /// Writes a field. A `sensitive` one is never written as an index, and the peer is told to keep it so.
    pub fn field(&mut self, name: &str, value: &[u8], sensitive: bool) {
        self.size += (name.len() + value.len()) as u64 + FIELD_OVERHEAD;
        let never = if sensitive { 1 } else { 0 };
        match find(name.as_bytes(), value) {
            Found::Field(index) if !sensitive => return integer::write(0xc0, 6, index, self.out),
            Found::Field(index) | Found::Name(index) => integer::write(0x50 | never << 5, 4, index, self.out),
            Found::Nothing => self.string(0x20 | never << 4, 3, name.as_bytes()),
        }
        self.string(0, 7, value);
    }

    /// The size of all fields so far, as limits count it (RFC 9114 section 4.2.2).
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes a string, encoded if that is shorter.
    fn string(&mut self, flags: u8, prefix: u32, text: &[u8]) {
        let encoded = huffman::encoded_size(text);
        if encoded < text.len() {
            integer::write(flags | 1 << prefix, prefix, encoded as u64, self.out);
            huffman::encode(text, self.out);
        } else {
            integer::write(flags, prefix, text.len() as u64, self.out);
            self.out.put_slice(text);
        }
    }
}
