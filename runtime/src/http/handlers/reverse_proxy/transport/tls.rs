//! Encrypted connections to upstreams.

use std::{io, sync::Arc, time::Duration};

use caddis_config::{http::reverse_proxy::transport::TransportTls, tls::CaPool};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::super::dial::Dial;
use crate::{
    build::{Build, BuildError},
    placeholder::{Scope, Template},
    tls::{AcceptAnything, ClientCertificate, crypto},
};

/// How connections are encrypted.
#[derive(Debug)]
pub(super) struct Tls {
    /// Without protocols; each handshake names its own.
    config: ClientConfig,
    /// `None` is the host of the upstream.
    server_name: Option<Template>,
    /// Ports of upstreams that are talked to in the clear.
    pub(super) except_ports: Vec<u16>,
    pub(super) handshake_timeout: Option<Duration>,
}

impl Tls {
    /// Reads the files that the configuration names; what was read goes into `fingerprint`.
    ///
    /// # Errors
    /// When a file cannot be read or used, or something is not supported.
    pub(super) fn build(
        config: &TransportTls,
        fingerprint: &mut Vec<u8>,
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        let renegotiates = !matches!(config.renegotiation.as_str(), "" | "never");
        cx.refuse_fields(&[("renegotiation", renegotiates, "TLS renegotiation")])?;
        let provider = Arc::new(provider(&config.curves, cx)?);
        let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| cx.error(error.to_string()))?;
        let verified = if config.insecure_skip_verify {
            versions.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAnything(provider)))
        } else {
            versions.with_root_certificates(roots(config, fingerprint, cx)?)
        };
        let client = match (&*config.client_certificate_file, &*config.client_certificate_key_file) {
            _ if !config.client_certificate_automate.is_empty() => {
                let path = format!("{}/client_certificate_automate", cx.path());
                let certificate = Arc::new(ClientCertificate::new(&config.client_certificate_automate, path));
                cx.client_certificates.push(Arc::clone(&certificate));
                verified.with_client_cert_resolver(certificate)
            }
            ("", "") => verified.with_no_client_auth(),
            _ if cx.reads_nothing() => verified.with_no_client_auth(),
            ("", _) | (_, "") => {
                return Err(cx.error("client_certificate_file and client_certificate_key_file go together"));
            }
            (certificates, key) => {
                let certificates =
                    cx.at("client_certificate_file", |cx| read_certificates(certificates, fingerprint, cx))?;
                let key = cx.at("client_certificate_key_file", |cx| {
                    let pem = read(key, fingerprint, cx)?;
                    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| cx.error(format!("{key}: {error}")))
                })?;
                verified
                    .with_client_auth_cert(certificates, key)
                    .map_err(|error| cx.error(error.to_string()))?
            }
        };
        let ports = config.except_ports.iter().enumerate().map(|(index, port)| {
            port.parse().map_err(|_| {
                cx.at("except_ports", |cx| cx.at(index, |cx| cx.error(format!("no such port: {port}"))))
            })
        });
        let except_ports = ports.collect::<Result<_, _>>()?;
        let server_name = match &*config.server_name {
            "" => None,
            name => Some(cx.at("server_name", |cx| Template::all(name, cx))?),
        };
        Ok(Self {
            config: client,
            server_name,
            except_ports,
            handshake_timeout: config.handshake_timeout.to_std().filter(|limit| !limit.is_zero()),
        })
    }

    /// What handshakes are made with; they name their protocols themselves.
    pub(super) fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// Whether the server name depends on the request.
    pub(super) fn varies(&self) -> bool {
        self.server_name.as_ref().is_some_and(|name| name.constant().is_none())
    }

    /// The name to ask for and to verify.
    pub(super) fn server_name(&self, dial: &Dial, scope: Scope<'_>) -> String {
        match &self.server_name {
            Some(name) => name.render(scope).into_owned(),
            None => dial.host(),
        }
    }

    /// Offers HTTP/2 and HTTP/1.1 as far as they are wanted.
    pub(super) async fn handshake<S>(
        &self,
        socket: S,
        name: &str,
        h2: bool,
        h1: bool,
    ) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let mut config = self.config.clone();
        config.alpn_protocols = match (h2, h1) {
            (true, true) => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            (true, false) => vec![b"h2".to_vec()],
            (false, _) => Vec::new(),
        };
        TlsConnector::from(Arc::new(config)).connect(name, socket).await
    }
}

