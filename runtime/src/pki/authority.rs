//! One authority with its root and its intermediate.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use caddis_config as config;
use rustls_pki_types::CertificateDer;

use super::{
    Issued, KeyType, PkiError, is_due,
    pair::{self, Signer},
};
use crate::{
    build::{Build, BuildError},
    error::chain,
    logging::Logger,
    placeholder::Template,
    storage::{Storage, safe},
};

const DEFAULT_NAME: &str = "Caddy Local Authority";
const ROOT_NAME: &str = "{pki.ca.name} - {time.now.year} ECC Root";
const INTERMEDIATE_NAME: &str = "{pki.ca.name} - ECC Intermediate";
const DAY: Duration = Duration::from_secs(24 * 3600);
const ROOT_LIFETIME: Duration = Duration::from_secs(3600 * 24 * 3600);
const INTERMEDIATE_DAYS: u32 = 7;
const RENEWAL_WINDOW: f64 = 0.2;
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(600);

/// An authority, ready to sign.
#[derive(Debug)]
pub struct Authority {
    /// The id in the configuration.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name in the root.
    pub root_common_name: String,
    /// The name in intermediates.
    pub intermediate_common_name: String,
    /// Time between looks at what must be renewed.
    pub(crate) maintenance_interval: Duration,
    intermediate_lifetime: Duration,
    renewal_window: f64,
    root: Signer,
    intermediate: ArcSwap<Signer>,
    /// Whether the intermediate is ours to renew: not when it comes from the configuration.
    renews: bool,
    /// Whether clients have to be told to trust the root, which did not exist before.
    root_is_new: bool,
    storage: Storage,
}

impl Authority {
    /// Loads an authority from the storage, or makes it.
    pub(super) fn build(
        id: &str,
        config: &config::pki::Authority,
        storage: &Storage,
        cx: &Build,
    ) -> Result<Self, BuildError> {
        let storage = Self::storage(config, storage, cx)?;
        let name = or(&config.name, DEFAULT_NAME).to_owned();
        let common_name = |configured: &str, default: &str| {
            let text =
                or(configured, default).replace("{pki.ca.name}", &name).replace("{time.now.year}", &year());
            let text = Template::known(&text, cx)?;
            text.fixed(cx, "a common name cannot depend on a request").map(str::to_owned)
        };
        let root_common_name = common_name(&config.root_common_name, ROOT_NAME)?;
        let intermediate_common_name = common_name(&config.intermediate_common_name, INTERMEDIATE_NAME)?;
        let intermediate_lifetime =
            config.intermediate_lifetime.to_std().filter(|l| !l.is_zero()).unwrap_or(DAY * INTERMEDIATE_DAYS);
        let made = |error: PkiError| cx.error(format!("certificate authority {id}: {}", chain(&error)));
        let wants_trust = config.install_trust != Some(false);
        let is_stored = storage.load(&key(id, "root.crt")).is_ok_and(|stored| stored.is_some());
        let root = match &config.root {
            Some(pair) => read_pair(pair, cx)?,
            None => stored(&storage, id, "root", || Signer::root(&root_common_name, ROOT_LIFETIME))
                .map_err(made)?,
        };
        if config.root.is_none() && intermediate_lifetime >= ROOT_LIFETIME {
            return Err(
                cx.error("intermediate certificate lifetime must be less than root certificate lifetime")
            );
        }
        let window = config.renewal_window_ratio;
        let renewal_window = if window > 0.0 { window } else { RENEWAL_WINDOW };
        let intermediate = match &config.intermediate {
            Some(pair) => read_pair(pair, cx)?,
            None => {
                let make = || root.intermediate(&intermediate_common_name, intermediate_lifetime);
                let found = stored(&storage, id, "intermediate", make).map_err(made)?;
                if is_due(found.from, found.until, renewal_window, SystemTime::now()) {
                    let fresh = make().map_err(made)?;
                    keep(&storage, id, "intermediate", &fresh).map_err(made)?;
                    fresh
                } else {
                    found
                }
            }
        };
        Ok(Self {
            id: id.to_owned(),
            name,
            root_common_name,
            intermediate_common_name,
            maintenance_interval: config
                .maintenance_interval
                .to_std()
                .filter(|interval| !interval.is_zero())
                .unwrap_or(MAINTENANCE_INTERVAL),
            intermediate_lifetime,
            renewal_window,
            root,
            intermediate: ArcSwap::from_pointee(intermediate),
            renews: config.intermediate.is_none(),
            root_is_new: config.root.is_none() && wants_trust && !is_stored,
            storage,
        })
    }

    /// Looks at what an authority would be made of, and makes nothing.
    pub(super) fn survey(
        config: &config::pki::Authority,
        storage: &Storage,
        cx: &Build,
    ) -> Result<(), BuildError> {
        Self::storage(config, storage, cx)?;
        if config.storage.is_none() && (config.root.is_none() || config.intermediate.is_none()) {
            storage.survey("/storage".to_owned(), cx)?;
        }
        for pair in [&config.root, &config.intermediate].into_iter().flatten() {
            check_format(pair, cx)?;
            if cx.looks_at_machine() {
                cx.unless_survey(read_pair(pair, cx))?;
            }
        }
        Ok(())
    }

