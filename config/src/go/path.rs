//! Slash-separated paths as Go's packages `path` and, on Unix, `path/filepath` handle them.

/// `path.Clean`: the shortest equivalent path; empty becomes `.`.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// `path.Join`: the parts with slashes between them, cleaned; empty parts are left out.
pub fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { clean(&parts.join("/")) }
}

/// `path.Dir`: all but the last element, cleaned.
pub fn dir(path: &str) -> String {
    clean(path.rfind('/').map_or("", |slash| &path[..=slash]))
}

/// `path.Base`: the last element; `.` for an empty path, `/` for slashes alone.
pub fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    match path.trim_end_matches('/') {
        "" => "/",
        path => path.rsplit('/').next().unwrap_or(path),
    }
}

/// A pattern that `path.Match` refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPattern;

impl std::fmt::Display for BadPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("syntax error in pattern")
    }
}

impl std::error::Error for BadPattern {}

/// A pattern of `path.Match`: `*` and `?` stop at slashes, `[a-z]` and `[^a-z]` do not, `\` takes the next literally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(char),
    Any,
    Star,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// `syntax error in pattern`: an open class, an empty one, or a `\` at the end.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let mut chars = text.chars().peekable();
        let mut pieces = Vec::new();
        while let Some(char) = chars.next() {
            pieces.push(match char {
                '*' => Piece::Star,
                '?' => Piece::Any,
                '\\' => Piece::Literal(chars.next().ok_or(BadPattern)?),
                '[' => {
                    let negated = chars.next_if_eq(&'^').is_some();
                    let mut ranges = Vec::new();
                    while ranges.is_empty() || chars.next_if_eq(&']').is_none() {
                        let low = class_char(&mut chars)?;
                        let high =
                            if chars.next_if_eq(&'-').is_some() { class_char(&mut chars)? } else { low };
                        ranges.push((low, high));
                    }
                    Piece::Class { negated, ranges }
                }
                _ => Piece::Literal(char),
            });
        }
        Ok(Self(pieces))
    }

    /// Whether the whole of `name` matches.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        // Where to go on with one character more for the last star.
        let mut retry: Option<(usize, usize)> = None;
        let (mut piece, mut at) = (0, 0);
        loop {
            match self.0.get(piece) {
                Some(Piece::Star) => {
                    retry = Some((piece + 1, at));
                    piece += 1;
                    continue;
                }
                Some(piece_here) if name.get(at).is_some_and(|char| piece_here.matches(*char)) => {
                    (piece, at) = (piece + 1, at + 1);
                    continue;
                }
                None if at == name.len() => return true,
                _ => {}
            }
            match retry {
                Some((after_star, from)) if name.get(from).is_some_and(|char| *char != '/') => {
                    retry = Some((after_star, from + 1));
                    (piece, at) = (after_star, from + 1);
                }
                _ => return false,
            }
        }
    }
}

/// `path.Match`.
///
/// # Errors
/// As [`Pattern::parse`].
pub fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    Pattern::parse(pattern).map(|pattern| pattern.matches(name))
}

impl Piece {
    fn matches(&self, char: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == char,
            Self::Any => char != '/',
            Self::Star => false,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&char)) != *negated
            }
        }
    }
}

/// A character of a class; the class must go on after it.
fn class_char(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, BadPattern> {
    let char = match chars.next().ok_or(BadPattern)? {
        '-' | ']' => return Err(BadPattern),
        '\\' => chars.next().ok_or(BadPattern)?,
        char => char,
    };
    chars.peek().map(|_| char).ok_or(BadPattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning() {
        for (path, expected) in [
            ("", "."),
            ("abc//def//ghi/", "abc/def/ghi"),
            ("./abc/./def/", "abc/def"),
            ("abc/def/../../../ghi", "../ghi"),
            ("/../abc", "/abc"),
            ("abc/..", "."),
            ("/", "/"),
            ("//", "/"),
            ("../../abc", "../../abc"),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }

    #[test]
    fn parts() {
        assert_eq!(join(&["a", "", "../b"]), "b");
        assert_eq!(join(&["", ""]), "");
        assert_eq!(join(&["/", "a"]), "/a");
        assert_eq!((dir("/a/b"), dir("a"), dir("/a")), ("/a".into(), ".".into(), "/".into()));
        assert_eq!((base("/a/b/"), base(""), base("//")), ("b", ".", "/"));
    }

    #[test]
    fn matching() {
        for (pattern, name, expected) in [
            ("abc", "abc", Ok(true)),
            ("*c", "abc", Ok(true)),
            ("a*/b", "abc/b", Ok(true)),
            ("a*/b", "a/c/b", Ok(false)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Ok(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Ok(false)),
            ("ab[^e-g]", "abc", Ok(true)),
            ("a[^a]b", "a/b", Ok(true)),
            ("a?b", "a/b", Ok(false)),
            ("a\\*b", "a*b", Ok(true)),
            ("[\\]a]", "]", Ok(true)),
            ("[\\-x]", "-", Ok(true)),
            ("*", "a/b", Ok(false)),
            ("", "", Ok(true)),
            ("[]a]", "]", Err(BadPattern)),
            ("[-]", "-", Err(BadPattern)),
            ("[x-]", "x", Err(BadPattern)),
            ("[a", "b", Err(BadPattern)),
            ("a\\", "b", Err(BadPattern)),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
