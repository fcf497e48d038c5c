//! As much of structured fields (RFC 9651) as the negotiation of protocols needs: strings, alone or in a list, and
//! parameters that are read over.

/// The strings of a list; `None` if it is no list or has any other member.
pub(super) fn list_of_strings(text: &str) -> Option<Vec<String>> {
    let mut input = Input(text.trim_matches(' '));
    let mut strings = Vec::new();
    if input.0.is_empty() {
        return Some(strings);
    }
    loop {
        strings.push(input.string()?);
        input.parameters()?;
        input.skip(|byte| matches!(byte, b' ' | b'\t'));
        if input.0.is_empty() {
            return Some(strings);
        }
        input.expect(b',')?;
        input.skip(|byte| matches!(byte, b' ' | b'\t'));
    }
}

/// The one string that is an item; `None` if it is anything else.
pub(super) fn item_string(text: &str) -> Option<String> {
    let mut input = Input(text.trim_matches(' '));
    let string = input.string()?;
    input.parameters()?;
    input.0.is_empty().then_some(string)
}

/// A string as a field has it; `None` if it has characters that no string may have.
pub(super) fn write_string(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    Some(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// What is left to read.
struct Input<'a>(&'a str);

impl<'a> Input<'a> {
    fn skip(&mut self, what: impl Fn(u8) -> bool) -> &'a str {
        let length = self.0.bytes().take_while(|byte| what(*byte)).count();
        let (skipped, rest) = self.0.split_at_checked(length).unwrap_or((self.0, ""));
        self.0 = rest;
        skipped
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(char::from(byte))?;
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        self.expect(b'"')?;
        let mut string = String::new();
        let mut characters = self.0.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return Some(string);
                }
                '\\' => match characters.next()?.1 {
                    escaped @ ('"' | '\\') => string.push(escaped),
                    _ => return None,
                },
                ' '..='~' => string.push(character),
                _ => return None,
            }
        }
        None
    }

    /// Reads over `;key=value` and `;key`.
    fn parameters(&mut self) -> Option<()> {
        while self.0.starts_with(';') {
            self.expect(b';')?;
            self.skip(|byte| byte == b' ');
            let is_key =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
            if !self.skip(is_key).starts_with(|first: char| first.is_ascii_lowercase() || first == '*') {
                return None;
            }
            if self.0.starts_with('=') {
                self.expect(b'=')?;
                self.value()?;
            }
        }
        Some(())
    }

    /// Reads over a value of any type.
    fn value(&mut self) -> Option<()> {
        let first = *self.0.as_bytes().first()?;
        match first {
            b'"' => drop(self.string()?),
            b'%' => {
                self.expect(b'%')?;
                self.string()?;
            }
            b':' => {
                self.expect(b':')?;
                self.skip(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
                self.expect(b':')?;
            }
            // Numbers, dates, booleans and tokens end where the parameter does.
            _ => {
                let ends = |byte: u8| matches!(byte, b',' | b';' | b' ' | b'\t' | b'"');
                if self.skip(|byte| byte.is_ascii_graphic() && !ends(byte)).is_empty() {
                    return None;
                }
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_items() {
        for (text, expected) in [
            ("", Some(vec![])),
            ("\"a\"", Some(vec!["a"])),
            ("  \"a\" ,\t\"b c\"  ", Some(vec!["a", "b c"])),
            (r#""a\"\\""#, Some(vec!["a\"\\"])),
            ("\"a\";x;y=1;z=\"q,;\";w=:YQ==:;v=?1;u=@12;t=tok/en, \"b\"", Some(vec!["a", "b"])),
            ("\"a\" b", None),
            ("\"a\\n\"", None),
            ("\"\u{fc}\"", None),
            ("\"a\";", None),
            ("\"a\";X=1", None),
            ("\"a\";x=", None),
            ("\"a\";x=:YQ", None),
            ("\"a\",,\"b\"", None),
            ("1", None),
        ] {
            let expected =
                expected.map(|strings: Vec<&str>| strings.into_iter().map(str::to_owned).collect());
            assert_eq!(list_of_strings(text), expected, "{text}");
        }
        assert_eq!(item_string(" \"a\";b ").as_deref(), Some("a"));
        assert_eq!(item_string("\"a\", \"b\""), None);
    }

    #[test]
    fn strings_are_written_as_they_are_read() {
        for text in ["", "plain", "a\"b\\c"] {
            assert_eq!(item_string(&write_string(text).unwrap()).as_deref(), Some(text));
        }
        assert_eq!(write_string("\u{7f}"), None);
    }
}
