//! `caddis adapt`: prints the JSON of a Caddyfile.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use caddis_adapter::{Adapted, Registry, adapt};
use caddis_grammar::{Diagnostic, Severity};
use clap::{Args, ValueEnum};

use crate::{environment::Variables, files::Disk};

/// Flags of the command.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file to read; `-` is standard input.
    #[arg(long, short, default_value = "Caddyfile")]
    config: String,
    /// The form of the file.
    #[arg(long, short, default_value = "caddyfile")]
    adapter: String,
    /// Indents the JSON.
    #[arg(long, short)]
    pretty: bool,
    /// Files of variables that are not set otherwise.
    #[arg(long)]
    envfile: Vec<PathBuf>,
    /// How findings are shown.
    #[arg(long, value_enum, default_value = "concise")]
    diagnostics: Form,
}

/// A way of showing findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line for a reader.
    Concise,
    /// A JSON object on a line.
    Json,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match output(arguments) {
        Ok(Some(json)) => match writeln!(std::io::stdout(), "{json}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Ok(None) => ExitCode::FAILURE,
        Err(reason) => {
            show(&format!("error: {reason}"));
            ExitCode::FAILURE
        }
    }
}

/// The JSON, or nothing where findings forbid it.
fn output(arguments: &Arguments) -> Result<Option<String>, String> {
    if arguments.adapter != "caddyfile" {
        return Err(format!("unrecognized config adapter: {}", arguments.adapter));
    }
    let text = read(&arguments.config)?;
    let variables = Variables::load(&arguments.envfile)?;
    let adapted = adapt(&arguments.config, &text, &Disk, &variables, &Registry::standard());
    for diagnostic in &adapted.diagnostics {
        show(&rendered(&adapted, diagnostic, arguments.diagnostics));
    }
    if adapted.has_errors() {
        return Ok(None);
    }
    let config = &adapted.config;
    Ok(Some(if arguments.pretty { config.to_json_pretty() } else { config.to_json() }))
}

fn read(name: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = if name == "-" {
        std::io::stdin().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(name).map(|content| bytes = content)
    };
    read.map_err(|error| format!("{name}: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn rendered(adapted: &Adapted, diagnostic: &Diagnostic, form: Form) -> String {
    let location = diagnostic.span.map(|span| adapted.sources.location(span));
    let (file, line, column) = location.map_or(("", 0, 0), |at| (at.file, at.line, at.column));
    let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
    let (code, message) = (diagnostic.code.0, &diagnostic.message);
    match form {
        Form::Concise => format!("{file}:{line}:{column}: {severity}[{code}]: {message}"),
        Form::Json => serde_json::json!({
            "code": code, "severity": severity, "message": message, "help": diagnostic.help,
            "file": file, "line": line, "column": column,
        })
        .to_string(),
    }
}

/// Standard error may be closed; there is nobody left to tell then.
fn show(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
