//! From what the user named on the command line to configuration text: file or standard input, adapter or JSON.

use std::{
    borrow::Cow,
    fs,
    io::{self, IsTerminal, Read, Write},
    path::Path,
};

use caddis_adapter::Settings;
use caddis_config::{Config, ConfigError};
use caddis_grammar::{
    Diagnostic, FORMATS, Format, Levels, Sources, render, render_for_terminal, render_sarif,
};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};

use crate::{
    comments, environment::Environment, explanations::explanation, failure::Failure, files::Disk,
    plugins::PluginsArgs,
};

/// Where the configuration is and how it is to be read.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SourceArgs {
    /// Configuration file, or - for standard input
    #[arg(short, long, value_name = "PATH")]
    pub(crate) config: Option<String>,
    /// Name of the config adapter to apply: caddyfile
    #[arg(short, long, value_name = "NAME")]
    pub(crate) adapter: Option<String>,
    /// Environment file(s) to load
    #[arg(long = "envfile", value_name = "PATH", value_delimiter = ',')]
    pub(crate) env_files: Vec<String>,
    #[command(flatten)]
    pub(crate) plugins: PluginsArgs,
    #[command(flatten)]
    pub(crate) diagnostics: DiagnosticsArgs,
    /// Levels of warnings that win over those of the settings.
    #[arg(skip)]
    pub(crate) levels: Levels,
}

/// Bytes of a Caddyfile from which on the time that the kernel takes to hand out small pages can be felt, and from which on
/// there may not be enough large ones at hand: to make some takes longer than they save.
const LARGE: std::ops::Range<u64> = 64 << 10..1 << 20;

/// Columns of a drawn finding.
const TERMINAL_WIDTH: usize = 100;

/// How findings are shown.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct DiagnosticsArgs {
    /// How findings are shown on standard error
    #[arg(long, value_name = "FORM", default_value = "full", value_parser = format_parser())]
    diagnostics: Format,
}

/// The formats by their names, with what the command line tells of them.
fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(FORMATS.map(|(name, _)| name)).try_map(|name| name.parse::<Format>())
}

impl DiagnosticsArgs {
    /// The form by the name that the flag takes.
    pub(crate) fn form(self) -> &'static str {
        FORMATS.iter().find(|(_, format)| *format == self.diagnostics).map_or("full", |(name, _)| name)
    }

    /// Shows findings on standard error.
    pub(crate) fn show(self, diagnostics: &[Diagnostic], sources: &Sources) -> Result<(), Failure> {
        let text = match self.diagnostics {
            Format::Full if io::stderr().is_terminal() => {
                render_for_terminal(diagnostics, sources, TERMINAL_WIDTH, true)
            }
            Format::Sarif => render_sarif(diagnostics, sources, explanation),
            form => render(diagnostics, sources, form),
        };
        io::stderr().write_all(text.as_bytes())?;
        Ok(())
    }
}

/// Configuration text on its way to a command.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Caddy's JSON as it was read; empty where it is the adapter that makes it.
    text: String,
    /// What the file was called.
    pub(crate) name: String,
    /// The adapter's work, if there was any.
    pub(crate) adapted: Option<caddis_adapter::Adapted>,
    /// What `caddis.toml` says. With errors in it nothing else was read.
    pub(crate) settings: Settings,
}

impl Loaded {
    /// Caddy's JSON; compact where the adapter made it.
    pub(crate) fn json(&self) -> Cow<'_, str> {
        match &self.adapted {
            Some(adapted) => caddis_config::to_json(&adapted.config).into(),
            None => self.text.as_str().into(),
        }
    }

    /// The configuration.
    ///
    /// # Errors
    /// What is no configuration in JSON that was read. What the adapter made is one.
    pub(crate) fn config(&self) -> Result<Cow<'_, Config>, ConfigError> {
        match &self.adapted {
            Some(adapted) => Ok(Cow::Borrowed(&adapted.config)),
            None => {
                let options = self.settings.registry.decode_options();
                Config::from_json_with(self.text.as_bytes(), &options).map(Cow::Owned)
            }
        }
    }

    /// Findings as comments in the texts and the levels of the settings want them.
    pub(crate) fn judged(&self, findings: Vec<Diagnostic>, sources: &Sources) -> Vec<Diagnostic> {
        self.settings.levels.apply(comments::obey(findings, sources))
    }

    /// What tells one state of the files from another: the JSON, or the errors on the way to it.
    pub(crate) fn outcome(&self) -> Result<String, String> {
        if self.settings.has_errors() {
            return Err(render(&self.settings.diagnostics, &self.settings.sources, Format::Concise));
        }
        match &self.adapted {
            Some(adapted) if adapted.has_errors() => {
                Err(render(&adapted.diagnostics, &adapted.sources, Format::Concise))
            }
            _ => Ok(self.json().into_owned()),
        }
    }
}

