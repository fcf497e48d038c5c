//! Findings of several configurations in one report, each told once.

use std::collections::BTreeSet;

use caddis_grammar::{Diagnostic, Severity, Sources};

use crate::project::shortened;

/// All that is found in a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) sources: Sources,
    told: BTreeSet<(String, u32, u32, &'static str, String)>,
}

impl Report {
    /// Adds the findings of one configuration. What another said already, of a file that both import, is left out.
    pub(crate) fn add(&mut self, findings: Vec<Diagnostic>, sources: &Sources) {
        let here = std::env::current_dir().unwrap_or_default();
        let findings = self.sources.absorb(sources, findings, |name| shortened(name, &here));
        for finding in findings {
            let place = finding.span.map_or_else(Default::default, |span| {
                (self.sources.get(span.source).name.clone(), span.start, span.end)
            });
            let key = (place.0, place.1, place.2, finding.code.0, finding.message.clone());
            if finding.span.is_none() || self.told.insert(key) {
                self.findings.push(finding);
            }
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}
