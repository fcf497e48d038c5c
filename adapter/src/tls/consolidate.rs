//! Fewer automation policies that do the same: empty ones go, equal ones are joined, and none of it may change which
//! policy a name falls under.

use caddis_config::tls::{AutomationPolicy, issuance::Internal};

use super::{
    policies::{Draft, Issuers},
    subjects,
};
use crate::go_sort::stable_by;

/// Sorts policies from specific to general and joins what can be joined.
pub(super) fn consolidate(policies: &mut Vec<Draft>) {
    stable_by(policies, |a, b| {
        if is_subset(a, b) {
            return true;
        }
        if is_subset(b, a) {
            return false;
        }
        a.subjects.len() > b.subjects.len()
    });
    if drop_empty(policies) {
        policies.clear();
        return;
    }
    join_equal(policies);
}

/// Removes policies without settings that do not stand in front of one with settings. Whether all were without.
fn drop_empty(policies: &mut Vec<Draft>) -> bool {
    let total = policies.len();
    let mut empty_ones = 0;
    let mut at = 0;
    while at < policies.len() {
        if policies[at].issuers != Issuers::Unset || policies[at].settings != AutomationPolicy::default() {
            at += 1;
            continue;
        }
        empty_ones += 1;
        let shadowed = shadows(policies, at).map(|other| &policies[other]);
        // A wildcard behind it may have certificate managers, which do not change what this policy does.
        let shadows_empty = shadowed.is_some_and(|other| {
            let settings = AutomationPolicy {
                get_certificate: other.settings.get_certificate.clone(),
                ..AutomationPolicy::default()
            };
            other.issuers == Issuers::Unset && other.settings == settings
        });
        if at + 1 == policies.len() || shadows_empty {
            policies.remove(at);
        } else {
            at += 1;
        }
    }
    empty_ones == total
}

fn join_equal(policies: &mut Vec<Draft>) {
    let mut at = 0;
    while at < policies.len() {
        if !join_one(policies, at) {
            at += 1;
        }
    }
}

/// Joins later policies with the one at `at`. Whether the policy at this place has to be looked at again.
fn join_one(policies: &mut Vec<Draft>, at: usize) -> bool {
    let mut other = at + 1;
    while other < policies.len() {
        if policies[at] == policies[other] {
            policies.remove(other);
            return true;
        }
        if !same_but_subjects(&policies[at], &policies[other]) {
            other += 1;
        } else if !policies[at].subjects.is_empty() && policies[other].subjects.is_empty() {
            // The general one does for both, unless one in between would catch these names first.
            if shadows(policies, at).is_some_and(|shadowed| shadowed >= other) {
                policies.remove(at);
                return true;
            }
            other += 1;
        } else {
            let more = policies.remove(other).subjects;
            let subjects = &mut policies[at].subjects;
            for subject in more {
                if !subjects.contains(&subject) {
                    subjects.push(subject);
                }
            }
        }
    }
    false
}

fn same_but_subjects(a: &Draft, b: &Draft) -> bool {
    // OCSP settings do not keep two policies apart in Caddy.
    let compared = |settings: &AutomationPolicy| AutomationPolicy {
        disable_ocsp_stapling: false,
        ocsp_overrides: Default::default(),
        ..settings.clone()
    };
    same_issuers(a, b) && compared(&a.settings) == compared(&b.settings)
}

fn same_issuers(a: &Draft, b: &Draft) -> bool {
    if a.issuers.list() == b.issuers.list() {
        let unset = a.issuers == Issuers::Unset && b.issuers == Issuers::Unset;
        let (class_a, class_b) = (class(a), class(b));
        return !unset || class_a == Class::All || class_b == Class::All || class_a == class_b;
    }
    internal_by_default(a) && internal_by_default(b)
}

fn internal_by_default(policy: &Draft) -> bool {
    match &policy.issuers {
        Issuers::Unset => class(policy) == Class::Internal,
        Issuers::Implied(issuers) => *issuers == [Internal::default().into()],
        Issuers::Own(_) | Issuers::Shared(_) => false,
    }
}

/// Which issuers the names of a policy imply.
#[derive(PartialEq)]
enum Class {
    All,
    Public,
    Internal,
    Mixed,
}

fn class(policy: &Draft) -> Class {
    let public = |name: &String| subjects::public_by_default(name, policy.settings.on_demand);
    if policy.subjects.is_empty() {
        return Class::All;
    }
    match (policy.subjects.iter().any(public), policy.subjects.iter().all(public)) {
        (_, true) => Class::Public,
        (false, _) => Class::Internal,
        (true, false) => Class::Mixed,
    }
}

/// Whether every name of `a` falls under `b` too.
fn is_subset(a: &Draft, b: &Draft) -> bool {
    let covered = |name: &String| b.subjects.iter().any(|pattern| subjects::matches(name, pattern));
    b.subjects.is_empty() || (!a.subjects.is_empty() && a.subjects.iter().all(covered))
}

/// The first later policy under which all names of this one fall too.
fn shadows(policies: &[Draft], at: usize) -> Option<usize> {
    (at + 1..policies.len()).find(|other| is_subset(&policies[at], &policies[*other]))
}