impl SourceArgs {
    /// The file to read: the one named, or a Caddyfile in the working directory.
    pub(crate) fn file(&self) -> Result<String, Failure> {
        match &self.config {
            Some(path) => Ok(path.clone()),
            None if Path::new("Caddyfile").is_file() => Ok("Caddyfile".to_owned()),
            None => Err(Failure::new(
                "input file required when there is no Caddyfile in current directory (use --config flag)",
            )),
        }
    }

    /// Reads and, if it is a Caddyfile, adapts. Findings are shown; errors among them end the command.
    pub(crate) fn load(&self, environment: &Environment) -> Result<Loaded, Failure> {
        self.judge(self.read(environment)?)
    }

    /// Reads and, if it is a Caddyfile, adapts. Findings are left to [`SourceArgs::judge`].
    pub(crate) fn read(&self, environment: &Environment) -> Result<Loaded, Failure> {
        let name = self.file()?;
        let mut settings = self.plugins.load(&name)?;
        settings.levels.extend(self.levels.clone());
        if settings.has_errors() {
            return Ok(Loaded { text: String::new(), name, adapted: None, settings });
        }
        let text = read(&name)?;
        if !self.is_caddyfile(&name)? {
            return Ok(Loaded { text, name, adapted: None, settings });
        }
        let mut adapted = caddis_adapter::adapt(&name, &text, &Disk, environment, &settings.registry);
        adapted.diagnostics = comments::obey(adapted.diagnostics, &adapted.sources);
        adapted.diagnostics = settings.levels.apply(adapted.diagnostics);
        Ok(Loaded { text: String::new(), name, adapted: Some(adapted), settings })
    }

    /// Shows the findings; errors among them end the command.
    pub(crate) fn judge(&self, loaded: Loaded) -> Result<Loaded, Failure> {
        let loaded = Loaded { settings: self.usable(loaded.settings)?, ..loaded };
        if let Some(adapted) = &loaded.adapted {
            self.diagnostics.show(&adapted.diagnostics, &adapted.sources)?;
            if adapted.has_errors() {
                return Err(Failure::reported());
            }
        } else {
            serde_json::from_str::<serde::de::IgnoredAny>(&loaded.text).map_err(|error| {
                Failure::new(format!(
                    "{}: config is not valid JSON: {error}; if it is a Caddyfile, say so with --adapter caddyfile",
                    loaded.name
                ))
            })?;
        }
        Ok(loaded)
    }

    /// The settings alone. Findings are shown and end the command.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        self.usable(self.plugins.load(self.config.as_deref().unwrap_or("-"))?)
    }

    fn usable(&self, settings: Settings) -> Result<Settings, Failure> {
        if !settings.has_errors() {
            return Ok(settings);
        }
        self.diagnostics.show(&settings.diagnostics, &settings.sources)?;
        Err(Failure::reported())
    }

    /// Caddy's rule: `--adapter` decides; else a name that starts with `Caddyfile` or ends in `.caddyfile`.
    pub(crate) fn is_caddyfile(&self, name: &str) -> Result<bool, Failure> {
        match self.adapter.as_deref() {
            Some("caddyfile") => Ok(true),
            Some("") | None => Ok(looks_like_caddyfile(name)),
            Some(other) => Err(Failure::new(format!(
                "unrecognized config adapter: {other}; this program reads caddyfile and plain JSON (leave --adapter out)"
            ))),
        }
    }
}

pub(crate) fn looks_like_caddyfile(name: &str) -> bool {
    let base =
        Path::new(name).file_name().map(|base| base.to_string_lossy().to_lowercase()).unwrap_or_default();
    (base.starts_with("caddyfile") || base.ends_with(".caddyfile")) && !base.ends_with(".json")
}

/// Prepares for reading a file in a command that ends with its work: a large one will take much memory at once.
pub(crate) fn make_room_for(file: &str) {
    if fs::metadata(file).is_ok_and(|file| LARGE.contains(&file.len())) {
        caddis_sys::allow_huge_pages();
    }
}

/// The content of a file, or of standard input for `-`.
pub(crate) fn read(name: &str) -> Result<String, Failure> {
    let bytes = if name == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes)?;
        bytes
    } else {
        fs::read(name).map_err(|error| Failure::new(format!("reading config from file: {name}: {error}")))?
    };
    // Go keeps going with replacement characters; so does the lexer's specification.
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::looks_like_caddyfile;

    #[test]
    fn caddyfiles_are_known_by_name() {
        for name in ["Caddyfile", "/etc/caddy/Caddyfile", "Caddyfile.dev", "site.caddyfile", "CADDYFILE"] {
            assert!(looks_like_caddyfile(name), "{name}");
        }
        for name in ["caddy.json", "Caddyfile.json", "site.conf", "-"] {
            assert!(!looks_like_caddyfile(name), "{name}");
        }
    }
}
