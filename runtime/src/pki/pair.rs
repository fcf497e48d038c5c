//! A certificate with its key, made or read.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    RsaKeySize,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::PkiError;

/// Clocks of clients may be a little slow.
const BACKDATE: Duration = Duration::from_secs(60);

/// Kinds of keys, with Caddy's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyType {
    /// `ed25519`
    Ed25519,
    /// `p256`
    #[default]
    P256,
    /// `p384`
    P384,
    /// `rsa2048`
    Rsa2048,
    /// `rsa4096`
    Rsa4096,
}

impl KeyType {
    /// The kind of that name; the default for an empty one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "" | "p256" => Self::P256,
            "ed25519" => Self::Ed25519,
            "p384" => Self::P384,
            "rsa2048" => Self::Rsa2048,
            "rsa4096" => Self::Rsa4096,
            _ => return None,
        })
    }

    fn generate(self) -> Result<KeyPair, rcgen::Error> {
        match self {
            Self::Ed25519 => KeyPair::generate_for(&PKCS_ED25519),
            Self::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
            Self::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096),
        }
    }
}

/// A certificate in PEM with its chain, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate, then those that lead to the root, without the root.
    pub chain: String,
    /// The key.
    pub key: String,
    /// When it begins to be valid.
    pub from: SystemTime,
    /// When it ends.
    pub until: SystemTime,
}

/// A certificate that signs others.
pub(super) struct Signer {
    pub(super) pem: String,
    pub(super) from: SystemTime,
    pub(super) until: SystemTime,
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("from", &self.from).field("until", &self.until).finish_non_exhaustive()
    }
}

impl Signer {
    /// Takes over what is stored.
    pub(super) fn read(certificate: &str, key: &str) -> Result<Self, PkiError> {
        let (from, until) = validity(certificate)?;
        let issuer = Issuer::from_ca_cert_pem(certificate, KeyPair::from_pem(key)?)?;
        Ok(Self { pem: certificate.to_owned(), from, until, issuer })
    }

    /// Makes a root.
    pub(super) fn root(common_name: &str, lifetime: Duration) -> Result<Self, PkiError> {
        let key = KeyType::P256.generate()?;
        let params = authority_params(common_name, lifetime, 1);
        let certificate = params.self_signed(&key)?;
        let (from, until) = (params.not_before.into(), params.not_after.into());
        Ok(Self { pem: certificate.pem(), from, until, issuer: Issuer::new(params, key) })
    }

    /// Makes an intermediate that this one has signed.
    pub(super) fn intermediate(&self, common_name: &str, lifetime: Duration) -> Result<Self, PkiError> {
        let key = KeyType::P256.generate()?;
        let mut params = authority_params(common_name, lifetime, 0);
        params.use_authority_key_identifier_extension = true;
        params.not_after = params.not_after.min(self.until.into());
        let certificate = params.signed_by(&key, &self.issuer)?;
        let (from, until) = (params.not_before.into(), params.not_after.into());
        Ok(Self { pem: certificate.pem(), from, until, issuer: Issuer::new(params, key) })
    }

    /// Makes a certificate for a server.
    pub(super) fn leaf(
        &self,
        name: &str,
        key: &KeyPair,
        lifetime: Duration,
    ) -> Result<(String, SystemTime, SystemTime), PkiError> {
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.distinguished_name = DistinguishedName::new();
        let now = SystemTime::now();
        params.not_before = (now - BACKDATE).into();
        params.not_after = (now + lifetime).min(self.until).into();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(key, &self.issuer)?;
        Ok((certificate.pem(), params.not_before.into(), params.not_after.into()))
    }

    pub(super) fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// The certificate in DER.
    pub(super) fn der(&self) -> Result<CertificateDer<'static>, PkiError> {
        first_der(&self.pem)
    }
}

/// Makes the key of a server.
pub(super) fn generate(key_type: KeyType) -> Result<KeyPair, PkiError> {
    Ok(key_type.generate()?)
}

/// A certificate authority's certificate that may be followed by `below` others.
fn authority_params(common_name: &str, lifetime: Duration, below: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = SystemTime::now();
    params.not_before = now.into();
    params.not_after = (now + lifetime).into();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn first_der(pem: &str) -> Result<CertificateDer<'static>, PkiError> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| PkiError::Unusable(format!("no certificate in PEM: {error}")))
}

/// From when until when the first certificate of a PEM text is valid.
pub(crate) fn validity(pem: &str) -> Result<(SystemTime, SystemTime), PkiError> {
    let der = first_der(pem)?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der)
        .map_err(|error| PkiError::Unusable(format!("unreadable certificate: {error}")))?;
    let time = |at: x509_parser::time::ASN1Time| {
        let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    };
    let validity = certificate.validity();
    Ok((time(validity.not_before), time(validity.not_after)))
}
