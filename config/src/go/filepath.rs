//! Paths of files as Go's `path/filepath` treats them on Unix.

/// `filepath.Clean`: the shortest path that means the same; an empty one is `.`.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for element in path.split('/') {
        match element {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            other => kept.push(other),
        }
    }
    match (rooted, kept.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}

/// `filepath.Match`: whether all of `name` matches. `*` and `?` stand for anything but `/`, `[a-z]` and `[^a-z]` for
/// one character of a set, `\` takes away the meaning of what follows.
///
/// # Errors
/// `syntax error in pattern`.
pub fn matches(pattern: &str, name: &str) -> Result<bool, String> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    match_here(&pattern, &name).ok_or_else(|| "syntax error in pattern".to_owned())
}

/// `None` where the pattern is malformed as far as it was looked at.
fn match_here(pattern: &[char], name: &[char]) -> Option<bool> {
    let Some((&first, rest)) = pattern.split_first() else { return Some(name.is_empty()) };
    if first == '*' {
        for skipped in 0..=name.len() {
            if match_here(rest, &name[skipped..])? {
                return Some(true);
            }
            if name.get(skipped).is_none_or(|char| *char == '/') {
                break;
            }
        }
        return Some(false);
    }
    let (fits, rest) = match first {
        '?' => (name.first().is_some_and(|char| *char != '/'), rest),
        '[' => match_set(rest, name.first().copied())?,
        '\\' => {
            let (escaped, rest) = rest.split_first()?;
            (name.first() == Some(escaped), rest)
        }
        plain => (name.first() == Some(&plain), rest),
    };
    if fits { match_here(rest, &name[1..]) } else { Some(false) }
}

/// What follows `[`: whether the character is in the set, and the pattern after it.
fn match_set(pattern: &[char], char: Option<char>) -> Option<(bool, &[char])> {
    let negated = pattern.first() == Some(&'^');
    let mut rest = if negated { &pattern[1..] } else { pattern };
    let (mut found, mut ranges) = (false, 0);
    loop {
        if rest.first() == Some(&']') && ranges > 0 {
            return Some((char.is_some() && found != negated, &rest[1..]));
        }
        let (low, after) = set_member(rest)?;
        let (high, after) = match after.split_first() {
            Some(('-', after)) => set_member(after)?,
            _ => (low, after),
        };
        found |= char.is_some_and(|char| (low..=high).contains(&char));
        ranges += 1;
        rest = after;
    }
}

fn set_member(pattern: &[char]) -> Option<(char, &[char])> {
    match pattern.split_first()? {
        ('-' | ']', _) => None,
        ('\\', rest) => rest.split_first().map(|(char, rest)| (*char, rest)),
        (char, rest) => Some((*char, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, matches};

    #[test]
    fn cleaning() {
        for (path, expected) in [
            ("", "."),
            ("/", "/"),
            ("a//b/./c/", "a/b/c"),
            ("./Caddyfile", "Caddyfile"),
            ("a/../../b", "../b"),
            ("/../a", "/a"),
            ("a/..", "."),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }

    #[test]
    fn matching() {
        for (pattern, name, expected) in [
            ("abc", "abc", Ok(true)),
            ("*", "abc", Ok(true)),
            ("*c", "abc", Ok(true)),
            ("a*", "ab/c", Ok(false)),
            ("a*/b", "a/c/b", Ok(false)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Ok(true)),
            ("ab[b-d]", "abc", Ok(true)),
            ("ab[^b-d]", "abc", Ok(false)),
            ("a?b", "a☺b", Ok(true)),
            ("a?b", "a/b", Ok(false)),
            ("[\\]a]", "]", Ok(true)),
            ("a\\*b", "a*b", Ok(true)),
            ("[]a]", "]", Err(())),
            ("[a-", "a", Err(())),
            ("a[", "a", Err(())),
            ("*x", "xxx", Ok(true)),
        ] {
            assert_eq!(matches(pattern, name).map_err(|_| ()), expected, "{pattern} {name}");
        }
    }
}
