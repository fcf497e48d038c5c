//! Authorities that are trusted to sign the certificates of clients.

use base64::{Engine, prelude::BASE64_STANDARD};
use caddis_config::tls::CaPool;
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::automation::Parts;
use crate::build::{Build, BuildError};

/// Adds the authorities of a source to a pool.
///
/// # Errors
/// Names what cannot be read, or is not supported.
pub(super) fn add(
    source: &CaPool,
    pool: &mut RootCertStore,
    parts: &mut Parts<'_>,
    cx: &mut Build,
) -> Result<(), BuildError> {
    match source {
        CaPool::Combined(combined) => cx.at("sources", |cx| {
            let mut sources = combined.sources.iter().enumerate();
            sources.try_for_each(|(number, source)| cx.at(number, |cx| add(source, pool, parts, cx)))
        }),
        CaPool::Storage(_) | CaPool::Http(_) | CaPool::Foreign(_) => {
            cx.refuse(&format!("tls.ca_pool.source.{}", source.name()))
        }
        _ if cx.reads_nothing() => Ok(()),
        CaPool::Inline(inline) => add_inline(&inline.trusted_ca_certs, pool, cx),
        CaPool::File(file) => add_files(&file.pem_files, pool, cx),
        CaPool::System(_) => {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = pool.add_parsable_certificates(found.certs);
            if added == 0 {
                return Err(cx.error("the system has no trusted certificates"));
            }
            Ok(())
        }
        CaPool::PkiRoot(config) => {
            for id in &config.authority {
                let der = parts.authorities.get(id, parts.pki, parts.storage, cx)?.root_der();
                add_der(der.map_err(|error| cx.error(error.to_string()))?, pool, cx)?;
            }
            Ok(())
        }
        CaPool::PkiIntermediate(config) => {
            for id in &config.authority {
                let der = parts.authorities.get(id, parts.pki, parts.storage, cx)?.intermediate_der();
                add_der(der.map_err(|error| cx.error(error.to_string()))?, pool, cx)?;
            }
            Ok(())
        }
    }
}

/// Adds certificates that are base64 of DER.
pub(super) fn add_inline(texts: &[String], pool: &mut RootCertStore, cx: &Build) -> Result<(), BuildError> {
    texts.iter().try_for_each(|text| add_der(from_base64(text, cx)?, pool, cx))
}

/// Adds the certificates of PEM files.
pub(super) fn add_files(files: &[String], pool: &mut RootCertStore, cx: &Build) -> Result<(), BuildError> {
    for file in files {
        let failed = |error: &dyn std::fmt::Display| cx.error(format!("{file}: {error}"));
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))? {
            add_der(certificate.map_err(|error| failed(&error))?, pool, cx)?;
        }
    }
    Ok(())
}

/// A certificate that is base64 of DER.
pub(super) fn from_base64(text: &str, cx: &Build) -> Result<CertificateDer<'static>, BuildError> {
    let der = BASE64_STANDARD.decode(text.trim());
    der.map(CertificateDer::from).map_err(|error| cx.error(format!("certificate is not base64: {error}")))
}

fn add_der(der: CertificateDer<'static>, pool: &mut RootCertStore, cx: &Build) -> Result<(), BuildError> {
    pool.add(der).map_err(|error| cx.error(format!("cannot trust a certificate: {error}")))
}
