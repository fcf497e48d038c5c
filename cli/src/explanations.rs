//! The pages of the codes, which are built in.

use caddis_grammar::Explanation;

/// The pages, by the first two digits of the codes that they explain. They are tests, too.
static PAGES: &[&str] = &[
    include_str!("../../fixtures/diagnostics/language.md"),
    include_str!("../../fixtures/diagnostics/sites.md"),
    include_str!("../../fixtures/diagnostics/directives.md"),
    include_str!("../../fixtures/diagnostics/matchers.md"),
    include_str!("../../fixtures/diagnostics/options.md"),
    include_str!("../../fixtures/diagnostics/tls.md"),
    include_str!("../../fixtures/diagnostics/modules.md"),
    include_str!("../../fixtures/diagnostics/configurations.md"),
];

/// What the page of a code says.
pub(crate) fn explanation(code: &str) -> Option<Explanation<'static>> {
    let (_, rest) = sections().find(|(known, _)| *known == code)?;
    let (title, text) = rest.split_once('\n')?;
    Some(Explanation { title: title.trim_start_matches(':').trim(), text })
}

/// Code and the rest of its section, beginning with `: title`.
pub(crate) fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    const CODE: usize = "E0000".len();
    PAGES.iter().flat_map(|page| page.split("\n## ").skip(1)).map(|section| section.split_at(CODE))
}
