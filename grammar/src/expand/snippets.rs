//! Snippets: what is kept of their blocks, and which of them do nothing or something else than they seem to.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
};

use crate::{
    BlockKind, Severity, SourceId, Span, errors,
    expand::{Expander, cursor::Tok, import::Import, paths},
};

/// The block of a `(name)`, without the braces.
pub(super) struct Snippet {
    pub(super) tokens: Rc<[Tok]>,
    pub(super) declared: Span,
    /// Some import named it.
    pub(super) is_imported: bool,
    /// An import brought the definition, whose file may serve others that use more of it.
    comes_from_import: bool,
}

impl Expander<'_> {
    pub(super) fn define_snippet(&mut self, key: &Tok, name: &Rc<str>, tokens: Vec<Tok>) {
        let (declared, comes_from_import) = (key.token.span, key.token.origin.is_some());
        let snippet = Snippet { tokens: tokens.into(), declared, is_imported: false, comes_from_import };
        self.snippets.insert(name.clone(), snippet);
    }

    /// Remembers the file that an import would have named if there were no snippet of that name.
    pub(super) fn look_for_hidden_file(&mut self, import: &Import) {
        let pattern = &import.pattern.token;
        let from: SourceId = import.last.token.span.source;
        if !self.looked_for.insert((from, pattern.text.clone()))
            || pattern.text.contains(['*', '?', '[', ']'])
        {
            return;
        }
        let Ok(file) = self.files.absolute(&self.sources.get(from).name) else { return };
        let path = paths::relative_to(&file, &pattern.text);
        // What is no file, or cannot be read, could not have been meant.
        if self.files.glob(&path).is_ok_and(|found| !found.is_empty()) && self.files.read(&path).is_ok() {
            let declared = self.snippets.get(&pattern.text).map(|snippet| snippet.declared);
            let finding = errors::snippet_hides_file(pattern.span, &pattern.text, declared);
            self.hidden.push((path, finding.brought_by(import.keyword.token.origin.clone())));
        }
    }

    /// Reports snippets without a use, those that repeat another, and those that hide a file.
    pub(super) fn judge_snippets(&mut self) {
        for (path, finding) in std::mem::take(&mut self.hidden) {
            if !self.read.contains_key(&path) {
                self.report(finding);
            }
        }
        let mut own: Vec<(Rc<str>, Span, u64)> = self
            .snippets
            .iter()
            .filter(|(_, snippet)| !snippet.comes_from_import)
            .map(|(name, snippet)| (name.clone(), snippet.declared, content(&snippet.tokens)))
            .collect();
        own.sort_unstable_by_key(|(_, declared, _)| *declared);
        let unused = self.unused_snippets();
        let mut first_of: HashMap<u64, (Rc<str>, Span)> = HashMap::new();
        for (name, declared, content) in own {
            if unused.contains(&name) {
                self.report(errors::unused_snippet(declared, &name));
            } else if let Some((first, place)) = first_of.get(&content) {
                self.report(errors::repeated_snippet(declared, &name, first, *place));
            } else {
                first_of.insert(content, (name, declared));
            }
        }
    }

    /// The names of the snippets that nothing imports. None where that cannot be known: a file without sites is a part
    /// of another, and imports that are wrong or depend on their surroundings may come to mean a snippet.
    fn unused_snippets(&self) -> HashSet<Rc<str>> {
        let serves = self.blocks.iter().any(|block| block.kind == BlockKind::Site);
        let is_wrong = self.diagnostics.iter().any(|finding| finding.severity == Severity::Error);
        if !serves || !self.complete || is_wrong {
            return HashSet::new();
        }
        let unused = || self.snippets.iter().filter(|(_, snippet)| !snippet.is_imported);
        // One that is imported by an unused one goes with it.
        let inside = unused().flat_map(|(_, snippet)| {
            let pairs = snippet.tokens.windows(2);
            pairs.filter(|pair| pair[0].text() == "import").map(|pair| pair[1].token.text.clone())
        });
        let inside: HashSet<Rc<str>> = inside.collect();
        unused().map(|(name, _)| name.clone()).filter(|name| !inside.contains(name)).collect()
    }
}

/// What stands in a block, as a number: words, how they are quoted, and where lines end.
fn content(tokens: &[Tok]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (tok, after) in tokens.iter().zip(tokens.iter().skip(1).map(Some).chain([None])) {
        (&tok.token.text, tok.token.quote, after.map(|after| tok.ends_line_before(after))).hash(&mut hasher);
    }
    hasher.finish()
}
