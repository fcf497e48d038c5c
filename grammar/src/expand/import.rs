//! `import`: a snippet or files in place of the statement that names them.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use crate::{
    Diagnostic, Origin, OriginKind, ReadError, SourceId, Span, Token, errors,
    expand::{
        Expander,
        arguments::{Arguments, Placeholder},
        cursor::{Cursor, Link, Tok},
        paths,
    },
    suggest,
};

/// An `import` statement.
pub(super) struct Import {
    pub(super) keyword: Tok,
    pub(super) pattern: Tok,
    arguments: Arguments,
    has_block: bool,
    /// Everything in the block after it.
    block: Vec<Tok>,
    /// The same by the first word of each line.
    blocks: HashMap<Rc<str>, Vec<Tok>>,
    /// Its last token, where Caddy sees the whole statement.
    pub(super) last: Tok,
}

/// What an import found.
struct Found {
    kind: OriginKind,
    tokens: Vec<Tok>,
    /// The nodes of the import graph.
    nodes: Vec<String>,
}

/// How many words imports may bring: far more than people need who give thousands of sites a snippet, in proportion to what
/// they wrote. Whoever wants more wants to exhaust the memory.
const FREE_WORDS: usize = 200_000;
const WORDS_A_BYTE: usize = 16;
/// The same for the bytes of words with arguments in them.
const FREE_BYTES: usize = 16 << 20;
const BYTES_A_BYTE: usize = 100;