fn provider(curves: &[String], cx: &mut Build) -> Result<CryptoProvider, BuildError> {
    let mut provider = CryptoProvider::clone(&crypto::provider());
    if !curves.is_empty() {
        let group = |(index, name): (usize, &String)| {
            let group = |cx: &mut Build| crypto::group(&name.to_ascii_lowercase(), cx);
            cx.at("curves", |cx| cx.at(index, group))
        };
        provider.kx_groups = curves.iter().enumerate().map(group).collect::<Result<_, _>>()?;
    }
    Ok(provider)
}

fn roots(
    config: &TransportTls,
    fingerprint: &mut Vec<u8>,
    cx: &mut Build,
) -> Result<RootCertStore, BuildError> {
    let mut certificates = Vec::new();
    if let Some(pool) = &config.ca {
        if !(config.root_ca_pool.is_empty() && config.root_ca_pem_files.is_empty()) {
            return Err(
                cx.error("ca replaces root_ca_pool and root_ca_pem_files; they cannot be given together")
            );
        }
        cx.at("ca", |cx| from_pool(pool, &mut certificates, fingerprint, cx))?;
    }
    cx.at("root_ca_pool", |cx| from_base64(&config.root_ca_pool, &mut certificates, cx))?;
    for file in &config.root_ca_pem_files {
        certificates.extend(cx.at("root_ca_pem_files", |cx| read_certificates(file, fingerprint, cx))?);
    }
    if certificates.is_empty() && !cx.is_survey() {
        system(&mut certificates);
    }
    let mut roots = RootCertStore::empty();
    if certificates.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    // Systems hand out certificates that are too odd to be used; the others are what counts.
    roots.add_parsable_certificates(certificates);
    Ok(roots)
}

fn from_pool(
    pool: &CaPool,
    certificates: &mut Vec<CertificateDer<'static>>,
    fingerprint: &mut Vec<u8>,
    cx: &mut Build,
) -> Result<(), BuildError> {
    match pool {
        CaPool::File(pool) => {
            for file in &pool.pem_files {
                let file = Template::all(file, cx)?;
                let file = file.fixed(cx, "a file of authorities is the same for all requests")?;
                certificates.extend(read_certificates(file, fingerprint, cx)?);
            }
        }
        CaPool::Inline(pool) => from_base64(&pool.trusted_ca_certs, certificates, cx)?,
        CaPool::System(_) => system(certificates),
        CaPool::Combined(pool) => {
            for (index, source) in pool.sources.iter().enumerate() {
                cx.at("sources", |cx| cx.at(index, |cx| from_pool(source, certificates, fingerprint, cx)))?;
            }
        }
        CaPool::Http(_)
        | CaPool::PkiIntermediate(_)
        | CaPool::PkiRoot(_)
        | CaPool::Storage(_)
        | CaPool::Foreign(_) => {
            cx.refuse(&format!("source {} of authorities for upstreams", pool.name()))?;
        }
    }
    Ok(())
}

fn from_base64(
    texts: &[String],
    certificates: &mut Vec<CertificateDer<'static>>,
    cx: &mut Build,
) -> Result<(), BuildError> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    for (index, text) in texts.iter().enumerate() {
        let der = STANDARD
            .decode(text)
            .map_err(|error| cx.at(index, |cx| cx.error(format!("no base64: {error}"))))?;
        certificates.push(der.into());
    }
    Ok(())
}

fn system(certificates: &mut Vec<CertificateDer<'static>>) {
    certificates.extend(rustls_native_certs::load_native_certs().certs);
}

fn read_certificates(
    file: &str,
    fingerprint: &mut Vec<u8>,
    cx: &mut Build,
) -> Result<Vec<CertificateDer<'static>>, BuildError> {
    if cx.reads_nothing() {
        return Ok(Vec::new());
    }
    let pem = read(file, fingerprint, cx)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(certificates) if certificates.is_empty() => Err(cx.error(format!("{file}: no certificate found"))),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(cx.error(format!("{file}: {error}"))),
    }
}

fn read(file: &str, fingerprint: &mut Vec<u8>, cx: &Build) -> Result<Vec<u8>, BuildError> {
    let content = std::fs::read(file).map_err(|error| cx.error(format!("{file}: {error}")))?;
    fingerprint.extend(&content);
    Ok(content)
}
