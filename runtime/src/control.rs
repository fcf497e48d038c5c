//! What steers a running process: it loads configurations one after the other, keeps their JSON for the admin API, moves
//! the admin endpoint along, and ends the process.

mod worker;

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use caddis_config::{Config, ConfigError, Encode, encode::Writer, ids};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    admin::{self, Endpoint},
    build::BuildError,
    folders::Folders,
    runtime::Runtime,
};

use self::worker::Worker;

/// A Caddyfile turned into JSON, for `/load` and `/adapt`.
#[derive(Debug, Clone)]
pub struct Adapted {
    /// The configuration.
    pub json: String,
    /// What the author should know.
    pub warnings: Vec<Warning>,
}

/// A finding that did not stop the adapter.
#[derive(Debug, Clone)]
pub struct Warning {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The directive, where one is to blame.
    pub directive: String,
    /// One sentence.
    pub message: String,
}

impl Encode for Warning {
    fn encode(&self, out: &mut Writer) {
        out.object(|object| {
            object.entry("file", &self.file);
            object.entry("line", &i64::from(self.line));
            if !self.directive.is_empty() {
                object.entry("directive", &self.directive);
            }
            object.entry("message", &self.message);
        });
    }
}

/// Turns a Caddyfile into JSON, or says what is wrong with it. Given by the program, so that this crate need not know the
/// language.
pub type Adapter = Arc<dyn Fn(&str) -> Result<Adapted, String> + Send + Sync>;

/// Steers the process.
pub struct Control {
    runtime: Runtime,
    adapter: Adapter,
    folders: Folders,
    default_admin: String,
    /// Held while a configuration is being changed, so that changes come one after the other.
    current: tokio::sync::Mutex<Current>,
    admin: Mutex<Option<Endpoint>>,
    stop: watch::Sender<bool>,
    /// How many configurations have been loaded.
    loads: watch::Sender<u64>,
    worker: Worker,
}

/// The configuration that runs.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    /// As it was given, `@id`s included, in one notation; `null` when none was. Text takes a tenth of the room of values.
    text: Arc<str>,
    /// JSON pointers by `@id`.
    pub(crate) ids: Arc<BTreeMap<String, String>>,
}

impl Default for Current {
    fn default() -> Self {
        Self { text: "null".into(), ids: Arc::default() }
    }
}

impl Current {
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.text).expect("it was written by us")
    }
}

/// Why a configuration was not loaded. What ran before runs on.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not JSON.
    #[error("decoding config: {0}")]
    Json(String),
    /// JSON, but not a configuration.
    #[error("decoding config: {0}")]
    Config(#[from] ConfigError),
    /// A configuration that cannot be run.
    #[error("{0}")]
    Build(#[from] BuildError),
    /// The admin endpoint cannot listen where it should.
    #[error("starting admin endpoint: {0}")]
    Admin(String),
    /// A defect: the work was broken off.
    #[error("internal error")]
    Panicked,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("runtime", &self.runtime).finish_non_exhaustive()
    }
}

impl Control {
    /// Steers `runtime`. `default_admin` is where the admin endpoint listens unless a configuration says otherwise.
    #[must_use]
    pub fn new(runtime: Runtime, adapter: Adapter, folders: Folders, default_admin: String) -> Arc<Self> {
        // A process that was told before keeps what it was told.
        drop(runtime.process().folders.set(folders.clone()));
        Arc::new(Self {
            runtime,
            adapter,
            folders,
            default_admin,
            current: tokio::sync::Mutex::default(),
            admin: Mutex::default(),
            stop: watch::Sender::new(false),
            loads: watch::Sender::new(0),
            worker: Worker::start(),
        })
    }

    /// What runs configurations.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// What reads Caddyfiles.
    pub(crate) async fn adapt(&self, text: String) -> Result<Result<Adapted, String>, LoadError> {
        let adapter = Arc::clone(&self.adapter);
        self.worker.run(move || adapter(&text)).await
    }

    /// The address of the admin endpoint, if it listens.
    #[must_use]
    pub fn admin_address(&self) -> Option<std::net::SocketAddr> {
        self.admin.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(Endpoint::local)
    }

    /// Loads a configuration; says whether anything changed. With `force` an unchanged one is loaded again.
    ///
    /// # Errors
    /// Says what is wrong; what ran before runs on, admin endpoint included.
    pub async fn load(self: &Arc<Self>, json: impl Into<String>, force: bool) -> Result<bool, LoadError> {
        let mut current = self.current.lock().await;
        self.replace(&mut current, json.into(), force).await
    }

