//! What is wrong with a configuration, and where in its JSON.

use std::fmt;

/// An error at one place of the JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// JSON pointer (RFC 6901) to the offending value; empty for the whole document.
    pub path: String,
    /// What is wrong there, in Caddy's words where they are good.
    pub message: String,
}

impl ConfigError {
    /// An error at the value being looked at; callers prepend where that is.
    pub fn new(message: impl Into<String>) -> Self {
        Self { path: String::new(), message: message.into() }
    }

    /// The same error seen from the object or array around it.
    #[must_use]
    pub fn within(mut self, key: impl fmt::Display) -> Self {
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        self.path = format!("/{key}{}", self.path);
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for ConfigError {}
