//! RFC 9204 with a dynamic table of capacity zero.
//!
//! | section | tests |
//! |---|---|
//! | 2.1.2, 2.2.1 blocked streams | `rfc9204_2_1_2_blocked_stream` |
//! | 2.2.3 invalid references | `rfc9204_2_2_3_reference_to_no_entry`, `rfc9204_2_2_3_instruction_refers_to_no_entry` |
//! | 3.1 static table | `rfc9204_3_1_static_index_in_field_line`, `rfc9204_3_1_static_index_in_instruction` |
//! | 3.2.2 entries without room | `rfc9204_3_2_2_entry_is_larger_than_the_table` |
//! | 3.2.3 capacity of a resumed session | `rfc9204_3_2_3_capacity_is_taken_back` |
//! | 4.1.1 integers | `rfc9204_4_1_1_integers_of_62_bits` |
//! | 4.1.2 strings | `rfc9204_4_1_2_strings` |
//! | 4.2 streams | `rfc9204_4_2_second_stream`, `rfc9204_4_2_closed_stream` |
//! | 4.3.1 capacity | `rfc9204_4_3_1_capacity_above_limit` |
//! | 4.4.1 acknowledgment | `rfc9204_4_4_1_acknowledgment_of_nothing` |
//! | 4.4.2 cancellation | `rfc9204_4_4_2_cancellations` |
//! | 4.4.3 increment | `rfc9204_4_4_3_increment_of_nothing` |
//! | 4.5.1.1 insert count | `rfc9204_4_5_1_1_insert_count_that_cannot_be` |
//! | 4.5.1.2 base | `rfc9204_4_5_1_2_negative_base` |
//! | 4.5 cut short | `rfc9204_4_5_cut_field_sections` |

use caddis_h3::{Code, Role, Settings, uni::Uni};

use crate::{
    bytes_of::{frame, settings},
    peer::{control_of, end, ends_connection, request, uni},
};

/// A field section of these bytes cannot be decoded.
#[track_caller]
fn fails(section: &[u8]) {
    ends_connection(request(&frame(0x01, section)), Code::QPACK_DECOMPRESSION_FAILED);
}

/// An instruction of an encoder.
fn encoder(bytes: &[u8]) -> Result<(), caddis_h3::Error> {
    end(Role::Server).qpack_encoder(bytes)
}

/// Instructions of a decoder, byte by byte.
fn decoder(bytes: &[u8]) -> Result<(), caddis_h3::Error> {
    let mut end = end(Role::Server);
    bytes.iter().try_for_each(|byte| end.qpack_decoder(&[*byte]))
}

#[test]
fn rfc9204_2_1_2_blocked_stream() {
    fails(b"\x02\x00\x80");
}

#[test]
fn rfc9204_2_2_3_reference_to_no_entry() {
    for line in [&b"\x80"[..], b"\x10", b"\x40\x00", b"\x00\x00", b"\xbf\x00"] {
        fails(&[b"\0\0", line].concat());
    }
}

#[test]
fn rfc9204_2_2_3_instruction_refers_to_no_entry() {
    ends_connection(encoder(b"\x00"), Code::QPACK_ENCODER_STREAM_ERROR);
    ends_connection(encoder(b"\x80\x00"), Code::QPACK_ENCODER_STREAM_ERROR);
}

#[test]
fn rfc9204_3_1_static_index_in_field_line() {
    fails(b"\0\0\xff\x24");
    fails(b"\0\0\x5f\x54\x00");
}

#[test]
fn rfc9204_3_1_static_index_in_instruction() {
    ends_connection(encoder(b"\xff\x24\x00"), Code::QPACK_ENCODER_STREAM_ERROR);
}

#[test]
fn rfc9204_3_2_2_entry_is_larger_than_the_table() {
    ends_connection(encoder(b"\xc0\x01a"), Code::QPACK_ENCODER_STREAM_ERROR);
    ends_connection(encoder(b"\x41a\x01b"), Code::QPACK_ENCODER_STREAM_ERROR);
}

