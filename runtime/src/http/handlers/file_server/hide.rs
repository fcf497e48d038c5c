//! Files that are treated as if they did not exist.

use std::path::Path;

use crate::{glob, http::uri};

/// Names and paths to hide.
#[derive(Debug, Default)]
pub(super) struct Hide(Vec<Pattern>);

#[derive(Debug)]
enum Pattern {
    /// Fits any element of a path.
    Name(String),
    /// An absolute path: hides it and what is below it.
    Path(String),
}

impl Hide {
    /// A text with a slash is a path, relative to the working folder; one without is a name.
    pub(super) fn new(patterns: Vec<String>) -> Self {
        let patterns = patterns.into_iter().filter(|pattern| !pattern.is_empty());
        Self(
            patterns
                .map(|p| if p.contains('/') { Pattern::Path(absolute(&p)) } else { Pattern::Name(p) })
                .collect(),
        )
    }

    /// Whether the file is hidden.
    pub(super) fn hides(&self, file: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let file = absolute(file);
        self.0.iter().any(|pattern| match pattern {
            Pattern::Name(name) => {
                file.split('/').any(|element| glob::matches(name, element)) || glob::matches(name, &file)
            }
            Pattern::Path(path) => {
                file.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
                    || glob::matches(path, &file)
            }
        })
    }
}

fn absolute(path: &str) -> String {
    let absolute = match std::env::current_dir() {
        Ok(folder) if !path.starts_with('/') => Path::new(&folder).join(path).to_string_lossy().into_owned(),
        _ => path.to_owned(),
    };
    let cleaned = uri::clean(&absolute, true);
    if cleaned.len() > 1 { cleaned.trim_end_matches('/').to_owned() } else { cleaned.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::Hide;

    #[test]
    fn names_and_paths() {
        for (pattern, file, hidden) in [
            (".git", "/srv/.git/config", true),
            (".git", "/srv/.gitignore", false),
            (".*", "/srv/a/.env", true),
            ("*.php", "/srv/a.php", true),
            ("/srv/secret", "/srv/secret", true),
            ("/srv/secret", "/srv/secret/a", true),
            ("/srv/secret", "/srv/secrets", false),
            ("/srv/secret/", "/srv/secret/a", true),
            ("/srv/*.txt", "/srv/a.txt", true),
            ("/srv/*.txt", "/srv/a/b.txt", false),
        ] {
            assert_eq!(Hide::new(vec![pattern.to_owned()]).hides(file), hidden, "{pattern} {file}");
        }
        let relative = Hide::new(vec!["./Caddyfile".to_owned()]);
        assert!(relative.hides("Caddyfile") && !relative.hides("sub/Caddyfile"));
    }
}
