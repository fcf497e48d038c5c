//! Settings (RFC 9114 section 7.2.4): ours to bytes, the peer's from bytes, and what both together permit.

use bytes::{Buf, BytesMut};

use crate::{Code, Error, Role, frame, ids::reserved, varint};

mod dialect;

pub use dialect::Dialect;

/// What one end says about itself in SETTINGS. The default is what holds while nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// SETTINGS_QPACK_MAX_TABLE_CAPACITY (0x01), in bytes. This implementation has no dynamic table: ours is 0.
    pub qpack_max_table_capacity: u64,
    /// SETTINGS_MAX_FIELD_SECTION_SIZE (0x06): the largest field section that is taken, in bytes (see
    /// [`qpack::FIELD_OVERHEAD`](crate::qpack::FIELD_OVERHEAD)); `None` for no limit.
    pub max_field_section_size: Option<u64>,
    /// SETTINGS_QPACK_BLOCKED_STREAMS (0x07). Ours is 0.
    pub qpack_blocked_streams: u64,
    /// SETTINGS_ENABLE_CONNECT_PROTOCOL (0x08): extended CONNECT is taken (RFC 9220).
    pub enable_connect_protocol: bool,
    /// SETTINGS_H3_DATAGRAM (0x33): datagrams are taken (RFC 9297).
    pub datagrams: bool,
    /// The setting of the same meaning from a draft of RFC 9297 (0xffd277), which some browsers send and want.
    pub datagrams_draft04: bool,
    /// What the drafts of WebTransport have.
    pub webtransport: WebTransport,
}

/// The settings that the drafts of WebTransport have had. All of them may be sent together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebTransport {
    /// SETTINGS_ENABLE_WEBTRANSPORT (0x2b603742), drafts 00 to 06.
    pub draft02_enabled: bool,
    /// SETTINGS_WEBTRANSPORT_MAX_SESSIONS (0x2b603743), drafts 04 and 05, beside the one before.
    pub draft04_max_sessions: u64,
    /// SETTINGS_WEBTRANSPORT_MAX_SESSIONS (0xc671706a), drafts 07 to 12.
    pub draft07_max_sessions: u64,
    /// SETTINGS_WT_MAX_SESSIONS (0x14e9cd29), drafts 13 and 14.
    pub draft13_max_sessions: u64,
    /// SETTINGS_WT_ENABLED (0x2c7cf000), drafts 15 and 16.
    pub draft15_enabled: bool,
    /// SETTINGS_WT_INITIAL_MAX_DATA (0x2b61): bytes that the peer may send on the streams of a session.
    pub initial_max_data: u64,
    /// SETTINGS_WT_INITIAL_MAX_STREAMS_UNI (0x2b64): unidirectional streams that the peer may open in a session.
    pub initial_max_streams_uni: u64,
    /// SETTINGS_WT_INITIAL_MAX_STREAMS_BIDI (0x2b65): bidirectional streams that the peer may open in a session.
    pub initial_max_streams_bidi: u64,
}

const QPACK_MAX_TABLE_CAPACITY: u64 = 0x01;
const MAX_FIELD_SECTION_SIZE: u64 = 0x06;
const QPACK_BLOCKED_STREAMS: u64 = 0x07;
const ENABLE_CONNECT_PROTOCOL: u64 = 0x08;
const H3_DATAGRAM: u64 = 0x33;
const H3_DATAGRAM_DRAFT04: u64 = 0xff_d277;
const WT_DRAFT02_ENABLED: u64 = 0x2b60_3742;
const WT_DRAFT04_MAX_SESSIONS: u64 = 0x2b60_3743;
const WT_DRAFT07_MAX_SESSIONS: u64 = 0xc671_706a;
const WT_DRAFT13_MAX_SESSIONS: u64 = 0x14e9_cd29;
const WT_DRAFT15_ENABLED: u64 = 0x2c7c_f000;
const WT_INITIAL_MAX_DATA: u64 = 0x2b61;
const WT_INITIAL_MAX_STREAMS_UNI: u64 = 0x2b64;
const WT_INITIAL_MAX_STREAMS_BIDI: u64 = 0x2b65;

