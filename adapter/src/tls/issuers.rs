//! Issuers that follow from short settings: the default ones, and those of `tls` lines such as `ca` or `dns`.

use caddis_config::tls::{
    Issuer,
    issuance::{Acme, Challenges, DnsChallenge},
};

use crate::options::GlobalOptions;

/// ACME directory of ZeroSSL.
const ZERO_SSL: &str = "https://acme.zerossl.com/v2/DV90";

/// The default issuers of public names: Let's Encrypt, and ZeroSSL where there is a contact address, which it demands.
pub(crate) fn default_acme(email: &str) -> Vec<Issuer> {
    let mut issuers = vec![Acme::default().into()];
    if !email.trim().is_empty() {
        issuers.push(Acme { ca: ZERO_SSL.to_owned(), email: email.to_owned(), ..Acme::default() }.into());
    }
    issuers
}

/// The issuers of a `tls` line that sets properties of ACME: those of the option `cert_issuer`, else the default ones,
/// each with the line's properties on top.
pub(crate) fn with_overrides(options: &GlobalOptions, overrides: &Acme) -> Vec<Issuer> {
    let global = options.cert_issuer.iter().flatten().filter(|issuer| matches!(issuer, Issuer::Acme(_)));
    let mut bases: Vec<Issuer> = global.cloned().collect();
    if bases.is_empty() {
        // Who names an authority wants no other.
        let email = if overrides.ca.is_empty() { overrides.email.as_str() } else { "" };
        bases = default_acme(email);
    }
    for base in &mut bases {
        if let Issuer::Acme(base) = base {
            override_acme(base, overrides);
        }
    }
    bases
}

fn override_acme(base: &mut Acme, overrides: &Acme) {
    set(&mut base.ca, &overrides.ca);
    set(&mut base.email, &overrides.email);
    set(&mut base.external_account, &overrides.external_account);
    for root in &overrides.trusted_roots_pem_files {
        if !base.trusted_roots_pem_files.contains(root) {
            base.trusted_roots_pem_files.push(root.clone());
        }
    }
    if let Some(challenges) = &overrides.challenges {
        override_dns(base.challenges.get_or_insert_with(Challenges::default), challenges);
    }
}

fn override_dns(base: &mut Challenges, overrides: &Challenges) {
    let Some(overrides) = &overrides.dns else { return };
    let dns = base.dns.get_or_insert_with(DnsChallenge::default);
    set(&mut dns.provider, &overrides.provider);
    set(&mut dns.ttl, &overrides.ttl);
    set(&mut dns.propagation_delay, &overrides.propagation_delay);
    set(&mut dns.propagation_timeout, &overrides.propagation_timeout);
    set(&mut dns.resolvers, &overrides.resolvers);
    set(&mut dns.override_domain, &overrides.override_domain);
}

fn set<T: Clone + Default + PartialEq>(base: &mut T, value: &T) {
    if *value != T::default() {
        base.clone_from(value);
    }
}
