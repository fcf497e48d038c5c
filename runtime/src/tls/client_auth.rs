//! What is asked of the certificates of clients.

use std::sync::Arc;

use caddis_config::tls::ClientAuthentication;
use rustls::{
    CertificateError, DistinguishedName, RootCertStore,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::{automation::Parts, ca_pool, signatures::verify_signatures};
use crate::build::{Build, BuildError};

/// Builds the check, or nothing when the configuration asks for none.
///
/// # Errors
/// Names what is wrong or not supported.
pub(super) fn build(
    config: &ClientAuthentication,
    provider: &Arc<CryptoProvider>,
    parts: &mut Parts<'_>,
    cx: &mut Build,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, BuildError> {
    if !is_active(config) {
        return Ok(None);
    }
    for verifier in &config.verifiers {
        cx.refuse_fields(&[("verifiers", true, &format!("tls.client_auth.verifier.{}", verifier.name()))])?;
    }
    let mut pool = RootCertStore::empty();
    if let Some(source) = &config.ca {
        cx.at("ca", |cx| ca_pool::add(source, &mut pool, parts, cx))?;
    }
    if cx.reads_nothing() {
        return Ok(None);
    }
    ca_pool::add_inline(&config.trusted_ca_certs, &mut pool, cx)?;
    ca_pool::add_files(&config.trusted_ca_certs_pem_files, &mut pool, cx)?;
    let leaves = config.trusted_leaf_certs.iter().map(|text| ca_pool::from_base64(text, cx));
    let leaves: Vec<CertificateDer<'static>> = leaves.collect::<Result<_, _>>()?;
    let something_to_check = !pool.is_empty() || !leaves.is_empty();
    let (mandatory, verifies) = match config.mode.as_str() {
        "" => (true, something_to_check),
        "request" => (false, false),
        "require" => (true, false),
        "verify_if_given" => (false, true),
        "require_and_verify" => (true, true),
        other => return Err(cx.error(format!("unrecognized client authentication mode: {other}"))),
    };
    if verifies && !something_to_check {
        ca_pool::add(&caddis_config::tls::ca_pool::source::System::default().into(), &mut pool, parts, cx)?;
    }
    let by_authority = if verifies && !pool.is_empty() {
        let built = WebPkiClientVerifier::builder_with_provider(Arc::new(pool), Arc::clone(provider)).build();
        Some(built.map_err(|error| cx.error(format!("client authentication: {error}")))?)
    } else {
        None
    };
    let algorithms = provider.signature_verification_algorithms;
    Ok(Some(Arc::new(Verifier { mandatory, by_authority, leaves, algorithms })))
}

/// Whether anything is asked of clients at all.
pub(crate) fn is_active(config: &ClientAuthentication) -> bool {
    *config != ClientAuthentication::default()
}

/// Checks certificates against authorities and a list of certificates, as far as there are any.
#[derive(Debug)]
struct Verifier {
    mandatory: bool,
    by_authority: Option<Arc<dyn ClientCertVerifier>>,
    leaves: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.by_authority.as_ref().map_or(&[], |verifier| verifier.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if let Some(verifier) = &self.by_authority {
            verifier.verify_client_cert(leaf, rest, now)?;
        }
        if !self.leaves.is_empty() && !self.leaves.iter().any(|trusted| trusted == leaf) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ClientCertVerified::assertion())
    }

    verify_signatures!(algorithms);
}
