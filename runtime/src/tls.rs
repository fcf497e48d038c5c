//! TLS of client connections: certificates, who makes them, and the policies of handshakes.

mod accept_anything;
pub(crate) mod automation;
mod ca_pool;
pub(crate) mod certificates;
pub(crate) mod client_auth;
mod client_certificate;
pub(crate) mod crypto;
mod matchers;
pub mod names;
pub(crate) mod policy;
pub(crate) mod quic;
mod selection;
mod signatures;
mod terminator;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use caddis_config as config;
use rustls::server::ProducesTickets;
use tokio::sync::watch;

pub(crate) use self::client_certificate::ClientCertificate;
pub use self::{accept_anything::AcceptAnything, terminator::Terminator};
use self::{
    automation::{Automation, Parts},
    certificates::{Certificate, Store},
};
use crate::{
    build::{Build, BuildError},
    error::chain,
    logging::Logger,
    pki::Authority,
};

/// Certificates that are kept in memory when the configuration does not say how many.
const CACHE_CAPACITY: i64 = 10_000;
const RENEW_INTERVAL: Duration = Duration::from_secs(600);

/// The TLS side of a configuration.
#[derive(Debug)]
pub struct Tls {
    store: Arc<Store>,
    automation: Automation,
    /// Known once everything that needs certificates is built.
    authorities: OnceLock<BTreeMap<String, Arc<Authority>>>,
    tickets: Option<Arc<dyn ProducesTickets>>,
    renew_interval: Duration,
    logger: Logger,
    /// Dropped with the rest, which tells [`keep_fresh`].
    runs: watch::Sender<()>,
}

/// The TLS side while it is built: what a configuration brings is there, what has to be made is not.
#[derive(Debug)]
pub(crate) struct Draft {
    store: Store,
    automation: Automation,
    automate: Vec<String>,
    /// Some certificates were not read, because this is a survey.
    unread: bool,
    tickets: Option<Arc<dyn ProducesTickets>>,
    renew_interval: Duration,
}

impl Draft {
    /// Reads what the configuration brings.
    ///
    /// # Errors
    /// Names what is wrong or not supported.
    pub(crate) fn build(
        app: Option<&config::tls::App>,
        parts: &mut Parts<'_>,
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        let default = config::tls::App::default();
        let app = app.unwrap_or(&default);
        refuse(app, cx)?;
        let loaded = cx.at("certificates", |cx| certificates::load(&app.certificates, parts.storage, cx));
        let loaded = cx.unless_survey(loaded)?.unwrap_or_default();
        let automation = cx.at("automation", |cx| Automation::build(app.automation.as_ref(), parts, cx))?;
        let capacity = app.cache.as_ref().map_or(0, |cache| cache.capacity);
        let capacity = if capacity > 0 { capacity } else { CACHE_CAPACITY };
        let interval = app.automation.as_ref().and_then(|automation| automation.renew_interval.to_std());
        Ok(Self {
            store: Store::new(loaded.certificates, usize::try_from(capacity).unwrap_or(usize::MAX)),
            automation,
            automate: loaded.automate,
            unread: loaded.unread,
            tickets: tickets(app.session_tickets.as_ref(), cx)?,
            renew_interval: interval.filter(|interval| !interval.is_zero()).unwrap_or(RENEW_INTERVAL),
        })
    }

    /// Whether the configuration brings a certificate for a name, so that none has to be made. What was not read may be
    /// for any name.
    pub(crate) fn loads(&self, name: &str) -> bool {
        self.unread || self.store.loads(name)
    }

    /// Makes the certificates for `hosts` and for what the configuration wants from the start; a survey makes none.
    ///
    /// # Errors
    /// Names a certificate that this server cannot make, or has failed to make.
    pub(crate) fn finish(
        mut self,
        hosts: impl IntoIterator<Item = String>,
        parts: &mut Parts<'_>,
        cx: &Build,
    ) -> Result<Arc<Tls>, BuildError> {
        let normalized = |name: String| names::normalized(&name);
        let hosts: BTreeSet<String> = hosts.into_iter().map(normalized).collect();
        // A host that the certificate of a wildcard covers needs none of its own.
        let covered = |host: &String| hosts.iter().any(|other| other != host && names::covers(other, host));
        let mut wanted: BTreeSet<String> = hosts.iter().filter(|host| !covered(host)).cloned().collect();
        wanted.extend(std::mem::take(&mut self.automate).into_iter().map(normalized));
        self.refuse_elsewhere(&wanted, cx)?;
        if cx.is_survey() {
            wanted.clear();
        } else if self.automation.has_on_demand()
            || wanted.iter().any(|name| self.automation.needs_internal(name))
        {
            self.automation.prepare_internal(parts, cx)?;
        }
        let now = SystemTime::now();
        let mut made = Vec::new();
        for name in wanted {
            if self.automation.policy(&name).on_demand {
                continue;
            }
            let plan =
                self.automation.plan(&name).map_err(|issuer| cx.error(elsewhere(&[&name], &issuer)))?;
            let certificate = plan
                .obtain(&name, now)
                .map_err(|error| cx.error(format!("certificate for {name}: {}", chain(&error))))?;
            made.push((name, certificate));
        }
        self.store.put(made);
        Ok(Arc::new(Tls {
            store: Arc::new(self.store),
            automation: self.automation,
            authorities: OnceLock::new(),
            tickets: self.tickets,
            renew_interval: self.renew_interval,
            logger: cx.process.logger.named("tls"),
            runs: watch::Sender::default(),
        }))
    }

