//! Who makes the certificate for a name, and making it.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use caddis_config as config;
use config::tls::Issuer;

use super::{certificates::Certificate, names};
use crate::{
    build::{Build, BuildError},
    pki::{Authorities, Authority, KeyType, PkiError, is_due},
    placeholder::Template,
    storage::{Storage, safe},
};

const LEAF_LIFETIME: Duration = Duration::from_secs(12 * 3600);
const RENEWAL_WINDOW: f64 = 1.0 / 3.0;

/// How the certificates of some names are managed.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// The names; none means every name.
    subjects: Vec<String>,
    source: Source,
    key_type: KeyType,
    renewal_window: f64,
    /// Certificates are made during the first handshake that needs them.
    pub(crate) on_demand: bool,
    storage: Storage,
}

/// Where certificates come from.
#[derive(Debug, Clone)]
enum Source {
    /// The configuration leaves it open.
    Default,
    Internal(Internal),
    /// An authority of our own, in a survey, which makes none.
    Surveyed,
    /// An issuer that this server does not have.
    Elsewhere(String),
}

/// An authority of our own and the terms on which it signs.
#[derive(Debug, Clone)]
pub(crate) struct Internal {
    authority: Arc<Authority>,
    lifetime: Duration,
    sign_with_root: bool,
}

/// The policies in the order in which they are tried, and what is done when none fits.
#[derive(Debug)]
pub(crate) struct Automation {
    policies: Vec<Policy>,
    fallback: Policy,
    /// For names that no public authority signs.
    internal: OnceLock<Internal>,
}

/// Everything that is needed to have a certificate for a name.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    issuer: Internal,
    key_type: KeyType,
    renewal_window: f64,
    storage: Storage,
}

/// What is needed to build policies.
pub(crate) struct Parts<'a> {
    pub(crate) authorities: &'a mut Authorities,
    pub(crate) pki: Option<&'a config::pki::App>,
    pub(crate) storage: &'a Storage,
}

impl Automation {
    /// # Errors
    /// Names what is wrong or not supported.
    pub(crate) fn build(
        config: Option<&config::tls::Automation>,
        parts: &mut Parts<'_>,
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        let mut policies = Vec::new();
        if let Some(config) = config {
            cx.at("policies", |cx| {
                for (number, policy) in config.policies.iter().enumerate() {
                    let policy = cx.at(number, |cx| Policy::build(policy, parts, cx));
                    policies.extend(cx.unless_survey(policy)?);
                }
                Ok(())
            })?;
        }
        let fallback = Policy {
            subjects: Vec::new(),
            source: Source::Default,
            key_type: KeyType::default(),
            renewal_window: RENEWAL_WINDOW,
            on_demand: false,
            storage: parts.storage.clone(),
        };
        Ok(Self { policies, fallback, internal: OnceLock::new() })
    }

    /// Whether certificates for unknown names are made during handshakes.
    pub(crate) fn has_on_demand(&self) -> bool {
        self.policies.iter().any(|policy| policy.on_demand)
    }

    /// The policy for a name: the one that lists it, or else the first that covers it.
    pub(crate) fn policy(&self, name: &str) -> &Policy {
        let lists = |policy: &&Policy| policy.subjects.iter().any(|subject| subject == name);
        let covers = |policy: &&Policy| {
            policy.subjects.is_empty() || policy.subjects.iter().any(|subject| names::covers(subject, name))
        };
        let found = self.policies.iter().find(lists).or_else(|| self.policies.iter().find(covers));
        found.unwrap_or(&self.fallback)
    }

    /// Makes sure that there is an authority for names that no public authority signs.
    pub(crate) fn prepare_internal(&self, parts: &mut Parts<'_>, cx: &Build) -> Result<(), BuildError> {
        if self.internal.get().is_none() {
            let authority = parts.authorities.get("", parts.pki, parts.storage, cx)?;
            let internal = Internal { authority, lifetime: LEAF_LIFETIME, sign_with_root: false };
            self.internal.get_or_init(|| internal);
        }
        Ok(())
    }

    /// Whether only the internal authority can serve a name, although no issuer says so.
    pub(crate) fn needs_internal(&self, name: &str) -> bool {
        let policy = self.policy(name);
        let listed = policy.subjects.iter().any(|subject| subject == name);
        let not_public = !names::is_public(name) || (names::is_address(name) && self.policies.is_empty());
        match policy.source {
            Source::Default => not_public,
            // A policy for every name is not meant for those that its issuer would refuse.
            Source::Elsewhere(_) => not_public && !listed,
            Source::Internal(_) | Source::Surveyed => false,
        }
    }

    /// The issuer that would be needed for a name and that this server does not have.
    pub(crate) fn missing_issuer(&self, name: &str) -> Option<String> {
        match &self.policy(name).source {
            Source::Internal(_) | Source::Surveyed => None,
            Source::Default | Source::Elsewhere(_) if self.needs_internal(name) => None,
            Source::Default => Some("tls.issuance.acme".to_owned()),
            Source::Elsewhere(id) => Some(id.clone()),
        }
    }