impl Expander<'_> {
    /// Replaces the import statement at the cursor by what it imports. `depth` is 0 where site addresses stand and
    /// 1 everywhere else.
    pub(super) fn import(&mut self, depth: i32) {
        let before = self.cursor.last().cloned();
        if let Some(import) = self.import_statement() {
            self.replace(import, before, depth);
        }
    }

    /// The same in a named route, where Caddy takes an import with a block for a directive by this name.
    pub(super) fn import_in_route(&mut self) {
        let before = self.cursor.last().cloned();
        if let Some(import) = self.import_statement() {
            if import.has_block {
                self.report(errors::import_block_in_route(import.keyword.token.span));
            }
            self.replace(import, before, 1);
        }
    }

    fn replace(&mut self, import: Import, before: Option<Tok>, depth: i32) {
        let tokens = self.imported_tokens(&import, depth).unwrap_or_default();
        // Caddy forgets an import statement, but not one with a block.
        let last = if import.has_block { Some(import.pattern) } else { before };
        self.cursor.insert(tokens, last);
    }

    fn imported_tokens(&mut self, import: &Import, depth: i32) -> Option<Vec<Tok>> {
        self.complete &= !self.sources.has_variable(import.pattern.token.span);
        let snippet = self.snippets.get_mut(&*import.pattern.token.text);
        let found = match snippet {
            Some(snippet) => {
                snippet.is_imported = true;
                let tokens = snippet.tokens.to_vec();
                self.look_for_hidden_file(import);
                let nodes = tokens.first().map(|tok| self.node(tok)).into_iter().collect();
                Found { kind: OriginKind::Snippet(import.pattern.text().into()), tokens, nodes }
            }
            None => self.files(import)?,
        };
        let from = self.node(&import.last);
        if let Err(to) = self.imports.add(&from, &found.nodes) {
            self.report_import(import, |span| errors::import_cycle(span, &from, to));
            return None;
        }
        let size = found.tokens.len() + import.block.len() + 1;
        if !self.has_room(import, size, 0) {
            return None;
        }
        Some(self.substitute(import, found, depth))
    }

    /// Counts words and bytes that an import brings. Whether all imports together are within bounds; the first that is
    /// not is reported, because every further one fails for the same reason.
    fn has_room(&mut self, import: &Import, words: usize, bytes: usize) -> bool {
        self.imported = self.imported.saturating_add(words);
        self.substituted = self.substituted.saturating_add(bytes);
        let max_words = FREE_WORDS + self.written.saturating_mul(WORDS_A_BYTE);
        let max_bytes = FREE_BYTES + self.written.saturating_mul(BYTES_A_BYTE);
        let (limit, unit) = if self.imported > max_words {
            (max_words, "words")
        } else if self.substituted > max_bytes {
            (max_bytes, "bytes")
        } else {
            return true;
        };
        if !std::mem::replace(&mut self.exhausted, true) {
            self.report_import(import, |span| errors::import_too_much(span, limit, unit));
        }
        false
    }

    /// The name of the file, or the snippet in it, that a token belongs to.
    fn node(&self, tok: &Tok) -> String {
        let file = &self.sources.get(tok.token.span.source).name;
        match &tok.snippet {
            Some(snippet) => format!("{file}:{snippet}"),
            None => file.clone(),
        }
    }

    /// Reports at the pattern of an import, or at its last word where Caddy names another line.
    fn report_import(&mut self, import: &Import, diagnostic: impl FnOnce(Span) -> Diagnostic) {
        let (pattern, last) = (&import.pattern.token, &import.last.token);
        let diagnostic = if pattern.line == last.line || pattern.span.source != last.span.source {
            diagnostic(pattern.span)
        } else {
            diagnostic(last.span).label(pattern.span, "imported here")
        };
        self.report(diagnostic.brought_by(import.keyword.token.origin.clone()));
    }

    /// Takes the whole statement; `None` if it is wrong.
    fn import_statement(&mut self) -> Option<Import> {
        let keyword = self.cursor.next()?;
        let pattern = self.cursor.next_argument();
        let mut values = Vec::new();
        while let Some(argument) = self.cursor.next_argument() {
            values.push(argument.text().to_owned());
        }
        let taken = self.cursor.next_block();
        let last = self.cursor.last()?.clone();
        let Some(pattern) = pattern else {
            self.report_at(&keyword, errors::import_without_pattern);
            return None;
        };
        if pattern.text().is_empty() {
            self.report_at(&pattern, errors::import_empty_pattern);
            return None;
        }
        let mut block = Vec::new();
        let has_block = taken.is_some();
        if let Some(taken) = taken {
            if !taken.closed {
                let open = taken.open.token.span;
                self.report_at(&last, |span| errors::missing_last_brace(span, open));
            }
            block = taken.tokens;
        }
        let mut blocks = HashMap::new();
        let mut parts = Cursor::new(block.clone());
        while let Some(key) = parts.next() {
            if key.opens() {
                self.report_at(&last, errors::import_anonymous_block);
                return None;
            }
            let mut part = Vec::new();
            while let Some(argument) = parts.next_argument() {
                part.push(argument);
            }
            part.extend(parts.next_block().into_iter().flat_map(|taken| taken.tokens));
            blocks.insert(key.token.text.clone(), part);
        }
        Some(Import { keyword, pattern, arguments: Arguments { values }, has_block, block, blocks, last })
    }

    /// The tokens of the files that an import names.
    fn files(&mut self, import: &Import) -> Option<Found> {
        let pattern = import.pattern.text();
        let file = self.sources.get(import.last.token.span.source).name.clone();
        let absolute = match self.files.absolute(&file) {
            Ok(absolute) => absolute,
            Err(error) => {
                self.report_import(import, |span| errors::import_no_absolute_path(span, &file, &error));
                return None;
            }
        };
        let glob = paths::relative_to(&absolute, pattern);
        let count = |wildcard| glob.matches(wildcard).count();
        if count('*') > 1 || count('?') > 1 || (glob.contains('[') && glob.contains(']')) {
            self.report_import(import, |span| errors::import_wildcards(span, &glob));
            return None;
        }
        let mut paths = match self.files.glob(&glob) {
            Ok(paths) => paths,
            Err(error) => {
                self.report_import(import, |span| errors::import_bad_pattern(span, pattern, &error));
                return None;
            }
        };
        if paths.is_empty() {
            if glob.contains(['*', '?', '[', ']']) {
                self.complete = false;
                self.report_import(import, |span| errors::import_no_match(span, pattern));
            } else {
                self.report_not_found(import);
                return None;
            }
        }
        let last_element = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        if last_element(&glob).starts_with('*') {
            paths.retain(|path| !last_element(path).starts_with('.'));
        }
        let mut tokens = Vec::new();
        for path in &paths {
            tokens.extend(self.file(import, path)?);
        }
        Some(Found { kind: OriginKind::File, tokens, nodes: paths })
    }

    fn report_not_found(&mut self, import: &Import) {
        let pattern = import.pattern.text();
        let mut names: Vec<String> = self.snippets.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        let later = format!("({pattern})");
        if self.cursor.comes(&later) {
            return self.report_import(import, |span| errors::import_before_snippet(span, pattern));
        }
        let similar = suggest(pattern, names.iter().map(String::as_str));
        self.report_import(import, |span| errors::import_not_found(span, pattern, similar));
    }

    /// The tokens of one file; `None` if there is anything wrong with it.
    fn file(&mut self, import: &Import, path: &str) -> Option<Vec<Tok>> {
        let id = self.source(import, path)?;
        if self.sources.get(id).text.trim().is_empty() {
            self.report_import(import, |span| errors::import_empty_file(span, path));
            return Some(Vec::new());
        }
        let (tokens, problems, _) = self.tokens(id, &mut |_| ());
        for problem in problems {
            if problem.severity == crate::Severity::Warning {
                self.report(problem);
                continue;
            }
            self.report_import(import, |span| {
                let diagnostic = errors::import_unreadable(span, path, &problem.message);
                match problem.span {
                    Some(span) => diagnostic.label(span, problem.message.clone()),
                    None => diagnostic,
                }
            });
        }
        Some(tokens)
    }

    /// The source of a path, read on first use.
    fn source(&mut self, import: &Import, path: &str) -> Option<SourceId> {
        let absolute = match self.files.absolute(path) {
            Ok(absolute) => absolute,
            Err(error) => {
                self.report_import(import, |span| errors::import_no_absolute_path(span, path, &error));
                return None;
            }
        };
        if let Some(&id) = self.read.get(&absolute) {
            return Some(id);
        }
        let error = match self.files.read(path) {
            Ok(bytes) => {
                self.written += bytes.len();
                let id = self.sources.add(absolute.clone(), text(&bytes));
                self.read.insert(absolute, id);
                return Some(id);
            }
            Err(ReadError::NotFound) => format!("open {path}: no such file or directory"),
            Err(ReadError::IsDirectory) => "is a directory".to_owned(),
            Err(ReadError::Other(error)) => error,
        };
        self.report_import(import, |span| errors::import_failed(span, path, &error));
        None
    }

    /// Replaces arguments and blocks in what was imported. Definitions of snippets are left alone: their placeholders
    /// are for those who import them.
    fn substitute(&mut self, import: &Import, found: Found, mut depth: i32) -> Vec<Tok> {
        let Token { span, line, .. } = import.last.token;
        let origin = Arc::new(Origin {
            kind: found.kind,
            at: import.keyword.token.span.to(import.pattern.token.span),
            parent: import.keyword.token.origin.clone(),
        });
        let mut link: Option<Rc<Link>> = None;
        let mut out: Vec<Tok> = Vec::with_capacity(found.tokens.len());
        let mut notices = Vec::new();
        let mut index = 0;
        let mut names_snippet = false;
        let mut in_snippet = false;
        for mut tok in found.tokens {
            let known = link
                .take()
                .filter(|link| link.parent == tok.chain && link.snippet == tok.snippet)
                .unwrap_or_else(|| {
                    let (parent, snippet) = (tok.chain.clone(), tok.snippet.clone());
                    Rc::new(Link { source: span.source, line, snippet, parent })
                });
            tok.chain = Some(known.clone());
            tok.token.origin = Some(origin.clone());
            link = Some(known);

            if !in_snippet && depth == 0 {
                let new_line = out.last().is_none_or(|last| last.ends_line_before(&tok));
                index = if new_line { 0 } else { index + 1 };
                let text = tok.text();
                if index == 0 && text.len() >= 3 && text.starts_with('(') && text.ends_with(')') {
                    names_snippet = true;
                }
            }
            if tok.opens() {
                depth += 1;
                if index == 1 && names_snippet && depth == 1 {
                    in_snippet = true;
                    names_snippet = false;
                }
            } else if tok.closes() {
                depth -= 1;
                in_snippet &= depth != 0;
            }
            if in_snippet {
                out.push(tok);
                continue;
            }

            let reported = notices.len();
            let (words, bytes) = import.growth(&tok);
            if !self.has_room(import, words, bytes) {
                break;
            }
            match import.arguments.placeholder(tok.text(), tok.token.span, &mut notices) {
                Placeholder::Block => out.extend_from_slice(&import.block),
                Placeholder::Blocks(key) => out.extend(import.blocks.get(key).into_iter().flatten().cloned()),
                Placeholder::Arguments(range) => {
                    for value in &import.arguments.values[range] {
                        tok.token.text = value.as_str().into();
                        out.push(tok.clone());
                    }
                }
                Placeholder::None => {
                    if let Some(text) = import.arguments.replace(tok.text(), tok.token.span, &mut notices) {
                        tok.token.text = text.into();
                    }
                    out.push(tok);
                }
            }
            for notice in &mut notices[reported..] {
                notice.origin = Some(origin.clone());
            }
        }
        for notice in notices {
            self.report(notice);
        }
        out
    }
}

impl Import {
    /// The most words that may take the place of a word, and the most bytes, where arguments are replaced in it.
    fn growth(&self, tok: &Tok) -> (usize, usize) {
        let text = tok.text();
        let values = &self.arguments.values;
        match text {
            _ if !text.contains('{') => (0, 0),
            "{block}" => (self.block.len(), 0),
            _ if text.starts_with("{blocks.") => (self.block.len(), 0),
            _ => {
                let longest = values.iter().map(String::len).max().unwrap_or_default();
                let placeholders = text.matches("{args").count();
                (if placeholders == 0 { 0 } else { values.len() }, placeholders.saturating_mul(longest))
            }
        }
    }
}

/// The bytes of a file as text. As in Go, each byte that is not UTF-8 becomes U+FFFD.
fn text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}
