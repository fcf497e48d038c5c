//! The instructions on QPACK's own streams (RFC 9204 sections 4.3 and 4.4), of which few make sense without a dynamic
//! table.

use super::integer;
use crate::{Code, Error};

/// Set Dynamic Table Capacity with a capacity of zero.
const CAPACITY_ZERO: u8 = 0x20;

/// Checks instructions of the peer's encoder. All that is permitted to one that must not use a dynamic table is to say
/// that its capacity is zero, which is one byte.
///
/// # Errors
/// QPACK_ENCODER_STREAM_ERROR for everything else.
pub fn encoder_instructions(input: &[u8]) -> Result<(), Error> {
    match input.iter().find(|&&byte| byte != CAPACITY_ZERO) {
        None => Ok(()),
        Some(byte) => Err(Error::connection(
            Code::QPACK_ENCODER_STREAM_ERROR,
            match byte {
                0x80.. => "an entry is inserted into a dynamic table without room",
                0x40.. => "an entry is inserted into a dynamic table without room",
                0x20.. => "the capacity of the dynamic table is above the limit",
                _ => "an entry is duplicated that is not there",
            },
        )),
    }
}

/// Checks instructions of the peer's decoder, which come in pieces.
#[derive(Debug, Default)]
pub struct DecoderInstructions {
    /// The stream id of a cancellation of which some bytes have come.
    cancelled: Option<integer::Reader>,
}

impl DecoderInstructions {
    /// Reads a piece of the stream.
    ///
    /// # Errors
    /// QPACK_DECODER_STREAM_ERROR for everything but the cancellation of streams: there is nothing to acknowledge.
    pub fn read(&mut self, input: &[u8]) -> Result<(), Error> {
        for &byte in input {
            let reader = match &mut self.cancelled {
                Some(reader) => reader,
                None => match byte {
                    0x80.. => {
                        return Err(wrong("a field section is acknowledged that uses no dynamic table"));
                    }
                    0x40.. => self.cancelled.insert(integer::Reader::new(6)),
                    _ => return Err(wrong("inserts are acknowledged that were never made")),
                },
            };
            match reader.push(byte) {
                Ok(None) => {}
                Ok(Some(_)) => self.cancelled = None,
                Err(_) => return Err(wrong("a stream id has more than 62 bits")),
            }
        }
        Ok(())
    }
}

const fn wrong(reason: &'static str) -> Error {
    Error::connection(Code::QPACK_DECODER_STREAM_ERROR, reason)
}
