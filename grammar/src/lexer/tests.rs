//! Words, lines and problems of small texts; each expectation is what Caddy's lexer says.

use super::*;

/// `line:text` for each word, quoted words in their quotes.
fn words(text: &str) -> Vec<String> {
    let lexed = lex(text);
    let raw: String = lexed.lexemes.iter().map(|lexeme| lexeme.raw).collect();
    assert_eq!(raw, text, "the lexemes are the text");
    let shown = lexed.lexemes.iter().filter_map(|lexeme| {
        let quote = match lexeme.quote()? {
            Quote::None => "",
            Quote::Double => "\"",
            Quote::Backtick => "`",
            Quote::Heredoc => "<<",
        };
        Some(format!("{}:{quote}{}{quote}", lexeme.line, lexeme.text))
    });
    shown.collect()
}

fn problems(text: &str) -> Vec<ProblemKind> {
    lex(text).problems.into_iter().map(|problem| problem.kind).collect()
}

#[test]
fn words_are_separated_by_white_space() {
    assert_eq!(words("a  b\tc\n\n d"), ["1:a", "1:b", "1:c", "3:d"]);
    assert_eq!(words("a\u{a0}b\u{2003}c\u{85}d\u{3000}e"), ["1:a", "1:b", "1:c", "1:d", "1:e"]);
    assert_eq!(words("\u{feff}a \u{feff}b"), ["1:a", "1:\u{feff}b"]);
    assert_eq!(words(""), [] as [&str; 0]);
}

#[test]
fn a_carriage_return_does_not_exist_outside_of_quotes() {
    assert_eq!(words("a\r\nb\rc \"d\r\n\""), ["1:a", "2:bc", "2:\"d\r\n\""]);
    assert_eq!(words("a\\\r\nb"), ["1:a", "1:b"]);
}

#[test]
fn braces_are_ordinary_characters() {
    assert_eq!(words("a{ {b} }{ {} {"), ["1:a{", "1:{b}", "1:}{", "1:{}", "1:{"]);
}

#[test]
fn comments_begin_only_at_the_start_of_a_word() {
    assert_eq!(words("a # b\nc#d #e"), ["1:a", "2:c#d"]);
}

#[test]
fn a_backslash_in_a_comment_continues_the_line() {
    assert_eq!(words("a # c:\\b\nd\ne"), ["1:a", "1:d", "3:e"]);
}

#[test]
fn only_quotes_can_be_escaped_between_double_quotes() {
    assert_eq!(words(r#""a \"b\" \n \\" c"#), ["1:\"a \"b\" \\n \\\\\"", "1:c"]);
    assert_eq!(words(r"`a \` b"), ["1:`a \\`", "1:b"]);
}

#[test]
fn quotes_count_only_at_the_start_of_a_word() {
    assert_eq!(words("a\"b c\""), ["1:a\"b", "1:c\""]);
    assert_eq!(words("\"a\"b`c`"), ["1:\"a\"", "1:b`c`"]);
    assert_eq!(words("\"\" ``"), ["1:\"\"", "1:``"]);
}

#[test]
fn quoted_words_may_span_lines() {
    assert_eq!(words("\"a\nb\" c\nd"), ["1:\"a\nb\"", "2:c", "3:d"]);
}

#[test]
fn an_unfinished_quote_is_a_bare_word() {
    assert_eq!(words("a \"b\nc"), ["1:a", "1:b\nc"]);
    assert_eq!(words("a \""), ["1:a"]);
    assert_eq!(problems("a \"b"), [ProblemKind::UnclosedQuote { quote: '"' }]);
}

#[test]
fn a_backslash_continues_the_line() {
    assert_eq!(words("a \\\n b\nc"), ["1:a", "1:b", "3:c"]);
    assert_eq!(words("a\\\nb"), ["1:a", "1:b"]);
}

#[test]
fn a_backslash_elsewhere_stays_or_is_lost() {
    assert_eq!(words(r"a\b \c \\d"), [r"1:a\b", r"1:\c", r"1:\\d"]);
    assert_eq!(words(r"a\ b"), ["1:a", "1:b"], "it ends the word");
    assert_eq!(words("a \\"), ["1:a"], "nothing is left to escape");
    assert_eq!(words(r"a \ b"), ["1:a", r"1:\b"], "it waits for the next word");
    assert_eq!(words(r#"\"a b""#), [r#"1:"\a b""#], "even if that is quoted");
}

#[test]
fn a_heredoc_loses_the_indent_of_its_closing_marker() {
    assert_eq!(words("a <<END\n  b\n    c\n\n  END d\ne"), ["1:a", "1:<<b\n  c\n<<", "5:d", "6:e"]);
    assert_eq!(words("<<END\r\nb\r\nEND"), ["1:<<b<<"]);
    assert_eq!(words("<<END\nEND"), ["1:<<<<"]);
}

#[test]
fn a_heredoc_ends_wherever_its_marker_stands() {
    assert_eq!(words("<<E\na\nEb c"), ["1:<<a<<", "3:b", "3:c"]);
    assert_eq!(words("<<E\na bE c"), ["1:<<<<", "2:c"]);
}

#[test]
fn less_than_signs_are_not_always_a_heredoc() {
    assert_eq!(words("<<END a\n<<\\b < <a <<"), ["1:<<END", "1:a", "2:<<\\b", "2:<", "2:<a", "2:<<"]);
    assert_eq!(words("\\<<END\na"), ["1:<<END", "2:a"]);
    assert_eq!(words("\"<<END\"\na"), ["1:\"<<END\"", "2:a"]);
}

#[test]
fn bad_heredocs_are_reported_and_read_on() {
    assert_eq!(problems("a\n<<\nb"), [ProblemKind::NoHeredocMarker { line: 2 }]);
    assert_eq!(problems("<<<END\nb"), [ProblemKind::TooManyLessThan { line: 1 }]);
    let marker = "E!".to_owned();
    assert_eq!(problems("<<E!\nb\nE!"), [ProblemKind::BadHeredocMarker { line: 1, marker }]);
    let marker = "END".to_owned();
    assert_eq!(
        problems("a\n<<END\nb\n"),
        [ProblemKind::IncompleteHeredoc { line: 4, marker: marker.clone() }]
    );
    let (text, indent) = ("b".to_owned(), "\t".to_owned());
    assert_eq!(
        problems("<<END\n\ta\nb\n\tEND"),
        [ProblemKind::HeredocIndent { line: 3, marker, text, indent }]
    );
    assert_eq!(words("<<E!\nb"), ["1:<<E!", "2:b"]);
    assert_eq!(words("<<END\n"), [] as [&str; 0]);
}
