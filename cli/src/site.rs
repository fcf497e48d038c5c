//! Sites that a command line describes: a Caddyfile is written for them, so that they mean what they mean there.

use caddis_adapter::Registry;
use caddis_grammar::{Format, render};
use clap::Args;

use crate::{
    commands::run::{self, Beginning, RunArgs},
    environment::Environment,
    failure::Failure,
    files::Disk,
};

/// How much is logged.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct LogArgs {
    /// Enable the access log
    #[arg(long)]
    pub(crate) access_log: bool,
    /// Enable verbose debug logs
    #[arg(short = 'v', long)]
    pub(crate) debug: bool,
}

/// A site under construction.
#[derive(Debug)]
pub(crate) struct Site {
    options: Vec<String>,
    address: String,
    lines: Vec<String>,
}

impl Site {
    /// A site at an address. The admin endpoint is off: such a server is stopped by a signal.
    pub(crate) fn new(address: impl Into<String>, logs: LogArgs) -> Self {
        let mut site = Self {
            options: vec!["admin off".into(), "persist_config off".into()],
            address: address.into(),
            lines: Vec::new(),
        };
        if logs.debug {
            site.options.push("debug".into());
        }
        if logs.access_log {
            site.line("log");
        }
        site
    }

    /// Adds a global option.
    pub(crate) fn option(&mut self, option: impl Into<String>) {
        self.options.push(option.into());
    }

    /// Adds a line to the site.
    pub(crate) fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// The Caddyfile.
    fn text(&self) -> String {
        let (options, address, lines) = (self.options.join("\n\t"), &self.address, self.lines.join("\n\t"));
        format!("{{\n\t{options}\n}}\n\n{address} {{\n\t{lines}\n}}\n")
    }

    /// Serves the site until a signal ends it.
    pub(crate) fn serve(&self) -> Result<(), Failure> {
        let environment = Environment::load(&[])?;
        let text = self.text();
        let adapted =
            caddis_adapter::adapt("(command line)", &text, &Disk, &environment, &Registry::standard());
        if adapted.has_errors() {
            return Err(Failure::new(render(&adapted.diagnostics, &adapted.sources, Format::Full)));
        }
        let folders = run::folders(&environment);
        let beginning = Beginning { json: Some(adapted.config.to_json()), ..Beginning::default() };
        run::serve(&RunArgs::default(), environment, folders, beginning)
    }
}

/// A word that means itself, whatever is in it.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}

/// `Field: value` as two words.
pub(crate) fn header(text: &str) -> Result<String, Failure> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| Failure::new(format!("header {text:?} is not in the form \"Field: value\"")))?;
    Ok(format!("{} {}", quoted(name.trim()), quoted(value.trim())))
}

/// A flag that has no effect yet.
pub(crate) fn refuse(set: bool, flag: &str) -> Result<(), Failure> {
    if set { Err(Failure::new(format!("{flag} is not supported by this server yet"))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_themselves() {
        assert_eq!(quoted("a \"b\" {c}"), "\"a \\\"b\\\" {c}\"");
        assert_eq!(header("X-A: b: c").unwrap(), "\"X-A\" \"b: c\"");
        assert!(header("nonsense").is_err());
    }

    #[test]
    fn a_site_is_a_caddyfile() {
        let mut site = Site::new("http://:0", LogArgs { access_log: true, debug: false });
        site.line("respond ok");
        assert_eq!(
            site.text(),
            "{\n\tadmin off\n\tpersist_config off\n}\n\nhttp://:0 {\n\tlog\n\trespond ok\n}\n"
        );
    }
}
