//! Runs the blocks of a page and compares, or writes what came out into the page.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use caddis_adapter::{Adapted, Registry, Settings};
use caddis_config::{Config, go};
use caddis_grammar::{Environment, Files, Format, ReadError, format, render};
use serde_json::Value;

use super::exchange;
use super::markdown::{Block, Kind, Page, Section};

/// One expected block that differs, or an input that does not hold up.
#[derive(Debug)]
pub struct Problem {
    /// The line of the block in the page.
    pub line: usize,
    /// The heading above it.
    pub title: String,
    /// What is wrong, with both texts where there are two.
    pub message: String,
}

/// Checks every section. Returns the problems, and the page with the expected blocks as they came out.
#[must_use]
pub fn check(page: &Page) -> (Vec<Problem>, String) {
    let mut run = Run { problems: Vec::new(), replacements: Vec::new() };
    for section in &page.sections {
        run.section(section);
    }
    let text = page.with(run.replacements);
    (run.problems, text)
}

struct Run {
    problems: Vec<Problem>,
    replacements: Vec<(Range<usize>, String)>,
}

impl Run {
    fn section(&mut self, section: &Section) {
        let files = Inputs::of(section);
        let mut input: Option<(&Block, Adapted)> = None;
        for (at, block) in section.blocks.iter().enumerate() {
            let actual = match (&block.kind, &input) {
                (Kind::Caddyfile, _) => {
                    let adapted = adapt(&block.content, &files);
                    let mut rest = section.blocks[at + 1..].iter().take_while(|b| b.kind != Kind::Caddyfile);
                    let errors_expected =
                        rest.any(|block| matches!(block.kind, Kind::Diagnostics | Kind::Report));
                    self.sound(section, block, &adapted, &files, errors_expected);
                    input = Some((block, adapted));
                    continue;
                }
                (Kind::File(_) | Kind::Env | Kind::Prose, _) => continue,
                (_, None) => {
                    self.problem(section, block, "no caddyfile block stands before this one".into());
                    continue;
                }
                (Kind::Json(pointer), Some((_, adapted))) => match part(adapted, pointer) {
                    Ok(json) => json,
                    Err(message) => {
                        self.problem(section, block, message);
                        continue;
                    }
                },
                (Kind::Diagnostics, Some((_, adapted))) => findings(adapted, &files, Format::Concise),
                (Kind::Report, Some((_, adapted))) => trimmed(&findings(adapted, &files, Format::Full)),
                (Kind::Format, Some((source, _))) => format(&source.content),
                (Kind::Http, Some((_, adapted))) => match exchange::run(adapted, &block.content) {
                    Ok(text) => text,
                    Err(message) => {
                        self.problem(section, block, message);
                        continue;
                    }
                },
            };
            self.compare(section, block, actual);
        }
    }

    /// What must hold for every input: no unexpected finding, stable formatting, the same JSON after formatting, and a
    /// JSON that loads.
    fn sound(&mut self, section: &Section, block: &Block, adapted: &Adapted, files: &Inputs, quiet: bool) {
        let failed = adapted.has_errors() || files.settings.has_errors();
        if !quiet && failed {
            self.problem(
                section,
                block,
                format!("does not adapt:\n{}", findings(adapted, files, Format::Concise)),
            );
        }
        let once = format(&block.content);
        if format(&once) != once {
            self.problem(section, block, "formatting twice gives another text than formatting once".into());
        }
        if failed {
            return;
        }
        let json = caddis_config::to_json(&adapted.config);
        let again = adapt(&once, files);
        if caddis_config::to_json(&again.config) != json {
            self.problem(section, block, "the formatted text adapts to another configuration".into());
        }
        match Config::from_json_with(json.as_bytes(), &files.settings.registry.decode_options()) {
            Ok(config) if caddis_config::to_json(&config) != json => {
                self.problem(section, block, "the JSON changes when it is read and written".into());
            }
            Ok(_) => {}
            Err(error) => self.problem(section, block, format!("the JSON does not load: {error}")),
        }
    }

