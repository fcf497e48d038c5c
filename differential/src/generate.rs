//! Random Caddyfiles out of the forms of the language.

use crate::{
    language::{Forms, Language},
    random::Random,
    syntax::{Form, Word},
    text::{File, Node},
    values::{quote, value},
};

/// Blocks deeper than this stay empty.
const DEPTH: usize = 6;

/// Directives that shape servers and connections: what comes of them depends on everything else in the file.
const FREQUENT: &[&str] = &[
    "tls",
    "tls",
    "tls",
    "log",
    "bind",
    "handle",
    "handle",
    "route",
    "handle_errors",
    "respond",
    "reverse_proxy",
    "root",
];

/// What stands for the arguments of an import.
const ARGUMENTS: &[&str] = &[
    "{args[0]}",
    "{args[1]}",
    "{args[:]}",
    "{args[1:]}",
    "x{args[0]}y",
    "{args.0}",
    "{args[9]}",
    "{args[:1]}",
    "{args[0]}{args[1]}",
];

const ADDRESSES: &[&str] = &[
    "example.com",
    "a.example.com",
    "b.example.com",
    "*.example.com",
    "example.org",
    "localhost",
    "a.localhost",
    "foo.internal",
    "127.0.0.1",
    "[::1]",
    "10.0.0.1",
    ":80",
    ":443",
    ":8080",
    ":8443",
    "http://",
    "https://",
    "http://a.example.com",
    "https://b.example.com",
    "http://example.org:8080",
    "example.com:8443",
    "example.com:80",
    "https://example.net:8443",
    "http://*.example.com",
    "example.com/path",
    "example.com/path/*",
    "/only/path",
    "EXAMPLE.edu",
    "{env.HOST}",
    "*.*.example.com",
    "*",
    "sub.a.example.com",
    "example.com.",
    "http://:8080",
    "https://:9443",
    "xn--bcher-kva.example",
    "bücher.example",
    "*.internal",
    "[2001:db8::1]:8080",
    "{host}.example",
    "localhost:2015",
    "http://localhost",
    "https://localhost:443",
    "0.0.0.0",
    "example.org:443",
    "a.b.local",
];

/// Makes files, one after the other.
#[derive(Debug)]
pub struct Generator<'a> {
    language: &'a Language,
    random: Random,
    /// The matchers that the site defines.
    matchers: Vec<String>,
    /// The response matchers that the innermost block uses.
    responses: Vec<String>,
}

impl<'a> Generator<'a> {
    /// A generator of the files of a seed.
    #[must_use]
    pub fn new(language: &'a Language, seed: u64) -> Self {
        Self { language, random: Random::new(seed), matchers: Vec::new(), responses: Vec::new() }
    }

    /// One file.
    pub fn file(&mut self) -> File {
        let mut blocks = Vec::new();
        if self.random.chance(45) {
            blocks.push(self.options());
        }
        let snippet = self.random.chance(12).then(|| self.snippet());
        let named = self.random.chance(12);
        blocks.extend(snippet);
        if named {
            blocks.extend(["main", "other"].map(|name| {
                let block = self.directives(2, 1);
                Node::with_block(vec![format!("&({name})")], block)
            }));
        }
        if self.random.chance(4) {
            let pattern = *self.random.pick(&["sites/*.caddy", "sites/one.caddy", "none/*", "sites/*"]);
            blocks.push(Node::line(vec!["import".to_owned(), pattern.to_owned()]));
        }
        let bare = self.random.chance(15);
        let sites = if bare { 1 } else { 1 + self.random.below(4) };
        let mut addresses: Vec<&str> = ADDRESSES.to_vec();
        for _ in 0..sites {
            let has_snippet = blocks.iter().any(|block| block.words == ["(part)"]);
            blocks.push(self.site(&mut addresses, has_snippet));
        }
        File { blocks, bare }
    }

