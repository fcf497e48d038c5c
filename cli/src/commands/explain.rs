//! `explain`: the page of a finding's code.

use std::io::{self, Write};

use caddis_grammar::suggest;
use clap::Args;

use crate::failure::Failure;

/// The pages, by the first two digits of the codes that they explain. They are tests, too.
static PAGES: &[&str] = &[
    include_str!("../../../fixtures/diagnostics/language.md"),
    include_str!("../../../fixtures/diagnostics/sites.md"),
    include_str!("../../../fixtures/diagnostics/directives.md"),
    include_str!("../../../fixtures/diagnostics/matchers.md"),
    include_str!("../../../fixtures/diagnostics/options.md"),
    include_str!("../../../fixtures/diagnostics/tls.md"),
    include_str!("../../../fixtures/diagnostics/modules.md"),
    include_str!("../../../fixtures/diagnostics/configurations.md"),
];

/// Explains codes of findings.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Codes such as E0310; without any all of them are listed
    codes: Vec<String>,
}

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if args.codes.is_empty() {
        for (code, rest) in sections() {
            let title = rest.lines().next().unwrap_or_default();
            writeln!(out, "{code}  {}", title.trim_start_matches(':').trim())?;
        }
        return Ok(());
    }
    for code in &args.codes {
        let code = code.to_uppercase();
        let Some((code, rest)) = sections().find(|(known, _)| *known == code) else {
            return Err(unknown(&code));
        };
        writeln!(out, "# {code}{}", rest.trim_end())?;
    }
    Ok(())
}

fn unknown(code: &str) -> Failure {
    let similar = suggest(code, sections().map(|(known, _)| known))
        .map_or_else(String::new, |known| format!("; did you mean {known}?"));
    Failure::new(format!(
        "no finding has the code {code}{similar} (`caddis explain` without a code lists all of them)"
    ))
}

/// Code and the rest of its section, beginning with `: title`.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    const CODE: usize = "E0000".len();
    PAGES.iter().flat_map(|page| page.split("\n## ").skip(1)).map(|section| section.split_at(CODE))
}
