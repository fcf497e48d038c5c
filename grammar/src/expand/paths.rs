//! Paths as Go's `path/filepath` sees them on Unix; only text, the disk is never asked.

/// The shortest path that means the same: no `.`, no `//`, and `..` resolved where possible. Empty becomes `.`.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
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

/// All but the last element of a path.
pub(crate) fn dir(path: &str) -> String {
    clean(&path[..path.rfind('/').map_or(0, |at| at + 1)])
}

/// `pattern` as seen from the folder of `file`; an absolute pattern stays as it is.
pub(crate) fn relative_to(file: &str, pattern: &str) -> String {
    if pattern.starts_with('/') { pattern.to_owned() } else { clean(&format!("{}/{pattern}", dir(file))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_like_in_go() {
        for (path, expected) in [
            ("", "."),
            ("/", "/"),
            ("/..", "/"),
            ("a//b/./c", "a/b/c"),
            ("a/../..", ".."),
            ("../../x", "../../x"),
            ("/a/b/../c/", "/a/c"),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }

    #[test]
    fn a_pattern_is_relative_to_the_importing_file() {
        assert_eq!(relative_to("/etc/caddy/Caddyfile", "sites/*"), "/etc/caddy/sites/*");
        assert_eq!(relative_to("/etc/caddy/Caddyfile", "../x"), "/etc/x");
        assert_eq!(relative_to("/etc/caddy/Caddyfile", "/y/./z"), "/y/./z");
    }
}
