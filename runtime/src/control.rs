//! What steers a running process: it loads configurations one after the other, keeps their JSON for the admin API, moves
//! the admin endpoint along, and ends the process.

use std::{
    fmt, fs,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use caddis_config::{Config, ConfigError, ids};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    admin::{self, Endpoint},
    build::BuildError,
    folders::Folders,
    runtime::Runtime,
};

/// A Caddyfile turned into JSON, for `/load` and `/adapt`.
#[derive(Debug, Clone)]
pub struct Adapted {
    /// The configuration.
    pub json: String,
    /// What the author should know.
    pub warnings: Vec<Warning>,
}

/// A finding that did not stop the adapter.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Warning {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The directive, where one is to blame.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub directive: String,
    /// One sentence.
    pub message: String,
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
}

/// The configuration that runs.
#[derive(Debug, Default, Clone)]
pub(crate) struct Current {
    /// As it was given, `@id`s included; null when none was.
    pub(crate) raw: Value,
    /// JSON pointers by `@id`.
    pub(crate) ids: std::collections::BTreeMap<String, String>,
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
    /// The thread that did the work is gone.
    #[error("the process is stopping")]
    Stopping,
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
        })
    }

    /// What runs configurations.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// What reads Caddyfiles.
    pub(crate) fn adapter(&self) -> &Adapter {
        &self.adapter
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
    pub async fn load(self: &Arc<Self>, json: &str, force: bool) -> Result<bool, LoadError> {
        let value = serde_json::from_str(json).map_err(|error| LoadError::Json(error.to_string()))?;
        let mut current = self.current.lock().await;
        self.replace(&mut current, value, force).await
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
        change: impl FnOnce(&mut Current) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut current = self.current.lock().await;
        let mut changed = current.clone();
        change(&mut changed)?;
        self.replace(&mut current, changed.raw, false).await?;
        Ok(())
    }

    async fn replace(
        self: &Arc<Self>,
        current: &mut Current,
        raw: Value,
        force: bool,
    ) -> Result<bool, LoadError> {
        if !force && raw == current.raw {
            return Ok(false);
        }
        let ids = ids::index(&raw)?;
        let mut stripped = raw.clone();
        ids::strip(&mut stripped);
        let config = match stripped {
            Value::Null => Config::default(),
            value => caddis_config::from_value(value)?,
        };
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
        let loaded = tokio::task::spawn_blocking(move || this.runtime.load(&config, force)).await;
        let loaded = loaded.map_err(|_| LoadError::Stopping).and_then(|loaded| Ok(loaded?));
        let put = |endpoint| *self.admin.lock().unwrap_or_else(PoisonError::into_inner) = endpoint;
        match loaded {
            Err(error) => {
                put(listening);
                Err(error)
            }
            Ok(_) => {
                let (endpoint, before) = admin::commit(planned, listening, self);
                put(endpoint);
                *current = Current { raw, ids };
                if let Some(before) = before {
                    // Whoever connects from now on reaches the new one. The old one does not panic.
                    drop(before.await);
                }
                if persist && !current.raw.is_null() {
                    self.save(&current.raw);
                }
                Ok(true)
            }
        }
    }

    /// Saves the configuration for `--resume`. A configuration that runs but cannot be saved is worth a warning only.
    fn save(&self, raw: &Value) {
        let logger = self.runtime.process().logger.named("admin");
        let path = self.folders.autosave();
        match write_private(&path, caddis_config::to_json(raw).as_bytes()) {
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

/// Writes a file that only its owner may read, by way of a temporary one.
fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
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
