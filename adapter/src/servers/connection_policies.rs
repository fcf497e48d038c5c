//! TLS connection policies of a server: those of its sites, those that shield a site from another's client
//! authentication, and one for every other handshake.

use std::{cell::RefCell, rc::Rc};

use caddis_config::{
    http::Server,
    tls::{ConnectionPolicy, HandshakeMatcher, handshake_match::Sni},
};
use caddis_grammar::Span;

use crate::{
    addresses::Address,
    cx::{Cx, Parsed},
    errors,
    listeners::Pairing,
    sites::{Block, Site},
    tls::subjects,
};

/// A policy that is not final yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Draft {
    /// The server names it is for; `None` where it is for all.
    sni: Option<Vec<String>>,
    /// Everything but the matchers.
    settings: ConnectionPolicy,
}

/// A policy of a `tls` line. A block whose addresses belong to several servers has one policy in all of them: what the
/// last server says about server names holds, as in Caddy.
#[derive(Debug, Clone)]
pub(crate) struct SharedPolicy {
    draft: Rc<RefCell<Draft>>,
    span: Option<Span>,
}

impl SharedPolicy {
    /// The policy of a `tls` line.
    pub(crate) fn new(settings: ConnectionPolicy, span: Option<Span>) -> Self {
        Self { draft: Rc::new(RefCell::new(Draft { sni: None, settings })), span }
    }
}

/// The policies of one server while it is built.
#[derive(Debug)]
pub(super) struct Policies {
    list: Vec<SharedPolicy>,
    /// Server names of sites without settings of their own.
    unconfigured: Vec<Vec<String>>,
    has_catch_all: bool,
    address_qualifies: bool,
    auto_https_adds_one: bool,
}

