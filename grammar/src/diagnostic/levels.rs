//! How much warnings count: a project may forbid some and be silent about others.

use std::{collections::BTreeMap, str::FromStr};

use super::{Diagnostic, Severity};

/// How much a warning counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It is not shown.
    Allow,
    /// It is shown. The default.
    Warn,
    /// It is an error.
    Deny,
}

/// The names of the levels, as settings and command lines write them.
const LEVELS: [(&str, Level); 3] = [("allow", Level::Allow), ("warn", Level::Warn), ("deny", Level::Deny)];

impl FromStr for Level {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let level = LEVELS.iter().find(|(known, _)| *known == name).map(|&(_, level)| level);
        level.ok_or_else(|| format!("unknown level '{name}': expected allow, warn or deny"))
    }
}

/// Levels by code. Errors have none: a file that cannot be used stays one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    codes: BTreeMap<String, Level>,
    rest: Option<Level>,
}

impl Levels {
    /// The word that stands for every warning whose code has no level of its own.
    pub const ALL: &'static str = "warnings";

    /// Sets the level of a code, or of [`Levels::ALL`]. The last level of a code wins.
    ///
    /// # Errors
    /// A sentence for the user, when `code` is not that of a warning (`W` and four digits).
    pub fn set(&mut self, code: &str, level: Level) -> Result<(), String> {
        if code == Self::ALL {
            self.rest = Some(level);
            return Ok(());
        }
        let is = |letter| {
            code.strip_prefix(letter)
                .is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_digit()))
        };
        if is('E') {
            return Err(format!("{code} is an error, and errors have no level"));
        }
        if !is('W') {
            return Err(format!("'{code}' is no code of a warning: expected for example W0110, or warnings"));
        }
        self.codes.insert(code.to_owned(), level);
        Ok(())
    }

    /// The level of a code.
    #[must_use]
    pub fn get(&self, code: &str) -> Level {
        self.codes.get(code).copied().or(self.rest).unwrap_or(Level::Warn)
    }

    /// Takes over what `later` sets, which wins.
    pub fn extend(&mut self, later: Self) {
        self.codes.extend(later.codes);
        self.rest = later.rest.or(self.rest);
    }

    /// The findings as these levels want them: without the allowed warnings, and with the denied ones as errors.
    #[must_use]
    pub fn apply(&self, findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let level = |finding: &Diagnostic| match finding.severity {
            Severity::Error => Level::Deny,
            Severity::Warning => self.get(finding.code.0),
        };
        let shown = findings.into_iter().filter(|finding| level(finding) != Level::Allow);
        shown
            .map(|finding| match level(&finding) {
                Level::Deny => Diagnostic { severity: Severity::Error, ..finding },
                Level::Allow | Level::Warn => finding,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    fn shown(levels: &Levels) -> Vec<(&'static str, Severity)> {
        let findings = vec![
            Diagnostic::error(Code("E0310"), None, "e"),
            Diagnostic::warning(Code("W0110"), None, "a"),
            Diagnostic::warning(Code("W0111"), None, "b"),
        ];
        levels.apply(findings).iter().map(|finding| (finding.code.0, finding.severity)).collect()
    }

    #[test]
    fn levels_concern_warnings_only() {
        let mut levels = Levels::default();
        let all = [("E0310", Severity::Error), ("W0110", Severity::Warning), ("W0111", Severity::Warning)];
        assert_eq!(shown(&levels), all);
        levels.set("W0110", Level::Deny).unwrap();
        levels.set(Levels::ALL, Level::Allow).unwrap();
        assert_eq!(shown(&levels), [("E0310", Severity::Error), ("W0110", Severity::Error)]);
        assert!(levels.set("E0310", Level::Allow).unwrap_err().contains("errors have no level"));
        assert!(levels.set("W01", Level::Allow).is_err());
    }

    #[test]
    fn the_later_level_wins() {
        let mut levels = Levels::default();
        levels.set("W0110", Level::Deny).unwrap();
        levels.set("W0111", Level::Deny).unwrap();
        let mut later = Levels::default();
        later.set("W0110", "allow".parse().unwrap()).unwrap();
        levels.extend(later);
        assert_eq!((levels.get("W0110"), levels.get("W0111")), (Level::Allow, Level::Deny));
        assert_eq!(levels.get("W0112"), Level::Warn);
        assert!("forbid".parse::<Level>().is_err());
    }
}
