//! Certificates, authorities, connection policies.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::{Report, has_placeholder, ip_ranges};
use crate::Config;
use crate::pki::Authority;
use crate::tls::ca_pool::source::CaPool;
use crate::tls::{App, Automation, AutomationPolicy, ConnectionPolicy, HandshakeMatcher, Issuer, OnDemand};

/// The authorities that others may refer to by id.
pub(super) struct Authorities<'c>(Option<&'c BTreeMap<String, Authority>>);

impl<'c> Authorities<'c> {
    pub(super) fn of(config: &'c Config) -> Self {
        Self(config.apps.pki.as_ref().map(|app| &app.certificate_authorities))
    }

    /// `local` always exists, and is meant where no id is given.
    pub(super) fn check(&self, report: &mut Report, id: &str) {
        let known = self.0.is_some_and(|authorities| authorities.contains_key(id));
        if !known && !matches!(id, "" | "local") && !has_placeholder(id) {
            report.error(format!("no certificate authority configured with id: {id}"));
        }
    }
}

pub(super) fn check(report: &mut Report, app: &App, authorities: &Authorities<'_>) {
    report.field("automation", &app.automation, |report, automation| {
        policies(report, automation);
        report.each("policies", &automation.policies, |report, policy| {
            automation_policy(report, policy, authorities);
        });
        report.field("on_demand", &automation.on_demand, on_demand);
    });
    report.field("cache", &app.cache, |report, cache| {
        if cache.capacity < 0 {
            report.within("capacity", |report| report.error("cache capacity must be >= 0"));
        }
    });
}

/// Only the first policy that lists a name is used: to list it again is a mistake.
fn policies(report: &mut Report, automation: &Automation) {
    let mut default = false;
    let mut listed = HashMap::new();
    report.within("policies", |report| {
        for (index, policy) in automation.policies.iter().enumerate() {
            report.within(index, |report| {
                if policy.subjects.is_empty() && std::mem::replace(&mut default, true) {
                    report.error(format!(
                        "automation policy {index} is the second policy that acts as default/catch-all, but will never \
                         be used"
                    ));
                }
                report.each("subjects", &policy.subjects, |report, subject| {
                    match listed.entry(subject) {
                        Entry::Vacant(entry) => {
                            entry.insert(index);
                        }
                        Entry::Occupied(first) => report.error(format!(
                            "automation policy {index}: cannot apply more than one automation policy to host: {subject} \
                             (first match in policy {})",
                            first.get()
                        )),
                    }
                });
            });
        }
    });
}

fn automation_policy(report: &mut Report, policy: &AutomationPolicy, authorities: &Authorities<'_>) {
    report.each("issuers", &policy.issuers, |report, issuer| match issuer {
        Issuer::Internal(issuer) => report.within("ca", |report| authorities.check(report, &issuer.ca)),
        Issuer::Acme(_) | Issuer::ZeroSsl(_) | Issuer::Foreign(_) => {}
    });
    let known = ["", "ed25519", "p256", "p384", "rsa2048", "rsa4096"];
    if !has_placeholder(&policy.key_type) && !known.contains(&policy.key_type.as_str()) {
        report
            .within("key_type", |report| report.error(format!("unrecognized key type: {}", policy.key_type)));
    }
}

fn on_demand(report: &mut Report, on_demand: &OnDemand) {
    if !on_demand.ask.is_empty() && on_demand.permission.is_some() {
        report.error(
            "on-demand TLS config conflict: both 'ask' endpoint and a 'permission' module are specified; 'ask' is \
             deprecated, so use only the permission module",
        );
    }
}

pub(super) fn connection_policy(
    report: &mut Report,
    policy: &ConnectionPolicy,
    authorities: &Authorities<'_>,
) {
    report.within("match", |report| {
        for matcher in policy.matchers.iter() {
            report.within(matcher.name(), |report| match matcher {
                HandshakeMatcher::LocalIp(matcher) => ip_ranges(report, "ranges", &matcher.ranges),
                HandshakeMatcher::RemoteIp(matcher) => {
                    ip_ranges(report, "ranges", &matcher.ranges);
                    ip_ranges(report, "not_ranges", &matcher.not_ranges);
                }
                HandshakeMatcher::Sni(_) | HandshakeMatcher::SniRegexp(_) | HandshakeMatcher::Foreign(_) => {}
            });
        }
    });
    let (min, max) = (&policy.protocol_min, &policy.protocol_max);
    if !min.is_empty() && !max.is_empty() && min > max {
        report.error(format!("protocol min ({min}) cannot be greater than protocol max ({max})"));
    }
    report.field("client_authentication", &policy.client_authentication, |report, clients| {
        report.field("ca", &clients.ca, |report, pool| ca_pool(report, pool, authorities));
        if clients.ca.is_some()
            && !(clients.trusted_ca_certs.is_empty() && clients.trusted_ca_certs_pem_files.is_empty())
        {
            report.error("conflicting config for client authentication trust CA");
        }
        let known = ["", "request", "require", "verify_if_given", "require_and_verify"];
        if !known.contains(&clients.mode.as_str()) {
            report.within("mode", |report| {
                report.error(format!("client auth mode not recognized: {}", clients.mode));
            });
        }
    });
}

pub(super) fn ca_pool(report: &mut Report, pool: &CaPool, authorities: &Authorities<'_>) {
    match pool {
        CaPool::PkiRoot(pool) => {
            report.each("authority", &pool.authority, |report, id| authorities.check(report, id));
        }
        CaPool::PkiIntermediate(pool) => {
            report.each("authority", &pool.authority, |report, id| authorities.check(report, id));
        }
        CaPool::Combined(pool) => {
            report.each("sources", &pool.sources, |report, pool| ca_pool(report, pool, authorities));
        }
        CaPool::Http(pool) => report.field("tls", &pool.tls, |report, tls| {
            report.field("ca", &tls.ca, |report, pool| ca_pool(report, pool, authorities));
        }),
        CaPool::File(_) | CaPool::Inline(_) | CaPool::Storage(_) | CaPool::System(_) | CaPool::Foreign(_) => {
        }
    }
}
