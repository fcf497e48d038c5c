//! Where the value of a JSON pointer stands in a text.

use std::ops::Range;

/// The key that leads to the value at `pointer` (RFC 6901), or the first line of the value where there is no key: of the
/// nearest value around it that is there. The text must be JSON.
pub(crate) fn find(text: &str, pointer: &str) -> Range<usize> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.blank();
    let mut value = scanner.value();
    let mut found = value.clone();
    for key in pointer.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        let Some((name, inner)) = member(text, value, &key) else { break };
        found = name.unwrap_or_else(|| inner.clone());
        value = inner;
    }
    let length = text[found.clone()].find('\n').unwrap_or(found.len());
    found.start..found.start + length
}

/// The character at which a text stops to be JSON.
pub(crate) fn of_error(text: &str, error: &serde_json::Error) -> Range<usize> {
    let line = error.line().saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let start = text.floor_char_boundary((before + error.column().saturating_sub(1)).min(text.len()));
    let length = text[start..].chars().next().map_or(0, char::len_utf8);
    start..start + length
}

/// The key, in objects, and the value of a member of the object or list at `range`.
fn member(text: &str, range: Range<usize>, key: &str) -> Option<(Option<Range<usize>>, Range<usize>)> {
    let mut scanner = Scanner { text: &text[..range.end], at: range.start };
    let is_object = scanner.take(b'{');
    if !is_object && !scanner.take(b'[') {
        return None;
    }
    let mut index = 0_usize;
    loop {
        scanner.blank();
        if scanner.peek().is_none_or(|byte| b"}]".contains(&byte)) {
            return None;
        }
        let name = is_object.then(|| scanner.key());
        let is_it = match &name {
            Some(name) => serde_json::from_str::<String>(&text[name.clone()]).is_ok_and(|name| name == key),
            None => index.to_string() == key,
        };
        let value = scanner.value();
        if is_it {
            return Some((name, value));
        }
        index += 1;
        scanner.blank();
        scanner.take(b',');
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Passes over a key and its colon, and returns where the key stands.
    fn key(&mut self) -> Range<usize> {
        let key = self.value();
        self.blank();
        self.take(b':');
        self.blank();
        key
    }

    /// Passes over a value and returns where it stands.
    fn value(&mut self) -> Range<usize> {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                _ if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b',' | b':' | b'}' | b']' => break,
                byte if byte.is_ascii_whitespace() => break,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                break;
            }
        }
        start..self.at
    }

    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => break,
                _ => {}
            }
        }
        self.at = self.at.min(self.text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found() {
        let text = "\n{\"a\": [1, {\"b/c\": \"x \\\" ]\"}, true] , \"d\" : {\"e\":null}}\n";
        for (pointer, expected) in [
            ("/a/0", "1"),
            ("/a/1/b~1c", "\"b/c\""),
            ("/a/2", "true"),
            ("/a/1", "{\"b/c\": \"x \\\" ]\"}"),
            ("/d/e", "\"e\""),
            ("/d/nothing", "\"d\""),
            ("/a/9/deeper", "\"a\""),
            ("", text.trim()),
        ] {
            assert_eq!(&text[find(text, pointer)], expected, "{pointer}");
        }
    }
}
