//! `# caddis: allow W0401`: comments in a Caddyfile that let warnings pass.
//!
//! Such a comment holds for its line and, where it stands alone, for the next. Several codes may follow each other; `#` ends
//! them, so that a reason can stand behind.

use caddis_grammar::{Diagnostic, Severity, Sources, Span};

/// The findings without the warnings that comments allow. Errors cannot be allowed.
pub(crate) fn obey(findings: Vec<Diagnostic>, sources: &Sources) -> Vec<Diagnostic> {
    let stays = |finding: &Diagnostic| {
        finding.severity == Severity::Error
            || !finding.span.is_some_and(|span| is_allowed(finding.code.0, span, sources))
    };
    findings.into_iter().filter(stays).collect()
}

fn is_allowed(code: &str, span: Span, sources: &Sources) -> bool {
    let text = &sources.get(span.source).text;
    let at = (span.start as usize).min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |feed| feed + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let above = text[..start].lines().rev().take_while(|line| line.trim_start().starts_with('#'));
    std::iter::once(line).chain(above).any(|line| allowed_on(line).any(|allowed| allowed == code))
}

/// The codes that a line allows.
fn allowed_on(line: &str) -> impl Iterator<Item = &str> {
    let comment = line.split_once("# caddis: allow ").map_or("", |(_, rest)| rest);
    let codes = comment.split('#').next().unwrap_or_default();
    codes.split([' ', ',', '\t']).filter(|code| !code.is_empty())
}

#[cfg(test)]
mod tests {
    use caddis_grammar::Code;

    use super::*;

    fn stays(text: &str, at: &str, finding: fn(Code, Span, &'static str) -> Diagnostic) -> bool {
        let mut sources = Sources::default();
        let source = sources.add("Caddyfile", text);
        let start = text.find(at).unwrap() as u32;
        let finding = finding(Code("W0401"), Span { source, start, end: start + 1 }, "m");
        !obey(vec![finding], &sources).is_empty()
    }

    #[test]
    fn comments_allow_warnings_of_their_line_and_the_next() {
        for (text, expected) in [
            ("x @a", true),
            ("x @a # caddis: allow W0401", false),
            ("x @a # caddis: allow W0100, W0401 # for now", false),
            ("x @a # caddis: allow W0100 # not W0401", true),
            ("\t# caddis: allow W0401\n\t# why\n\tx @a", false),
            ("y # caddis: allow W0401\nx @a", true),
            ("# caddis: allow W0401\ny\nx @a", true),
        ] {
            assert_eq!(stays(text, "@a", Diagnostic::warning), expected, "{text:?}");
        }
    }

    #[test]
    fn errors_stay() {
        assert!(stays("x @a # caddis: allow W0401", "@a", Diagnostic::error));
    }
}
