//! From a connection policy of the configuration to a configuration of rustls.

use std::sync::Arc;

use caddis_config::tls::ConnectionPolicy;
use rustls::{ServerConfig, server::NoServerSessionStorage};

use super::{
    Tls,
    automation::Parts,
    client_auth, crypto, matchers, names, quic,
    selection::Selector,
    terminator::{Policy, Terminator},
};
use crate::{
    build::{Build, BuildError},
    http::connection::Protocols,
};

/// What a server wants of its TLS.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) protocols: Protocols,
    /// The settings of HTTP/3 that early data relies on; `None` where none is taken.
    pub(crate) early: Option<String>,
}

/// What ends the TLS of a server's listeners.
///
/// # Errors
/// Names what is wrong or not supported.
pub(crate) fn build(
    policies: &[ConnectionPolicy],
    terms: &Terms,
    tls: &Arc<Tls>,
    parts: &mut Parts<'_>,
    cx: &mut Build,
) -> Result<Arc<Terminator>, BuildError> {
    let mut built = Vec::new();
    for (number, policy) in policies.iter().enumerate() {
        let policy = cx.at(number, |cx| one(policy, terms, tls, parts, cx));
        built.extend(cx.unless_survey(policy)?);
    }
    Ok(Arc::new(Terminator { policies: built, tls: Arc::downgrade(tls) }))
}

fn one(
    policy: &ConnectionPolicy,
    terms: &Terms,
    tls: &Arc<Tls>,
    parts: &mut Parts<'_>,
    cx: &mut Build,
) -> Result<Policy, BuildError> {
    cx.refuse_fields(&[
        ("insecure_secrets_log", !policy.insecure_secrets_log.is_empty(), "insecure_secrets_log"),
        ("handshake_context", policy.handshake_context.is_some(), "handshake_context"),
    ])?;
    let selector = Arc::new(Selector {
        store: Arc::clone(tls.store()),
        selection: policy.certificate_selection.clone(),
        default_sni: names::normalized(&policy.default_sni),
        fallback_sni: names::normalized(&policy.fallback_sni),
    });
    let matchers = cx.at("match", |cx| matchers::build(&policy.matchers, cx))?;
    if policy.drop {
        return Ok(Policy { matchers, config: None, quic: None, selector });
    }
    let provider = crypto::algorithms(&policy.cipher_suites, &policy.curves, cx)?;
    let versions = crypto::versions(&policy.protocol_min, &policy.protocol_max, cx)?;
    let verifier = match &policy.client_authentication {
        Some(config) => {
            cx.at("client_authentication", |cx| client_auth::build(config, &provider, parts, cx))?
        }
        None => None,
    };
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|error| cx.error(error.to_string()))?;
    let asks_clients = verifier.is_some();
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::clone(&selector) as _);
    config.alpn_protocols = alpn(&policy.alpn, terms.protocols);
    let is_modern = versions.contains(&&rustls::version::TLS13);
    let mut quic = is_modern.then(|| quic::adapted(&config));
    match tls.tickets().filter(|_| !asks_clients) {
        Some(tickets) => {
            match (&mut quic, &terms.early) {
                (Some(quic), Some(settings)) => quic::take_early_data(quic, &cx.process.sessions, settings),
                (Some(quic), None) => quic.ticketer = Arc::clone(&tickets),
                (None, _) => {}
            }
            config.ticketer = tickets;
        }
        // A resumed session would not show the client's certificate to the rules that ask for it.
        None => {
            for config in std::iter::once(&mut config).chain(&mut quic) {
                config.session_storage = Arc::new(NoServerSessionStorage {});
                config.send_tls13_tickets = 0;
            }
        }
    }
    Ok(Policy {
        matchers,
        config: Some(crypto::Configs::new(config)),
        quic: quic.map(crypto::Configs::new),
        selector,
    })
}

/// The application protocols of a policy, without those that the server does not speak.
fn alpn(configured: &[String], protocols: Protocols) -> Vec<Vec<u8>> {
    let default = ["h2".to_owned(), "http/1.1".to_owned()];
    let offered = if configured.is_empty() { &default } else { configured };
    let spoken = |name: &&String| match name.as_str() {
        "h2" => protocols.h2,
        "http/1.1" => protocols.h1,
        _ => true,
    };
    offered.iter().filter(spoken).map(|name| name.as_bytes().to_vec()).collect()
}
