//! The handshake of QUIC connections to upstreams: that of quinn, which here also tells how many streams the upstream permits.

use std::{any::Any, sync::Arc};

use bytes::Buf;
use caddis_h3::varint;
use quinn::{
    ConnectError, ConnectionId, Side,
    crypto::{
        self, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, Session,
        rustls::QuicClientConfig,
    },
};
use quinn_proto::{TransportError, transport_parameters::TransportParameters};

/// The transport parameters that say it (RFC 9000, section 18.2).
const INITIAL_MAX_STREAMS_BIDI: u64 = 0x08;
const INITIAL_MAX_STREAMS_UNI: u64 = 0x09;

/// How many streams of each kind a peer lets this end have open to begin with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) bidirectional: u64,
    pub(crate) unidirectional: u64,
}

impl Granted {
    /// What the handshake of a connection to an upstream has told; nothing if it was another kind of handshake.
    pub(crate) fn on(quic: &quinn::Connection) -> Self {
        quic.handshake_data()
            .and_then(|data| data.downcast().ok())
            .map_or_else(Self::default, |granted| *granted)
    }

    /// The parameters can be looked into only in the form that they have on the wire.
    fn of(parameters: &TransportParameters) -> Self {
        let mut written = Vec::new();
        parameters.write(&mut written);
        let (mut rest, mut granted) = (&written[..], Self::default());
        while let Some((id, length)) = varint::read(&mut rest).zip(varint::read(&mut rest)) {
            let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
            let value = varint::read_only(&rest[..length]).unwrap_or(0);
            match id {
                INITIAL_MAX_STREAMS_BIDI => granted.bidirectional = value,
                INITIAL_MAX_STREAMS_UNI => granted.unidirectional = value,
                _ => {}
            }
            rest.advance(length);
        }
        granted
    }
}

/// A configuration whose handshakes tell of a [`Granted`].
pub(crate) fn telling(config: QuicClientConfig) -> Arc<dyn crypto::ClientConfig> {
    Arc::new(Telling(Arc::new(config)))
}

struct Telling(Arc<QuicClientConfig>);

impl crypto::ClientConfig for Telling {
    fn start_session(
        self: Arc<Self>,
        version: u32,
        server_name: &str,
        parameters: &TransportParameters,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let session = Arc::clone(&self.0).start_session(version, server_name, parameters)?;
        Ok(Box::new(Handshake(session)))
    }
}

struct Handshake(Box<dyn Session>);

impl Session for Handshake {
    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        let parameters = self.0.transport_parameters().ok().flatten()?;
        Some(Box::new(Granted::of(&parameters)))
    }

    fn initial_keys(&self, id: &ConnectionId, side: Side) -> Keys {
        self.0.initial_keys(id, side)
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        self.0.peer_identity()
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        self.0.early_crypto()
    }

    fn early_data_accepted(&self) -> Option<bool> {
        self.0.early_data_accepted()
    }

    fn is_handshaking(&self) -> bool {
        self.0.is_handshaking()
    }

    fn read_handshake(&mut self, bytes: &[u8]) -> Result<bool, TransportError> {
        self.0.read_handshake(bytes)
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        self.0.transport_parameters()
    }

    fn write_handshake(&mut self, out: &mut Vec<u8>) -> Option<Keys> {
        self.0.write_handshake(out)
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        self.0.next_1rtt_keys()
    }

    fn is_valid_retry(&self, id: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        self.0.is_valid_retry(id, header, payload)
    }

    fn export_keying_material(
        &self,
        output: &mut [u8],
        label: &[u8],
        context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        self.0.export_keying_material(output, label, context)
    }
}

#[cfg(test)]
mod tests {
    use super::{Granted, Side, TransportParameters};

    #[test]
    fn what_a_peer_permits_is_read() {
        let mut written: &[u8] = b"\x04\x04\x80\x10\x00\x00\x08\x02\x40\x64\x03\x02\x45\xc0\x09\x01\x07";
        let parameters = TransportParameters::read(Side::Client, &mut written).unwrap();
        assert_eq!(Granted::of(&parameters), Granted { bidirectional: 100, unidirectional: 7 });
        let parameters = TransportParameters::read(Side::Client, &mut &b""[..]).unwrap();
        assert_eq!(Granted::of(&parameters), Granted::default());
    }
}
