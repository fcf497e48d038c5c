//! `validate`: everything that can be known of configurations without network, keys or environment.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use caddis_adapter::{Unknown, WARNINGS};
use caddis_config::ConfigError;
use caddis_grammar::{Diagnostic, Level, Levels, Severity, Sources, Span};
use caddis_runtime::build::BuildError;
use clap::Args;

use super::USAGE;
use crate::{
    environment::Environment,
    errors,
    failure::Failure,
    json_place,
    project::{self, Member},
    report::Report,
    source::{Loaded, SourceArgs, make_room_for},
    variables::{self, Unset},
};

/// Checks configurations without running them. Exit status: 0 without errors, 1 with errors, 2 when the command line or the
/// files it names cannot be used.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Configurations, or folders to look for them; ./Caddyfile by default
    paths: Vec<String>,
    #[command(flatten)]
    source: SourceArgs,
    /// Go on past directives, options and modules that are not known, with a warning
    #[arg(long)]
    allow_unknown_modules: bool,
    /// Also read the certificates and keys that configurations name, and see whether logs and the storage could be written,
    /// with the environment as it is; no socket is bound, no network used, and nothing written
    #[arg(long)]
    provision: bool,
    /// Set an environment variable
    #[arg(long = "env", value_name = "KEY=VALUE", value_parser = key_and_value)]
    variables: Vec<(String, String)>,
    /// What becomes of environment variables that are not set and have no default; empty as in Caddy if not given
    #[arg(long, value_name = "POLICY")]
    unset: Option<Unset>,
    /// Make warnings errors: codes, or `warnings` for all
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    deny: Vec<String>,
    /// Show warnings that settings deny or allow
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    warn: Vec<String>,
    /// Do not show warnings
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    allow: Vec<String>,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it is not in the form KEY=VALUE")?;
    if key.is_empty() { Err("the key is empty".into()) } else { Ok((key.to_owned(), value.to_owned())) }
}

pub(crate) fn run(args: ValidateArgs) -> Result<(), Failure> {
    let diagnostics = args.source.diagnostics;
    let (report, count) = check_all(args).map_err(|failure| failure.with_status(USAGE))?;
    diagnostics.show(&report.findings, &report.sources)?;
    if report.has_errors() {
        return Err(Failure::reported());
    }
    match count {
        1 => writeln!(io::stdout(), "Valid configuration")?,
        count => writeln!(io::stdout(), "{count} valid configurations")?,
    }
    Ok(())
}

/// The findings of all configurations, and how many there are.
fn check_all(args: ValidateArgs) -> Result<(Report, usize), Failure> {
    let ValidateArgs {
        paths,
        mut source,
        allow_unknown_modules,
        provision,
        variables,
        unset,
        deny,
        warn,
        allow,
    } = args;
    source.plugins.unknown = if allow_unknown_modules { Unknown::SkipAll } else { Unknown::SkipRaw };
    source.levels = levels(&[(Level::Allow, &allow), (Level::Warn, &warn), (Level::Deny, &deny)])?;
    let environment = Environment::load(&source.env_files)?.with(variables, unset == Some(Unset::Keep));
    let mut files = Vec::new();
    for path in source.config.iter().chain(&paths) {
        let found = project::files(path)?;
        if found.is_empty() {
            return Err(Failure::new(format!(
                "no Caddyfile and no configuration in JSON is in the folder {path}"
            )));
        }
        files.extend(found);
    }
    if files.is_empty() {
        files.push(source.file()?);
    }
    files.dedup();
    let mut checked = Vec::new();
    for file in files {
        make_room_for(&file);
        let source = SourceArgs { config: Some(file), ..source.clone() };
        checked.push(Checked::new(source.read(&environment)?, &environment, unset, provision)?);
    }
    let members: Vec<Member> = checked.iter().map(|checked| checked.member.clone()).collect();
    let entries = project::entry_points(&members);
    let mut report = Report::default();
    for &entry in &entries {
        let checked = &checked[entry];
        report.add(checked.findings.clone(), &checked.sources);
    }
    Ok((report, entries.len()))
}

fn levels(given: &[(Level, &[String])]) -> Result<Levels, Failure> {
    let mut levels = Levels::default();
    for (level, codes) in given {
        for code in *codes {
            levels.set(code, *level).map_err(Failure::new)?;
            if code != Levels::ALL && !WARNINGS.contains(&code.as_str()) {
                return Err(Failure::new(format!(
                    "no warning has the code {code}; `caddis explain` lists all"
                )));
            }
        }
    }
    Ok(levels)
}

/// One configuration with all that is known of it.
struct Checked {
    member: Member,
    findings: Vec<Diagnostic>,
    sources: Sources,
}

