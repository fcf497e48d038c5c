//! Automation policies before they are final: one from the global options, one from each site.

use std::collections::BTreeMap;

use caddis_config::tls::{AutomationPolicy, Issuer, issuance::Internal};

use super::{acme_defaults, consolidate::consolidate, issuers, subjects};
use crate::{
    cx::Cx,
    errors,
    sites::{Pile, Site},
};

/// A policy that is not final yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Draft {
    /// The names it is for; all names where there are none.
    pub(super) subjects: Vec<String>,
    /// Who issues the certificates.
    pub(super) issuers: Issuers,
    /// Everything else.
    pub(super) settings: AutomationPolicy,
}

/// The issuers of a policy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Issuers {
    /// Whoever fits the names.
    #[default]
    Unset,
    /// One of [`Drafts::lists`]: those of the option `cert_issuer`, or of a site that has several policies. What is
    /// added to them for one policy, all have.
    Shared(usize),
    /// Those that were chosen, and that take defaults from the global options.
    Own(Vec<Issuer>),
    /// The internal one, which follows from the names.
    Implied(Vec<Issuer>),
}

impl Issuers {
    /// The issuers as they stand in the JSON. `Shared` has been replaced by then.
    pub(super) fn list(&self) -> &[Issuer] {
        match self {
            Self::Unset | Self::Shared(_) => &[],
            Self::Own(issuers) | Self::Implied(issuers) => issuers,
        }
    }
}

/// All policies of a file while they are built.
#[derive(Debug)]
pub(super) struct Drafts {
    drafts: Vec<Draft>,
    /// The order of the policies. One can be in it several times: sites without a host share theirs.
    order: Vec<usize>,
    /// The policy for all names that have none of their own.
    catch_all: Option<usize>,
    /// Issuers that several policies share; first those of the option `cert_issuer`.
    lists: Vec<Vec<Issuer>>,
    /// The places in `lists` of the issuers of sites, by the number of the site's block.
    of_blocks: BTreeMap<usize, usize>,
}

impl Drafts {
    /// Begins with the policy for all names, if any global option asks for one.
    pub(super) fn new(cx: &mut Cx<'_>) -> Self {
        let options = cx.options;
        let mut global = options.cert_issuer.clone().unwrap_or_default();
        if acme_defaults::any_but_email(options) {
            for issuer in &mut global {
                let filled = acme_defaults::fill(issuer, options);
                cx.keep(filled);
            }
        }
        if options.cert_issuer.is_some() && options.local_certs {
            cx.report(errors::tls::local_certs_and_issuer());
        }
        let mut drafts = Self {
            drafts: Vec::new(),
            order: Vec::new(),
            catch_all: None,
            lists: vec![global],
            of_blocks: BTreeMap::new(),
        };
        let wanted = options.cert_issuer.is_some()
            || options.local_certs
            || options.key_type.is_some()
            || options.ocsp_stapling_off
            || options.renewal_window_ratio.is_some()
            || acme_defaults::any_but_email(options);
        if wanted {
            let base = drafts.base(cx);
            drafts.push(base);
            drafts.catch_all = Some(0);
        }
        drafts
    }

    /// Adds a policy at the end.
    pub(super) fn push(&mut self, draft: Draft) -> usize {
        self.drafts.push(draft);
        self.order.push(self.drafts.len() - 1);
        self.drafts.len() - 1
    }

    /// A policy of nothing but global options.
    pub(super) fn base(&self, cx: &Cx<'_>) -> Draft {
        let options = cx.options;
        let issuers = if options.cert_issuer.is_some() {
            Issuers::Shared(0)
        } else if options.local_certs {
            Issuers::Own(vec![Internal::default().into()])
        } else {
            Issuers::Unset
        };
        let settings = AutomationPolicy {
            key_type: options.key_type.clone().unwrap_or_default(),
            disable_ocsp_stapling: options.ocsp_stapling_off,
            renewal_window_ratio: options.renewal_window_ratio.unwrap_or_default(),
            ..AutomationPolicy::default()
        };
        Draft { subjects: Vec::new(), issuers, settings }
    }

    /// Adds the policy of a site.
    pub(super) fn add_site(&mut self, cx: &mut Cx<'_>, site: &Site, pile: &Pile) {
        let hostless = site.has_hostless_key();
        let shared = self.catch_all.filter(|_| hostless);
        let at = shared.unwrap_or_else(|| {
            self.drafts.push(self.base(cx));
            self.drafts.len() - 1
        });
        self.apply_tls(cx, at, shared.is_some(), site, pile);
        if let Some(bind) = pile.binds.iter().find_map(|bind| bind.addresses.first()) {
            for issuer in self.issuers_mut(at) {
                acme_defaults::bind_host(issuer, bind);
            }
        }
        if hostless && self.catch_all.is_none() {
            self.catch_all = Some(at);
        }
        let http_port = cx.options.http_port().to_string();
        let mut hosts: Vec<String> = site
            .addresses()
            .filter(|address| {
                !address.host.is_empty() && address.scheme != "http" && address.port != http_port
            })
            .map(|address| address.host.clone())
            .collect();
        hosts.sort();
        hosts.dedup();
        let split = self.issuers_mut(at).is_empty().then(|| split_names(cx, site, &hosts, &self.drafts[at]));
        self.drafts[at].subjects = hosts;
        self.order.push(at);
        if let Some((public, internal)) = split
            && !public.is_empty()
            && !internal.is_empty()
        {
            let issuers = Issuers::Implied(vec![Internal::default().into()]);
            self.drafts[at].subjects = public;
            let copy = Draft { subjects: internal, issuers, settings: self.drafts[at].settings.clone() };
            self.push(copy);
        }
    }

