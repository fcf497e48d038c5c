//! The app `pki`: authorities of the global options and those that `acme_server` names.

use caddis_config::{pki::App, tls::Issuer};

use crate::{listeners::Pairing, options::GlobalOptions, sites::Block};

/// The authority that certificates for private names come from.
const DEFAULT_AUTHORITY: &str = "local";

/// Builds the app.
pub(crate) fn build(options: &GlobalOptions, blocks: &[Block], pairings: &[Pairing]) -> App {
    let mut app = options.pki.clone();
    let authorities = &mut app.certificate_authorities;
    for site in pairings.iter().flat_map(|pairing| &pairing.sites) {
        for (id, authority) in &blocks[site.block].pile.authorities {
            authorities.entry(id.clone()).or_insert_with(|| authority.clone());
        }
    }
    if options.skip_install_trust {
        if authorities.is_empty() && !options.auto_https.off {
            authorities.entry(DEFAULT_AUTHORITY.to_owned()).or_default();
        }
        for site in pairings.iter().flat_map(|pairing| &pairing.sites) {
            for id in blocks[site.block].pile.tls.iter().flat_map(|tls| &tls.issuers).filter_map(authority_of)
            {
                authorities.entry(id.to_owned()).or_default();
            }
        }
        for authority in authorities.values_mut() {
            authority.install_trust = Some(false);
        }
    }
    app
}

/// The authority that an internal issuer takes certificates from.
fn authority_of(issuer: &Issuer) -> Option<&str> {
    match issuer {
        Issuer::Internal(internal) if internal.ca.is_empty() => Some(DEFAULT_AUTHORITY),
        Issuer::Internal(internal) => Some(&internal.ca),
        _ => None,
    }
}
