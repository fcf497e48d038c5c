//! `run`: serves a configuration until told to stop.

use std::{
    fs,
    io::{self, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use caddis_adapter::Settings;
use caddis_grammar::{Format, Severity, render};
use caddis_runtime::{
    Runtime,
    control::{Adapted, Adapter, Control, Warning},
    folders::Folders,
    logging::{Fields, Level, Logger, Stderr},
    run::Signals,
};
use clap::Args;

use crate::{
    environment::Environment,
    failure::Failure,
    files::Disk,
    source::{Loaded, SourceArgs},
};

/// Serves a configuration.
#[derive(Debug, Default, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Print environment
    #[arg(short, long)]
    pub(crate) environ: bool,
    /// Use saved config, if any (and prefer over --config file)
    #[arg(short, long)]
    pub(crate) resume: bool,
    /// Watch config file for changes and reload it automatically
    #[arg(short, long)]
    pub(crate) watch: bool,
    /// Path of file to which to write process ID
    #[arg(long, value_name = "PATH")]
    pub(crate) pidfile: Option<String>,
    /// Echo confirmation bytes, read from standard input, to this address on success
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) pingback: Option<String>,
}

/// What a server begins with.
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    /// The first configuration. Without one the server waits for the admin API.
    pub(crate) json: Option<String>,
    /// The file that it came from, to be read again by `SIGUSR1` and `--watch`.
    pub(crate) file: Option<SourceArgs>,
    /// What `caddis.toml` says, for Caddyfiles that the admin API is given; without it there are no plugins.
    pub(crate) settings: Option<Settings>,
}

pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let environment = Environment::load(&args.source.env_files)?;
    if args.environ {
        super::environ::print(&environment)?;
    }
    let folders = folders(&environment);
    let settings = Some(args.source.settings()?);
    let beginning = Beginning { settings, ..begin(args, &environment, &folders)? };
    serve(args, environment, folders, beginning)
}

/// The saved configuration, or the one that was named, or the Caddyfile beside, or none: in Caddy's order.
fn begin(args: &RunArgs, environment: &Environment, folders: &Folders) -> Result<Beginning, Failure> {
    let autosave = folders.autosave();
    if args.resume {
        let told = |fields: &mut Fields| {
            fields.add("autosave_file", autosave.display().to_string());
        };
        match fs::read_to_string(&autosave) {
            Ok(saved) => {
                if args.source.config.is_some() || args.watch {
                    early_logger()
                        .warn("resuming from last configuration; --config and --watch are ignored", told);
                } else {
                    early_logger().info("resuming from last configuration", told);
                }
                return Ok(Beginning { json: Some(saved), ..Beginning::default() });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                early_logger().info("no autosave file exists", told);
            }
            Err(error) => return Err(Failure::new(format!("{}: {error}", autosave.display()))),
        }
    }
    if args.source.config.is_none() && !Path::new("Caddyfile").is_file() {
        if args.watch {
            return Err(Failure::new("--watch has no file to watch; name one with --config"));
        }
        return Ok(Beginning::default());
    }
    let json = args.source.load(environment)?.json().into_owned();
    // Standard input can be read only once.
    let file = (args.source.config.as_deref() != Some("-")).then(|| args.source.clone());
    if args.watch && file.is_none() {
        return Err(Failure::new("--watch cannot watch standard input; name a file with --config"));
    }
    Ok(Beginning { json: Some(json), file, settings: None })
}

/// What logs before a configuration says how.
fn early_logger() -> Logger {
    Logger::root(Box::new(Stderr(Level::Info)))
}

/// How long what a load has replaced takes to be gone.
const SETTLING: Duration = Duration::from_millis(30);

/// Two configurations are there at once while one is loaded. The room of the old one is not kept for the next load.
fn give_memory_back_after_loads(control: &Arc<Control>) {
    let (control, mut loads) = (Arc::clone(control), control.loads());
    tokio::spawn(async move {
        while loads.changed().await.is_ok() {
            tokio::time::sleep(SETTLING).await;
            caddis_sys::give_memory_back();
            if let Err(error) = control.work(caddis_sys::give_memory_back).await {
                logger(&control).error("giving memory back", |fields| {
                    fields.error(&error);
                });
            }
        }
    });
}

