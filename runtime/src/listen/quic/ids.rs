//! Connection ids that name the endpoint which has the connection.
//!
//! An id is six random bytes and two that are the number of the endpoint, masked by what AES makes of the random ones
//! under a key of this process. To anybody else all of it is random, and two ids of a connection have nothing in common.

use std::sync::LazyLock;

use aws_lc_rs::aead::quic::{AES_128, HeaderProtectionKey};
use quinn::{ConnectionId, ConnectionIdGenerator};

/// The length of an id in bytes. Ids that clients make up for this server are as long or longer.
pub(super) const LENGTH: usize = 8;
/// How many bytes of it are random.
const RANDOM: usize = 6;
/// How many bytes of one sample the mask is made of.
const SAMPLE: usize = 16;

static KEY: LazyLock<HeaderProtectionKey> = LazyLock::new(|| {
    let mut key = [0; 16];
    random(&mut key);
    HeaderProtectionKey::new(&AES_128, &key).expect("the key is as long as AES-128 wants it")
});

/// Makes ids that name one endpoint.
#[derive(Debug, Clone)]
pub(super) struct Ids(pub(super) u16);

impl ConnectionIdGenerator for Ids {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id = [0; LENGTH];
        random(&mut id[..RANDOM]);
        let number = self.0 ^ mask(&id);
        id[RANDOM..].copy_from_slice(&number.to_be_bytes());
        ConnectionId::new(&id)
    }

    fn cid_len(&self) -> usize {
        LENGTH
    }

    fn cid_lifetime(&self) -> Option<std::time::Duration> {
        None
    }
}

/// The endpoint that an id names. One that was not made here names any.
pub(super) fn endpoint(id: &[u8; LENGTH]) -> u16 {
    u16::from_be_bytes([id[RANDOM], id[RANDOM + 1]]) ^ mask(id)
}

/// The destination id of a datagram (RFC 8999, section 5); `None` if it is of another length than ours are.
pub(super) fn destination(datagram: &[u8]) -> Option<&[u8; LENGTH]> {
    let is_long = datagram.first()? & 0x80 != 0;
    let rest = match is_long {
        // The version, and the length of the id.
        true if usize::from(*datagram.get(5)?) == LENGTH => datagram.get(6..)?,
        true => return None,
        false => &datagram[1..],
    };
    rest.first_chunk()
}

fn mask(id: &[u8; LENGTH]) -> u16 {
    let mut sample = [0; SAMPLE];
    sample[..RANDOM].copy_from_slice(&id[..RANDOM]);
    let mask = KEY.new_mask(&sample).expect("the sample is as long as AES wants it");
    u16::from_be_bytes([mask[0], mask[1]])
}

fn random(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("the system's source of randomness works");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_endpoint_to_this_process_only() {
        let mut masked = std::collections::BTreeSet::new();
        for number in [0, 1, 77, u16::MAX] {
            for _ in 0..50 {
                let id = Ids(number).generate_cid();
                let id: &[u8; LENGTH] = id[..].try_into().unwrap();
                assert_eq!(endpoint(id), number);
                masked.insert([id[RANDOM], id[RANDOM + 1]]);
            }
        }
        assert!(masked.len() > 150, "{} different numbers are seen", masked.len());
    }

    #[test]
    fn the_destination_is_found() {
        let long = |length: u8| [&[0xc0, 0, 0, 0, 1, length], &b"abcdefgh"[..], b"rest"].concat();
        assert_eq!(destination(&long(8)), Some(b"abcdefgh"));
        assert_eq!(destination(&long(9)), None);
        assert_eq!(destination(b"\x40abcdefghrest"), Some(b"abcdefgh"));
        for cut in [&b""[..], b"\x40abcdefg", b"\xc0\0\0\0", b"\xc0\0\0\0\x01\x08abc"] {
            assert_eq!(destination(cut), None, "{cut:?}");
        }
    }
}