    /// The configuration as the admin API shows it.
    pub(crate) async fn current(&self) -> Current {
        self.current.lock().await.clone()
    }

    /// Changes a copy of the configuration and loads it. The change sees the `@id`s of the configuration before.
    ///
    /// # Errors
    /// What `change` says, or why the result cannot be loaded; nothing has changed then.
    pub(crate) async fn change<E: From<LoadError>>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut Value) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut current = self.current.lock().await;
        let mut changed = current.value();
        change(&mut changed)?;
        self.replace(&mut current, changed.to_string(), false).await?;
        Ok(())
    }

    async fn replace(
        self: &Arc<Self>,
        current: &mut Current,
        json: String,
        force: bool,
    ) -> Result<bool, LoadError> {
        let Read { text, ids, config } = self.worker.run(move || Read::new(&json)).await??;
        if !force && text == current.text {
            return Ok(false);
        }
        let admin = config.admin.clone().unwrap_or_default();
        let listening = self.admin.lock().unwrap_or_else(PoisonError::into_inner).take();
        let planned = match Endpoint::plan(&admin, &self.default_admin, listening.as_ref()).await {
            Ok(planned) => planned,
            Err(error) => {
                *self.admin.lock().unwrap_or_else(PoisonError::into_inner) = listening;
                return Err(error);
            }
        };
        let persist = admin.config.as_ref().and_then(|config| config.persist) != Some(false);
        let this = Arc::clone(self);
        // Building reads files and may resolve names: not on the thread that answers the admin API.
        let loaded = self.worker.run(move || this.runtime.load(&config, force)).await;
        let loaded = loaded.and_then(|loaded| Ok(loaded?));
        let put = |endpoint| *self.admin.lock().unwrap_or_else(PoisonError::into_inner) = endpoint;
        match loaded {
            Err(error) => {
                put(listening);
                Err(error)
            }
            Ok(_) => {
                let (endpoint, before) = admin::commit(planned, listening, self);
                put(endpoint);
                *current = Current { text, ids };
                if let Some(before) = before {
                    // Whoever connects from now on reaches the new one. The old one does not panic.
                    drop(before.await);
                }
                if persist && &*current.text != "null" {
                    self.save(&current.text);
                }
                self.loads.send_modify(|loads| *loads += 1);
                Ok(true)
            }
        }
    }

    /// Saves the configuration for `--resume`. A configuration that runs but cannot be saved is worth a warning only.
    fn save(&self, json: &str) {
        let logger = self.runtime.process().logger.named("admin");
        let path = self.folders.autosave();
        match write_private(&path, json.as_bytes()) {
            Ok(()) => logger.info("autosaved config (load with --resume flag)", |fields| {
                fields.add("file", path.display().to_string());
            }),
            Err(error) => logger.error("unable to autosave config", |fields| {
                fields.add("file", path.display().to_string()).error(&error);
            }),
        }
    }

    /// Ends the process as soon as whoever waits for the end comes around to it.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Changes whenever a configuration has been loaded.
    #[must_use]
    pub fn loads(&self) -> watch::Receiver<u64> {
        self.loads.subscribe()
    }

    /// Does something on the thread that loads configurations.
    ///
    /// # Errors
    /// When it panics.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LoadError> {
        self.worker.run(work).await
    }

    /// Done once [`Control::stop`] was called.
    pub async fn stopped(&self) {
        // The sender lives as long as `self`.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Waits until every log line so far is written.
    pub fn flush_logs(&self) {
        self.runtime.process().outputs.flush();
    }
}

/// A configuration that was read.
struct Read {
    text: Arc<str>,
    ids: Arc<BTreeMap<String, String>>,
    config: Config,
}

impl Read {
    fn new(json: &str) -> Result<Self, LoadError> {
        let mut value: Value =
            serde_json::from_str(json).map_err(|error| LoadError::Json(error.to_string()))?;
        let (text, ids) = (caddis_config::to_json(&value).into(), Arc::new(ids::index(&value)?));
        ids::strip(&mut value);
        let config = match value {
            Value::Null => Config::default(),
            value => caddis_config::from_value(value)?,
        };
        Ok(Self { text, ids, config })
    }
}

/// Writes a file that only its owner may read, by way of a temporary one.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let temporary = path.with_extension(format!("tmp-{}", std::process::id()));
    let mut file =
        fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}
