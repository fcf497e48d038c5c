//! Modules and directives that an embedding program brings: a DNS provider, a verifier of client certificates, a
//! directive of its own.
//!
//! Caddy's cases with such modules are not part of the repository: they are looked for in `../shared/corpus` beside it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use caddis_adapter::{Args, Cx, Directive, Parsed, Registry, Value, adapt};
use caddis_config::{Foreign, http::handlers::StaticResponse};
use caddis_grammar::{Environment, Files, ReadError, Statement};
use serde_json::json;

/// A DNS provider with one optional argument.
fn mock_provider(_: &mut Cx<'_>, line: &Statement) -> Parsed<Foreign> {
    let config = match line.optional()? {
        Some(argument) => json!({ "argument": argument.string() }),
        None => json!({}),
    };
    Ok(Foreign { name: "mock".to_owned(), config })
}

/// A verifier without settings.
fn dummy_verifier(_: &mut Cx<'_>, _: &Statement) -> Parsed<Foreign> {
    Ok(Foreign { name: "dummy".to_owned(), config: json!({}) })
}

static GREET: Directive = Directive {
    name: "greet",
    summary: "Greets somebody.",
    takes_matcher: true,
    ordered: true,
    read: |_, call| {
        let body = format!("Hello {}!", call.line.one()?.text);
        Ok(call.route(StaticResponse { body, ..StaticResponse::default() }))
    },
};

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry.register_module("dns.providers", "mock", mock_provider);
    registry.register_module("tls.client_auth.verifier", "dummy", dummy_verifier);
    registry.register_directive(GREET);
    registry
}

/// Files of one folder.
struct Folder(PathBuf);

impl Files for Folder {
    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(self.0.join(path).to_string_lossy().into_owned())
    }

    fn glob(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        fs::read(self.0.join(path)).map_err(|error| ReadError::Other(error.to_string()))
    }
}

struct Unset;

impl Environment for Unset {
    fn var(&self, _: &str) -> Option<String> {
        None
    }
}

/// The pretty JSON of a Caddyfile, or its findings.
fn adapted(text: &str, folder: &Path) -> Result<String, Vec<String>> {
    let adapted = adapt("Caddyfile", text, &Folder(folder.to_owned()), &Unset, &registry());
    if adapted.has_errors() {
        return Err(adapted.diagnostics.into_iter().map(|finding| finding.message).collect());
    }
    Ok(adapted.config.to_json_pretty())
}

#[test]
fn a_provider_of_its_own() {
    let text = "{\n\tdns mock one\n}\n";
    let expected = json!({"apps": {"tls": {"dns": {"argument": "one", "name": "mock"}}}});
    let json = adapted(text, Path::new(".")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), expected);
    assert_eq!(
        adapted("{\n\tdns mock one two\n}\n", Path::new(".")),
        Err(vec!["wrong argument count or unexpected line ending after 'two'".to_owned()])
    );
}

#[test]
fn a_directive_of_its_own_takes_a_place_in_the_order() {
    let text = "{\n\torder greet before respond\n}\n:80 {\n\trespond no\n\tgreet /x you\n}\n";
    let json: serde_json::Value = serde_json::from_str(&adapted(text, Path::new(".")).unwrap()).unwrap();
    let first = &json["apps"]["http"]["servers"]["srv0"]["routes"][0];
    assert_eq!(first["handle"][0]["body"], "Hello you!");
    assert_eq!(first["match"][0]["path"][0], "/x");
}

#[test]
fn cases_of_caddy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/caddy_mock");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return;
    }
    let mut failures = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (source, expected) = text.split_once("----------").unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match adapted(&format!("{}\n", source.trim()), &folder) {
            Ok(json) if json.trim() == expected.trim() => {}
            Ok(json) => failures.push(format!("{name}: {}", first_difference(expected, &json))),
            Err(findings) => failures.push(format!("{name}: {}", findings.join("; "))),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn first_difference(expected: &str, found: &str) -> String {
    let mut lines = expected.trim().lines().zip(found.trim().lines()).enumerate();
    let difference = lines.find(|(_, (expected, found))| expected != found);
    difference.map_or_else(
        || "one is longer".to_owned(),
        |(at, (expected, found))| format!("line {}: expected {expected:?}, found {found:?}", at + 1),
    )
}
