//! Input and output of the formatter; each output is that of `caddy fmt` unless the test says otherwise.

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    let formatted = format_checked(text).unwrap();
    assert_eq!(formatted, expected);
    assert_eq!(format(&formatted), formatted, "formatting twice is formatting once");
}

#[test]
fn lines_are_indented_by_tabs() {
    check("a.com   {\nroute {\n  respond    hi\n    }\n}", "a.com {\n\troute {\n\t\trespond hi\n\t}\n}\n");
    check("", "\n");
    check("\n\n a  \n\n", "a\n");
}

#[test]
fn indentation_has_a_limit() {
    let text = "x {\n".repeat(12);
    assert!(format(&text).ends_with("\n\t\t\t\t\t\t\t\t\t\tx {\n"));
}

#[test]
fn there_is_at_most_one_blank_line() {
    check("a\n\n\n\nb\nc", "a\n\nb\nc\n");
    check("a {\n\n\n\tb\n\n\n}\n\n\n\nc", "a {\n\tb\n}\n\nc\n");
}

#[test]
fn two_blank_lines_may_follow_a_comment() {
    check("# a\n\n\n\n\nb", "# a\n\n\nb\n");
}

#[test]
fn braces_get_their_place() {
    check("a\n{\nb }", "a {\n\tb\n}\n");
    check("a { b\n}", "a {\n\tb\n}\n");
    check("a { }", "a {\n}\n");
    check("a {\n}\nb {\n} c", "a {\n}\nb {\n}\n\nc\n");
    check("x {\na {\n} # b\n}", "x {\n\ta {\n\t}\t# b\n}\n");
    check("{$A}\n{\nb\n}", "{$A}\n\n{\n\tb\n}\n");
}

#[test]
fn a_block_after_an_import_is_global_options() {
    check("import x\n{\ndebug\n}", "import x\n{\n\tdebug\n}\n");
    check("import x\n\n{\ndebug\n}", "import x {\n\tdebug\n}\n");
}

#[test]
fn comments_are_copied() {
    check("#  a   b  \nc {   # d\n# e\n}", "#  a   b  \nc {\n\t# d\n\t# e\n}\n");
}

#[test]
fn a_hash_inside_a_word_copies_the_rest_of_the_line() {
    check("a {\nb x#y  z {\nc\n}\n}", "a {\n\tb x#y  z {\n\tc\n}\n}\n");
}

#[test]
fn words_are_copied() {
    check("a  \"b  c\"   `d\n  e`  {f}  {$G:h i}", "a \"b  c\" `d\n  e` {f} {$G:h i}\n");
    check("a  <<E\n  b  c\n  E  200", "a <<E\n  b  c\n  E 200\n");
}

#[test]
fn continued_lines_keep_their_break() {
    check("a \\\n    b \\\nc", "a \\\n b \\\nc\n");
}

#[test]
fn words_are_never_changed() {
    // Caddy splits the first two, joins the third with the line before, and makes a heredoc of the last.
    check("a.com{\n}", "a.com{\n}\n");
    check("a foo} b", "a foo} b\n");
    check("a\n`b`", "a\n`b`\n");
    check("a <<b \nc", "a <<b \nc\n");
}

#[test]
fn a_lost_backslash_escapes_nothing_else() {
    check("a\\ b\\ \nc", "a\\ b\\ \nc\n");
    check("a {\\ b\n}", "a {\n\tb\n}\n");
    check("a\n\\\r\n{\nb\n}", "a\n\\\n {\n\tb\n}\n");
    check("a\r\\ b", "a\r\\ b\n");
}

#[test]
fn characters_that_mean_something_in_front_stay_behind() {
    check("\n\u{feff}a", "\n\u{feff}a\n");
    check("a#b <<c\r", "a#b <<c\r \n");
    check("<\r<a \nb", "<\r<a \nb\n");
}

#[test]
fn an_open_end_stays_open() {
    check("a  \"b  ", "a \"b  ");
    check("a  \"", "a \"");
    check("a {", "a {\n");
    check("a <<E\n b", "a <<E\n b");
    check("a  <<E\n", "a <<E\n");
}

#[test]
fn a_difference_between_words_is_an_error() {
    let error = FormatError { line: 3, before: Some("a".to_owned()), after: None };
    assert_eq!(
        error.to_string(),
        "formatting would turn 'a' on line 3 into nothing; the text was left alone"
    );
}

#[test]
fn the_lint_names_the_first_line_that_differs() {
    let line = |text: &str| {
        let mut sources = crate::Sources::default();
        let id = sources.add("Caddyfile", text);
        let formatted = format(&unix_lines(text));
        let diagnostic = lint(id, text, &formatted)?;
        Some(sources.location(diagnostic.span.unwrap()).line)
    };
    assert_eq!(line("a {\n\tb\n}\n"), None);
    assert_eq!(line("a {\r\n\tb\r\n}\r\n"), None);
    assert_eq!(line("a {\n\tb\n\tc  d\n}\n"), Some(3));
    assert_eq!(line("a {\r\n\tb\r\n  c\r\n}\r\n"), Some(3));
    assert_eq!(line("a\n\n\n\n"), Some(2));
    assert_eq!(line("a"), Some(1));
}
