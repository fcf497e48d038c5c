//! Strings in double quotes as Go's `%q` prints them in error texts.

/// `strconv.Quote`: Go syntax, with what cannot be printed escaped.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            _ if is_print(char) => quoted.push(char),
            _ if char.is_ascii() => quoted.push_str(&format!("\\x{:02x}", u32::from(char))),
            _ if u32::from(char) < 0x10000 => quoted.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => quoted.push_str(&format!("\\U{:08x}", u32::from(char))),
        }
    }
    quoted.push('"');
    quoted
}

/// `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
///
/// Rust's own escaping follows the same Unicode categories except that it also escapes grapheme extenders.
fn is_print(char: char) -> bool {
    if char.is_ascii() {
        return (' '..='~').contains(&char);
    }
    if char.is_whitespace() {
        return false;
    }
    char.is_alphanumeric() || char.escape_debug().count() == 1 || is_mark(char)
}

/// Combining marks of the common blocks, which Rust escapes and Go prints.
fn is_mark(char: char) -> bool {
    matches!(u32::from(char), 0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x64b..=0x65f | 0x900..=0x903
        | 0x1ab0..=0x1ac0 | 0x1dc0..=0x1dff | 0x20d0..=0x20f0 | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f | 0xe0100..=0xe01ef)
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn like_go() {
        for (text, expected) in [
            ("", "\"\""),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("\u{7}\u{8}\u{c}\n\r\t\u{b}\0\u{7f}", r#""\a\b\f\n\r\t\v\x00\x7f""#),
            ("é日🎉", "\"é日🎉\""),
            ("\u{a0}\u{2028}\u{feff}\u{e000}", r#""\u00a0\u2028\ufeff\ue000""#),
            ("e\u{301}", "\"e\u{301}\""),
            ("\u{10ffff}", r#""\U0010ffff""#),
        ] {
            assert_eq!(quote(text), expected);
        }
    }
}