    /// A number for decisions beside the file.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    fn options(&mut self) -> Node {
        let forms: &'a Forms = &self.language.options;
        let count = 1 + self.random.below(5);
        let block = (0..count).map(|_| self.line_of(forms)).collect();
        Node::with_block(Vec::new(), block)
    }

    /// Directives that sites import with an argument and a block.
    fn snippet(&mut self) -> Node {
        let mut block = self.directives(2, 1);
        for node in &mut block {
            if let Some(word) = node.words.get_mut(1).filter(|_| self.random.chance(40)) {
                *word = (*self.random.pick(ARGUMENTS)).to_owned();
            }
        }
        if self.random.chance(40) {
            let word = *self.random.pick(&["{block}", "{block}", "{blocks.one}", "{args[0]}"]);
            let node = Node::line(vec![word.to_owned()]);
            let inside = block.iter_mut().rev().find_map(|node| node.block.as_mut());
            match inside.filter(|_| self.random.chance(30)) {
                Some(inside) => inside.push(node),
                None => block.push(node),
            }
        }
        Node::with_block(vec!["(part)".to_owned()], block)
    }

    fn site(&mut self, addresses: &mut Vec<&str>, has_snippet: bool) -> Node {
        let mut words = Vec::new();
        let count = if self.random.chance(70) { 1 } else { 2 + self.random.below(2) };
        for at in 0..count {
            let index = self.random.below(addresses.len());
            let address = addresses.swap_remove(index);
            words.push(if at + 1 < count { format!("{address},") } else { address.to_owned() });
        }
        self.matchers = (0..self.random.below(3)).map(|at| format!("@m{at}")).collect();
        let mut block: Vec<Node> = Vec::new();
        for name in self.matchers.clone() {
            block.push(self.definition(name));
        }
        let count = 1 + self.random.below(6);
        block.extend(self.directives(count, 0));
        if has_snippet && self.random.chance(60) {
            let import = self.import("part");
            let at = self.random.below(block.len() + 1);
            block.insert(at, import);
        }
        if self.random.chance(4) {
            block.push(self.import("part.caddy"));
        }
        Node::with_block(words, block)
    }

    fn import(&mut self, what: &str) -> Node {
        let mut words = vec!["import".to_owned(), what.to_owned()];
        for _ in 0..self.random.below(4) {
            words.push(value(&mut self.random, "text", ""));
        }
        let block = self.random.chance(40).then(|| {
            let nodes = self.directives(1, 1);
            if self.random.chance(50) { nodes } else { vec![Node::with_block(vec!["one".to_owned()], nodes)] }
        });
        Node { words, block }
    }

    fn definition(&mut self, name: String) -> Node {
        if self.random.chance(12) {
            let expression = value(&mut self.random, "CEL", "");
            let quoted = if expression.contains('`') { expression } else { format!("`{expression}`") };
            return Node::line(vec![name, quoted]);
        }
        let forms: &'a Forms = &self.language.matchers;
        if self.random.chance(60) {
            let mut node = self.line_of(forms);
            node.words.insert(0, name);
            return node;
        }
        let count = 1 + self.random.below(3);
        Node::with_block(vec![name], (0..count).map(|_| self.line_of(forms)).collect())
    }

    fn directives(&mut self, count: usize, depth: usize) -> Vec<Node> {
        let forms: &'a Forms = &self.language.directives;
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(if self.random.chance(30) {
                let name = *self.random.pick(FREQUENT);
                forms
                    .get(name)
                    .map_or_else(|| Node::line(vec![name.to_owned()]), |forms| self.one_of(forms, depth))
            } else {
                let at = self.random.below(forms.len());
                forms
                    .values()
                    .nth(at)
                    .map_or_else(|| Node::line(Vec::new()), |forms| self.one_of(forms, depth))
            });
        }
        nodes
    }

    fn line_of(&mut self, forms: &Forms) -> Node {
        let at = self.random.below(forms.len());
        forms.values().nth(at).map_or_else(|| Node::line(Vec::new()), |forms| self.one_of(forms, 0))
    }

    fn one_of(&mut self, forms: &[Form], depth: usize) -> Node {
        let form = &forms[self.random.below(forms.len())];
        self.form(form, depth)
    }

    fn form(&mut self, form: &Form, depth: usize) -> Node {
        if let Some(Word::Literal(name)) = form.line.first().filter(|word| is_response_matcher(word)) {
            return self.response_matcher(name.replace("name", "r0"));
        }
        if form.line.last() == Some(&Word::Rest)
            && let Some(modules) = self.language.modules_of(&form.line)
        {
            return self.module_line(form, modules, depth);
        }
        let name = match form.line.first() {
            Some(Word::Literal(name)) => name.clone(),
            _ => String::new(),
        };
        let mut words = Vec::new();
        let mut instead = false;
        for word in &form.line {
            self.word(word, &name, &mut words, &mut instead);
        }
        // Caddy's formatter loses its way over a backtick at the start of a line: see `fixtures/differences.md`.
        if let Some(first) = words.first_mut().filter(|first| first.starts_with('`')) {
            *first = format!("\"{}\"", first.trim_matches('`').replace('"', "\\\""));
        }
        let mut node = Node::line(words);
        if let Some(inner) = &form.block
            && depth < DEPTH
            && (instead || self.random.chance(75) || form.line.len() == 1)
        {
            node.block = Some(self.block(&name, inner, depth + 1));
        }
        node
    }

    fn block(&mut self, name: &str, forms: &[Form], depth: usize) -> Vec<Node> {
        if let [Form { line, .. }] = forms
            && let [Word::Many(one)] = &line[..]
        {
            let count = self.random.below(4);
            match &**one {
                Word::Value(kind) if kind == "directives" => return self.directives(count, depth),
                Word::Value(kind) if kind == "matchers" => {
                    let matchers: &'a Forms = &self.language.matchers;
                    return (0..=count).map(|_| self.line_of(matchers)).collect();
                }
                _ => {}
            }
        }
        if let [Form { line, .. }] = forms
            && line[..] == [Word::Rest]
        {
            let inner: &'a [Form] = self.language.block_of(name).unwrap_or_default();
            return if inner.is_empty() { Vec::new() } else { self.block(name, inner, depth) };
        }
        let outer = std::mem::take(&mut self.responses);
        let mut nodes: Vec<Node> = Vec::new();
        // Blocks of directives are what a line is about, and often must be there.
        for form in forms.iter().filter(|form| form.block.as_deref().is_some_and(are_directives)) {
            if self.random.chance(60) {
                nodes.push(self.form(form, depth));
            }
        }
        for _ in 0..self.random.below(5) {
            let form = &forms[self.random.below(forms.len())];
            // The lines of the directive that this one extends.
            if form.line[..] == [Word::Rest] {
                let proxy = self.language.directives.get("reverse_proxy").and_then(|forms| forms.first());
                let inner: &'a [Form] = proxy.and_then(|form| form.block.as_deref()).unwrap_or_default();
                let form = &inner[self.random.below(inner.len())];
                nodes.push(self.form(form, depth));
            } else {
                nodes.push(self.form(form, depth));
            }
        }
        for name in std::mem::replace(&mut self.responses, outer) {
            if !nodes.iter().any(|node| node.words.first() == Some(&name)) {
                let definition = self.response_matcher(name);
                nodes.insert(0, definition);
            }
        }
        nodes
    }

    /// A line that goes on with what a module takes.
    fn module_line(&mut self, form: &Form, modules: &Forms, depth: usize) -> Node {
        let mut words = Vec::new();
        let mut instead = false;
        if let Some(first) =
            form.line.first().filter(|_| form.line.len() > 2 || !matches!(form.line[0], Word::Value(_)))
        {
            self.word(first, "", &mut words, &mut instead);
        }
        let mut node = if depth < DEPTH { self.module_of(modules, depth) } else { Node::line(Vec::new()) };
        words.append(&mut node.words);
        Node { words, block: node.block }
    }

    fn module_of(&mut self, modules: &Forms, depth: usize) -> Node {
        let at = self.random.below(modules.len());
        modules.values().nth(at).map_or_else(|| Node::line(Vec::new()), |forms| self.one_of(forms, depth + 1))
    }

    fn response_matcher(&mut self, name: String) -> Node {
        let line = |generator: &mut Self| {
            let random = &mut generator.random;
            Node::line(if random.chance(50) {
                vec!["status".to_owned(), (*random.pick(&["200", "2xx", "404", "5xx", "301 302"])).to_owned()]
            } else {
                vec!["header".to_owned(), value(random, "field", "x"), value(random, "text", "x")]
            })
        };
        if self.random.chance(60) {
            let mut node = line(self);
            node.words.insert(0, name);
            return node;
        }
        let count = self.random.below(3);
        Node::with_block(vec![name], (0..count).map(|_| line(self)).collect())
    }

    fn word(&mut self, word: &Word, line: &str, words: &mut Vec<String>, instead: &mut bool) {
        match word {
            Word::Literal(text) if is_response_matcher(word) => {
                let name = text.replace("name", if self.random.chance(50) { "r0" } else { "r1" });
                if !self.responses.contains(&name) {
                    self.responses.push(name.clone());
                }
                words.push(name);
            }
            Word::Literal(text) => words.push(text.clone()),
            Word::Value(kind) => self.value(kind, line, words),
            Word::Optional(choices) => {
                if self.random.chance(50) {
                    let choice = &choices[self.random.below(choices.len())];
                    for word in choice {
                        self.word(word, line, words, instead);
                    }
                }
            }
            Word::Either(choices) => {
                let choice = &choices[self.random.below(choices.len())];
                self.word(choice, line, words, instead);
            }
            Word::Many(one) => {
                for _ in 0..=self.random.below(3) {
                    self.word(one, line, words, instead);
                }
            }
            Word::Glued(parts) => {
                let mut glued = String::new();
                for part in parts {
                    if *part == Word::OrBlock {
                        *instead = self.random.chance(50);
                        if *instead {
                            return;
                        }
                        continue;
                    }
                    let mut inner = Vec::new();
                    self.word(part, line, &mut inner, instead);
                    glued.extend(inner.iter().map(|word| bare(word)));
                }
                words.push(quote(&mut self.random, &glued));
            }
            Word::Rest => words.push(quote(&mut self.random, "mock")),
            Word::OrBlock => {}
        }
    }

    fn value(&mut self, kind: &str, line: &str, words: &mut Vec<String>) {
        match kind {
            "matcher" if matches!(line, "not" | "lb_retry_match") => {
                let forms: &'a Forms = &self.language.matchers;
                words.extend(self.line_of(forms).words);
            }
            "matcher" => match self.random.below(10) {
                0 => words.push("*".to_owned()),
                1..5 if !self.matchers.is_empty() => words.push(self.random.pick(&self.matchers).clone()),
                _ => words.push(value(&mut self.random, "path", line)),
            },
            "response matcher" => {
                let node = self.response_matcher(String::new());
                words.extend(node.words.into_iter().skip(1));
            }
            "operation" => {
                words.extend(
                    ["a", "b c"].iter().take(1 + self.random.below(2)).map(|word| (*word).to_owned()),
                );
            }
            // What the matcher before it takes is in its own form already.
            "arguments" if line == "not" => {}
            _ => words.push(value(&mut self.random, kind, line)),
        }
    }
}

/// What a word says.
fn bare(word: &str) -> String {
    match word.chars().next() {
        Some('`') => word.trim_matches('`').to_owned(),
        Some('"') => word[1..].trim_end_matches('"').replace("\\\"", "\""),
        _ => word.to_owned(),
    }
}

fn is_response_matcher(word: &Word) -> bool {
    matches!(word, Word::Literal(text) if text == "@name")
}

/// Whether a block takes any directives.
fn are_directives(block: &[Form]) -> bool {
    let [Form { line, .. }] = block else { return false };
    matches!(&line[..], [Word::Many(one)] if matches!(&**one, Word::Value(kind) if kind == "directives"))
}
