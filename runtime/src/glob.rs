//! Shell patterns as Go's `path.Match` and `filepath.Glob` understand them: `*`, `?`, `[a-z]`, `\x`.

use std::path::PathBuf;

/// Whether the whole of `text` fits. `*` and `?` stop at slashes; a malformed pattern fits nothing.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last star does not fit: one more character belongs to the star.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&'*') {
            p += 1;
            star = Some((p, t));
            continue;
        }
        if p == pattern.len() && t == text.len() {
            return true;
        }
        if let (Some(next), Some(character)) = (element(&pattern, p), text.get(t))
            && next.fits(*character)
        {
            p = next.end;
            t += 1;
            continue;
        }
        match star {
            Some((after, from)) if from < text.len() && text[from] != '/' => {
                star = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
            _ => return false,
        }
    }
}

/// Whether a text has characters with a meaning in patterns.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '\\'])
}

/// Makes a text fit nothing but itself.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Undoes [`escape`].
#[must_use]
pub fn unescape(pattern: &str) -> String {
    let mut characters = pattern.chars();
    let mut text = String::with_capacity(pattern.len());
    while let Some(character) = characters.next() {
        text.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    text
}

/// The existing paths that fit, in order of their names. A slash at the end is kept.
#[must_use]
pub fn expand(pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![String::from(if pattern.starts_with('/') { "/" } else { "" })];
    let elements: Vec<&str> = pattern.split('/').filter(|element| !element.is_empty()).collect();
    for (index, element) in elements.iter().enumerate() {
        let mut next = Vec::new();
        for folder in &found {
            if is_pattern(element) {
                next.extend(fitting(folder, element));
            } else {
                next.push(format!("{folder}{element}"));
            }
        }
        if index + 1 < elements.len() || pattern.ends_with('/') {
            next.iter_mut().for_each(|path| path.push('/'));
        }
        found = next;
    }
    found.into_iter().map(PathBuf::from).filter(|path| path.symlink_metadata().is_ok()).collect()
}

fn fitting(folder: &str, pattern: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(if folder.is_empty() { "." } else { folder }) else {
        return Vec::new();
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| matches(pattern, name)).collect();
    names.sort();
    names.into_iter().map(|name| format!("{folder}{name}")).collect()
}

/// What stands for one character, and where it ends.
struct Element {
    kind: Kind,
    end: usize,
}

enum Kind {
    Any,
    One(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Element {
    fn fits(&self, character: char) -> bool {
        match &self.kind {
            Kind::Any => character != '/',
            Kind::One(one) => *one == character,
            Kind::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&character)) != *negated
            }
        }
    }
}

/// `None` at the end, and for what is malformed.
fn element(pattern: &[char], at: usize) -> Option<Element> {
    match pattern.get(at)? {
        '?' => Some(Element { kind: Kind::Any, end: at + 1 }),
        '\\' => Some(Element { kind: Kind::One(*pattern.get(at + 1)?), end: at + 2 }),
        '[' => class(pattern, at + 1),
        other => Some(Element { kind: Kind::One(*other), end: at + 1 }),
    }
}

fn class(pattern: &[char], mut at: usize) -> Option<Element> {
    let negated = pattern.get(at) == Some(&'^');
    at += usize::from(negated);
    let mut ranges = Vec::new();
    while ranges.is_empty() || pattern.get(at) != Some(&']') {
        let low = class_character(pattern, &mut at)?;
        let high = if pattern.get(at) == Some(&'-') {
            at += 1;
            class_character(pattern, &mut at)?
        } else {
            low
        };
        ranges.push((low, high));
    }
    Some(Element { kind: Kind::Class { negated, ranges }, end: at + 1 })
}

fn class_character(pattern: &[char], at: &mut usize) -> Option<char> {
    let mut character = *pattern.get(*at)?;
    if matches!(character, '-' | ']') {
        return None;
    }
    if character == '\\' {
        *at += 1;
        character = *pattern.get(*at)?;
    }
    *at += 1;
    Some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*/b", "abc/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[b-d]", "abc", true),
            ("ab[^b-d]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a?b", "a/b", false),
            ("[a-ζ]*", "α", true),
            ("[\\]a]", "]", true),
            ("[]a]", "]", false),
            ("[-x]", "-", false),
            ("[a", "a", false),
            ("*x", "xxx", true),
            ("", "", true),
            ("/a/*", "/a/", true),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn an_escaped_text_fits_itself() {
        let text = r"a*b?[c]\d";
        assert!(matches(&escape(text), text));
        assert_eq!(unescape(&escape(text)), text);
    }
}
