//! The commands: one variant and one file each.

mod adapt;
mod environ;
mod explain;
mod file_server;
mod fmt;
mod list_modules;
mod reload;
mod respond;
mod reverse_proxy;
pub(crate) mod run;
mod shadow;
mod start;
mod stop;
mod streams;
mod validate;
mod version;

use clap::Subcommand;

use crate::failure::Failure;

/// What the program can be told to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Adapts a Caddyfile to Caddy's JSON
    Adapt(adapt::AdaptArgs),
    /// Prints the environment as configurations see it
    Environ(environ::EnvironArgs),
    /// Explains the code of a finding
    Explain(explain::ExplainArgs),
    /// Serves a folder
    FileServer(file_server::FileServerArgs),
    /// Formats Caddyfiles
    Fmt(fmt::FmtArgs),
    /// Lists the modules that configurations may name
    ListModules(list_modules::ListModulesArgs),
    /// Gives a running server another configuration
    Reload(reload::ReloadArgs),
    /// Answers every request with the same response
    Respond(respond::RespondArgs),
    /// Proxies one address to others
    ReverseProxy(reverse_proxy::ReverseProxyArgs),
    /// Serves a configuration
    Run(run::RunArgs),
    /// Tells what mirrors of a running server have found
    Shadow(shadow::ShadowArgs),
    /// Serves a configuration in the background
    Start(start::StartArgs),
    /// Ends a running server
    Stop(stop::StopArgs),
    /// Shows the open streams of a running server, or closes some
    Streams(streams::StreamsArgs),
    /// Checks a configuration without running it
    Validate(validate::ValidateArgs),
    /// Prints the version
    Version,
}

impl Command {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Command::Adapt(args) => adapt::run(args),
            Command::Environ(args) => environ::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::FileServer(args) => file_server::run(&args),
            Command::Fmt(args) => fmt::run(&args),
            Command::ListModules(args) => list_modules::run(&args),
            Command::Reload(args) => reload::run(&args),
            Command::Respond(args) => respond::run(args),
            Command::ReverseProxy(args) => reverse_proxy::run(&args),
            Command::Run(args) => run::run(&args),
            Command::Shadow(args) => shadow::run(&args),
            Command::Start(args) => start::run(&args),
            Command::Stop(args) => stop::run(&args),
            Command::Streams(args) => streams::run(&args),
            Command::Validate(args) => validate::run(args),
            Command::Version => version::run(),
        }
    }
}

/// The exit status of commands that judge when there was nothing to judge: mistakes on the command line, and what cannot be
/// read.
pub(crate) const USAGE: u8 = 2;

/// The status of a command line that cannot be understood: 1 as in Caddy, but where 1 is for findings.
pub(crate) fn usage_status() -> u8 {
    let judges = |command| command == "validate" || command == "shadow";
    if std::env::args_os().nth(1).is_some_and(judges) { USAGE } else { 1 }
}
