//! The global options: what stands in the block without an address at the top of a Caddyfile.

use std::collections::BTreeMap;

use caddis_config::{
    admin::Admin,
    dns::DnsProvider,
    filesystems::NamedFileSystem,
    http::Metrics,
    pki as pki_config,
    storage::Storage,
    tls::{
        EncryptedClientHello, Issuer, OnDemand,
        issuance::{ChainPreference, ExternalAccount},
    },
    value::Duration,
};
use caddis_grammar::{ServerBlock, Statement};

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directives::{
        lenient::ignore_from,
        log::{self, SiteLog},
    },
    errors,
    listeners::Bind,
    registry::{Name, Unknown},
    table::{Row, Shape, block_row, lenient_row, read_line_or, row},
    values::duration,
};

mod acme_eab;
mod admin;
pub(crate) mod apply;
mod auto_https;
mod default_bind;
mod dns;
mod ech;
mod events;
mod filesystem;
mod metrics;
mod on_demand_tls;
mod order;
mod pki;
pub(crate) mod preferred_chains;
mod servers;

#[cfg(test)]
pub(crate) use self::servers::ROWS as SERVERS;
pub use self::servers::ServerOptions;

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
    pub order: Option<Vec<Name>>,
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
    /// `servers`, the one with the longest address first.
    pub servers: Vec<ServerOptions>,
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
    /// `stream_detached`
    pub stream_detached: bool,
    /// `tls_resolvers`
    pub tls_resolvers: Option<Vec<String>>,
    /// `ech`
    pub ech: Option<EncryptedClientHello>,
    /// `renewal_window_ratio`
    pub renewal_window_ratio: Option<f64>,
    /// `pki`
    pub pki: pki_config::App,
    /// `events`
    pub events: Option<caddis_config::events::App>,
    /// `filesystem`, one entry a line.
    pub filesystem: Vec<NamedFileSystem>,
    /// Options of plugins, by the name of the app that they configure.
    pub apps: BTreeMap<String, serde_json::Value>,
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

/// Every option. Options of one word or none are set here; the others have a file of their name.
#[rustfmt::skip]
pub(crate) static OPTIONS: &[Row<GlobalOptions>] = &[
    row("acme_ca", Shape::One("url"), |options, line, _| set(&mut options.acme_ca, text(line))),
    row("acme_ca_root", Shape::One("file"), |options, line, _| set(&mut options.acme_ca_root, text(line))),
    block_row("acme_dns", Shape::Any("provider"), dns::acme_dns),
    block_row("acme_eab", Shape::Flag, acme_eab::read),
    block_row("admin", Shape::Optional("off|address"), admin::read),
    lenient_row("auto_https", Shape::Some("off|disable_redirects|disable_certs|ignore_loaded_certs"), auto_https::read),
    block_row("cert_issuer", Shape::Some("issuer"), |options, line, cx| {
        let issuer = cx.module_argument(line)?;
        options.cert_issuer.get_or_insert_default().push(issuer);
        Ok(())
    }),
    lenient_row("cert_lifetime", Shape::Some("duration"), |options, line, cx| {
        set(&mut options.cert_lifetime, time(cx, line))
    }),
    lenient_row("debug", Shape::Any(""), |options, line, cx| set_only(cx, line, &mut options.debug)),
    block_row("default_bind", Shape::Any("address"), default_bind::read),
    row("default_sni", Shape::One("name"), |options, line, _| {
        options.default_sni = text(line)?;
        Ok(())
    }),
    block_row("dns", Shape::Some("provider"), dns::read),
    block_row("ech", Shape::Some("public_name"), ech::read),
    row("email", Shape::One("address"), |options, line, _| set(&mut options.email, text(line))),
    block_row("events", Shape::Any(""), events::read),
    row("fallback_sni", Shape::One("name"), |options, line, _| {
        options.fallback_sni = text(line)?;
        Ok(())
    }),
    block_row("filesystem", Shape::Some("name module"), filesystem::read),
    lenient_row("grace_period", Shape::Some("duration"), |options, line, cx| {
        options.grace_period = time(cx, line)?;
        Ok(())
    }),
    lenient_row("http_port", Shape::One("port"), |options, line, _| set(&mut options.http_port, port(line))),
    lenient_row("https_port", Shape::One("port"), |options, line, _| set(&mut options.https_port, port(line))),
    row("key_type", Shape::One("type"), |options, line, _| set(&mut options.key_type, text(line))),
    lenient_row("local_certs", Shape::Any(""), |options, line, cx| set_only(cx, line, &mut options.local_certs)),
    block_row("log", Shape::Optional("name"), |options, line, cx| {
        let log = log::read_global(cx, line, &options.log)?;
        options.log.push(log);
        Ok(())
    }),
    block_row("metrics", Shape::Any(""), metrics::read),
    lenient_row("ocsp_interval", Shape::Some("duration"), |options, line, cx| {
        set(&mut options.ocsp_interval, time(cx, line))
    }),
    lenient_row("ocsp_stapling", Shape::One("off"), |options, line, _| {
        only_off(line)?;
        set_flag(&mut options.ocsp_stapling_off)
    }),
    block_row("on_demand_tls", Shape::Flag, on_demand_tls::read),
    lenient_row("order", Shape::Some("directive first|last|before|after [directive]"), order::read),
    row("persist_config", Shape::One("off"), |options, line, _| {
        only_off(line)?;
        set_flag(&mut options.persist_config_off)
    }),
    block_row("pki", Shape::Any(""), pki::read),
    block_row("preferred_chains", Shape::Optional("smallest"), preferred_chains::read),
    lenient_row("renew_interval", Shape::Some("duration"), |options, line, cx| {
        set(&mut options.renew_interval, time(cx, line))
    }),
    row("renewal_window_ratio", Shape::One("ratio"), |options, line, _| {
        set(&mut options.renewal_window_ratio, ratio(line))
    }),
    block_row("servers", Shape::Optional("listener"), servers::read),
    lenient_row("shutdown_delay", Shape::Some("duration"), |options, line, cx| {
        options.shutdown_delay = time(cx, line)?;
        Ok(())
    }),
    lenient_row("skip_install_trust", Shape::Any(""), |options, line, cx| set_only(cx, line, &mut options.skip_install_trust)),
    block_row("storage", Shape::Some("module"), |options, line, cx| {
        set(&mut options.storage, cx.module_argument(line))
    }),
    row("storage_check", Shape::One("off"), |options, line, _| {
        only_off(line)?;
        set_flag(&mut options.storage_check_off)
    }),
    row("storage_clean_interval", Shape::One("off|duration"), |options, line, _| {
        set(&mut options.storage_clean_interval, clean_interval(line))
    }),
    row("stream_detached", Shape::Flag, |options, _, _| set_flag(&mut options.stream_detached)),
    lenient_row("tls_resolvers", Shape::Some("address"), |options, line, _| {
        options.tls_resolvers = Some(line.args().iter().map(Value::string).collect());
        Ok(())
    }),
];

