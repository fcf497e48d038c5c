//! `run`: serves a configuration until told to stop.

use std::{
    fs,
    io::{self, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use caddis_adapter::Registry;
use caddis_grammar::{Format, Severity, render};
use caddis_runtime::{
    Runtime,
    control::{Adapted, Adapter, Control, Warning},
    folders::Folders,
    logging::{Level, Logger, Stderr},
    run::Signals,
};
use clap::Args;

use crate::{environment::Environment, failure::Failure, files::Disk, source::SourceArgs};

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

pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let environment = Environment::load(&args.source.env_files)?;
    if args.environ {
        super::environ::print(&environment)?;
    }
    let folders = folders(&environment);
    let first = match fs::read_to_string(folders.autosave()) {
        Ok(saved) if args.resume => Some(saved),
        // Without file and without Caddyfile the server starts empty and waits for the admin API, as in Caddy.
        _ if args.source.config.is_none() && !Path::new("Caddyfile").is_file() => None,
        _ => Some(args.source.load(&environment)?.json),
    };
    serve(args, environment, folders, first.as_deref())
}

/// Serves until a signal or the admin API ends it.
pub(crate) fn serve(
    args: &RunArgs,
    environment: Environment,
    folders: Folders,
    first: Option<&str>,
) -> Result<(), Failure> {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio.block_on(async {
        let signals = Signals::listen()?;
        let logger = Logger::root(Box::new(Stderr(Level::Info)));
        let runtime = Runtime::start(logger, environment.clone().into_map())?;
        let default_admin = caddis_grammar::Environment::var(&environment, "CADDY_ADMIN")
            .filter(|address| !address.is_empty())
            .unwrap_or_else(|| "localhost:2019".to_owned());
        let control = Control::new(runtime, adapter(environment.clone()), folders, default_admin);
        if let Some(json) = first {
            control
                .load(json, false)
                .await
                .map_err(|error| Failure::new(format!("loading initial config: {error}")))?;
        } else {
            control.load("{}", true).await.map_err(|error| Failure::new(error.to_string()))?;
        }
        if let Some(path) = &args.pidfile {
            fs::write(path, format!("{}\n", std::process::id()))?;
        }
        if let Some(address) = &args.pingback {
            confirm(address)?;
        }
        let reload = {
            let (control, source, environment) =
                (Arc::clone(&control), args.source.clone(), environment.clone());
            move || {
                let (control, source, environment) =
                    (Arc::clone(&control), source.clone(), environment.clone());
                tokio::spawn(async move { reload_from_file(&control, &source, &environment).await });
            }
        };
        if args.watch {
            tokio::spawn(watch(args.source.file()?, reload.clone()));
        }
        let ended = signals.run(control.runtime(), reload, control.stopped()).await;
        control.flush_logs();
        if let Some(path) = &args.pidfile {
            // Somebody may have removed it already.
            let _ = fs::remove_file(path);
        }
        match ended.status() {
            0 => Ok(()),
            status => Err(Failure { message: String::new(), status }),
        }
    })
}

/// The folders that the environment names.
pub(crate) fn folders(environment: &Environment) -> Folders {
    Folders::new(|name| caddis_grammar::Environment::var(environment, name))
}

/// What the admin API reads Caddyfiles with. Files are relative to the working directory, as for a file given there.
fn adapter(environment: Environment) -> Adapter {
    Arc::new(move |text| {
        let adapted = caddis_adapter::adapt("Caddyfile", text, &Disk, &environment, &Registry::standard());
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

async fn reload_from_file(control: &Arc<Control>, source: &SourceArgs, environment: &Environment) {
    let logger = control.runtime().process().logger.named("");
    let loaded = match source.load(environment) {
        Ok(loaded) => control.load(&loaded.json, false).await.map_err(|error| error.to_string()),
        Err(failure) => Err(failure.message),
    };
    match loaded {
        Ok(_) => logger.info("config reloaded", |_| {}),
        Err(message) => logger.error("reloading config; the one before goes on", |fields| {
            fields.add("error", message);
        }),
    }
}

/// Reloads when the file has another time of change or another size than a second ago.
async fn watch(file: String, reload: impl Fn()) {
    let look = || fs::metadata(&file).ok().map(|seen| (seen.modified().ok(), seen.len()));
    let mut seen = look();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = look();
        // An editor may be between removing and writing.
        if now.is_some() && now != seen {
            seen = now;
            reload();
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