/// The type of SETTINGS.
const SETTINGS: u8 = 0x04;

impl Settings {
    /// Writes the SETTINGS frame. Settings with their default value are left out. `seed` picks a reserved setting that is
    /// sent along, so that peers which do not ignore unknown ones are found out early (section 7.2.4.1).
    pub fn write(&self, seed: u64, out: &mut BytesMut) {
        frame::with_payload(SETTINGS, out, |out| {
            let mut put = |id, value: u64| {
                varint::write(id, out);
                varint::write(value.min(varint::MAX), out);
            };
            if let Some(size) = self.max_field_section_size {
                put(MAX_FIELD_SECTION_SIZE, size);
            }
            for (id, value) in self.numbers().into_iter().filter(|(_, value)| *value != 0) {
                put(id, value);
            }
            put(reserved(seed), seed % 64);
        });
    }

    /// All settings whose default is zero.
    fn numbers(&self) -> [(u64, u64); 13] {
        let wt = &self.webtransport;
        [
            (QPACK_MAX_TABLE_CAPACITY, self.qpack_max_table_capacity),
            (QPACK_BLOCKED_STREAMS, self.qpack_blocked_streams),
            (ENABLE_CONNECT_PROTOCOL, self.enable_connect_protocol.into()),
            (H3_DATAGRAM, self.datagrams.into()),
            (H3_DATAGRAM_DRAFT04, self.datagrams_draft04.into()),
            (WT_DRAFT02_ENABLED, wt.draft02_enabled.into()),
            (WT_DRAFT04_MAX_SESSIONS, wt.draft04_max_sessions),
            (WT_DRAFT07_MAX_SESSIONS, wt.draft07_max_sessions),
            (WT_DRAFT13_MAX_SESSIONS, wt.draft13_max_sessions),
            (WT_DRAFT15_ENABLED, wt.draft15_enabled.into()),
            (WT_INITIAL_MAX_DATA, wt.initial_max_data),
            (WT_INITIAL_MAX_STREAMS_UNI, wt.initial_max_streams_uni),
            (WT_INITIAL_MAX_STREAMS_BIDI, wt.initial_max_streams_bidi),
        ]
    }