    /// Where the authority is kept: in a storage of its own, or in that of the configuration.
    fn storage(
        config: &config::pki::Authority,
        storage: &Storage,
        cx: &Build,
    ) -> Result<Storage, BuildError> {
        match &config.storage {
            Some(own) => Storage::build(Some(own), cx),
            None => Ok(storage.clone()),
        }
    }

    /// Tells once where the root is that clients have to trust. Caddy would put it into the trust store of the machine.
    pub(crate) fn tell_about_trust(&self, logger: &Logger) {
        if !self.root_is_new {
            return;
        }
        logger.named("pki.ca").info("root certificate is not installed in any trust store", |fields| {
            fields.add("ca", self.id.as_str());
            fields.add("certificate", self.storage.path(&key(&self.id, "root.crt")).display().to_string());
        });
    }

    /// Makes a certificate for a name or an IP address.
    ///
    /// # Errors
    /// When the name fits in no certificate.
    pub fn issue(
        &self,
        name: &str,
        key_type: KeyType,
        lifetime: Duration,
        sign_with_root: bool,
    ) -> Result<Issued, PkiError> {
        let key = pair::generate(key_type)?;
        let intermediate = self.intermediate.load();
        let (signer, rest) =
            if sign_with_root { (&self.root, "") } else { (&**intermediate, intermediate.pem.as_str()) };
        let (leaf, from, until) = signer.leaf(name, &key, lifetime)?;
        Ok(Issued { chain: leaf + rest, key: key.serialize_pem(), from, until })
    }

    /// Renews the intermediate if its time has come, and says whether it had.
    ///
    /// # Errors
    /// When the new one cannot be made or stored; the old one stays in use.
    pub fn maintain(&self, now: SystemTime) -> Result<bool, PkiError> {
        let current = self.intermediate.load();
        if !self.renews || !is_due(current.from, current.until, self.renewal_window, now) {
            return Ok(false);
        }
        let fresh = self.root.intermediate(&self.intermediate_common_name, self.intermediate_lifetime)?;
        keep(&self.storage, &self.id, "intermediate", &fresh)?;
        self.intermediate.store(Arc::new(fresh));
        Ok(true)
    }

    /// The root in PEM.
    pub fn root_certificate(&self) -> &str {
        &self.root.pem
    }

    /// The intermediate in PEM.
    pub fn intermediate_certificate(&self) -> String {
        self.intermediate.load().pem.clone()
    }

    /// The root in DER, for pools of trusted authorities.
    ///
    /// # Errors
    /// When the configured file holds no certificate.
    pub(crate) fn root_der(&self) -> Result<CertificateDer<'static>, PkiError> {
        self.root.der()
    }

    /// The intermediate in DER.
    ///
    /// # Errors
    /// When the configured file holds no certificate.
    pub(crate) fn intermediate_der(&self) -> Result<CertificateDer<'static>, PkiError> {
        self.intermediate.load().der()
    }
}

fn check_format(config: &config::pki::KeyPair, cx: &Build) -> Result<(), BuildError> {
    match config.format.as_str() {
        "" | "pem_file" => Ok(()),
        other => Err(cx.error(format!("unrecognized key pair format: {other}"))),
    }
}

fn read_pair(config: &config::pki::KeyPair, cx: &Build) -> Result<Signer, BuildError> {
    check_format(config, cx)?;
    let read = |path: &str| {
        std::fs::read_to_string(path).map_err(|error| cx.error(format!("cannot read {path}: {error}")))
    };
    Signer::read(&read(&config.certificate)?, &read(&config.private_key)?)
        .map_err(|error| cx.error(format!("{}: {}", config.certificate, chain(&error))))
}

fn stored(
    storage: &Storage,
    id: &str,
    which: &str,
    make: impl FnOnce() -> Result<Signer, PkiError>,
) -> Result<Signer, PkiError> {
    let certificate = storage.load(&key(id, &format!("{which}.crt")))?;
    let private = storage.load(&key(id, &format!("{which}.key")))?;
    match (certificate, private) {
        (Some(certificate), Some(private)) => Signer::read(&certificate, &private),
        _ => {
            let made = make()?;
            keep(storage, id, which, &made)?;
            Ok(made)
        }
    }
}

fn keep(storage: &Storage, id: &str, which: &str, signer: &Signer) -> Result<(), PkiError> {
    // The key comes first: a certificate without its key would never be replaced.
    storage.store(&key(id, &format!("{which}.key")), &signer.key_pem())?;
    storage.store(&key(id, &format!("{which}.crt")), &signer.pem)?;
    Ok(())
}

fn key(id: &str, file: &str) -> String {
    format!("pki/authorities/{}/{file}", safe(id))
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}

fn year() -> String {
    let mut params = rcgen::CertificateParams::default();
    params.not_before = SystemTime::now().into();
    params.not_before.year().to_string()
}
