//! The ids of all modules that a configuration may name.

use crate::{
    admin::ConfigLoader, http, listeners::ListenerWrapper, logging, module::Module,
    network_proxy::NetworkProxy, storage::Storage, tls,
};

/// Apps, and what has no configuration of its own.
const PLAIN: [&str; 10] = [
    "admin.api.load",
    "admin.api.metrics",
    "admin.api.pki",
    "admin.api.reverse_proxy",
    "caddy.adapters.caddyfile",
    "caddy.filesystems",
    "events",
    "http",
    "pki",
    "tls",
];

/// The ids, sorted: Caddy's standard modules, and `http.handlers.mirror`.
#[must_use]
pub fn module_ids() -> Vec<String> {
    let mut ids: Vec<String> = PLAIN.map(str::to_owned).to_vec();
    add::<ConfigLoader>(&mut ids);
    add::<ListenerWrapper>(&mut ids);
    add::<NetworkProxy>(&mut ids);
    add::<Storage>(&mut ids);
    add::<logging::Core>(&mut ids);
    add::<logging::Encoder>(&mut ids);
    add::<logging::FieldFilter>(&mut ids);
    add::<logging::Writer>(&mut ids);
    add::<http::authentication::hashes::Hash>(&mut ids);
    add::<http::authentication::providers::Provider>(&mut ids);
    add::<http::encoders::Encoder>(&mut ids);
    add::<http::Handler>(&mut ids);
    add::<http::ip_sources::IpSource>(&mut ids);
    add::<http::Matcher>(&mut ids);
    add::<http::precompressed::Precompressed>(&mut ids);
    add::<http::reverse_proxy::SelectionPolicy>(&mut ids);
    add::<http::reverse_proxy::Transport>(&mut ids);
    add::<http::reverse_proxy::UpstreamSource>(&mut ids);
    add::<tls::CaPool>(&mut ids);
    add::<tls::CertificateManager>(&mut ids);
    add::<tls::Certificates>(&mut ids);
    add::<tls::HandshakeMatcher>(&mut ids);
    add::<tls::Issuer>(&mut ids);
    add::<tls::KeySource>(&mut ids);
    add::<tls::LeafLoader>(&mut ids);
    add::<tls::Permission>(&mut ids);
    add::<tls::ech::publishers::Publisher>(&mut ids);
    add::<tls::Verifier>(&mut ids);
    ids.sort();
    ids
}

fn add<M: Module>(ids: &mut Vec<String>) {
    ids.extend(M::NAMES.iter().map(|name| format!("{}.{name}", M::NAMESPACE)));
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_standard_modules_are_listed() {
        let ids = super::module_ids();
        assert_eq!(ids.len(), 136, "{ids:#?}");
        assert!(ids.iter().any(|id| id == "http.handlers.reverse_proxy"));
    }
}
