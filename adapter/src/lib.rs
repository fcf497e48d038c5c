//! Caddyfiles to Caddy's JSON: directives, matchers, options, and the way from sites to servers.
//!
//! [`adapt`] does everything. Whoever brings further directives or modules registers them on a [`Registry`] first.

mod addresses;
mod args;
mod cx;
mod directive;
mod directives;
mod errors;
mod go_sort;
mod listeners;
mod logging;
mod matchers;
mod modules;
mod options;
mod pki;
mod placeholders;
mod registry;
mod response_matchers;
mod routes;
mod scalar;
mod servers;
mod sites;
mod table;
mod tls;
mod values;

#[cfg(test)]
mod tests;

use caddis_config::{Config, filesystems, http};
use caddis_grammar::{BlockKind, Diagnostic, Environment, Files, Severity, Sources};

pub use args::{Args, Value};
pub use cx::{Cx, Parsed, State};
pub use directive::{Call, Directive, Item};
pub use directives::{log::SiteLog, tls::SiteTls};
pub use listeners::Bind;
pub use matchers::{Definitions, MatcherKind, Uses};
pub use options::{AutoHttpsFlags, CleanInterval, GlobalOptions, ServerOptions};
pub use registry::{ReadModule, Registry};
pub use routes::Groups;
pub use table::{Nested, Row, Shape, block_row, read_block, read_block_or, read_line, read_line_or, row};

/// What became of a Caddyfile.
#[derive(Debug)]
pub struct Adapted {
    /// The configuration, as far as it could be understood. Usable only without errors among the findings.
    pub config: Config,
    /// Everything that was found, in the order in which it was found.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the findings point into.
    pub sources: Sources,
}

impl Adapted {
    /// Whether the Caddyfile cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Turns a Caddyfile into a configuration. `name` is how the user calls the file: imports are relative to it, and it
/// shows up among the files that `file_server` hides.
#[must_use]
pub fn adapt(
    name: &str,
    text: &str,
    files: &dyn Files,
    environment: &dyn Environment,
    registry: &Registry,
) -> Adapted {
    let expanded = caddis_grammar::expand(name, text, files, environment);
    let (global, rest): (Vec<_>, Vec<_>) =
        expanded.blocks.iter().partition(|block| block.kind == BlockKind::Global);
    let (named, sites): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|block| block.kind == BlockKind::NamedRoute);

    let unset = GlobalOptions::default();
    let mut cx = Cx::new(&expanded.sources, registry, files, environment, &unset);
    cx.diagnostics = expanded.diagnostics;
    sites::check_keys(&mut cx, &expanded.blocks);
    let mut options = GlobalOptions::default();
    for block in global {
        options::read(&mut cx, block, &mut options);
    }

    let reordered = options.order.clone().map(|order| registry.clone().with_order(order));
    let registry = reordered.as_ref().unwrap_or(registry);
    let diagnostics = cx.diagnostics;
    let mut cx = Cx::new(&expanded.sources, registry, files, environment, &options);
    cx.diagnostics = diagnostics;

    let named = servers::NamedRoutes::read(&mut cx, &named);
    let mut blocks: Vec<_> = sites.iter().map(|block| sites::read(&mut cx, block)).collect();
    let mut pairings = listeners::pair(&mut cx, &blocks);
    let servers = servers::build(&mut cx, &mut blocks, &mut pairings, &named);
    let config = assemble(&mut cx, &blocks, &pairings, servers);
    let diagnostics = cx.diagnostics;
    Adapted { config, diagnostics, sources: expanded.sources }
}

/// The top level: each app only where it has something to say.
fn assemble(
    cx: &mut Cx<'_>,
    blocks: &[sites::Block],
    pairings: &[listeners::Pairing],
    servers: std::collections::BTreeMap<String, http::Server>,
) -> Config {
    let options = cx.options;
    let mut config = Config {
        admin: options.admin(),
        logging: logging::build(options, blocks, pairings),
        storage: options.storage.clone(),
        ..Config::default()
    };
    if !servers.is_empty() {
        let mut app = http::App {
            http_port: options.http_port.unwrap_or_default(),
            https_port: options.https_port.unwrap_or_default(),
            grace_period: options.grace_period,
            shutdown_delay: options.shutdown_delay,
            servers,
            metrics: options.metrics.clone(),
        };
        options::apply::apply(options, &mut app);
        config.apps.http = Some(app);
    }
    config.apps.events.clone_from(&options.events);
    if !options.filesystem.is_empty() {
        config.apps.filesystems = Some(filesystems::App { filesystems: options.filesystem.clone() });
    }
    let tls = tls::build(cx, blocks, pairings);
    config.apps.tls = (tls != Default::default()).then_some(tls);
    let pki = pki::build(options, blocks, pairings);
    config.apps.pki = (pki != Default::default()).then_some(pki);
    config
}
