//! SARIF 2.1.0, the format of code scanning services.

use serde_json::{Value, json};

use crate::{
    Diagnostic, Sources, Span,
    render::{json::imported, place, to_json},
};

/// What is written about a code, in Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// A few words.
    pub title: &'a str,
    /// What it means and a way out; the first paragraph stands for itself.
    pub text: &'a str,
}

/// Writes one SARIF document, in which `explain` describes the codes.
#[must_use]
pub fn render_sarif<'a>(
    diagnostics: &[Diagnostic],
    sources: &Sources,
    explain: impl Fn(&str) -> Option<Explanation<'a>>,
) -> String {
    let mut codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code, explain(code))).collect();
    let results: Vec<Value> =
        diagnostics.iter().map(|diagnostic| result(diagnostic, &codes, sources)).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "caddis", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    to_json(&document) + "\n"
}

fn rule(code: &str, explanation: Option<Explanation<'_>>) -> Value {
    let level = if code.starts_with('W') { "warning" } else { "error" };
    let mut rule = json!({ "id": code, "defaultConfiguration": { "level": level } });
    if let Some(Explanation { title, text }) = explanation {
        let text = text.trim();
        let first = text.split("\n\n").next().unwrap_or_default();
        rule["shortDescription"] = json!({ "text": plain(title) });
        rule["fullDescription"] = json!({ "text": plain(first).replace('\n', " ") });
        rule["help"] = json!({ "text": plain(text), "markdown": text });
    }
    rule
}

/// Markdown without the marks of code in its sentences. Blocks of code stay as they are.
fn plain(markdown: &str) -> String {
    let mut plain = String::with_capacity(markdown.len());
    let mut in_block = false;
    for line in markdown.split_inclusive('\n') {
        let is_fence = line.starts_with("```");
        in_block ^= is_fence;
        if is_fence || in_block {
            plain.push_str(line);
        } else {
            plain.extend(line.chars().filter(|&character| character != '`'));
        }
    }
    plain
}

fn result(diagnostic: &Diagnostic, codes: &[&str], sources: &Sources) -> Value {
    let message = match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let chain = diagnostic.imports();
    let labels = diagnostic.labels.iter().map(|label| (label.text.clone(), label.span));
    let related: Vec<Value> = labels
        .chain(chain.map(|origin| (imported(origin), origin.at)))
        .map(|(text, span)| {
            let mut location = location(sources, span);
            location["message"] = json!({ "text": text });
            location
        })
        .collect();
    let mut result = json!({
        "ruleId": diagnostic.code.0,
        "ruleIndex": codes.iter().position(|&code| code == diagnostic.code.0),
        "level": diagnostic.severity.name(),
        "message": { "text": message },
        "locations": diagnostic.span.iter().map(|&span| location(sources, span)).collect::<Vec<_>>(),
    });
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    result
}

fn location(sources: &Sources, span: Span) -> Value {
    let at = place(sources, span);
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(at.file) },
            "region": {
                "startLine": at.line,
                "startColumn": at.column,
                "endLine": at.end_line,
                "endColumn": at.end_column,
            },
        },
    })
}

/// A path as a URI reference (RFC 3986): what may not stand in one is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
