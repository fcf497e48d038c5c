//! `explain`: the page of a finding's code.

use std::io::{self, Write};

use caddis_grammar::suggest;
use clap::Args;

use crate::{explanations::sections, failure::Failure};

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
