//! Paths of files below a root folder, safe against requests that try to leave it.

use super::uri;

/// The path of `path` below `root`, cleaned. It never leaves the root lexically; a slash at the end is kept.
pub(crate) fn join(root: &str, path: &str) -> String {
    let rooted = format!("/{}", path.trim_start_matches('/'));
    let cleaned = uri::clean(&rooted, true);
    let relative = cleaned.trim_matches('/');
    let root = if root.is_empty() { "." } else { root };
    let mut joined = clean_root(root);
    if relative.contains('\0') {
        return joined;
    }
    if !relative.is_empty() {
        if joined == "." {
            joined.clear();
        } else if !joined.ends_with('/') {
            joined.push('/');
        }
        joined.push_str(relative);
    }
    if path.ends_with('/') && path.len() > 1 && !joined.ends_with('/') {
        joined.push('/');
    }
    joined
}

/// A folder as Go cleans it: without a slash at its end.
pub(crate) fn clean_root(root: &str) -> String {
    let cleaned = uri::clean(root, true);
    let trimmed = cleaned.trim_end_matches('/');
    let trimmed = if trimmed.is_empty() { "/" } else { trimmed };
    // A relative path may still begin with dots that stand for this folder.
    trimmed.strip_prefix("./").unwrap_or(trimmed).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_stay_below_the_root() {
        for (root, path, joined) in [
            ("", "/", "."),
            ("", "/a", "a"),
            (".", "/a/b", "a/b"),
            ("/srv", "/", "/srv"),
            ("/srv/", "/a", "/srv/a"),
            ("/srv", "a/", "/srv/a/"),
            ("/srv", "/../../etc/passwd", "/srv/etc/passwd"),
            ("/srv", "/a/../..", "/srv"),
            ("/srv", "//a//b/", "/srv/a/b/"),
            ("/", "/a", "/a"),
            ("./public", "/x", "public/x"),
            ("../up", "/x", "../up/x"),
            ("/srv", "/a\0b", "/srv"),
        ] {
            assert_eq!(join(root, path), joined, "{root} {path}");
        }
    }
}