impl Checked {
    fn new(
        loaded: Loaded,
        environment: &Environment,
        policy: Option<Unset>,
        provision: bool,
    ) -> Result<Self, Failure> {
        let path = std::path::absolute(Path::new(&loaded.name))?;
        let (mut findings, sources) = findings(&loaded, provision.then_some(environment));
        let unset: Vec<_> = variables::unset(&sources, environment).collect();
        match policy {
            None => {}
            Some(Unset::Keep) => {
                let places: Vec<Span> = unset.iter().map(|(_, span)| *span).collect();
                variables::leave_out(&mut findings, &places);
            }
            Some(policy @ (Unset::Error | Unset::Warn)) => {
                let unset = unset.iter().map(|(name, span)| errors::unset_variable(*span, name)).collect();
                findings.extend(loaded.judged(unset, &sources).into_iter().map(|finding| match policy {
                    Unset::Error => Diagnostic { severity: Severity::Error, ..finding },
                    Unset::Warn | Unset::Keep => finding,
                }));
            }
        }
        // Among many files, what has no place still belongs to one of them.
        let beginning = sources.first().map(|(source, _)| Span { source, start: 0, end: 0 });
        for finding in &mut findings {
            finding.span = finding.span.or(beginning);
        }
        findings.sort_by_key(|finding| finding.span.map(|span| (span.source, span.start)));
        let names = sources.iter().skip(1).map(|source| PathBuf::from(&source.name));
        let member = Member { path, imports: names.collect() };
        Ok(Self { member, findings, sources })
    }
}

/// Whatever is wrong with a configuration, and the texts it is wrong in. With an environment, it is provisioned.
fn findings(loaded: &Loaded, environment: Option<&Environment>) -> (Vec<Diagnostic>, Sources) {
    if loaded.settings.has_errors() {
        return (loaded.settings.diagnostics.clone(), loaded.settings.sources.clone());
    }
    if let Some(adapted) = &loaded.adapted {
        let mut findings = adapted.diagnostics.clone();
        findings.extend(of_adapted(loaded, environment));
        return (findings, adapted.sources.clone());
    }
    let (mut sources, json) = (Sources::default(), &*loaded.json());
    let source = sources.add(&*loaded.name, json);
    let span =
        |range: std::ops::Range<usize>| Span { source, start: range.start as u32, end: range.end as u32 };
    let findings = match serde_json::from_str::<serde_json::Value>(json) {
        Err(error) => vec![errors::not_json(span(json_place::of_error(json, &error)), &error)],
        Ok(_) => of_config(loaded, environment, true, |pointer| Some(span(json_place::find(json, pointer)))),
    };
    (loaded.judged(findings, &sources), sources)
}

/// What is wrong with the JSON that a Caddyfile without errors became, at the places in the Caddyfile.
pub(crate) fn of_adapted(loaded: &Loaded, environment: Option<&Environment>) -> Vec<Diagnostic> {
    match &loaded.adapted {
        Some(adapted) if !adapted.has_errors() => {
            // Made only where something is found.
            let map = std::cell::OnceCell::new();
            let place = |pointer: &str| map.get_or_init(|| adapted.source_map()).find(pointer);
            let findings = of_config(loaded, environment, false, place);
            loaded.judged(findings, &adapted.sources)
        }
        _ => Vec::new(),
    }
}

/// Decodes strictly, checks what needs nothing but the configuration, and lists what a run would refuse. The JSON pointer is
/// told where the author wrote JSON, and where there is no other place.
fn of_config(
    loaded: &Loaded,
    environment: Option<&Environment>,
    is_json: bool,
    place: impl Fn(&str) -> Option<Span>,
) -> Vec<Diagnostic> {
    let place = |path: &str, message: &str| match place(path) {
        Some(span) if !is_json => (Some(span), message.to_owned()),
        span if path.is_empty() => (span, message.to_owned()),
        span => (span, format!("{path}: {message}")),
    };
    let config = match loaded.config() {
        Ok(config) => config,
        Err(error) => return vec![errors::not_a_configuration(place(&error.path, &error.message))],
    };
    let contradictions = caddis_config::check(&config);
    let is_told = |error: &&BuildError| {
        let around =
            |told: &ConfigError| told.path.starts_with(&error.path) || error.path.starts_with(&told.path);
        !contradictions.iter().any(around)
    };
    let survey = caddis_runtime::survey(&config);
    let told = contradictions.iter().map(|error| errors::contradiction(place(&error.path, &error.message)));
    let found = survey.iter().filter(is_told).map(|error| {
        let problem = place(&error.path, &error.message);
        if error.unsupported { errors::refused(problem) } else { errors::impossible(problem) }
    });
    let provisioned = environment
        .map(|environment| caddis_runtime::provision(&config, environment.clone().into_map()))
        .unwrap_or_default();
    let unusable =
        provisioned.iter().filter(|error| !error.unsupported && !survey.contains(error)).filter(is_told);
    let unusable = unusable.map(|error| errors::unusable(place(&error.path, &error.message)));
    let warnings = caddis_config::warnings(&config);
    let doubtful = warnings.iter().map(|error| errors::defeated(place(&error.path, &error.message)));
    told.chain(found).chain(unusable).chain(doubtful).collect()
}
