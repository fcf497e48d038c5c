//! `start`: serves in the background, and returns once that works.

use std::{
    io::{self, Read, Write},
    net::TcpListener,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use clap::Args;

use crate::{failure::Failure, source::SourceArgs};

/// Starts a server in the background.
#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Reload changed config file automatically
    #[arg(short, long)]
    watch: bool,
    /// Path of file to which to write process ID
    #[arg(long, value_name = "PATH")]
    pidfile: Option<String>,
}

pub(crate) fn run(args: &StartArgs) -> Result<(), Failure> {
    if args.source.config.as_deref() == Some("-") {
        // The standard input of the server carries what proves to this process that it is the one that was started.
        return Err(Failure::new(
            "start cannot read the configuration from standard input; name a file with --config, or use run",
        ));
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("run").arg("--pingback").arg(listener.local_addr()?.to_string());
    for (flag, value) in [
        ("--config", &args.source.config),
        ("--adapter", &args.source.adapter),
        ("--plugins", &args.source.plugins.plugins),
        ("--pidfile", &args.pidfile),
    ] {
        if let Some(value) = value {
            command.arg(flag).arg(value);
        }
    }
    for file in &args.source.env_files {
        command.arg("--envfile").arg(file);
    }
    command.arg("--diagnostics").arg(args.source.diagnostics.form());
    if args.watch {
        command.arg("--watch");
    }
    // A group of its own: an interrupt typed at this terminal is not meant for it.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
    let token = token()?;
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A server that has ended by now does not read it; why is told below.
        match stdin.write_all(&token) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
    }
    let (sender, outcome) = mpsc::channel();
    let confirmed = sender.clone();
    thread::spawn(move || {
        let mut answer = Vec::new();
        let answered = listener.accept().and_then(|(mut stream, _)| stream.read_to_end(&mut answer));
        // The receiver is gone when the child has ended first.
        let _ = confirmed.send(answered.map(|_| answer == token));
    });
    let pid = child.id();
    thread::spawn(move || {
        let ended = child.wait();
        let message =
            ended.map_or_else(|error| error.to_string(), |status| format!("the server ended: {status}"));
        let _ = sender.send(Err(io::Error::other(message)));
    });
    match outcome.recv_timeout(Duration::from_secs(60)) {
        Ok(Ok(true)) => {
            writeln!(
                io::stdout(),
                "Successfully started Caddis (pid={pid}) - Caddis is running in the background"
            )?;
            Ok(())
        }
        Ok(Ok(false)) => Err(Failure::new("something else answered in the place of the server")),
        Ok(Err(error)) => Err(Failure::new(error.to_string())),
        Err(_) => Err(Failure::new(format!("the server (pid={pid}) did not report within a minute"))),
    }
}

/// What only the child can know.
fn token() -> io::Result<[u8; 32]> {
    let mut token = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut token)?;
    Ok(token)
}
