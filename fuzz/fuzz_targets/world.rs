//! One file that can be imported, by itself too, and one variable.

use caddis_grammar::{Environment, Files, ReadError};

/// The text of the file.
pub struct World<'a>(pub &'a str);

impl Files for World<'_> {
    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
    }

    fn glob(&self, pattern: &str) -> Result<Vec<String>, String> {
        Ok(if pattern == "/f" || pattern.contains('*') { vec!["/f".to_owned()] } else { Vec::new() })
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, ReadError> {
        Ok(self.0.as_bytes().to_vec())
    }
}

impl Environment for World<'_> {
    fn var(&self, name: &str) -> Option<String> {
        (name == "X").then(|| "x {\n\t\"".to_owned())
    }
}
