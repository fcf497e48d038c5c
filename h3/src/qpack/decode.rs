//! Decoding a field section (RFC 9204 section 4.5).

use bytes::{Buf, Bytes, BytesMut};

use super::{
    FIELD_OVERHEAD, Field, Name, Stop, failed, huffman, integer,
    table::{ENTRIES, NAMES},
};
use crate::Error;

/// The most room for decoded strings that is made at once, in bytes; what does not fit gets its own.
const ROOM: usize = 1024;

pub(super) struct Decoder {
    input: Bytes,
    /// What the limit leaves for further fields.
    left: u64,
    /// Decoded strings of this section; those that were handed out share its memory.
    room: BytesMut,
}

impl Decoder {
    pub(super) fn new(section: Bytes, limit: u64) -> Self {
        Self { input: section, left: limit, room: BytesMut::new() }
    }

    pub(super) fn run(mut self, mut take: impl FnMut(Field) -> Result<(), Error>) -> Result<(), Stop> {
        self.prefix()?;
        while let Some(&first) = self.input.first() {
            let field = match first {
                0x80.. => self.indexed(first)?,
                0x40.. => self.named_by_reference(first)?,
                0x20.. => self.spelled_out(first)?,
                _ => return Err(dynamic().into()),
            };
            take(field)?;
        }
        Ok(())
    }

    /// Required Insert Count and Base (section 4.5.1).
    fn prefix(&mut self) -> Result<(), Error> {
        if self.integer(8)? != 0 {
            return Err(failed("the field section needs entries of the dynamic table"));
        }
        let below = self.input.first().is_some_and(|first| first & 0x80 != 0);
        self.integer(7)?;
        if below {
            return Err(failed("the base of the field section is negative"));
        }
        Ok(())
    }

    fn indexed(&mut self, first: u8) -> Result<Field, Stop> {
        let index = self.static_index(first & 0x40 != 0, 6)?;
        let (name, value) = ENTRIES[index];
        self.charge(name.len() + value.len())?;
        let value = Bytes::from_static(value.as_bytes());
        Ok(Field { name: NAMES[index].clone(), value, sensitive: false })
    }

    fn named_by_reference(&mut self, first: u8) -> Result<Field, Stop> {
        let index = self.static_index(first & 0x10 != 0, 4)?;
        self.charge(ENTRIES[index].0.len())?;
        let value = self.string(7)?;
        Ok(Field { name: NAMES[index].clone(), value, sensitive: first & 0x20 != 0 })
    }

    fn spelled_out(&mut self, first: u8) -> Result<Field, Stop> {
        self.charge(0)?;
        let name = Name::new(&self.string(3)?);
        let value = self.string(7)?;
        Ok(Field { name, value, sensitive: first & 0x10 != 0 })
    }

    fn static_index(&mut self, is_static: bool, prefix: u32) -> Result<usize, Error> {
        if !is_static {
            return Err(dynamic());
        }
        let index = self.integer(prefix)?;
        match usize::try_from(index) {
            Ok(index) if index < ENTRIES.len() => Ok(index),
            _ => Err(failed("the static table has no such entry")),
        }
    }

    /// A string whose length has `prefix` bits in the first byte, below the bit that says whether it is encoded.
    fn string(&mut self, prefix: u32) -> Result<Bytes, Stop> {
        let encoded = self.input.first().is_some_and(|first| first & 1 << prefix != 0);
        let length = usize::try_from(self.integer(prefix)?).unwrap_or(usize::MAX);
        if length > self.input.len() {
            return Err(failed("the field section ends inside of a string").into());
        }
        if !encoded {
            self.spend(length)?;
            return Ok(self.input.split_to(length));
        }
        if self.room.capacity() == 0 {
            // Five bits are the shortest code.
            self.room.reserve(ROOM.min(self.input.len() * 8 / 5));
        }
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX);
        match huffman::decode(&self.input[..length], limit, &mut self.room) {
            Ok(()) => {}
            Err(huffman::Failure::TooLong) => return Err(Stop::TooLarge),
            Err(huffman::Failure::Invalid) => return Err(failed("a string is not valid Huffman code").into()),
        }
        self.input.advance(length);
        let text = self.room.split().freeze();
        self.spend(text.len())?;
        Ok(text)
    }

    fn integer(&mut self, prefix: u32) -> Result<u64, Error> {
        integer::read(prefix, &mut self.input).map_err(|failure| match failure {
            integer::Failure::Cut => failed("the field section is cut short"),
            integer::Failure::TooLarge => failed("an integer has more than 62 bits"),
        })
    }

    /// Counts a new field of which `length` bytes are known.
    fn charge(&mut self, length: usize) -> Result<(), Stop> {
        self.spend(length)?;
        self.left = self.left.checked_sub(FIELD_OVERHEAD).ok_or(Stop::TooLarge)?;
        Ok(())
    }

    fn spend(&mut self, length: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(length as u64).ok_or(Stop::TooLarge)?;
        Ok(())
    }
}

const fn dynamic() -> Error {
    failed("a field refers to the dynamic table, which is empty")
}
