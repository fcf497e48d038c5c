//! Caddyfiles from public repositories, made to run here: their upstreams are ours, their ports come from the kernel, and
//! their folders are temporary. Nothing else of them is changed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use caddis_adapter::Registry;
use caddis_grammar::Environment;
use serde_json::{Value, json};

use crate::{
    Server,
    server::{Nothing, relocate},
};

/// A Caddyfile of the corpus, adapted.
#[derive(Debug)]
pub struct RealFile {
    config: Value,
    listens: BTreeMap<String, String>,
}

/// The corpus, which lies beside the project where it is available.
#[must_use]
pub fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/real");
    folder.is_dir().then_some(folder)
}

/// Variables of the corpus.
struct Variables(BTreeMap<String, String>);

impl Environment for Variables {
    fn var(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

impl RealFile {
    /// Reads and adapts `NAME.caddyfile`; `None`, with a message, where the corpus is not available.
    #[must_use]
    pub fn load(name: &str) -> Option<Self> {
        let Some(folder) = corpus() else {
            skipped(name);
            return None;
        };
        let read = |file: &str| fs::read_to_string(folder.join(file)).expect("the corpus is whole");
        let pairs = read("env");
        let variables = pairs
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(k, v)| (k.into(), v.into()))
            .collect();
        let text = read(&format!("{name}.caddyfile"));
        let file = format!("{name}.caddyfile");
        let adapted =
            caddis_adapter::adapt(&file, &text, &Nothing, &Variables(variables), &Registry::standard());
        assert!(!adapted.has_errors(), "{name}: {:?}", adapted.diagnostics);
        let mut config: Value =
            serde_json::from_str(&adapted.config.to_json()).expect("the adapter writes JSON");
        let listens = relocate(&mut config);
        let mut file = Self { config, listens };
        file.discard_logs();
        Some(file)
    }

    fn discard_logs(&mut self) {
        if let Some(logs) = self.config.pointer_mut("/logging/logs").and_then(Value::as_object_mut) {
            for log in logs.values_mut() {
                log["writer"] = json!({"output": "discard"});
            }
        }
    }

    /// Puts another text in the place of one, wherever it stands as a whole value.
    #[must_use]
    pub fn with(mut self, from: &str, to: &str) -> Self {
        let changed = replace(&mut self.config, from, to);
        assert!(changed > 0, "{from} does not occur");
        self
    }

    /// Certificates come from the internal authority: nobody can prove here that a public name is theirs.
    #[must_use]
    pub fn with_internal_certificates(mut self) -> Self {
        self.config["apps"]["tls"] =
            json!({"automation": {"policies": [{"issuers": [{"module": "internal"}]}]}});
        self
    }

    /// Runs it. The function tells where the server is that listened on an address of the original.
    pub async fn run(self) -> (Server, impl Fn(&str) -> std::net::SocketAddr) {
        let server = Server::idle();
        server.load_json(&self.config.to_string()).await.unwrap_or_else(|error| panic!("{error}"));
        let addresses: BTreeMap<String, std::net::SocketAddr> =
            self.listens.iter().map(|(original, moved)| (original.clone(), server.address(moved))).collect();
        (server, move |original: &str| addresses[original])
    }
}

#[expect(clippy::print_stderr, reason = "whoever reads the output of the tests must see what did not run")]
fn skipped(name: &str) {
    eprintln!("skipped: {name} needs the corpus of public Caddyfiles, which is not beside the project");
}

fn replace(value: &mut Value, from: &str, to: &str) -> usize {
    match value {
        Value::String(text) if text == from => {
            to.clone_into(text);
            1
        }
        Value::Array(items) => items.iter_mut().map(|item| replace(item, from, to)).sum(),
        Value::Object(members) => members.values_mut().map(|member| replace(member, from, to)).sum(),
        _ => 0,
    }
}