/// Reads the global block. What is wrong is recorded in `cx`.
pub(crate) fn read(cx: &mut Cx<'_>, block: &ServerBlock, options: &mut GlobalOptions) {
    for line in &block.statements {
        cx.at(line.name(), |cx| {
            let outcome = read_line_or(cx, line, OPTIONS, options, read_declared);
            cx.keep(outcome);
        });
    }
    servers::sort_and_check(cx, &mut options.servers);
}

/// An option of a plugin: the app of that name.
fn read_declared(cx: &mut Cx<'_>, line: &Statement, options: &mut GlobalOptions) -> Parsed<()> {
    let registry = cx.registry;
    let Some(declaration) = registry.option(&line.name().text) else {
        let known = OPTIONS.iter().map(|row| row.name).chain(registry.option_names());
        let finding = if registry.directive_names().any(|directive| directive == &*line.name().text) {
            errors::options::directive_as_option(line.name())
        } else {
            errors::options::unknown(line.name(), known)
        };
        return Err(cx.unless_skipped(finding, Unknown::SkipAll));
    };
    let before = options.apps.get(&declaration.module).cloned();
    let app = declaration.read(cx, line, before);
    cx.report_unknown(line.block.as_ref().map(|block| block.close));
    if let Some(app) = app? {
        options.apps.insert(declaration.module.clone(), app);
    }
    Ok(())
}

fn set<T>(option: &mut Option<T>, value: Parsed<T>) -> Parsed<()> {
    *option = Some(value?);
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "the end of a setter, like `set`")]
fn set_flag(option: &mut bool) -> Parsed<()> {
    *option = true;
    Ok(())
}

fn text(line: &Statement) -> Parsed<String> {
    Ok(line.one()?.string())
}

/// Switches an option on. Caddy does not look at what follows its name.
#[expect(clippy::unnecessary_wraps, reason = "the end of a setter, like `set`")]
fn set_only(cx: &mut Cx<'_>, line: &Statement, option: &mut bool) -> Parsed<()> {
    ignore_from(cx, line, 0);
    *option = true;
    Ok(())
}

/// A duration. Caddy does not look at what follows it.
fn time(cx: &mut Cx<'_>, line: &Statement) -> Parsed<Duration> {
    ignore_from(cx, line, 1);
    duration(&line.some()?[0], "bad duration value")
}

fn port(line: &Statement) -> Parsed<i64> {
    let word = line.one()?;
    caddis_config::go::number::atoi(&word.text).map_err(|reason| errors::options::bad_port(word, &reason))
}

fn only_off(line: &Statement) -> Parsed<()> {
    let word = line.one()?;
    if &*word.text == "off" { Ok(()) } else { Err(errors::options::only_off(line.name(), word)) }
}

fn clean_interval(line: &Statement) -> Parsed<CleanInterval> {
    let word = line.one()?;
    if &*word.text == "off" {
        return Ok(CleanInterval::Off);
    }
    duration(word, "failed to parse storage_clean_interval, must be a duration or 'off'")
        .map(CleanInterval::Every)
}

fn ratio(line: &Statement) -> Parsed<f64> {
    let word = line.one()?;
    let ratio = caddis_config::go::number::parse_float(&word.text)
        .map_err(|reason| errors::options::bad_ratio(word, &reason))?;
    if ratio > 0.0 && ratio < 1.0 { Ok(ratio) } else { Err(errors::options::ratio_out_of_range(word)) }
}
