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
mod lint;
mod listeners;
mod logging;
mod matchers;
mod modules;
mod options;
mod pki;
mod placeholders;
mod plugins;
mod registry;
mod response_matchers;
mod routes;
mod scalar;
mod servers;
mod settings;
mod sites;
mod source_map;
mod table;
mod tls;
mod values;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use caddis_config::{Config, filesystems, http};
use caddis_grammar::{
    BlockKind, Diagnostic, Environment, Expanded, Files, ServerBlock, Severity, Sources, Span,
};

pub use args::{Args, Value};
pub use cx::{Cx, Parsed, State};
pub use directive::{Call, Directive, Item};
pub use directives::{log::SiteLog, tls::SiteTls};
pub use listeners::Bind;
pub use matchers::{Definitions, MatcherKind, Uses};
pub use options::{AutoHttpsFlags, CleanInterval, GlobalOptions, ServerOptions};
pub use registry::{Name, ReadModule, Registry, Unknown};
pub use routes::Groups;
pub use settings::{Settings, WARNINGS};
pub use source_map::SourceMap;
pub use table::{Nested, Row, Shape, block_row, read_block, read_block_or, read_line, read_line_or, row};

/// What became of a Caddyfile.
#[derive(Debug)]
pub struct Adapted {
    /// The configuration, as far as it could be understood. Usable only without errors among the findings.
    pub config: Config,
    /// Everything that was found, in the order of its places; what has none comes last.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the findings point into.
    pub sources: Sources,
    /// Where the matchers of directives are, by the places of these.
    matched: HashMap<Span, Span>,
    /// By the name of the server.
    origins: Vec<(String, servers::Origins)>,
}

impl Adapted {
    /// Whether the Caddyfile cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(is_error)
    }

    /// Where the parts of the configuration come from.
    #[must_use]
    pub fn source_map(&self) -> SourceMap {
        let mut map = SourceMap::new(&self.matched);
        let servers = self.config.apps.http.as_ref().map(|app| &app.servers);
        for (name, origins) in &self.origins {
            if let Some(server) = servers.and_then(|servers| servers.get(name)) {
                origins.map(name, server, &mut map);
            }
        }
        map
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
    let Expanded { sources, blocks, diagnostics, unformatted } =
        caddis_grammar::expand(name, text, files, environment);
    let unset = GlobalOptions::default();
    let mut cx = Cx::new(&sources, registry, files, environment, &unset);
    cx.diagnostics = diagnostics;
    sites::check_keys(&mut cx, &blocks);
    let of_kind = |kind| move |block: &ServerBlock| block.kind == kind;
    let (global, rest): (Vec<_>, Vec<_>) = blocks.into_iter().partition(of_kind(BlockKind::Global));
    let (named, sites): (Vec<_>, Vec<_>) = rest.into_iter().partition(of_kind(BlockKind::NamedRoute));
    let mut options = GlobalOptions::default();
    for block in &global {
        options::read(&mut cx, block, &mut options);
    }

    let reordered = options.order.clone().map(|order| registry.clone().with_order(order));
    let registry = reordered.as_ref().unwrap_or(registry);
    let diagnostics = cx.diagnostics;
    let mut cx = Cx::new(&sources, registry, files, environment, &options);
    cx.diagnostics = diagnostics;

    let named = servers::NamedRoutes::read(&mut cx, named);
    // Each is given up once it is read, so that the next one finds room.
    let mut blocks: Vec<_> = sites.into_iter().map(|block| sites::read(&mut cx, block)).collect();
    let mut pairings = listeners::pair(&mut cx, &blocks);
    let servers = servers::build(&mut cx, &mut blocks, &mut pairings, &named);
    let (config, origins) = assemble(&mut cx, &blocks, &pairings, servers);
    let (mut diagnostics, imported, matched) = (cx.diagnostics, cx.imported, cx.matched);
    if !diagnostics.iter().any(is_error) {
        diagnostics.extend(unformatted);
    }
    // What is passed over may answer requests, change them, or invoke routes.
    if !diagnostics.iter().any(|finding| is_error(finding) || finding.code == errors::plugins::SKIPPED) {
        diagnostics.extend(lint::Addresses::judge(&pairings, &sources));
        if let Some(app) = &config.apps.http {
            let servers = origins.iter().filter_map(|(name, of)| Some((app.servers.get(name)?, of)));
            diagnostics.extend(lint::routes(servers, &imported, &sources));
        }
        diagnostics.extend(named.judge(&blocks));
    }
    diagnostics.sort_by_key(|diagnostic| {
        (diagnostic.span.is_none(), diagnostic.span.map(|span| (span.source, span.start)))
    });
    Adapted { config, diagnostics, sources, matched, origins }
}

/// The top level: each app only where it has something to say.
fn assemble(
    cx: &mut Cx<'_>,
    blocks: &[sites::Block],
    pairings: &[listeners::Pairing],
    built: BTreeMap<String, (http::Server, servers::Origins)>,
) -> (Config, Vec<(String, servers::Origins)>) {
    let options = cx.options;
    let mut origins = Vec::new();
    let mut config = Config {
        admin: options.admin(),
        logging: logging::build(options, blocks, pairings),
        storage: options.storage.clone(),
        ..Config::default()
    };
    if !built.is_empty() {
        let (servers, mut origins_of): (BTreeMap<_, _>, BTreeMap<_, _>) = built
            .into_iter()
            .map(|(name, (server, origins))| ((name.clone(), server), (name, origins)))
            .unzip();
        let mut app = http::App {
            http_port: options.http_port.unwrap_or_default(),
            https_port: options.https_port.unwrap_or_default(),
            grace_period: options.grace_period,
            shutdown_delay: options.shutdown_delay,
            servers,
            metrics: options.metrics.clone(),
        };
        for (name, new_name) in options::apply::apply(options, &mut app) {
            origins.extend(origins_of.remove(&name).map(|of| (new_name, of)));
        }
        config.apps.http = Some(app);
    }
    config.apps.events.clone_from(&options.events);
    config.apps.foreign.clone_from(&options.apps);
    if !options.filesystem.is_empty() {
        config.apps.filesystems = Some(filesystems::App { filesystems: options.filesystem.clone() });
    }
    let tls = tls::build(cx, blocks, pairings);
    config.apps.tls = (tls != Default::default()).then_some(tls);
    let pki = pki::build(options, blocks, pairings);
    config.apps.pki = (pki != Default::default()).then_some(pki);
    (config, origins)
}

fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}