/// Serves until a signal or the admin API ends it.
pub(crate) fn serve(
    args: &RunArgs,
    environment: Environment,
    folders: Folders,
    beginning: Beginning,
) -> Result<(), Failure> {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before the configuration is loaded, which may take a while.
    let pidfile = args.pidfile.as_deref().map(Pidfile::write).transpose()?;
    let ended = tokio.block_on(async {
        let signals = Signals::listen()?;
        let runtime = Runtime::start(early_logger(), environment.clone().into_map())?;
        let default_admin = caddis_grammar::Environment::var(&environment, "CADDY_ADMIN")
            .filter(|address| !address.is_empty())
            .unwrap_or_else(|| "localhost:2019".to_owned());
        let control =
            Control::new(runtime, adapter(environment.clone(), beginning.settings), folders, default_admin);
        give_memory_back_after_loads(&control);
        let initial = beginning.json.clone().unwrap_or_else(|| "{}".to_owned());
        control
            .load(initial, true)
            .await
            .map_err(|error| Failure::new(format!("loading initial config: {error}")))?;
        logger(&control).info("serving initial configuration", |_| {});
        if let Some(address) = &args.pingback {
            confirm(address)?;
        }
        let reloader =
            beginning.file.map(|source| Arc::new(Reloader { control: control.clone(), source, environment }));
        if let Some(reloader) = reloader.clone().filter(|_| args.watch) {
            tokio::spawn(async move { reloader.watch(beginning.json).await });
        }
        let on_signal = || match reloader.clone() {
            Some(reloader) => {
                tokio::spawn(async move { reloader.reload(reloader.read()).await });
            }
            None => logger(&control).info("last config unknown, ignored SIGUSR1", |_| {}),
        };
        let ended = signals.run(control.runtime(), on_signal, control.stopped()).await;
        control.flush_logs();
        Ok::<_, Failure>(ended)
    })?;
    drop(pidfile);
    match ended.status() {
        0 => Ok(()),
        status => Err(Failure { message: String::new(), status }),
    }
}

/// A file with the id of this process, which is there as long as this value is.
#[derive(Debug)]
struct Pidfile<'a>(&'a str);

impl<'a> Pidfile<'a> {
    fn write(path: &'a str) -> Result<Self, Failure> {
        fs::write(path, format!("{}\n", std::process::id()))
            .map_err(|error| Failure::new(format!("unable to write PID file: {path}: {error}")))?;
        Ok(Self(path))
    }
}

impl Drop for Pidfile<'_> {
    fn drop(&mut self) {
        // Somebody may have removed it already.
        let _ = fs::remove_file(self.0);
    }
}

fn logger(control: &Control) -> Logger {
    control.runtime().process().logger.named("")
}

/// The folders that the environment names.
pub(crate) fn folders(environment: &Environment) -> Folders {
    Folders::new(|name| caddis_grammar::Environment::var(environment, name))
}

/// What the admin API reads Caddyfiles with. Files are relative to the working directory, as for a file given there.
fn adapter(environment: Environment, settings: Option<Settings>) -> Adapter {
    let (registry, levels) =
        settings.map_or_else(Default::default, |settings| (settings.registry, settings.levels));
    Arc::new(move |text| {
        let mut adapted = caddis_adapter::adapt("Caddyfile", text, &Disk, &environment, &registry);
        adapted.diagnostics = levels.apply(adapted.diagnostics);
        if adapted.has_errors() {
            return Err(render(&adapted.diagnostics, &adapted.sources, Format::Concise)
                .trim_end()
                .to_owned());
        }
        let warnings = adapted
            .diagnostics
            .iter()
            .filter(|finding| finding.severity == Severity::Warning)
            .map(|finding| {
                let place = finding.span.map(|span| adapted.sources.location(span));
                Warning {
                    file: place.as_ref().map_or_else(String::new, |place| place.file.to_owned()),
                    line: place.map_or(0, |place| place.line),
                    directive: String::new(),
                    message: finding.message.clone(),
                }
            })
            .collect();
        Ok(Adapted { json: adapted.config.to_json(), warnings })
    })
}

/// Loads the file of the command line again.
#[derive(Debug)]
struct Reloader {
    control: Arc<Control>,
    source: SourceArgs,
    environment: Environment,
}

impl Reloader {
    /// What the file says now, or why it says nothing.
    fn read(&self) -> Result<Loaded, String> {
        self.source.read(&self.environment).map_err(|failure| failure.message)
    }

    async fn reload(&self, read: Result<Loaded, String>) {
        let loaded = match read
            .and_then(|loaded| self.source.judge(loaded).map_err(|failure| failure.message))
        {
            Ok(loaded) => {
                self.control.load(loaded.json().into_owned(), true).await.map_err(|error| error.to_string())
            }
            Err(message) => Err(message),
        };
        match loaded {
            Ok(_) => logger(&self.control).info("config reloaded", |_| {}),
            Err(message) => {
                logger(&self.control).error("reloading config; the one before goes on", |fields| {
                    // Findings were shown as the user asked for.
                    if !message.is_empty() {
                        fields.add("error", message);
                    }
                });
            }
        }
    }

    /// Reloads when a second brought another outcome of reading the file, the files that it imports included.
    async fn watch(&self, first: Option<String>) {
        let mut seen = first.map(Ok);
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = self.read();
            let outcome = match &now {
                Ok(loaded) => loaded.outcome(),
                Err(message) => Err(message.clone()),
            };
            if seen.as_ref() != Some(&outcome) {
                seen = Some(outcome);
                self.reload(now).await;
            }
        }
    }
}

/// Tells the process that started this one that all is well: what it wrote to standard input goes back to it.
fn confirm(address: &str) -> Result<(), Failure> {
    let mut token = Vec::new();
    io::Read::read_to_end(&mut io::stdin(), &mut token)?;
    TcpStream::connect(address)?.write_all(&token)?;
    Ok(())
}
