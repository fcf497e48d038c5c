//! A server under test: the real runtime with real sockets, in this process.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use caddis_adapter::Registry;
use caddis_grammar::{Environment, Files, Format, ReadError, render};
use caddis_runtime::{
    Runtime,
    control::{Control, LoadError},
    descriptors::raise_limit,
    folders::Folders,
    logging::{Level, Logger, Stderr},
    process::Process,
    shard::Shards,
};

/// A running server with a folder of its own, which is removed at the end.
#[derive(Debug)]
pub struct Server {
    /// What steers it.
    pub control: Arc<Control>,
    /// Its data and configuration folders, and whatever a test puts there.
    pub folder: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Temporary files that stay behind harm nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Server {
    /// Starts a server without configuration.
    #[must_use]
    pub fn idle() -> Self {
        Self::of_shards(2)
    }

    /// The same with one shard.
    #[must_use]
    pub fn one_shard() -> Self {
        Self::of_shards(1)
    }

    fn of_shards(count: usize) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("caddis-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let shards = Shards::start(count).expect("threads can be started");
        let environment =
            ["XDG_DATA_HOME", "XDG_CONFIG_HOME"].map(|name| (name.to_owned(), folder.display().to_string()));
        let logger = Logger::root(Box::new(Stderr(Level::Error)));
        raise_limit(&logger);
        let process = Process::new(shards, logger);
        let process = Arc::new(process.with_environment(environment.into()));
        let folders = Folders { data: folder.join("data"), config: folder.join("config") };
        let adapter = Arc::new(|text: &str| {
            let json = adapt(text)?;
            Ok(caddis_runtime::control::Adapted { json, warnings: Vec::new() })
        });
        let control = Control::new(Runtime::new(process), adapter, folders, "127.0.0.1:0".to_owned());
        Self { control, folder }
    }

    /// Starts a server with a Caddyfile. Listen on port 0; [`Server::address`] tells the port.
    pub async fn start(caddyfile: &str) -> Self {
        Self::start_on(2, caddyfile).await
    }

    /// The same with a number of shards.
    pub async fn start_on(shards: usize, caddyfile: &str) -> Self {
        let server = Self::of_shards(shards);
        server.load(caddyfile).await.unwrap_or_else(|error| panic!("{error}"));
        server
    }

    /// Loads another Caddyfile.
    ///
    /// # Errors
    /// Why it is not run; what ran before runs on.
    pub async fn load(&self, caddyfile: &str) -> Result<bool, LoadError> {
        let json = adapt(caddyfile).unwrap_or_else(|error| panic!("{error}"));
        self.load_json(&json).await
    }

    /// Loads JSON.
    ///
    /// # Errors
    /// Why it is not run.
    pub async fn load_json(&self, json: &str) -> Result<bool, LoadError> {
        self.control.load(json, false).await
    }

    /// Where the server listens for `listen`, an address as in the JSON.
    #[must_use]
    pub fn address(&self, listen: &str) -> SocketAddr {
        let mut address = self
            .control
            .runtime()
            .with_instance(|instance| instance.and_then(|instance| instance.local_address(listen)))
            .unwrap_or_else(|| panic!("nothing listens for {listen}"));
        if address.ip().is_unspecified() {
            address.set_ip([127, 0, 0, 1].into());
        }
        address
    }
}

/// Gives every server of a configuration a loopback address of its own with a port from the kernel, and says which address
/// became which. The admin endpoint is moved too. Redirects from HTTP to HTTPS are left out, because they would need a port
/// that is known beforehand.
///
/// # Panics
/// When the configuration serves nothing.
pub fn relocate(config: &mut serde_json::Value) -> BTreeMap<String, String> {
    if let Some(config) = config.as_object_mut() {
        config.remove("admin");
    }
    let mut moved = BTreeMap::new();
    let servers = config["apps"]["http"]["servers"].as_object_mut().expect("there is a site");
    for (number, server) in servers.values_mut().enumerate() {
        for (at, listen) in server["listen"].as_array_mut().expect("servers listen").iter_mut().enumerate() {
            let address = format!("127.0.{at}.{}:0", number + 1);
            moved.insert(listen.as_str().expect("addresses are texts").to_owned(), address.clone());
            *listen = address.into();
        }
        server["automatic_https"]["disable_redirects"] = true.into();
    }
    moved
}

/// A Caddyfile as JSON, or its findings. Nothing is imported, and no variable is set.
///
/// # Errors
/// The findings, one a line.
pub fn adapt(caddyfile: &str) -> Result<String, String> {
    let adapted = caddis_adapter::adapt("Caddyfile", caddyfile, &Nothing, &Nothing, &Registry::standard());
    if adapted.has_errors() {
        return Err(render(&adapted.diagnostics, &adapted.sources, Format::Concise));
    }
    Ok(adapted.config.to_json())
}

/// No files and no variables.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Environment for Nothing {
    fn var(&self, _: &str) -> Option<String> {
        None
    }
}

impl Files for Nothing {
    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(caddis_config::go::path::clean(&format!("/{path}")))
    }

    fn glob(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, ReadError> {
        Err(ReadError::NotFound)
    }
}