#[test]
fn rfc9204_3_2_3_capacity_is_taken_back() {
    let resumed = |capacity| {
        let client = || {
            let mut client = end(Role::Client);
            client.remember(Settings { qpack_max_table_capacity: 4096, ..Settings::default() });
            client
        };
        control_of(client, &settings(&[(0x01, capacity)]))
    };
    assert!(resumed(4096).is_ok());
    ends_connection(resumed(4095), Code::QPACK_DECODER_STREAM_ERROR);
    ends_connection(resumed(4097), Code::QPACK_DECODER_STREAM_ERROR);
}

#[test]
fn rfc9204_4_1_1_integers_of_62_bits() {
    // A stream id of 62 bits can be cancelled, one more bit is too much.
    assert_eq!(decoder(b"\x7f\xc0\xff\xff\xff\xff\xff\xff\xff\x3f"), Ok(()));
    ends_connection(decoder(b"\x7f\xc1\xff\xff\xff\xff\xff\xff\xff\x3f"), Code::QPACK_DECODER_STREAM_ERROR);
    fails(b"\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

#[test]
fn rfc9204_4_1_2_strings() {
    for value in
        [&b"\x81\xff"[..], b"\x81\x18", b"\x84\xff\xff\xff\xff", b"\x05abcd", b"\xff\xff\xff\xff\x0f"]
    {
        fails(&[b"\0\0\x51", value].concat());
    }
}

#[test]
fn rfc9204_4_2_second_stream() {
    for kind in [0x02, 0x03] {
        ends_connection(uni(Role::Server, &[&[kind], &[kind]]), Code::H3_STREAM_CREATION_ERROR);
        assert!(uni(Role::Client, &[&[kind], &[0]]).is_ok());
    }
}

#[test]
fn rfc9204_4_2_closed_stream() {
    for kind in [Uni::QpackEncoder, Uni::QpackDecoder] {
        ends_connection(end(Role::Client).closed_uni(kind), Code::H3_CLOSED_CRITICAL_STREAM);
    }
}

#[test]
fn rfc9204_4_3_1_capacity_above_limit() {
    assert_eq!(encoder(b"\x20\x20"), Ok(()));
    ends_connection(encoder(b"\x21"), Code::QPACK_ENCODER_STREAM_ERROR);
    // The example of appendix B.2.
    ends_connection(encoder(b"\x3f\xbd\x01"), Code::QPACK_ENCODER_STREAM_ERROR);
}

#[test]
fn rfc9204_4_4_1_acknowledgment_of_nothing() {
    ends_connection(decoder(b"\x84"), Code::QPACK_DECODER_STREAM_ERROR);
}

#[test]
fn rfc9204_4_4_2_cancellations() {
    assert_eq!(decoder(b"\x48\x40\x7f\x80\x01\x44"), Ok(()));
}

#[test]
fn rfc9204_4_4_3_increment_of_nothing() {
    ends_connection(decoder(b"\x00"), Code::QPACK_DECODER_STREAM_ERROR);
    ends_connection(decoder(b"\x01"), Code::QPACK_DECODER_STREAM_ERROR);
}

#[test]
fn rfc9204_4_5_1_1_insert_count_that_cannot_be() {
    fails(b"\x01\x00");
    fails(b"\xff\x00\x00");
}

#[test]
fn rfc9204_4_5_1_2_negative_base() {
    fails(b"\x00\x80\xd1");
    fails(b"\x00\xff\x00\xd1");
}

#[test]
fn rfc9204_4_5_cut_field_sections() {
    for section in
        [&b""[..], b"\0", b"\0\xff", b"\0\0\xff", b"\0\0\x51", b"\0\0\x51\x02a", b"\0\0\x23ab", b"\0\0\x21a"]
    {
        fails(section);
    }
}