    fn apply_tls(&mut self, cx: &mut Cx<'_>, at: usize, shared: bool, site: &Site, pile: &Pile) {
        let issuers: Vec<Issuer> = pile.tls.iter().flat_map(|tls| tls.issuers.iter().cloned()).collect();
        if !issuers.is_empty() {
            let list = *self.of_blocks.entry(site.block).or_insert_with(|| {
                self.lists.push(issuers);
                self.lists.len() - 1
            });
            let own = self.lists[list].clone();
            if shared && *self.issuers_mut(at) != *own {
                cx.report(errors::tls::catch_all_conflict(&site.keys[0].token));
            }
            self.drafts[at].issuers = Issuers::Shared(list);
        }
        let settings = &mut self.drafts[at].settings;
        settings.on_demand |= pile.any_tls(|tls| tls.on_demand);
        settings.reuse_private_keys |= pile.any_tls(|tls| tls.reuse_private_keys);
        if let Some(key_type) = pile.tls.iter().map(|tls| &tls.key_type).find(|key_type| !key_type.is_empty())
        {
            settings.key_type.clone_from(key_type);
        }
        if let Some(ratio) = pile.tls.iter().map(|tls| tls.renewal_window_ratio).find(|ratio| *ratio > 0.0) {
            settings.renewal_window_ratio = ratio;
        } else if let Some(ratio) = cx.options.renewal_window_ratio {
            settings.renewal_window_ratio = ratio;
        }
        settings.get_certificate.extend(pile.tls.iter().flat_map(|tls| tls.managers.iter().cloned()));
    }

    fn issuers_mut(&mut self, at: usize) -> &mut [Issuer] {
        match &mut self.drafts[at].issuers {
            Issuers::Shared(list) => &mut self.lists[*list],
            Issuers::Own(issuers) => issuers,
            Issuers::Unset | Issuers::Implied(_) => &mut [],
        }
    }

    /// Fills in what the global options say about ACME, and joins what can be joined.
    pub(super) fn finish(mut self, cx: &mut Cx<'_>) -> Vec<AutomationPolicy> {
        let options = cx.options;
        if acme_defaults::any_but_email(options) || options.email.is_some() {
            for at in self.order.clone() {
                let draft = &self.drafts[at];
                let public = |name: &String| {
                    subjects::public_by_default(name, draft.settings.on_demand)
                        && !subjects::is_tailscale(name)
                };
                if !draft.subjects.iter().all(public) {
                    continue;
                }
                if let Issuers::Implied(issuers) = &draft.issuers {
                    // The names would get other issuers by themselves, so this is no longer what they imply.
                    self.drafts[at].issuers = Issuers::Own(issuers.clone());
                } else if draft.issuers == Issuers::Unset {
                    let email =
                        if options.acme_ca.is_some() { "" } else { options.email.as_deref().unwrap_or("") };
                    self.drafts[at].issuers = Issuers::Own(issuers::default_acme(email));
                }
            }
        }
        for at in self.order.clone() {
            for issuer in self.issuers_mut(at) {
                let filled = acme_defaults::fill(issuer, options);
                cx.keep(filled);
            }
        }
        let Self { drafts, order, lists, .. } = self;
        let mut ordered: Vec<Draft> = order.into_iter().map(|at| drafts[at].clone()).collect();
        for draft in &mut ordered {
            if let Issuers::Shared(list) = draft.issuers {
                draft.issuers = Issuers::Own(lists[list].clone());
            }
        }
        consolidate(&mut ordered);
        ordered.into_iter().map(Draft::into_policy).collect()
    }
}

impl Draft {
    fn into_policy(self) -> AutomationPolicy {
        let issuers = self.issuers.list().to_vec();
        AutomationPolicy { subjects: self.subjects, issuers, ..self.settings }
    }
}

/// Names that a public authority signs by default, and the others.
fn split_names(cx: &mut Cx<'_>, site: &Site, hosts: &[String], draft: &Draft) -> (Vec<String>, Vec<String>) {
    let (mut public, mut internal) = (Vec::new(), Vec::new());
    for host in hosts.iter().filter(|host| !subjects::is_tailscale(host)) {
        if !subjects::qualifies(host) {
            let key = site.keys.iter().find(|key| key.address.host == *host).unwrap_or(&site.keys[0]);
            cx.report(errors::tls::unqualified_subject(&key.token, host));
        } else if subjects::public_by_default(host, draft.settings.on_demand) {
            public.push(host.clone());
        } else {
            internal.push(host.clone());
        }
    }
    (public, internal)
}