    /// How to have a certificate for a name.
    ///
    /// # Errors
    /// Names the issuer that would be needed.
    pub(crate) fn plan(&self, name: &str) -> Result<Plan, String> {
        let policy = self.policy(name);
        let issuer = match (&policy.source, self.internal.get()) {
            (Source::Internal(internal), _) => internal,
            (_, Some(internal)) if self.needs_internal(name) => internal,
            (Source::Elsewhere(_) | Source::Default | Source::Surveyed, _) => {
                return Err(self.missing_issuer(name).unwrap_or_else(|| "tls.issuance.internal".to_owned()));
            }
        };
        Ok(Plan {
            issuer: issuer.clone(),
            key_type: policy.key_type,
            renewal_window: policy.renewal_window,
            storage: policy.storage.clone(),
        })
    }
}

impl Policy {
    fn build(
        config: &config::tls::AutomationPolicy,
        parts: &mut Parts<'_>,
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        let refused = [
            ("get_certificate", !config.get_certificate.is_empty()),
            ("must_staple", config.must_staple),
            ("reuse_private_keys", config.reuse_private_keys),
            ("ocsp_overrides", !config.ocsp_overrides.is_empty()),
        ];
        let is_internal = matches!(config.issuers.first(), Some(Issuer::Internal(_)));
        let elsewhere = "certificates on demand from another issuer than the internal one";
        cx.refuse_fields(&refused.map(|(field, set)| (field, set, field)))?;
        cx.refuse_fields(&[
            ("on_demand", config.on_demand && !is_internal, elsewhere),
            ("issuers/1", is_internal && config.issuers.len() > 1, "another issuer beside the internal one"),
        ])?;
        let mut subjects = Vec::new();
        for subject in &config.subjects {
            let template = Template::known(subject, cx)?;
            let subject = template.fixed(cx, "a subject cannot depend on a request").map(names::normalized);
            subjects.extend(cx.unless_survey(subject)?);
        }
        let storage = match &config.storage {
            Some(own) => cx.at("storage", |cx| Storage::build(Some(own), cx))?,
            None => parts.storage.clone(),
        };
        let source = match config.issuers.first() {
            None => Source::Default,
            Some(Issuer::Internal(issuer)) => {
                let authority = parts.authorities.get(&issuer.ca, parts.pki, parts.storage, cx);
                let lifetime = issuer.lifetime.to_std().filter(|l| !l.is_zero()).unwrap_or(LEAF_LIFETIME);
                match cx.unless_survey(authority)? {
                    Some(authority) => Source::Internal(Internal {
                        authority,
                        lifetime,
                        sign_with_root: issuer.sign_with_root,
                    }),
                    None => Source::Surveyed,
                }
            }
            Some(other) => Source::Elsewhere(format!("tls.issuance.{}", other.name())),
        };
        let key_type = KeyType::parse(&config.key_type)
            .ok_or_else(|| cx.error(format!("unrecognized key type: {}", config.key_type)))?;
        let window = config.renewal_window_ratio;
        let renewal_window = if window > 0.0 { window } else { RENEWAL_WINDOW };
        Ok(Self { subjects, source, key_type, renewal_window, on_demand: config.on_demand, storage })
    }
}

impl Plan {
    /// The certificate for a name: the one in the storage while it is good, otherwise a new one, which is stored.
    ///
    /// # Errors
    /// When it cannot be made or stored.
    pub(crate) fn obtain(&self, name: &str, now: SystemTime) -> Result<Certificate, PkiError> {
        if let Some(stored) = self.stored(name)?
            && !self.is_due(&stored, now)
        {
            return Ok(stored);
        }
        self.renew(name)
    }

    /// Whether it is time for a new certificate.
    pub(crate) fn is_due(&self, certificate: &Certificate, now: SystemTime) -> bool {
        is_due(certificate.from, certificate.until, self.renewal_window, now)
    }

    /// A new certificate for a name.
    ///
    /// # Errors
    /// When it cannot be made or stored.
    pub(crate) fn renew(&self, name: &str) -> Result<Certificate, PkiError> {
        let Internal { authority, lifetime, sign_with_root } = &self.issuer;
        let issued = authority.issue(name, self.key_type, *lifetime, *sign_with_root)?;
        let meta = serde_json::json!({"sans": [name], "issuer_data": null});
        self.storage.store(&self.key(name, "key"), &issued.key)?;
        self.storage.store(&self.key(name, "crt"), &issued.chain)?;
        self.storage.store(&self.key(name, "json"), &format!("{meta:#}"))?;
        Certificate::from_pem(issued.chain.as_bytes(), issued.key.as_bytes(), &[]).map_err(PkiError::Unusable)
    }

    /// What is in the storage, unless the authority has changed since.
    fn stored(&self, name: &str) -> Result<Option<Certificate>, PkiError> {
        let (chain, key) =
            (self.storage.load(&self.key(name, "crt"))?, self.storage.load(&self.key(name, "key"))?);
        let (Some(chain), Some(key)) = (chain, key) else { return Ok(None) };
        let Internal { authority, sign_with_root, .. } = &self.issuer;
        let same_signer = *sign_with_root || chain.ends_with(&authority.intermediate_certificate());
        let readable = Certificate::from_pem(chain.as_bytes(), key.as_bytes(), &[]);
        Ok(readable.ok().filter(|_| same_signer))
    }

    fn key(&self, name: &str, extension: &str) -> String {
        let name = safe(name);
        format!("certificates/{}/{name}/{name}.{extension}", safe(&self.issuer.authority.id))
    }
}
