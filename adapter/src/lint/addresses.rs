//! Addresses that no request reaches, because an earlier site of the same server takes whatever would come to them.

use std::collections::{BTreeMap, HashMap};

use caddis_grammar::{Diagnostic, Sources, Span};

use crate::{
    errors,
    listeners::Pairing,
    sites::{Key, Site},
};

/// The addresses that earlier sites of a server have.
#[derive(Default)]
pub(crate) struct Addresses<'p> {
    everything: Option<Span>,
    by_host_and_path: HashMap<(&'p str, &'p str), Span>,
}

impl<'p> Addresses<'p> {
    /// The findings in servers whose sites are in the order in which they are tried. An address that one of the servers
    /// reaches is none.
    pub(crate) fn judge(pairings: &'p [Pairing], sources: &Sources) -> Vec<Diagnostic> {
        let mut unreached: BTreeMap<Span, (&Key, Span)> = BTreeMap::new();
        let of_several = || pairings.iter().filter(|pairing| pairing.sites.len() > 1);
        for pairing in of_several() {
            Self::walk(pairing, &mut |key, by| {
                if let Some(by) = by {
                    unreached.insert(key.token.span, (key, by));
                }
            });
        }
        if unreached.is_empty() {
            return Vec::new();
        }
        for pairing in pairings {
            Self::walk(pairing, &mut |key, by| {
                if by.is_none() {
                    unreached.remove(&key.token.span);
                }
            });
        }
        // In another environment they may differ.
        unreached.retain(|span, (_, by)| !sources.has_variable(*span) && !sources.has_variable(*by));
        unreached.values().map(|(key, by)| *errors::lint::unreached_address(&key.token, *by)).collect()
    }

    /// Tells `visit` for each address what takes its requests before, if anything does.
    fn walk(pairing: &'p Pairing, visit: &mut dyn FnMut(&'p Key, Option<Span>)) {
        let mut earlier = Self::default();
        for (at, site) in pairing.sites.iter().enumerate() {
            // Neighbours under the same condition share a route, and the second gets what the first does not answer.
            if let Some(before) = at.checked_sub(1).map(|before| &pairing.sites[before])
                && !same_condition(before, site)
            {
                earlier.add_site(before);
            }
            for key in &site.keys {
                // Beside an address without a host the others of a site do not count.
                let by = if site.has_hostless_key() { earlier.everything } else { earlier.cover(key) };
                visit(key, by);
            }
        }
    }

    fn add_site(&mut self, site: &'p Site) {
        if !site.has_hostless_key() {
            site.keys.iter().for_each(|key| self.add(key));
        } else if takes_everything(site) {
            self.everything.get_or_insert(site.keys[0].token.span);
        }
    }

    fn cover(&self, key: &Key) -> Option<Span> {
        let (host, path) = (key.address.host.as_str(), key.address.path.as_str());
        let get = |host: &str| {
            let any_path = self.by_host_and_path.get(&(host, ""));
            any_path.or_else(|| self.by_host_and_path.get(&(host, path))).copied()
        };
        let wider = || host.split_once('.').and_then(|(_, rest)| get(&format!("*.{rest}")));
        self.everything.or_else(|| get(host)).or_else(wider)
    }

    fn add(&mut self, key: &'p Key) {
        let address = (key.address.host.as_str(), key.address.path.as_str());
        self.by_host_and_path.entry(address).or_insert(key.token.span);
    }
}

fn takes_everything(site: &Site) -> bool {
    site.has_hostless_key() && site.addresses().all(|address| address.path.is_empty())
}

fn same_condition(a: &Site, b: &Site) -> bool {
    let same = || a.addresses().zip(b.addresses()).all(|(a, b)| (&a.host, &a.path) == (&b.host, &b.path));
    (takes_everything(a) && takes_everything(b)) || (a.keys.len() == b.keys.len() && same())
}