    /// Refuses names of which the certificate would come from an issuer that this server does not have.
    fn refuse_elsewhere(&self, wanted: &BTreeSet<String>, cx: &Build) -> Result<(), BuildError> {
        let mut elsewhere: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for name in wanted.iter().filter(|name| !self.automation.policy(name).on_demand) {
            if let Some(issuer) = self.automation.missing_issuer(name) {
                elsewhere.entry(issuer).or_default().push(name);
            }
        }
        for (issuer, names) in elsewhere {
            let error = BuildError { unsupported: true, ..cx.error(self::elsewhere(&names, &issuer)) };
            cx.unless_survey::<()>(Err(error))?;
        }
        Ok(())
    }
}

fn elsewhere(names: &[&str], issuer: &str) -> String {
    let name = names.first().copied().unwrap_or_default();
    let others = match names.len() {
        0 | 1 => String::new(),
        count => format!(" (and those for {} other names)", count - 1),
    };
    format!(
        "the certificate for {name}{others} would come from {issuer}, which is not supported by this server yet; give the site \
         a certificate of its own (`tls cert.pem key.pem`), one from the internal authority (`tls internal`), or serve \
         it without TLS (`http://{name}`)"
    )
}

fn refuse(app: &config::tls::App, cx: &mut Build) -> Result<(), BuildError> {
    let automation = app.automation.as_ref();
    let on_demand = automation.and_then(|automation| automation.on_demand.as_ref());
    let tickets = app.session_tickets.as_ref();
    let on = |set: Option<bool>| set == Some(true);
    let refused = [
        ("encrypted_client_hello", app.encrypted_client_hello.is_some()),
        ("dns", app.dns.is_some()),
        ("resolvers", !app.resolvers.is_empty()),
        ("automation/on_demand/ask", on(on_demand.map(|config| !config.ask.is_empty()))),
        ("automation/on_demand/permission", on(on_demand.map(|config| config.permission.is_some()))),
        ("automation/ocsp_interval", on(automation.map(|config| !config.ocsp_interval.is_zero()))),
        (
            "automation/storage_clean_interval",
            on(automation.map(|config| !config.storage_clean_interval.is_zero())),
        ),
        ("session_tickets/rotation_interval", on(tickets.map(|config| !config.rotation_interval.is_zero()))),
        ("session_tickets/max_keys", on(tickets.map(|config| config.max_keys != 0))),
        ("session_tickets/disable_rotation", on(tickets.map(|config| config.disable_rotation))),
    ];
    cx.refuse_fields(&refused.map(|(field, set)| (field, set, field)))
}

/// Session tickets of which the keys live in this process; `None` when they are turned off.
fn tickets(
    config: Option<&config::tls::SessionTickets>,
    cx: &mut Build,
) -> Result<Option<Arc<dyn ProducesTickets>>, BuildError> {
    use config::tls::KeySource;
    match config.and_then(|config| config.key_source.as_ref()) {
        None | Some(KeySource::Standard(_)) => {}
        Some(other) => {
            let name = format!("tls.stek.{}", other.name());
            cx.refuse_fields(&[("session_tickets/key_source", true, &name)])?;
        }
    }
    // A survey needs no keys, and gathering randomness for them takes longer than all the rest of one.
    if cx.is_survey() || config.is_some_and(|config| config.disabled) {
        return Ok(None);
    }
    let tickets = cx.process.tickets.get_or_init(rustls::crypto::aws_lc_rs::Ticketer::new);
    tickets.clone().map(Some).map_err(|error| cx.error(format!("session tickets: {error}")))
}

impl Tls {
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub(crate) fn tickets(&self) -> Option<Arc<dyn ProducesTickets>> {
        self.tickets.clone()
    }

    /// The authorities that the configuration uses, by id.
    #[must_use]
    pub fn authorities(&self) -> &BTreeMap<String, Arc<Authority>> {
        static NONE: BTreeMap<String, Arc<Authority>> = BTreeMap::new();
        self.authorities.get().unwrap_or(&NONE)
    }

