//! Shapes of trees, and what a single text gets blamed for.

use super::*;

/// Lines as their words, blocks between braces.
fn shape(text: &str) -> String {
    let parsed = parse(text);
    assert_eq!(parsed.tree.text(), text, "every byte is in the tree");
    let mut out = String::new();
    show(&parsed.tree.nodes, &mut out);
    out
}

fn show(nodes: &[Node<'_>], out: &mut String) {
    for node in nodes {
        let Node::Line(line) = node else { continue };
        out.push('(');
        for part in &line.parts {
            match part {
                Part::Lexeme(lexeme) if lexeme.quote().is_some() => out.push_str(&format!(" {}", lexeme.raw)),
                Part::Lexeme(_) => {}
                Part::Braces(braces) => {
                    out.push_str(" {");
                    show(&braces.nodes, out);
                    out.push_str(if braces.close.is_some() { "}" } else { "…" });
                }
            }
        }
        out.push_str(" )");
    }
}

fn codes(text: &str) -> Vec<&'static str> {
    parse(text).diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect()
}

#[test]
fn a_block_belongs_to_the_line_that_opens_it() {
    assert_eq!(
        shape("a.com {\n\trespond hi # x\n\n\thandle {\n\t}\n}\n"),
        "( a.com {( respond hi )( handle {} )} )"
    );
    assert_eq!(shape("a\n{\nb\n}"), "( a )( {( b )} )");
}

#[test]
fn words_after_a_block_belong_to_its_line() {
    assert_eq!(shape("a {\nb\n} c\nd"), "( a {( b )} c )( d )");
}

#[test]
fn a_continued_line_is_one_line() {
    assert_eq!(shape("a \\\n b\nc"), "( a b )( c )");
}

#[test]
fn only_bare_braces_are_braces() {
    assert_eq!(shape("a {b} \"{\" `}` {}"), "( a {b} \"{\" `}` {} )");
}

#[test]
fn braces_that_do_not_match_are_reported() {
    assert_eq!(shape("a {\nb"), "( a {( b )… )");
    assert_eq!(codes("a {\nb {\n"), ["E0101", "E0101"]);
    assert_eq!(codes("a\n}\n"), ["E0106"]);
    assert_eq!(codes("a {\n}\n"), [] as [&str; 0]);
}

#[test]
fn nesting_is_bounded() {
    let text = "a {\n".repeat(10_000);
    assert_eq!(parse(&text).tree.text(), text);
}
