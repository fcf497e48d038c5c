//! JUnit XML, which continuous integration services show as test results: each file is a test case, each error a failure.

use std::{collections::BTreeMap, fmt::Write};

use crate::{
    Diagnostic, Severity, Sources,
    render::{concise, place},
};

pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    // Findings without a place come last.
    let mut cases: BTreeMap<(bool, &str), Vec<&Diagnostic>> =
        sources.iter().map(|source| ((false, source.name.as_str()), Vec::new())).collect();
    for finding in diagnostics {
        let file = finding.span.map(|span| place(sources, span).file);
        cases.entry((file.is_none(), file.unwrap_or("configuration"))).or_default().push(finding);
    }
    let failed = cases.values().filter(|findings| failure(findings).is_some()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let count = cases.len();
    let counts = format!("name=\"caddis\" tests=\"{count}\" failures=\"{failed}\" errors=\"0\"");
    let _ = writeln!(out, "<testsuites {counts}>\n  <testsuite {counts} skipped=\"0\" time=\"0\">");
    for ((_, name), findings) in cases {
        case(&mut out, name, &findings, sources);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// The first error.
fn failure<'a>(findings: &[&'a Diagnostic]) -> Option<&'a Diagnostic> {
    findings.iter().find(|finding| finding.severity == Severity::Error).copied()
}

fn case(out: &mut String, name: &str, findings: &[&Diagnostic], sources: &Sources) {
    let _ = write!(out, "    <testcase classname=\"caddis\" name=\"{}\" time=\"0\"", attribute(name));
    if findings.is_empty() {
        out.push_str("/>\n");
        return;
    }
    let text: String = findings.iter().map(|&finding| concise::line(finding, sources)).collect();
    let text = escaped(&text);
    // Warnings alone let the case pass and are its output.
    let _ = match failure(findings) {
        Some(first) => {
            let (kind, message) = (first.code.0, attribute(&first.message));
            writeln!(out, ">\n      <failure type=\"{kind}\" message=\"{message}\">{text}</failure>")
        }
        None => writeln!(out, ">\n      <system-out>{text}</system-out>"),
    };
    out.push_str("    </testcase>\n");
}

/// A text for an attribute, where line feeds would be read as spaces.
fn attribute(text: &str) -> String {
    escaped(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

/// A text that can stand in XML 1.0; control characters cannot.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(character),
        }
    }
    out
}