    /// Reads the payload of a SETTINGS frame.
    ///
    /// # Errors
    /// H3_FRAME_ERROR if it is cut. H3_SETTINGS_ERROR for a setting that comes twice, one of HTTP/2 only, or a value that
    /// the setting cannot have.
    pub fn read(mut payload: &[u8]) -> Result<Self, Error> {
        let mut settings = Self::default();
        let mut seen = Vec::with_capacity(16);
        while payload.has_remaining() {
            let (Some(id), Some(value)) = (varint::read(&mut payload), varint::read(&mut payload)) else {
                return Err(Error::connection(Code::H3_FRAME_ERROR, "SETTINGS end inside of a setting"));
            };
            seen.push(id);
            settings.set(id, value)?;
        }
        seen.sort_unstable();
        if seen.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(wrong("a setting comes twice"));
        }
        Ok(settings)
    }

    fn set(&mut self, id: u64, value: u64) -> Result<(), Error> {
        let wt = &mut self.webtransport;
        match id {
            QPACK_MAX_TABLE_CAPACITY => self.qpack_max_table_capacity = value,
            MAX_FIELD_SECTION_SIZE => self.max_field_section_size = Some(value),
            QPACK_BLOCKED_STREAMS => self.qpack_blocked_streams = value,
            ENABLE_CONNECT_PROTOCOL => self.enable_connect_protocol = flag(value)?,
            H3_DATAGRAM => self.datagrams = flag(value)?,
            H3_DATAGRAM_DRAFT04 => self.datagrams_draft04 = flag(value)?,
            WT_DRAFT02_ENABLED => wt.draft02_enabled = flag(value)?,
            WT_DRAFT04_MAX_SESSIONS => wt.draft04_max_sessions = value,
            WT_DRAFT07_MAX_SESSIONS => wt.draft07_max_sessions = value,
            WT_DRAFT13_MAX_SESSIONS => wt.draft13_max_sessions = value,
            // Draft 15 has "greater than 0".
            WT_DRAFT15_ENABLED => wt.draft15_enabled = value > 0,
            WT_INITIAL_MAX_DATA => wt.initial_max_data = value,
            WT_INITIAL_MAX_STREAMS_UNI => wt.initial_max_streams_uni = value,
            WT_INITIAL_MAX_STREAMS_BIDI => wt.initial_max_streams_bidi = value,
            // What HTTP/2 has and HTTP/3 has not (sections 7.2.4.1 and 11.2.2).
            0x00 | 0x02..=0x05 => return Err(wrong("a setting that only HTTP/2 has")),
            _ => {}
        }
        Ok(())
    }

    /// For a client whose early data was accepted: whether the server keeps to the settings that the client remembered
    /// from the connection before and went by (section 7.2.4.2).
    ///
    /// # Errors
    /// H3_SETTINGS_ERROR if anything was taken back, QPACK_DECODER_STREAM_ERROR if that is the capacity of the dynamic
    /// table (RFC 9204 section 3.2.3).
    pub fn check_remembered(&self, remembered: &Self) -> Result<(), Error> {
        let before = remembered.qpack_max_table_capacity;
        if before != 0 && self.qpack_max_table_capacity != before {
            return Err(Error::connection(
                Code::QPACK_DECODER_STREAM_ERROR,
                "the capacity of the dynamic table is not that of the session before",
            ));
        }
        let limit = |size: Option<u64>| size.unwrap_or(u64::MAX);
        let mut pairs = self.numbers().into_iter().zip(remembered.numbers());
        let taken_back = limit(self.max_field_section_size) < limit(remembered.max_field_section_size)
            || pairs.any(|((_, now), (_, before))| now < before);
        if taken_back {
            return Err(wrong("the server takes back settings that early data was sent by"));
        }
        Ok(())
    }

    /// The newest dialect of WebTransport that both ends speak; `role` is that of the end with the settings `self`.
    #[must_use]
    pub fn webtransport(&self, role: Role, peer: &Self) -> Option<Dialect> {
        dialect::shared(self, role, peer)
    }

    /// Whether an end with these settings has any use for limits of sessions. One that permits all there can be does not count, as
    /// is seen of some, and does not count what it sends either, whatever limits it is given.
    #[must_use]
    pub fn counts_in_sessions(&self) -> bool {
        let wt = &self.webtransport;
        let most = 1 << 60;
        wt.initial_max_data < most || wt.initial_max_streams_uni < most || wt.initial_max_streams_bidi < most
    }

    /// Whether datagrams may be sent to an end with these settings.
    #[must_use]
    pub fn takes_datagrams(&self) -> bool {
        self.datagrams || self.datagrams_draft04
    }
}

fn flag(value: u64) -> Result<bool, Error> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(wrong("a setting is neither 0 nor 1")),
    }
}

const fn wrong(reason: &'static str) -> Error {
    Error::connection(Code::H3_SETTINGS_ERROR, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_and_read() {
        let settings = Settings {
            qpack_max_table_capacity: 4096,
            max_field_section_size: Some(1 << 20),
            qpack_blocked_streams: 100,
            enable_connect_protocol: true,
            datagrams: true,
            datagrams_draft04: true,
            webtransport: WebTransport {
                draft02_enabled: true,
                draft04_max_sessions: 1,
                draft07_max_sessions: 2,
                draft13_max_sessions: varint::MAX,
                draft15_enabled: true,
                initial_max_data: 5,
                initial_max_streams_uni: 6,
                initial_max_streams_bidi: 7,
            },
        };
        for settings in [settings, Settings::default()] {
            let mut out = BytesMut::new();
            settings.write(77, &mut out);
            assert_eq!(out[0], SETTINGS);
            assert_eq!(Settings::read(&out[3..]).as_ref(), Ok(&settings));
        }
    }

    #[test]
    fn unknown_settings_are_ignored() {
        assert_eq!(Settings::read(&[0x21, 5, 0x40, 0x77, 0x40, 0x77]), Ok(Settings::default()));
    }
}
