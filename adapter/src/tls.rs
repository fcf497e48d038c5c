//! The app `tls`: automation policies from sites and global options, certificates to load, names to manage.

mod acme_defaults;
mod consolidate;
pub(crate) mod issuers;
mod policies;
pub(crate) mod subjects;

use std::collections::BTreeSet;

use caddis_config::tls::{
    App, Automation, AutomationPolicy, Certificates,
    certificates::{Automate, LoadFiles, LoadFolders},
    issuance::Internal,
};
use caddis_grammar::Span;

use self::policies::{Draft, Drafts, Issuers};
use crate::{
    cx::Cx,
    errors,
    listeners::Pairing,
    options::{CleanInterval, GlobalOptions},
    sites::{Block, Site},
};

/// Builds the app.
pub(crate) fn build(cx: &mut Cx<'_>, blocks: &[Block], pairings: &[Pairing]) -> App {
    let options = cx.options;
    let mut app = App::default();
    let mut drafts = Drafts::new(cx);
    let mut loaded = Loaded::default();
    for pairing in pairings.iter().filter(|pairing| pairing.uses_other_port_than(options.http_port())) {
        for site in &pairing.sites {
            if site.addresses().all(|address| address.scheme == "http") {
                continue;
            }
            drafts.add_site(cx, site, &blocks[site.block].pile);
            loaded.add(&blocks[site.block]);
        }
    }
    loaded.write(&mut app);
    let (automated, internal) = names_to_automate(options, blocks, pairings);
    if let Some(ech) = &options.ech {
        let mut draft = drafts.base(cx);
        draft.subjects = ech
            .configs
            .iter()
            .map(|config| config.public_name.clone())
            .filter(|name| !name.is_empty())
            .collect();
        drafts.push(draft);
    }
    if !internal.is_empty() {
        let issuers = Issuers::Implied(vec![Internal::default().into()]);
        drafts.push(Draft { subjects: internal, issuers, ..Draft::default() });
    }
    if !automated.is_empty() {
        app.certificates.insert(Certificates::from(Automate(automated)));
    }
    let policies = drafts.finish(cx);
    check_overlaps(cx, &policies, pairings);
    let automation = automation(options, policies);
    app.automation = (automation != Automation::default()).then_some(automation);
    app.disable_ocsp_stapling = options.ocsp_stapling_off;
    app.disable_storage_check = options.storage_check_off;
    app.disable_storage_clean = options.storage_clean_interval == Some(CleanInterval::Off);
    app.encrypted_client_hello.clone_from(&options.ech);
    app.dns.clone_from(&options.dns);
    app.resolvers = options.tls_resolvers.clone().unwrap_or_default();
    app
}

fn automation(options: &GlobalOptions, policies: Vec<AutomationPolicy>) -> Automation {
    Automation {
        policies,
        on_demand: options.on_demand_tls.clone(),
        ocsp_interval: options.ocsp_interval.unwrap_or_default(),
        renew_interval: options.renew_interval.unwrap_or_default(),
        storage_clean_interval: match options.storage_clean_interval {
            Some(CleanInterval::Every(interval)) => interval,
            _ => Default::default(),
        },
    }
}

/// Certificates that sites load.
#[derive(Default)]
struct Loaded {
    files: Vec<caddis_config::tls::certificates::CertificateFiles>,
    folders: Vec<String>,
}

impl Loaded {
    fn add(&mut self, block: &Block) {
        for tls in &block.pile.tls {
            self.files.extend(tls.files.iter().cloned());
            self.folders.extend(tls.folders.iter().cloned());
        }
    }

    fn write(self, app: &mut App) {
        if !self.files.is_empty() {
            app.certificates.insert(Certificates::from(LoadFiles(self.files)));
        }
        if !self.folders.is_empty() {
            app.certificates.insert(Certificates::from(LoadFolders(self.folders)));
        }
    }
}

/// Names that no route mentions and that would be forgotten therefore: those beside an address without a host, and
/// those of `tls force_automate`. The second list holds those of the first kind that only an internal authority signs.
fn names_to_automate(
    options: &GlobalOptions,
    blocks: &[Block],
    pairings: &[Pairing],
) -> (Vec<String>, Vec<String>) {
    let mut beside = Vec::new();
    let sites = || pairings.iter().flat_map(|pairing| &pairing.sites);
    if !options.auto_https.off && !options.auto_https.disable_certs {
        for site in sites() {
            beside.extend(hosts_beside_hostless(site, &options.http_port().to_string()));
        }
    }
    let mut automated = BTreeSet::new();
    // Caddy keeps them in a map, whose order is most often that in which they are written.
    let mut internal = Vec::new();
    for name in beside {
        if automated.insert(name.clone()) && !subjects::qualifies_for_public(&name) {
            internal.push(name);
        }
    }
    for pairing in pairings.iter().filter(|pairing| pairing.uses_other_port_than(options.http_port())) {
        for site in &pairing.sites {
            let all_http = site.addresses().all(|address| address.scheme == "http");
            if !all_http && blocks[site.block].pile.any_tls(|tls| tls.force_automate) {
                automated.extend(site.hosts());
            }
        }
    }
    (automated.into_iter().collect(), internal)
}

fn hosts_beside_hostless(site: &Site, http_port: &str) -> Vec<String> {
    let Some(hostless) = site.addresses().find(|address| address.host.is_empty()) else { return Vec::new() };
    let beside = site.addresses().filter(|address| {
        address.original != hostless.original
            && !address.host.is_empty()
            && address.scheme != "http"
            && address.port != http_port
    });
    beside.map(|address| address.host.clone()).collect()
}

/// A name can be managed by one policy only.
fn check_overlaps(cx: &mut Cx<'_>, policies: &[AutomationPolicy], pairings: &[Pairing]) {
    let mut seen = BTreeSet::new();
    for subject in policies.iter().flat_map(|policy| &policy.subjects) {
        if !seen.insert(subject) {
            let places = places_of(subject, pairings);
            cx.report(errors::tls::subject_in_two_policies(subject, &places));
        }
    }
}

/// Where addresses with a host stand in the file.
fn places_of(host: &str, pairings: &[Pairing]) -> Vec<Span> {
    let keys = pairings.iter().flat_map(|pairing| &pairing.sites).flat_map(|site| &site.keys);
    let mut places: Vec<Span> =
        keys.filter(|key| key.address.host == host).map(|key| key.token.span).collect();
    places.sort_by_key(|span| (span.source, span.start));
    places.dedup();
    places
}
