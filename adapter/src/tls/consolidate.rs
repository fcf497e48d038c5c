//! Fewer automation policies that do the same: empty ones go, equal ones are joined, and none of it may change which
//! policy a name falls under.

use std::collections::{HashMap, HashSet};

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
    let is_empty =
        |draft: &Draft| draft.issuers == Issuers::Unset && draft.settings == AutomationPolicy::default();
    let empty_ones: Vec<usize> = (0..policies.len()).filter(|&at| is_empty(&policies[at])).collect();
    if empty_ones.len() == policies.len() {
        return true;
    }
    let index = Patterns::of(policies);
    let dropped: HashSet<usize> = empty_ones
        .into_iter()
        .filter(|&at| {
            // A wildcard behind it may have certificate managers, which do not change what this policy does.
            let shadows_empty = index.shadowed_by(policies, at).is_some_and(|other| {
                let other = &policies[other];
                let settings = AutomationPolicy {
                    get_certificate: other.settings.get_certificate.clone(),
                    ..AutomationPolicy::default()
                };
                other.issuers == Issuers::Unset && other.settings == settings
            });
            at + 1 == policies.len() || shadows_empty
        })
        .collect();
    let mut at = 0;
    policies.retain(|_| {
        at += 1;
        !dropped.contains(&(at - 1))
    });
    false
}

/// Joins each policy with the later ones that do the same.
fn join_equal(policies: &mut Vec<Draft>) {
    let mut slots: Vec<Option<Draft>> = std::mem::take(policies).into_iter().map(Some).collect();
    for at in 0..slots.len() {
        if let Some(draft) = slots[at].take() {
            policies.extend(join_one(draft, &mut slots[at + 1..]));
        }
    }
}

/// Joins later policies with one, unless one of them does for it as well.
fn join_one(draft: Draft, later: &mut [Option<Draft>]) -> Option<Draft> {
    let mut joined = Joined::new(draft);
    for at in 0..later.len() {
        let Some(other) = &later[at] else { continue };
        if joined.draft == *other {
            later[at] = None;
        } else if !joined.same_but_subjects(other) {
            continue;
        } else if !joined.draft.subjects.is_empty() && other.subjects.is_empty() {
            // The general one does for both, unless one in between would catch these names first.
            let between = later[..at].iter().flatten();
            if !between.clone().any(|between| is_subset(&joined.draft, between)) {
                return None;
            }
        } else if let Some(other) = later[at].take() {
            joined.add(other);
        }
    }
    Some(joined.draft)
}

/// A policy that takes the names of others, with what would take long to find out for each of them.
struct Joined {
    draft: Draft,
    class: Class,
    subjects: HashSet<String>,
}

impl Joined {
    fn new(draft: Draft) -> Self {
        Self { class: class(&draft), subjects: draft.subjects.iter().cloned().collect(), draft }
    }

    fn add(&mut self, other: Draft) {
        // A policy without names is for all of them, until it gets some.
        self.class = match (self.class, class(&other)) {
            (Class::All, class) | (class, Class::All) => class,
            (a, b) if a == b => a,
            _ => Class::Mixed,
        };
        for subject in other.subjects {
            if self.subjects.insert(subject.clone()) {
                self.draft.subjects.push(subject);
            }
        }
    }

    fn same_but_subjects(&self, other: &Draft) -> bool {
        // OCSP settings do not keep two policies apart in Caddy.
        let compared = |settings: &AutomationPolicy| AutomationPolicy {
            disable_ocsp_stapling: false,
            ocsp_overrides: Default::default(),
            ..settings.clone()
        };
        self.same_issuers(other)
            && (self.draft.settings == other.settings
                || compared(&self.draft.settings) == compared(&other.settings))
    }

    fn same_issuers(&self, other: &Draft) -> bool {
        let issuers = &self.draft.issuers;
        if issuers.list() == other.issuers.list() {
            let unset = *issuers == Issuers::Unset && other.issuers == Issuers::Unset;
            let classes = (self.class, class(other));
            return !unset || classes.0 == classes.1 || matches!(classes, (Class::All, _) | (_, Class::All));
        }
        internal_by_default(issuers, || self.class) && internal_by_default(&other.issuers, || class(other))
    }
}

fn internal_by_default(issuers: &Issuers, class: impl FnOnce() -> Class) -> bool {
    match issuers {
        Issuers::Unset => class() == Class::Internal,
        Issuers::Implied(issuers) => *issuers == [Internal::default().into()],
        Issuers::Own(_) | Issuers::Shared(_) => false,
    }
}

/// Which issuers the names of a policy imply.
#[derive(Clone, Copy, PartialEq)]
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

/// Where in the list of policies each name and pattern stands, so that nobody need look at all of them.
struct Patterns {
    by_text: HashMap<String, Vec<usize>>,
    /// The policies for all names.
    general: Vec<usize>,
}

impl Patterns {
    fn of(policies: &[Draft]) -> Self {
        let mut by_text: HashMap<String, Vec<usize>> = HashMap::new();
        let mut general = Vec::new();
        for (at, policy) in policies.iter().enumerate() {
            if policy.subjects.is_empty() {
                general.push(at);
            }
            for subject in &policy.subjects {
                by_text.entry(subject.to_lowercase()).or_default().push(at);
            }
        }
        Self { by_text, general }
    }

    /// The first later policy under which all names of this one fall too.
    fn shadowed_by(&self, policies: &[Draft], at: usize) -> Option<usize> {
        let draft = &policies[at];
        let first = draft.subjects.first().map(|name| subjects::patterns(name)).unwrap_or_default();
        let lists = first.iter().filter_map(|pattern| self.by_text.get(pattern)).chain([&self.general]);
        let later = lists.filter_map(|list| {
            let list = &list[list.partition_point(|&other| other <= at)..];
            list.iter().copied().find(|&other| is_subset(draft, &policies[other]))
        });
        later.min()
    }
}
