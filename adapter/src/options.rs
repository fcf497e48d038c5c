//! The global options: what stands in the block without an address at the top of a Caddyfile.

use caddis_config::{
    admin::Admin,
    dns::DnsProvider,
    http::Metrics,
    pki,
    storage::Storage,
    tls::{
        EncryptedClientHello, Issuer, OnDemand,
        issuance::{ChainPreference, ExternalAccount},
    },
    value::Duration,
};

use caddis_grammar::ServerBlock;

use crate::{
    cx::Cx,
    directives::log::SiteLog,
    errors,
    listeners::Bind,
    table::{Row, read_line},
};

/// All global options of one file; `None`, `false` or empty where an option was not given.
#[derive(Debug, Clone, Default)]
pub struct GlobalOptions {
    /// `debug`
    pub debug: bool,
    /// `http_port`
    pub http_port: Option<i64>,
    /// `https_port`
    pub https_port: Option<i64>,
    /// `default_bind`, one entry a line.
    pub default_bind: Option<Vec<Bind>>,
    /// `grace_period`
    pub grace_period: Duration,
    /// `shutdown_delay`
    pub shutdown_delay: Duration,
    /// `default_sni`
    pub default_sni: String,
    /// `fallback_sni`
    pub fallback_sni: String,
    /// `order`: the whole order of directives that results.
    pub order: Option<Vec<&'static str>>,
    /// `storage`
    pub storage: Option<Storage>,
    /// `storage_check off`
    pub storage_check_off: bool,
    /// `storage_clean_interval`
    pub storage_clean_interval: Option<CleanInterval>,
    /// `renew_interval`
    pub renew_interval: Option<Duration>,
    /// `ocsp_interval`
    pub ocsp_interval: Option<Duration>,
    /// `acme_ca`
    pub acme_ca: Option<String>,
    /// `acme_ca_root`
    pub acme_ca_root: Option<String>,
    /// `acme_dns`; without a provider, that of `dns` is meant.
    pub acme_dns: Option<Option<DnsProvider>>,
    /// `acme_eab`
    pub acme_eab: Option<ExternalAccount>,
    /// `cert_issuer`, one entry a line.
    pub cert_issuer: Option<Vec<Issuer>>,
    /// `skip_install_trust`
    pub skip_install_trust: bool,
    /// `email`
    pub email: Option<String>,
    /// `admin`
    pub admin: Option<Admin>,
    /// `on_demand_tls`
    pub on_demand_tls: Option<OnDemand>,
    /// `local_certs`
    pub local_certs: bool,
    /// `key_type`
    pub key_type: Option<String>,
    /// `auto_https`
    pub auto_https: AutoHttpsFlags,
    /// `metrics`
    pub metrics: Option<Metrics>,
    /// `ocsp_stapling off`
    pub ocsp_stapling_off: bool,
    /// `cert_lifetime`
    pub cert_lifetime: Option<Duration>,
    /// `log`, one entry a block.
    pub log: Vec<SiteLog>,
    /// `preferred_chains`
    pub preferred_chains: Option<ChainPreference>,
    /// `persist_config off`
    pub persist_config_off: bool,
    /// `dns`
    pub dns: Option<DnsProvider>,
    /// `tls_resolvers`
    pub tls_resolvers: Option<Vec<String>>,
    /// `ech`
    pub ech: Option<EncryptedClientHello>,
    /// `renewal_window_ratio`
    pub renewal_window_ratio: Option<f64>,
    /// `pki`
    pub pki: pki::App,
}

/// The words of `auto_https`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AutoHttpsFlags {
    /// `off`
    pub off: bool,
    /// `disable_redirects`
    pub disable_redirects: bool,
    /// `disable_certs`
    pub disable_certs: bool,
    /// `ignore_loaded_certs`
    pub ignore_loaded_certs: bool,
}

impl AutoHttpsFlags {
    /// Whether any word was given.
    #[must_use]
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

/// The value of `storage_clean_interval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CleanInterval {
    /// `off`
    Off,
    /// A duration.
    Every(Duration),
}

impl GlobalOptions {
    /// The port of plain HTTP.
    #[must_use]
    pub fn http_port(&self) -> i64 {
        self.http_port.unwrap_or(80)
    }

    /// The port of HTTPS.
    #[must_use]
    pub fn https_port(&self) -> i64 {
        self.https_port.unwrap_or(443)
    }
}

impl GlobalOptions {
    /// The administration endpoint.
    pub(crate) fn admin(&self) -> Option<Admin> {
        let mut admin = self.admin.clone();
        if self.persist_config_off {
            let settings = admin.get_or_insert_default().config.get_or_insert_default();
            settings.persist = Some(false);
        }
        admin
    }
}

/// One option of the global block.
pub(crate) type OptionRow = Row<GlobalOptions>;

/// The options, by name.
pub(crate) static OPTIONS: &[OptionRow] = &[];

/// Reads the global block.
pub(crate) fn read(cx: &mut Cx<'_>, block: &ServerBlock, options: &mut GlobalOptions) {
    for statement in &block.statements {
        let outcome = match OPTIONS.iter().any(|row| *row.name == *statement.name().text) {
            true => read_line(cx, statement, OPTIONS, options),
            false => Err(errors::options::unknown(statement.name(), OPTIONS.iter().map(|row| row.name))),
        };
        cx.keep(outcome);
    }
}
