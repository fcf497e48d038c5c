//! The table `levels` of `caddis.toml`.

use caddis_grammar::Levels;

use super::{Entry, File};
use crate::errors::plugins as errors;

/// The codes of all warnings, sorted.
pub static WARNINGS: &[&str] = &[
    "W0001", "W0002", "W0100", "W0101", "W0102", "W0103", "W0104", "W0105", "W0106", "W0107", "W0108",
    "W0109", "W0110", "W0111", "W0112", "W0113", "W0114", "W0115", "W0116", "W0117", "W0201", "W0202",
    "W0203", "W0204", "W0205", "W0206", "W0207", "W0301", "W0302", "W0303", "W0320", "W0321", "W0322",
    "W0323", "W0350", "W0351", "W0352", "W0401", "W0402", "W0403", "W0404", "W0501", "W0601", "W0720",
    "W0801", "W0802", "W0803",
];

impl File {
    pub(super) fn levels(&mut self, entry: Entry<'_>, levels: &mut Levels) {
        let Ok(table) = self.table("levels", entry) else { return };
        for (code, (span, value)) in self.all(table) {
            let Ok(name) = self.text(code, (span, value)) else { continue };
            let set = name.parse().map_err(|error| (self.span(value.span()), error));
            let set = set.and_then(|level| levels.set(code, level).map_err(|error| (span, error)));
            if let Err((span, message)) = set {
                self.report(errors::bad_level(span, message));
            } else if code != Levels::ALL && !WARNINGS.contains(&code) {
                self.report(errors::unknown_warning(span, code, WARNINGS.iter().copied()));
            }
        }
    }
}
