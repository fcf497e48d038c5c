//! What imports, arguments and braces come to; each expectation is what Caddy does, unless the test says otherwise.

use std::collections::BTreeMap;

use crate::{BlockKind, Environment, Expanded, Files, ReadError, Severity, Statement, expand};

/// Files in `/etc/caddy`, where the main file is `Caddyfile`.
struct World(BTreeMap<String, &'static str>);

impl Files for World {
    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(if path.starts_with('/') { path.to_owned() } else { format!("/etc/caddy/{path}") })
    }

    fn glob(&self, pattern: &str) -> Result<Vec<String>, String> {
        let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
        let matches = |path: &&String| {
            let middle = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            middle.is_some_and(
                |middle| if pattern.contains('*') { !middle.contains('/') } else { middle.is_empty() },
            )
        };
        Ok(self.0.keys().filter(matches).cloned().collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self.0.get(path) {
            Some(&"directory") => Err(ReadError::IsDirectory),
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => Err(ReadError::NotFound),
        }
    }
}

impl Environment for World {
    fn var(&self, name: &str) -> Option<String> {
        (name == "SITE").then(|| "a.com {\n\trespond env".to_owned())
    }
}

fn run(text: &str, files: &[(&str, &'static str)]) -> Expanded {
    let files = files.iter().map(|&(name, text)| (format!("/etc/caddy/{name}"), text)).collect();
    let world = World(files);
    expand("Caddyfile", text, &world, &world)
}

/// The blocks on one line, statements in parentheses, without the names of files.
fn shape(expanded: &Expanded) -> String {
    let mut out = Vec::new();
    for block in &expanded.blocks {
        let keys: Vec<&str> = block.keys.iter().map(|key| &*key.text).collect();
        let kind = match block.kind {
            BlockKind::Global => "global",
            BlockKind::NamedRoute => "route",
            BlockKind::Site => "site",
        };
        out.push(format!("{kind} [{}]{}", keys.join(" "), statements(&block.statements)));
    }
    out.join("; ")
}

fn statements(list: &[Statement]) -> String {
    let one = |statement: &Statement| {
        let words: Vec<&str> = statement.words.iter().map(|word| &*word.text).collect();
        let block = statement.block.as_ref().map(|block| format!(" {{{}}}", statements(&block.statements)));
        format!("({}{})", words.join(" "), block.unwrap_or_default())
    };
    list.iter().map(one).collect()
}

/// Expands a text that nothing is wrong with.
#[track_caller]
fn clean(text: &str, files: &[(&str, &'static str)]) -> String {
    let expanded = run(text, files);
    assert_eq!(expanded.diagnostics, [], "nothing is wrong");
    shape(&expanded)
}

/// What is wrong with a text: `line: message`, warnings with their code in front.
fn wrong(text: &str, files: &[(&str, &'static str)]) -> Vec<String> {
    let expanded = run(text, files);
    let show = |diagnostic: &crate::Diagnostic| {
        let line = diagnostic.span.map_or(0, |span| expanded.sources.location(span).line);
        match diagnostic.severity {
            Severity::Error => format!("{line}: {}", diagnostic.message),
            Severity::Warning => format!("{} {line}: {}", diagnostic.code.0, diagnostic.message),
        }
    };
    expanded.diagnostics.iter().map(show).collect()
}

#[test]
fn sites_options_and_named_routes() {
    assert_eq!(
        clean(
            "{\n\tdebug\n}\n&(r) {\n\trespond\n}\na.com, b.com,\nc.com {\n\thandle /x {\n\t\trespond hi\n\t}\n}\n",
            &[]
        ),
        "global [](debug); route [r](respond); site [a.com b.com c.com](handle /x {(respond hi)})"
    );
}

#[test]
fn a_single_site_needs_no_braces() {
    assert_eq!(clean("a.com\nrespond hi\nlog {\n}\n", &[]), "site [a.com](respond hi)(log {})");
    assert_eq!(clean("a.com", &[]), "site [a.com]");
    assert_eq!(clean("a.com\n{\nrespond\n}\n", &[]), "site [a.com](respond)");
}

#[test]
fn a_block_without_keys_is_global_only_in_front() {
    let expanded = run("a.com {\n\trespond\n}\n{\n\tdebug\n}\n", &[]);
    let kinds: Vec<BlockKind> = expanded.blocks.iter().map(|block| block.kind).collect();
    assert_eq!(kinds, [BlockKind::Site, BlockKind::Site]);
}

#[test]
fn an_empty_text_is_an_error_but_a_comment_is_none() {
    assert_eq!(wrong("", &[]), ["1: EOF"]);
    assert_eq!(clean("# nothing\n", &[]), "");
}

#[test]
fn a_word_has_at_most_16_mib() {
    let text = |length| format!("a.com {{\n\trespond {}\n}}\n", "a".repeat(length));
    assert_eq!(wrong(&text(16 << 20), &[]), [""; 0]);
    let found = "2: a word of 16777217 bytes; the longest may have 16777216";
    assert_eq!(wrong(&text((16 << 20) + 1), &[]), [found]);
}

#[test]
fn quoted_braces_are_words() {
    assert_eq!(clean("a.com {\n\trespond \"{\" `}`\n}\n", &[]), "site [a.com](respond { })");
}

#[test]
fn snippets_take_arguments() {
    let text = "(s) {\n\trespond {args[0]}-{args[1]} {args[:]} \"{args[1:]}\" \\{x\\}\n}\na.com {\n\timport s 1 2\n}\n";
    assert_eq!(clean(text, &[]), "site [a.com](respond 1-2 1 2 2 {x})");
}

#[test]
fn placeholders_without_an_argument_stay() {
    let text =
        |placeholder: &str| format!("(s) {{\n\trespond {placeholder}\n}}\na.com {{\n\timport s 1\n}}\n");
    for (placeholder, code) in [
        ("{args[1]}", "W0107"),
        ("{args[x]}", "W0106"),
        ("{args[]}", "W0102"),
        ("{args[x:]}", "W0103"),
        ("{args[:x]}", "W0104"),
        ("{args[0:2]}", "W0105"),
        ("x{args[0:1]}", "W0109"),
    ] {
        let expanded = run(&text(placeholder), &[]);
        assert_eq!(shape(&expanded), format!("site [a.com](respond {placeholder})"));
        assert_eq!(expanded.diagnostics[0].code.0, code, "{placeholder}");
    }
    assert_eq!(shape(&run(&text("{args.0}"), &[])), "site [a.com](respond 1)");
    // Caddy panics.
    assert_eq!(wrong(&text("{args[-1]}"), &[]), ["2: Placeholder {args[-1]} has a negative index"]);
}

#[test]
fn snippets_take_blocks() {
    let text = "(s) {\n\thandle {\n\t\t{block}\n\t}\n}\na.com {\n\timport s {\n\t\trespond hi\n\t}\n}\n";
    assert_eq!(clean(text, &[]), "site [a.com](handle {(respond hi)})");
    let text = "(s) {\n\tx {blocks.a}\n\t{blocks.b.c}\n\t{blocks.none}\n}\na.com {\n\timport s {\n\t\ta 1 2\n\t\tb.c {\n\t\t\ty\n\t\t\tz\n\t\t}\n\t}\n}\n";
    assert_eq!(clean(text, &[]), "site [a.com](x)(1 2)(y)(z)", "what is brought here begins its own line");
}

#[test]
fn files_are_imported_where_they_are_named() {
    let files =
        [("x", "respond {args[0]}\n"), ("sites/b", "b.com {\n\trespond b\n}\n"), ("sites/.c", "no\n")];
    assert_eq!(clean("a.com {\n\timport x hi\n}\n", &files), "site [a.com](respond hi)");
    assert_eq!(clean("import sites/*\n", &files), "site [b.com](respond b)");
    assert_eq!(
        clean("a.com {\n\thandle {\n\t\timport x 1\n\t}\n}\n", &files),
        "site [a.com](handle {(respond 1)})"
    );
    assert_eq!(clean("a.com {\n\trespond import x\n}\n", &files), "site [a.com](respond import x)");
}

#[test]
fn files_are_relative_to_the_file_that_names_them() {
    let files = [("sub/x", "import y\n"), ("sub/y", "respond y\n"), ("y", "no\n")];
    assert_eq!(clean("a.com {\n\timport sub/x\n}\n", &files), "site [a.com](respond y)");
}

#[test]
fn snippets_of_imported_files_keep_their_placeholders() {
    let files = [("s", "(s) {\n\thandle {args[0]} {\n\t\t{block}\n\t}\n}\n")];
    let text = "import s x {\n}\na.com {\n\timport s /y {\n\t\trespond\n\t}\n}\n";
    assert_eq!(clean(text, &files), "site [a.com](handle /y {(respond)})");
}

#[test]
fn named_routes_may_import() {
    let text =
        "(s) {\n\trespond {args[0]}\n}\n&(r) {\n\timport s hi\n\thandle {\n\t\timport s deep\n\t}\n}\n";
    assert_eq!(clean(text, &[]), "route [r](respond hi)(handle {(respond deep)})");
    let block = "(s) {\n}\n&(r) {\n\thandle {\n\t\timport s {\n\t\t}\n\t}\n}\n";
    assert_eq!(wrong(block, &[]), ["5: an import in a named route takes no block"]);
}

#[test]
fn imports_that_fail_are_reported_where_they_stand() {
    let files = [("dir", "directory"), ("blank", " \n"), ("bad", "x <<\n"), ("loop", "import loop\n")];
    let one = |import: &str| wrong(&format!("a.com {{\n\trespond\n\t{import}\n}}\n"), &files);
    assert_eq!(one("import"), ["3: wrong argument count or unexpected line ending after 'import'"]);
    assert_eq!(one("import \"\""), ["3: Import requires a non-empty filepath"]);
    assert_eq!(one("import none"), ["3: File to import not found: none"]);
    assert_eq!(one("import none*"), ["W0100 3: No files matching import glob pattern: none*"]);
    assert_eq!(
        one("import */*"),
        ["3: Glob pattern may only contain one wildcard (*), but has others: /etc/caddy/*/*"]
    );
    assert_eq!(one("import dir"), ["3: Could not import /etc/caddy/dir: is a directory"]);
    assert_eq!(one("import blank"), ["W0101 3: Import file is empty: /etc/caddy/blank"]);
    assert_eq!(
        one("import bad"),
        [
            "3: Could not read tokens while importing /etc/caddy/bad: missing opening heredoc marker on line #1; must \
          contain only alphanumeric characters, dashes and underscores; got empty string"
        ]
    );
    assert_eq!(
        one("import loop"),
        ["1: a cycle of imports exists between /etc/caddy/loop and /etc/caddy/loop"]
    );
    assert_eq!(one("import x {\n{\n}\n}"), ["5: anonymous blocks are not supported"]);
}

#[test]
fn a_misspelt_snippet_is_suggested() {
    let expanded = run("(logging) {\n\tlog\n}\na.com {\n\timport loging\n}\n", &[]);
    assert_eq!(expanded.diagnostics[0].help.as_deref(), Some("did you mean the snippet 'logging'?"));
    let expanded = run("a.com {\n\timport late\n}\n(late) {\n\tlog\n}\n", &[]);
    let help = "a snippet must stand before the first import that names it";
    assert_eq!(expanded.diagnostics[0].help.as_deref(), Some(help));
}

#[test]
fn snippets_that_import_each_other_are_a_cycle() {
    let text = "(a) {\n\timport b\n}\n(b) {\n\timport a\n}\nx.com {\n\timport a\n}\n";
    assert_eq!(wrong(text, &[]), ["5: a cycle of imports exists between Caddyfile:b and Caddyfile:a"]);
}

#[test]
fn imports_that_multiply_come_to_an_end() {
    let mut text = String::from(
        "(s0) {\n\tx x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x\n}\n",
    );
    for level in 1..40 {
        let import = format!("\timport s{}\n", level - 1).repeat(10);
        text.push_str(&format!("(s{level}) {{\n{import}}}\n"));
    }
    text.push_str("a.com {\n\timport s39\n}\n");
    let world = World(BTreeMap::new());
    let expanded = expand("Caddyfile", &text, &world, &world);
    let messages: Vec<_> = expanded.diagnostics.iter().map(|diagnostic| &*diagnostic.message).collect();
    assert_eq!(messages, ["the imports add up to more than 281136 words"]);
}

#[test]
fn arguments_and_blocks_that_multiply_come_to_an_end() {
    let world = World(BTreeMap::new());
    let thousand = "{args[0]}".repeat(1000);
    let text = format!(
        "(a) {{\n\tx {thousand}\n}}\n(b) {{\n\timport a {thousand}\n}}\n(c) {{\n\timport b {thousand}\n}}\n\
         a.com {{\n\timport c xxxxxxxxxx\n}}\n"
    );
    let expanded = expand("Caddyfile", &text, &world, &world);
    let messages: Vec<_> = expanded.diagnostics.iter().map(|diagnostic| &*diagnostic.message).collect();
    assert_eq!(messages, ["the imports add up to more than 19485316 bytes"]);

    let blocks = "\t{block}\n".repeat(1000);
    let words = "\t\tx\n".repeat(1000);
    let text = format!("(a) {{\n{blocks}}}\na.com {{\n\timport a {{\n{words}\t}}\n}}\n");
    let expanded = expand("Caddyfile", &text, &world, &world);
    let messages: Vec<_> = expanded.diagnostics.iter().map(|diagnostic| &*diagnostic.message).collect();
    assert_eq!(messages, ["the imports add up to more than 408528 words"]);
}

#[test]
fn addresses_are_checked() {
    assert_eq!(
        wrong("a.com,b.com {\n}\n", &[]),
        [
            "1: Site addresses cannot contain a comma ',': 'a.com,b.com' - put a space after the comma to separate site \
         addresses"
        ]
    );
    assert_eq!(
        wrong("a.com{\n\trespond\n}\n", &[]),
        [
            "1: Site addresses cannot end with a curly brace: 'a.com{' - put a space between the token and the brace"
        ]
    );
    assert_eq!(
        wrong("a.com, {\n}\n", &[]),
        ["1: Expected another address but had '{' - check for extra comma"]
    );
    assert_eq!(wrong("a.com,\n", &[]), ["1: unexpected EOF"]);
    assert_eq!(
        wrong("\n@m path /x\na.com {\n}\n", &[]),
        ["2: request matchers may not be defined globally, they must be in a site block; found @m"]
    );
}

#[test]
fn braces_are_checked() {
    assert_eq!(
        wrong("a.com {\n\trespond { body }\n}\n", &[]),
        ["2: Unexpected next token after '{' on same line"]
    );
    assert_eq!(
        wrong("a.com {\n\thandle\n\t{\n\t}\n}\n", &[]),
        ["3: Unexpected '{' on a new line; did you mean to place the '{' on the previous line?"]
    );
    assert_eq!(wrong("a.com {\n\trespond {}\n}\n", &[]), ["2: Unexpected '{}' at end of line"]);
    assert_eq!(
        wrong("a.com {\n\trespond hi }\n", &[]),
        ["2: Unexpected '}' because no matching opening brace"]
    );
    assert_eq!(wrong("a.com {\n\thandle {\n\t\trespond\n", &[]), ["3: unexpected EOF"]);
    assert_eq!(
        wrong("a.com {\n\trespond hi\n", &[]),
        ["2: syntax error: unexpected token 'hi', expecting '}'"]
    );
    assert_eq!(
        wrong("(s) {\n\trespond hi\n", &[]),
        ["2: syntax error: unexpected token 'hi', expecting '}'"]
    );
    assert_eq!(
        wrong("(s)\nrespond hi\n", &[]),
        ["2: syntax error: unexpected token 'respond', expecting '{'"]
    );
    assert_eq!(wrong("a.com {\n\t{\n\t\trespond\n\t}\n}\n", &[]), ["2: unrecognized directive: {"]);
}

#[test]
fn braces_that_caddy_lets_pass_are_warnings() {
    assert_eq!(wrong("a.com {\n\thandle {\n\t}\n", &[]), ["W0113 3: the last '}' of the file is missing"]);
    assert_eq!(
        wrong("a.com\nrespond\n}\n", &[]),
        ["W0112 3: this '}' closes a block that was never opened; it ends the site"]
    );
    let expanded = run("a.com {\n\thandle {\n\t\trespond 1\n\t} respond 2\n}\n", &[]);
    assert_eq!(shape(&expanded), "site [a.com](handle {(respond 1)(respond 2)})");
    assert_eq!(expanded.diagnostics[0].code.0, "W0110");
}

#[test]
fn several_errors_are_found_in_one_run() {
    let text = "a.com {\n\timport one\n\timport two\n}\nb.com,c.com {\n\trespond }\n";
    assert_eq!(wrong(text, &[]).len(), 4);
}

#[test]
fn an_error_in_a_snippet_is_reported_once() {
    let text = "(s) {\n\timport none\n}\na.com {\n\timport s\n}\nb.com {\n\timport s\n}\n";
    assert_eq!(wrong(text, &[]), ["2: File to import not found: none"]);
}

#[test]
fn snippets_are_declared_once() {
    assert_eq!(wrong("(s) {\n}\n(s) {\n}\n", &[]), ["3: redeclaration of previously declared snippet s"]);
}

#[test]
fn a_variable_may_bring_lines_and_braces() {
    let expanded = run("# {$NONE}\n{$SITE}\n\trespond { x\n}\n", &[]);
    assert_eq!(shape(&expanded), "site [a.com](respond env)(respond {(x)})");
    let diagnostic = &expanded.diagnostics[0];
    assert_eq!(
        expanded.sources.location(diagnostic.span.unwrap()).line,
        3,
        "lines are those of the original"
    );
    let env = &expanded.blocks[0].statements[0].words[1];
    assert_eq!((env.span.start, env.span.end), (10, 17));
    assert_eq!(env.line, 3, "Caddy counts after substitution");
}

#[test]
fn tokens_know_the_imports_that_brought_them() {
    let text = "(inner) {\n\trespond\n}\n(outer) {\n\timport inner\n}\na.com {\n\timport outer\n}\n";
    let expanded = run(text, &[]);
    let word = &expanded.blocks[0].statements[0].words[0];
    let mut lines = Vec::new();
    let mut origin = word.origin.as_deref();
    while let Some(step) = origin {
        lines.push(expanded.sources.location(step.at).line);
        origin = step.parent.as_deref();
    }
    assert_eq!(expanded.sources.location(word.span).line, 2);
    assert_eq!(lines, [5, 8], "innermost first");
}

#[test]
fn a_block_nested_too_deep_is_refused() {
    let text = format!("a.com {{\n{}{}}}\n", "x {\n".repeat(2000), "}\n".repeat(2000));
    assert_eq!(wrong(&text, &[]), ["130: blocks are nested more than 128 levels deep"]);
}
