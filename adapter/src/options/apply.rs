//! Putting the settings of `servers` and `metrics` on the servers that the sites have become.

use std::{collections::BTreeMap, mem::take};

use caddis_config::http::{App, Metrics, Server, ServerLogs};

use super::{GlobalOptions, ServerOptions};

/// Puts the first settings that fit on each server, renames the servers that were given a name, and moves the metrics of
/// servers up to the app. The new names are returned by the old ones.
pub(crate) fn apply(options: &GlobalOptions, app: &mut App) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let mut renamed = BTreeMap::new();
    for (key, mut server) in take(&mut app.servers) {
        let settings = options.servers.iter().find(|settings| fits(settings, &server));
        let name = match settings {
            Some(settings) => {
                configure(&mut server, settings);
                Some(&settings.name).filter(|name| !name.is_empty())
            }
            None => None,
        };
        let name = name.unwrap_or(&key).clone();
        names.insert(key, name.clone());
        renamed.insert(name, server);
    }
    app.servers = renamed;
    hoist_metrics(app);
    names
}

fn fits(settings: &ServerOptions, server: &Server) -> bool {
    settings.listener_address.is_empty() || server.listen.contains(&settings.listener_address)
}

/// Everything that `servers` can set is set, also where it means a default; what sites decide stays.
fn configure(server: &mut Server, settings: &ServerOptions) {
    *server = Server {
        listen: take(&mut server.listen),
        listen_protocols: take(&mut server.listen_protocols),
        routes: take(&mut server.routes),
        errors: server.errors.take(),
        named_routes: take(&mut server.named_routes),
        tls_connection_policies: take(&mut server.tls_connection_policies),
        automatic_https: server.automatic_https.take(),
        logs: server.logs.take(),
        ..settings.server.clone()
    };
    if settings.log_credentials || settings.trace {
        let logs: &mut ServerLogs = server.logs.get_or_insert_default();
        logs.should_log_credentials |= settings.log_credentials;
        logs.trace |= settings.trace;
    }
}

/// Metrics are a matter of the app; where servers ask for them too, the app's keep `per_host` and nothing else.
fn hoist_metrics(app: &mut App) {
    for server in app.servers.values_mut() {
        let Some(metrics) = server.metrics.take() else { continue };
        let per_host = metrics.per_host || app.metrics.as_ref().is_some_and(|metrics| metrics.per_host);
        app.metrics = Some(Metrics { per_host, ..Metrics::default() });
    }
}
