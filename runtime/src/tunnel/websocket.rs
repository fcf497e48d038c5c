//! Just enough of WebSocket framing to say goodbye without breaking a frame (RFC 6455, sections 5.2 and 5.5.1).

/// The longest frame header without the masking key, which is counted as payload here.
const LONGEST_HEADER: usize = 10;
const OPCODE_CLOSE: u8 = 8;
const GOING_AWAY: u16 = 1001;

/// Follows the frames of one direction.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Bytes of the current frame that are still to come after its header.
    remaining: u64,
    header: [u8; LONGEST_HEADER],
    /// How much of `header` has been seen.
    seen: u8,
    /// Whether the current or last frame is a close frame.
    close: bool,
}

impl Frames {
    /// Whether the last byte was the last of a frame.
    pub(super) fn at_boundary(&self) -> bool {
        self.seen == 0 && self.remaining == 0
    }

    /// Whether the peer has said goodbye: its close frame is complete.
    pub(super) fn closed(&self) -> bool {
        self.close && self.at_boundary()
    }

    /// Takes all of `data`.
    pub(super) fn pass(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            data = &data[self.pass_frame(data)..];
        }
    }

    /// Takes `data` up to the end of the current frame; the number of bytes taken.
    pub(super) fn pass_frame(&mut self, data: &[u8]) -> usize {
        let mut taken = 0;
        while self.remaining == 0 {
            let Some(&byte) = data.get(taken) else { return taken };
            taken += 1;
            self.header[usize::from(self.seen)] = byte;
            self.seen += 1;
            if usize::from(self.seen) == self.header_length() {
                self.remaining = self.payload_length();
                self.close = self.header[0] & 0x0f == OPCODE_CLOSE;
                self.seen = 0;
                if self.remaining == 0 {
                    return taken;
                }
            }
        }
        let rest = u64::try_from(data.len() - taken).unwrap_or(u64::MAX).min(self.remaining);
        self.remaining -= rest;
        taken + usize::try_from(rest).unwrap_or(usize::MAX)
    }

    fn header_length(&self) -> usize {
        match self.header[1] & 0x7f {
            _ if self.seen < 2 => 2,
            126 => 4,
            127 => 10,
            _ => 2,
        }
    }

    fn payload_length(&self) -> u64 {
        let header = &self.header;
        let length = match header[1] & 0x7f {
            126 => u64::from(u16::from_be_bytes([header[2], header[3]])),
            127 => header[2..].iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
            length => u64::from(length),
        };
        let mask = if header[1] & 0x80 == 0 { 0 } else { 4 };
        length.saturating_add(mask)
    }
}

/// A close frame with status 1001 for a client, who gets frames unmasked.
pub(super) fn close_for_client() -> Vec<u8> {
    let [high, low] = GOING_AWAY.to_be_bytes();
    vec![0x88, 0x02, high, low]
}

/// The same for an upstream, which must get frames masked.
pub(super) fn close_for_upstream(mask: [u8; 4]) -> Vec<u8> {
    let [high, low] = GOING_AWAY.to_be_bytes();
    vec![0x88, 0x82, mask[0], mask[1], mask[2], mask[3], high ^ mask[0], low ^ mask[1]]
}