    /// Takes over the authorities that have been made.
    pub(crate) fn keep(&self, authorities: BTreeMap<String, Arc<Authority>>) {
        self.authorities.get_or_init(|| authorities);
    }

    /// Makes the certificate that is shown to upstreams, unless there is one for its name; a survey makes none.
    ///
    /// # Errors
    /// When this server cannot make it, or has failed to.
    pub(crate) fn provide(
        &self,
        wanted: &ClientCertificate,
        parts: &mut Parts<'_>,
        cx: &Build,
    ) -> Result<(), BuildError> {
        let name = &wanted.name;
        let refusal =
            |message: String, unsupported| BuildError { path: wanted.path.clone(), message, unsupported };
        wanted.store.get_or_init(|| Arc::downgrade(&self.store));
        if !self.store.find(name).is_empty() {
            return Ok(());
        }
        if let Some(issuer) = self.automation.missing_issuer(name) {
            let refused: Result<(), _> = Err(refusal(elsewhere(&[name], &issuer), true));
            return cx.unless_survey(refused).map(drop);
        }
        if cx.is_survey() {
            return Ok(());
        }
        if self.automation.needs_internal(name) {
            self.automation.prepare_internal(parts, cx)?;
        }
        let plan = self.automation.plan(name).map_err(|issuer| refusal(elsewhere(&[name], &issuer), true))?;
        let made = plan.obtain(name, SystemTime::now());
        let made =
            made.map_err(|error| refusal(format!("certificate for {name}: {}", chain(&error)), false))?;
        self.store.put([(name.clone(), made)]);
        Ok(())
    }

    pub(crate) fn makes_on_demand(&self) -> bool {
        self.automation.has_on_demand()
    }

    /// Makes the certificate for a name during its first handshake, where a policy says so. Takes its time.
    pub(crate) fn on_demand(&self, name: &str, now: SystemTime) {
        if !self.automation.policy(name).on_demand {
            return;
        }
        let made = self
            .automation
            .plan(name)
            .map_err(|issuer| elsewhere(&[name], &issuer))
            .and_then(|plan| plan.obtain(name, now).map_err(|error| chain(&error)));
        match made {
            Ok(certificate) => self.store.put([(name.to_owned(), certificate)]),
            Err(error) => self.logger.error("cannot make a certificate on demand", |fields| {
                fields.add("name", name).add("error", error);
            }),
        }
    }

    /// Renews whatever will end soon.
    pub(crate) fn maintain(&self, now: SystemTime) {
        for authority in self.authorities().values() {
            match authority.maintain(now) {
                Ok(false) => {}
                Ok(true) => self.logger.info("renewed intermediate", |fields| {
                    fields.add("ca", authority.id.as_str());
                }),
                Err(error) => self.logger.error("cannot renew intermediate", |fields| {
                    fields.add("ca", authority.id.as_str()).error(&error);
                }),
            }
        }
        for (name, certificate) in self.store.managed().iter() {
            if let Some(fresh) = self.renewed(name, certificate, now) {
                self.store.put([(name.clone(), fresh)]);
            }
        }
    }

    fn renewed(&self, name: &str, certificate: &Certificate, now: SystemTime) -> Option<Certificate> {
        let plan = self.automation.plan(name).ok().filter(|plan| plan.is_due(certificate, now))?;
        match plan.renew(name) {
            Ok(fresh) => {
                self.logger.info("certificate renewed successfully", |fields| {
                    fields.add("identifier", name);
                });
                Some(fresh)
            }
            Err(error) => {
                self.logger.error("cannot renew certificate", |fields| {
                    fields.add("identifier", name).error(&error);
                });
                None
            }
        }
    }

    /// How long to wait between two looks at what must be renewed.
    fn interval(&self) -> Duration {
        let authorities = self.authorities().values().map(|authority| authority.maintenance_interval);
        authorities.chain([self.renew_interval]).min().unwrap_or(RENEW_INTERVAL)
    }
}

/// Renews certificates as long as their configuration runs. Ends with it, not at the next time to renew: reloads may come
/// faster than that, and what waits takes memory.
pub(crate) fn keep_fresh(tls: &Arc<Tls>) -> impl Future<Output = ()> + Send + use<> {
    let (tls, mut runs) = (Arc::downgrade(tls), tls.runs.subscribe());
    async move {
        while let Some(interval) = tls.upgrade().map(|tls| tls.interval()) {
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                _ = runs.changed() => return,
            }
            let Some(tls) = tls.upgrade() else { return };
            let renewed = tokio::task::spawn_blocking(move || tls.maintain(SystemTime::now())).await;
            debug_assert!(renewed.is_ok(), "renewing does not panic");
        }
    }
}
