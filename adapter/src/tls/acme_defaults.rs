//! What the global options say about ACME, filled into issuers that say nothing about it themselves.

use caddis_config::tls::{
    Issuer,
    issuance::{Acme, Challenges},
};

use crate::{cx::Parsed, errors, options::GlobalOptions};

/// Whether any option about ACME other than `email` was given.
pub(super) fn any_but_email(options: &GlobalOptions) -> bool {
    options.acme_ca.is_some()
        || options.acme_ca_root.is_some()
        || options.acme_dns.is_some()
        || options.acme_eab.is_some()
        || options.preferred_chains.is_some()
}

/// Sets the host on which an ACME issuer listens for challenges, unless it has one.
pub(super) fn bind_host(issuer: &mut Issuer, host: &str) {
    let Issuer::Acme(acme) = issuer else { return };
    let challenges = acme.challenges.get_or_insert_default();
    if challenges.bind_host.is_empty() {
        host.clone_into(&mut challenges.bind_host);
    }
}

/// Fills the defaults into an issuer, if it speaks ACME.
pub(super) fn fill(issuer: &mut Issuer, options: &GlobalOptions) -> Parsed<()> {
    let Issuer::Acme(acme) = issuer else { return Ok(()) };
    fill_account(acme, options);
    fill_dns_provider(acme, options)?;
    fill_ports(acme, options);
    fill_bind_host(acme, options);
    if acme.certificate_lifetime.is_zero() {
        acme.certificate_lifetime = options.cert_lifetime.unwrap_or_default();
    }
    fill_resolvers(acme, options);
    Ok(())
}

fn fill_account(acme: &mut Acme, options: &GlobalOptions) {
    if acme.email.is_empty() {
        acme.email = options.email.clone().unwrap_or_default();
    }
    if acme.ca.is_empty() {
        acme.ca = options.acme_ca.clone().unwrap_or_default();
    }
    if let Some(root) = &options.acme_ca_root
        && !acme.trusted_roots_pem_files.contains(root)
    {
        acme.trusted_roots_pem_files.push(root.clone());
    }
    if acme.external_account.is_none() {
        acme.external_account.clone_from(&options.acme_eab);
    }
    if acme.preferred_chains.is_none() {
        acme.preferred_chains.clone_from(&options.preferred_chains);
    }
}

fn fill_dns_provider(acme: &mut Acme, options: &GlobalOptions) -> Parsed<()> {
    let Some(provider) = &options.acme_dns else { return Ok(()) };
    let own = acme.challenges.as_ref().and_then(|challenges| challenges.dns.as_ref());
    if own.is_some_and(|dns| dns.provider.is_some()) {
        return Ok(());
    }
    if provider.is_none() && options.dns.is_none() {
        return Err(errors::tls::acme_dns_without_provider());
    }
    let dns = acme.challenges.get_or_insert_default().dns.get_or_insert_default();
    dns.provider.clone_from(provider);
    Ok(())
}

/// Other ports matter only where no challenge by DNS takes the place of those that need a port.
fn fill_ports(acme: &mut Acme, options: &GlobalOptions) {
    if has_dns(acme) {
        return;
    }
    if let Some(port) = options.http_port {
        let http = acme.challenges.get_or_insert_default().http.get_or_insert_default();
        if http.alternate_port == 0 {
            http.alternate_port = port;
        }
    }
    if let Some(port) = options.https_port {
        let tls_alpn = acme.challenges.get_or_insert_default().tls_alpn.get_or_insert_default();
        if tls_alpn.alternate_port == 0 {
            tls_alpn.alternate_port = port;
        }
    }
}

/// Listens for challenges where the sites listen, not on all interfaces.
fn fill_bind_host(acme: &mut Acme, options: &GlobalOptions) {
    let Some(host) = options.default_bind.iter().flatten().next().and_then(|bind| bind.addresses.first())
    else {
        return;
    };
    if !has_dns(acme) {
        let challenges = acme.challenges.get_or_insert_with(Challenges::default);
        if challenges.bind_host.is_empty() {
            challenges.bind_host.clone_from(host);
        }
    }
}

fn fill_resolvers(acme: &mut Acme, options: &GlobalOptions) {
    let Some(resolvers) = &options.tls_resolvers else { return };
    let Some(dns) = acme.challenges.as_mut().and_then(|challenges| challenges.dns.as_mut()) else { return };
    if (options.acme_dns.is_some() || dns.provider.is_some()) && dns.resolvers.is_empty() {
        dns.resolvers.clone_from(resolvers);
    }
}

fn has_dns(acme: &Acme) -> bool {
    acme.challenges.as_ref().is_some_and(|challenges| challenges.dns.is_some())
}
