//! `{http.request.tls.*}`: what the handshake settled and who the client's certificate says it is.

use base64::{Engine, prelude::BASE64_STANDARD};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

use super::Value;
use crate::http::exchange::TlsInfo;

/// One placeholder below `http.request.tls.`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsKey {
    /// `version`
    Version,
    /// `cipher_suite`
    CipherSuite,
    /// `resumed`
    Resumed,
    /// `proto`
    Proto,
    /// `proto_mutual`
    ProtoMutual,
    /// `server_name`
    ServerName,
    /// `ech`
    Ech,
    /// `client.*`
    Client(ClientKey),
}

/// One placeholder below `http.request.tls.client.`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientKey {
    /// `fingerprint`: SHA-256 of the certificate, in hex.
    Fingerprint,
    /// `public_key`: in hex.
    PublicKey,
    /// `public_key_sha256`: in hex.
    PublicKeySha256,
    /// `issuer`
    Issuer,
    /// `serial`
    Serial,
    /// `subject`
    Subject,
    /// `certificate_pem`
    Pem,
    /// `certificate_der_base64`
    Der,
    /// `san.dns_names`, `.emails`, `.ips`, `.uris`, each with an index or whole.
    AlternativeName(NameKind, Option<usize>),
}

/// Kinds of alternative names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// DNS names.
    Dns,
    /// Mail addresses.
    Email,
    /// IP addresses.
    Ip,
    /// URIs.
    Uri,
}

impl TlsKey {
    /// The key of a name below `http.request.tls.`, in any case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if let Some(client) = name.strip_prefix("client.") {
            return ClientKey::parse(client).map(TlsKey::Client);
        }
        Some(match name.as_str() {
            "version" => TlsKey::Version,
            "cipher_suite" => TlsKey::CipherSuite,
            "resumed" => TlsKey::Resumed,
            "proto" => TlsKey::Proto,
            "proto_mutual" => TlsKey::ProtoMutual,
            "server_name" => TlsKey::ServerName,
            "ech" => TlsKey::Ech,
            _ => return None,
        })
    }

    /// The value on a connection.
    pub(super) fn value<'a>(&self, info: &'a TlsInfo) -> Value<'a> {
        match self {
            TlsKey::Version => info.version.into(),
            TlsKey::CipherSuite => info.cipher_suite.into(),
            TlsKey::Resumed => info.resumed.into(),
            TlsKey::Proto => info.alpn.as_str().into(),
            TlsKey::ProtoMutual => true.into(),
            TlsKey::ServerName => info.server_name.as_str().into(),
            TlsKey::Ech => false.into(),
            TlsKey::Client(key) => {
                let leaf = info.peer_certificates.first();
                leaf.and_then(|der| key.value(der)).unwrap_or(Value::Null)
            }
        }
    }
}

impl ClientKey {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "fingerprint" => ClientKey::Fingerprint,
            "public_key" => ClientKey::PublicKey,
            "public_key_sha256" => ClientKey::PublicKeySha256,
            "issuer" => ClientKey::Issuer,
            "serial" => ClientKey::Serial,
            "subject" => ClientKey::Subject,
            "certificate_pem" => ClientKey::Pem,
            "certificate_der_base64" => ClientKey::Der,
            other => {
                let (kind, index) = other.strip_prefix("san.")?.split_once('.').map_or_else(
                    || Some((other.strip_prefix("san.")?, None)),
                    |(kind, index)| Some((kind, Some(index.parse().ok()?))),
                )?;
                let kind = match kind {
                    "dns_names" => NameKind::Dns,
                    "emails" => NameKind::Email,
                    "ips" => NameKind::Ip,
                    "uris" => NameKind::Uri,
                    _ => return None,
                };
                ClientKey::AlternativeName(kind, index)
            }
        })
    }

    fn value(&self, der: &[u8]) -> Option<Value<'static>> {
        match self {
            ClientKey::Fingerprint => return Some(sha256_hex(der).into()),
            ClientKey::Der => return Some(BASE64_STANDARD.encode(der).into()),
            ClientKey::Pem => return Some(pem(der).into()),
            _ => {}
        }
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let key = &certificate.public_key().subject_public_key.data;
        Some(match self {
            ClientKey::PublicKey => hex(key).into(),
            ClientKey::PublicKeySha256 => sha256_hex(key).into(),
            ClientKey::Issuer => distinguished_name(certificate.issuer()).into(),
            ClientKey::Subject => distinguished_name(certificate.subject()).into(),
            ClientKey::Serial => certificate.serial.to_string().into(),
            ClientKey::AlternativeName(kind, index) => {
                let names = alternative_names(&certificate, *kind);
                match index {
                    Some(index) => names.into_iter().nth(*index)?.into(),
                    None => names.into(),
                }
            }
            ClientKey::Fingerprint | ClientKey::Der | ClientKey::Pem => return None,
        })
    }
}

fn alternative_names(certificate: &X509Certificate<'_>, kind: NameKind) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter().filter_map(|name| match (kind, name) {
        (NameKind::Dns, GeneralName::DNSName(name))
        | (NameKind::Email, GeneralName::RFC822Name(name))
        | (NameKind::Uri, GeneralName::URI(name)) => Some((*name).to_owned()),
        (NameKind::Ip, GeneralName::IPAddress(bytes)) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| std::net::Ipv4Addr::from(b).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|b| std::net::Ipv6Addr::from(b).to_string()),
            _ => None,
        },
        _ => None,
    });
    names.collect()
}

/// As in RFC 2253: the most specific part first, commas between parts, plus signs within one.
fn distinguished_name(name: &x509_parser::x509::X509Name<'_>) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let written = parts.iter().rev().map(|part| {
        let attributes = part.iter().map(|attribute| {
            let kind = match attribute.attr_type().to_id_string().as_str() {
                "2.5.4.6" => "C".to_owned(),
                "2.5.4.10" => "O".to_owned(),
                "2.5.4.11" => "OU".to_owned(),
                "2.5.4.3" => "CN".to_owned(),
                "2.5.4.5" => "SERIALNUMBER".to_owned(),
                "2.5.4.7" => "L".to_owned(),
                "2.5.4.8" => "ST".to_owned(),
                "2.5.4.9" => "STREET".to_owned(),
                "2.5.4.17" => "POSTALCODE".to_owned(),
                other => other.to_owned(),
            };
            format!("{kind}={}", escape_name(attribute.as_str().unwrap_or_default()))
        });
        attributes.collect::<Vec<_>>().join("+")
    });
    written.collect::<Vec<_>>().join(",")
}

fn escape_name(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (index, character) in value.chars().enumerate() {
        let outer = (character == ' ' && (index == 0 || index == last)) || (character == '#' && index == 0);
        if outer || ",+\"\\<>;".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn pem(der: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for (index, character) in encoded.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
