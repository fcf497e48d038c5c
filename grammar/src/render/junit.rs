//! JUnit XML, which continuous integration services show as test results: each file is a test case, each error a failure.

use std::fmt::Write;

use crate::{
    Diagnostic, Severity, Sources,
    render::{concise, place},
};

pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut files: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    let of = |name: Option<&str>| -> Vec<&Diagnostic> {
        let is_of = |finding: &&Diagnostic| finding.span.map(|span| place(sources, span).file) == name;
        diagnostics.iter().filter(is_of).collect()
    };
    let mut cases: Vec<(&str, Vec<&Diagnostic>)> =
        files.into_iter().map(|file| (file, of(Some(file)))).collect();
    let nowhere = of(None);
    if !nowhere.is_empty() {
        cases.push(("configuration", nowhere));
    }
    let failed = cases.iter().filter(|(_, findings)| failure(findings).is_some()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let count = cases.len();
    let _ = writeln!(out, "<testsuites name=\"caddis\" tests=\"{count}\" failures=\"{failed}\">");
    let _ = writeln!(out, "  <testsuite name=\"caddis\" tests=\"{count}\" failures=\"{failed}\">");
    for (name, findings) in cases {
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
    let _ = write!(out, "    <testcase classname=\"caddis\" name=\"{}\"", escaped(name));
    if findings.is_empty() {
        out.push_str("/>\n");
        return;
    }
    let text: String = findings.iter().map(|&finding| concise::line(finding, sources)).collect();
    let text = escaped(&text);
    // Warnings alone let the case pass and are its output.
    let _ = match failure(findings) {
        Some(first) => {
            let (kind, message) = (first.code.0, escaped(&first.message));
            writeln!(out, ">\n      <failure type=\"{kind}\" message=\"{message}\">{text}</failure>")
        }
        None => writeln!(out, ">\n      <system-out>{text}</system-out>"),
    };
    out.push_str("    </testcase>\n");
}

/// A text that can stand in an attribute or element of XML 1.0; control characters cannot.
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