impl Policies {
    pub(super) fn new(server: &Server) -> Self {
        let disabled = server.automatic_https.as_ref().is_some_and(|auto| auto.disable);
        Self {
            list: Vec::new(),
            unconfigured: Vec::new(),
            has_catch_all: false,
            address_qualifies: false,
            auto_https_adds_one: !disabled,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds the policies of a site and notes what its addresses say about TLS.
    pub(super) fn add_site(
        &mut self,
        cx: &Cx<'_>,
        server: &mut Server,
        pairing: &Pairing,
        site: &Site,
        block: &Block,
    ) {
        if block.pile.policies.is_empty() {
            let specific = |host: &String| !host.is_empty() && !host.contains('*');
            let hosts: Vec<String> = site.hosts().into_iter().filter(specific).collect();
            if !hosts.is_empty() {
                self.unconfigured.push(hosts);
            }
        } else {
            self.add_configured(cx, site, block);
        }
        for address in site.addresses() {
            self.note_address(cx, server, pairing, address, !block.pile.policies.is_empty());
        }
    }

    fn add_configured(&mut self, cx: &Cx<'_>, site: &Site, block: &Block) {
        let (default_sni, fallback_sni) = (&cx.options.default_sni, &cx.options.fallback_sni);
        let mut hosts = site.hosts();
        let forced = block.pile.any_tls(|tls| tls.force_automate) && !hosts.is_empty();
        for policy in &block.pile.policies {
            let mut draft = policy.draft.borrow_mut();
            // A client that sends no server name gets the policy of the site that stands in for it.
            if let Some(stand_in) = hosts.iter().find(|host| *host == default_sni || *host == fallback_sni) {
                if stand_in == default_sni {
                    draft.settings.default_sni.clone_from(default_sni);
                } else {
                    draft.settings.fallback_sni.clone_from(fallback_sni);
                }
                hosts.push(String::new());
            }
            if hosts.is_empty() {
                draft.settings.default_sni.clone_from(default_sni);
                draft.settings.fallback_sni.clone_from(fallback_sni);
            } else {
                hosts.sort();
                draft.sni = Some(hosts.clone());
            }
            if draft.settings != ConnectionPolicy::default() || forced {
                self.list.push(policy.clone());
                self.has_catch_all = hosts.is_empty();
            } else if !hosts.is_empty() {
                self.unconfigured.push(hosts.clone());
            }
        }
    }

    fn note_address(
        &mut self,
        cx: &Cx<'_>,
        server: &mut Server,
        pairing: &Pairing,
        address: &Address,
        has_policy: bool,
    ) {
        let http_port = cx.options.http_port();
        if address.scheme == "http" && !address.host.is_empty() && pairing.uses_other_port_than(http_port) {
            let skip = &mut server.automatic_https.get_or_insert_default().skip;
            if !skip.contains(&address.host) {
                skip.push(address.host.clone());
            }
        }
        let skipped =
            || server.automatic_https.as_ref().is_some_and(|auto| auto.skip.contains(&address.host));
        let enabled = has_policy || (!address.host.is_empty() && !skipped());
        let on_http_port = address.port == http_port.to_string();
        if address.scheme == "https" || (address.scheme != "http" && !on_http_port && enabled) {
            self.address_qualifies = true;
        }
        let on_https_port = address.port == cx.options.https_port().to_string();
        self.auto_https_adds_one &= on_https_port || (!on_http_port && !address.host.is_empty());
    }

    /// Adds shields and the catch-all, and joins what can be joined.
    pub(super) fn finish(&mut self, cx: &mut Cx<'_>) {
        self.add_shields();
        let (default_sni, fallback_sni) = (&cx.options.default_sni, &cx.options.fallback_sni);
        let needed = !self.list.is_empty()
            || !self.auto_https_adds_one
            || !default_sni.is_empty()
            || !fallback_sni.is_empty();
        if self.address_qualifies && !self.has_catch_all && needed {
            let settings = ConnectionPolicy {
                default_sni: default_sni.clone(),
                fallback_sni: fallback_sni.clone(),
                ..ConnectionPolicy::default()
            };
            self.list.push(SharedPolicy::new(settings, None));
        }
        let consolidated = self.consolidate();
        cx.keep(consolidated);
    }

    /// A site without client authentication must not inherit that of a wildcard that covers it. Policies are tried in
    /// order, so a copy of the wildcard's policy without client authentication goes before it, for exactly the names
    /// that it covers.
    fn add_shields(&mut self) {
        let wildcards: Vec<Vec<String>> = self.list.iter().map(client_auth_wildcards).collect();
        let mut shielded = vec![Vec::new(); self.list.len()];
        for host in self.unconfigured.iter().flatten() {
            let covers = |names: &Vec<String>| names.iter().any(|name| subjects::matches(host, name));
            if let Some(at) = wildcards.iter().position(covers) {
                shielded[at].push(host.clone());
            }
        }
        for (at, mut hosts) in shielded.into_iter().enumerate().rev() {
            if hosts.is_empty() {
                continue;
            }
            hosts.sort();
            hosts.dedup();
            let mut settings = self.list[at].draft.borrow().settings.clone();
            settings.client_authentication = None;
            let shield = SharedPolicy::new(settings, None);
            shield.draft.borrow_mut().sni = Some(hosts);
            self.list.insert(at, shield);
        }
    }

    fn consolidate(&mut self) -> Parsed<()> {
        self.list.sort_by_key(|policy| policy.draft.borrow().sni.is_none());
        let mut at = 0;
        while at < self.list.len() {
            let mut partner = None;
            for other in (0..self.list.len()).filter(|other| *other != at) {
                if join(&self.list, at, other)? {
                    partner = Some(other);
                    break;
                }
            }
            match partner {
                // Whatever stands at this place now has to be compared again.
                Some(other) => drop(self.list.remove(other)),
                None => at += 1,
            }
        }
        Ok(())
    }

    /// The policies as they stand in the JSON.
    pub(super) fn into_config(self) -> Vec<ConnectionPolicy> {
        let finished = self.list.into_iter().map(|policy| {
            let draft = policy.draft.borrow();
            let mut policy = draft.settings.clone();
            if let Some(names) = &draft.sni {
                policy.matchers.insert(HandshakeMatcher::from(Sni(names.clone())));
            }
            policy
        });
        finished.collect()
    }
}

/// The wildcard names for which a policy demands client authentication.
fn client_auth_wildcards(policy: &SharedPolicy) -> Vec<String> {
    let draft = policy.draft.borrow();
    if draft.settings.client_authentication.is_none() {
        return Vec::new();
    }
    draft.sni.iter().flatten().filter(|name| name.contains('*')).cloned().collect()
}

/// Lets one policy take over another; `false` where the two have to stay apart.
fn join(list: &[SharedPolicy], keep: usize, drop: usize) -> Parsed<bool> {
    let other = list[drop].draft.borrow().clone();
    let mut kept = list[keep].draft.borrow_mut();
    if *kept == other {
        return Ok(true);
    }
    let adjacent_and_equal = keep + 1 == drop && kept.settings == other.settings;
    if let (Some(names), Some(more), true) = (&mut kept.sni, &other.sni, adjacent_and_equal) {
        names.extend(more.iter().cloned());
        return Ok(true);
    }
    if kept.sni != other.sni {
        return Ok(false);
    }
    merge(&mut kept.settings, other.settings).map_err(|(what, detail)| {
        errors::tls::conflicting_policies(list[drop].span.or(list[keep].span), what, &detail)
    })?;
    Ok(true)
}

/// Fills what is not set from another policy for the same handshakes. The error names what both set differently.
fn merge(kept: &mut ConnectionPolicy, other: ConnectionPolicy) -> Result<(), (&'static str, String)> {
    fill(&mut kept.alpn, other.alpn, "ALPN")?;
    fill(&mut kept.cipher_suites, other.cipher_suites, "cipher suites")?;
    fill(&mut kept.curves, other.curves, "curves")?;
    fill(&mut kept.default_sni, other.default_sni, "default SNI")?;
    fill(&mut kept.fallback_sni, other.fallback_sni, "fallback SNI")?;
    fill(&mut kept.protocol_min, other.protocol_min, "min protocol")?;
    fill(&mut kept.protocol_max, other.protocol_max, "max protocol")?;
    // Caddy keeps the first of two, but does not let a later line add client authentication to an earlier one.
    if kept.client_authentication.is_none() && other.client_authentication.is_some() {
        return Err(("client auth configuration", "none vs. some".to_owned()));
    }
    match (&mut kept.certificate_selection, other.certificate_selection) {
        (None, selection) => kept.certificate_selection = selection,
        (Some(kept), Some(other)) => {
            for tag in other.any_tag {
                if !kept.any_tag.contains(&tag) {
                    kept.any_tag.push(tag);
                }
            }
        }
        (Some(_), None) => {}
    }
    Ok(())
}

fn fill<T: Default + PartialEq + std::fmt::Debug>(
    kept: &mut T,
    other: T,
    what: &'static str,
) -> Result<(), (&'static str, String)> {
    let unset = T::default();
    if *kept == unset {
        *kept = other;
    } else if other != unset && *kept != other {
        return Err((what, format!("{kept:?} vs. {other:?}")));
    }
    Ok(())
}