    fn compare(&mut self, section: &Section, block: &Block, mut actual: String) {
        if !actual.is_empty() && !actual.ends_with('\n') {
            actual.push('\n');
        }
        if actual == block.content {
            return;
        }
        let diff = similar::TextDiff::from_lines(block.content.as_str(), actual.as_str());
        let diff = diff.unified_diff().header("page", "actual").to_string();
        self.problem(section, block, format!("differs (UPDATE=1 rewrites it):\n{diff}"));
        self.replacements.push((block.range.clone(), actual));
    }

    fn problem(&mut self, section: &Section, block: &Block, message: String) {
        self.problems.push(Problem { line: block.line, title: section.title.clone(), message });
    }
}

fn adapt(text: &str, inputs: &Inputs) -> Adapted {
    caddis_adapter::adapt("Caddyfile", text, inputs, inputs, &inputs.settings.registry)
}

/// The findings in `caddis.toml` and then those in the Caddyfile, one a line.
fn findings(adapted: &Adapted, inputs: &Inputs, format: Format) -> String {
    let Settings { diagnostics, sources, .. } = &inputs.settings;
    render(diagnostics, sources, format) + &render(&adapted.diagnostics, &adapted.sources, format)
}

/// Without blanks at the ends of lines, which editors take away, and without empty lines at the end.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}

fn part(adapted: &Adapted, pointer: &str) -> Result<String, String> {
    if pointer.is_empty() {
        return Ok(caddis_config::to_json_pretty(&adapted.config));
    }
    // Key order is part of the output, which a parsed value would lose: the text is cut instead.
    let json = caddis_config::to_json_pretty(&adapted.config);
    let value: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    if value.pointer(pointer).is_none() {
        return Err(format!("nothing is at {pointer}"));
    }
    Ok(super::cut::at_pointer(&json, pointer))
}

/// The files, settings and variables of a section.
#[derive(Debug)]
struct Inputs {
    settings: Settings,
    files: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
}

impl Inputs {
    fn of(section: &Section) -> Self {
        let is_settings = |block: &&Block| block.kind == Kind::File("caddis.toml".to_owned());
        let text = section.blocks.iter().find(is_settings).map_or("", |block| &block.content);
        let settings = Settings::parse("caddis.toml", text, Registry::standard());
        let mut inputs = Self { settings, files: BTreeMap::new(), variables: BTreeMap::new() };
        for block in &section.blocks {
            match &block.kind {
                Kind::File(name) => {
                    inputs.files.insert(format!("/{}", name.trim_start_matches('/')), block.content.clone());
                }
                Kind::Env => {
                    let lines = block.content.lines().filter_map(|line| line.split_once('='));
                    inputs.variables.extend(lines.map(|(name, value)| (name.to_owned(), value.to_owned())));
                }
                _ => {}
            }
        }
        inputs
    }
}

impl Environment for Inputs {
    fn var(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

impl Files for Inputs {
    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(go::path::clean(&format!("/{path}")))
    }

    fn glob(&self, pattern: &str) -> Result<Vec<String>, String> {
        let mut found = BTreeSet::new();
        // A bad pattern is one even where nothing could match it; folders match, too.
        let pattern = go::path::Pattern::parse(pattern).map_err(|error| error.to_string())?;
        for name in self.files.keys() {
            let ends = name.match_indices('/').map(|(at, _)| at).skip(1).chain([name.len()]);
            found
                .extend(ends.map(|end| &name[..end]).filter(|part| pattern.matches(part)).map(str::to_owned));
        }
        Ok(found.into_iter().collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let is_folder = || {
            self.files.keys().any(|name| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
        };
        match self.files.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None if is_folder() => Err(ReadError::IsDirectory),
            None => Err(ReadError::NotFound),
        }
    }
}
