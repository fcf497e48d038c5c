//! What of a configuration this server does not run yet, found without opening a socket or serving anything.
//!
//! The knowledge stays where the parts are built: this builds the parts of servers that answer requests, goes on where
//! one is refused, and throws the rest away.

use std::sync::Arc;

use caddis_config::Config;

use crate::{
    build::{Build, BuildError},
    http::{routes, server},
    logging::{Fields, Level, Logger, Sink},
    process::Process,
    shard::Shards,
};

/// The modules and fields of servers that a run would refuse by name, each with its JSON pointer. What a run refuses
/// for other reasons (a file that is missing, an expression that is none) is not among them.
#[must_use]
pub fn unsupported(config: &Config) -> Vec<BuildError> {
    let process = Process::new(Shards::none(), Logger::root(Box::new(Silence)));
    let mut cx = Build::survey(Arc::new(process));
    let servers = config.apps.http.iter().flat_map(|app| &app.servers);
    for (name, server) in servers {
        let built = cx.elsewhere(&["apps", "http", "servers", name], |cx| {
            name.clone_into(&mut cx.server);
            let refusal = server::refuse(server, cx);
            cx.unless_survey(refusal)?;
            routes::build_server(server, cx)
        });
        // A survey leaves out what cannot be built, so that only the structure of routes can be wrong here.
        drop(cx.unless_survey(built));
    }
    cx.refused()
}

/// Takes no lines.
struct Silence;

impl Sink for Silence {
    fn enabled(&self, _: Level, _: &str) -> bool {
        false
    }

    fn write(&self, _: Level, _: &str, _: &str, _: &Fields) {}
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_refusal_has_its_place() {
        let config = json!({"apps": {"http": {"servers": {"s": {
            "listen": [":0"],
            "routes": [
                {
                    "match": [{"url_pattern": {"pattern": "/"}, "path_regexp": {"pattern": "("}}],
                    "handle": [
                        {"handler": "templates"},
                        {"handler": "subroute", "routes": [{"handle": [{"handler": "push"}, {"handler": "vars"}]}]},
                        {"handler": "file_server", "browse": {}},
                        {"handler": "rewrite", "path_regexp": [{"find": "("}]},
                        {"handler": "acme_server"},
                    ],
                },
            ],
            "named_routes": {"n": {"handle": [{"handler": "tracing"}]}},
            "errors": {"routes": [{"match": [{"expression": "path('/x')"}]}]},
        }}}}});
        let config = Config::from_json(config.to_string().as_bytes()).unwrap();
        let found = unsupported(&config);
        let mut paths: Vec<_> =
            found.iter().map(|refusal| refusal.path.strip_prefix("/apps/http/servers/s/").unwrap()).collect();
        paths.sort_unstable();
        assert_eq!(
            paths,
            [
                "errors/routes/0/match/0/expression",
                "named_routes/n/handle/0",
                "routes/0/handle/0",
                "routes/0/handle/1/routes/0/handle/0",
                "routes/0/handle/2/browse",
                "routes/0/handle/4",
                "routes/0/match/0/url_pattern",
            ]
        );
        assert!(found.iter().any(|refusal| refusal.message.contains("handler acme_server")));
    }

    #[test]
    fn an_ordinary_configuration_is_supported() {
        let config = json!({"apps": {"http": {"servers": {"s": {"routes": [{"handle": [
            {"handler": "reverse_proxy", "upstreams": [{"dial": "127.0.0.1:1"}]},
        ]}]}}}}});
        assert_eq!(unsupported(&Config::from_json(config.to_string().as_bytes()).unwrap()), []);
    }
}
