//! The language as the pages under `fixtures/` show it: a syntax box for every directive, matcher, option and module.
//!
//! Tests of the adapter hold the boxes and the tables it reads by together, so that what is added there is generated
//! here.

use std::{collections::BTreeMap, fs, io, path::Path};

use crate::syntax::{Form, Word, forms};

/// The forms of each name.
pub type Forms = BTreeMap<String, Vec<Form>>;

/// Everything that has a page.
#[derive(Debug)]
pub struct Language {
    /// Directives.
    pub directives: Forms,
    /// Request matchers.
    pub matchers: Forms,
    /// Global options.
    pub options: Forms,
    /// Options of `servers`.
    pub servers: Forms,
    /// Modules by the folder of their namespace. The forms begin with the module's name.
    pub modules: BTreeMap<String, Forms>,
    /// The folder of the namespace that a line chooses a module from, by the line's first word.
    owners: BTreeMap<String, String>,
}

/// Lines and placeholders that name a module of the same kind as another line.
const SAME_KIND: &[(&str, &str)] = &[
    ("ca", "trust_pool"),
    ("cert_issuer", "issuer"),
    ("fallback", "lb_policy"),
    ("source", "trust_pool"),
    ("tls_trust_pool", "trust_pool"),
    ("wrap", "format"),
    ("<source>", "dynamic"),
];

/// Placeholders for modules whose own box does not begin with the line that names them.
const KINDS: &[(&str, &str)] = &[
    ("<filter>", "logging/encoders/filter"),
    ("<loader>", "tls/leaf_cert_loader"),
    ("<wrapper>", "listeners"),
];

/// Lines that Caddy does not know.
const OURS: &[&str] = &[
    "enable_webtransport",
    "lb_retry_budget",
    "lb_try_max_interval",
    "mirror",
    "reuse_connections",
    "stream_detached",
    "stream_logs",
    "webtransport",
];

/// Directives under former names.
const FORMER_DIRECTIVES: &[(&str, &str)] = &[
    ("basicauth", "basicauth [<matcher>] [bcrypt|argon2id [<realm>]] {\n\t<user> <hash>\n}"),
    ("skip_log", "skip_log [<matcher>]"),
];

const FORMER_PROXY: &str = "health_path <path>";
const FORMER_SERVERS: &str = "metrics { ... }";
const FORMER_TRANSPORT: &str = "forward_proxy_url <url>\ntls_trusted_ca_certs <files...>";
const FORMER_TRUST: &str = "trusted_ca_cert <certificates>\ntrusted_leaf_cert <certificates>\n\
                            trusted_ca_cert_file <file>\ntrusted_leaf_cert_file <file>";

impl Language {
    /// The same without what Caddy does not know.
    #[must_use]
    pub fn common(mut self) -> Self {
        let tables = [&mut self.directives, &mut self.matchers, &mut self.options, &mut self.servers];
        for table in tables.into_iter().chain(self.modules.values_mut()) {
            table.retain(|name, _| !OURS.contains(&name.as_str()));
            table.values_mut().for_each(cut_ours);
        }
        self
    }

    /// The same with what is still read although no page shows it any more.
    #[must_use]
    pub fn with_former(mut self) -> Self {
        for (name, text) in FORMER_DIRECTIVES {
            self.directives.insert((*name).to_owned(), forms(text));
        }
        let transports = self.modules.get_mut("http/reverse_proxy/transport");
        let transport = transports.and_then(|transports| transports.get_mut("http"));
        add(self.directives.get_mut("reverse_proxy"), &[], FORMER_PROXY);
        add(self.directives.get_mut("tls"), &["client_auth"], FORMER_TRUST);
        add(self.options.get_mut("servers"), &[], FORMER_SERVERS);
        add(transport, &[], FORMER_TRANSPORT);
        self
    }

    /// Reads the pages of a folder.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn read(fixtures: &Path) -> io::Result<Self> {
        let mut modules = BTreeMap::new();
        read_modules(&fixtures.join("modules"), "", &mut modules)?;
        let mut owners = BTreeMap::new();
        for (namespace, of_namespace) in &mut modules {
            for (name, forms) in of_namespace {
                for form in forms {
                    if let Some(owner) = cut_owner(form, name) {
                        owners.insert(owner, namespace.clone());
                    }
                }
            }
        }
        for (name, like) in SAME_KIND {
            if let Some(namespace) = owners.get(*like).cloned() {
                owners.insert((*name).to_owned(), namespace);
            }
        }
        owners.extend(KINDS.iter().map(|(name, namespace)| ((*name).to_owned(), (*namespace).to_owned())));
        Ok(Self {
            directives: read_folder(&fixtures.join("directives"))?,
            matchers: read_folder(&fixtures.join("matchers"))?,
            options: read_folder(&fixtures.join("options"))?,
            servers: read_folder(&fixtures.join("options/servers"))?,
            modules,
            owners,
        })
    }

    /// The pages of this repository.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn of_this_repository() -> io::Result<Self> {
        Self::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures"))
    }

    /// The modules that a line chooses from.
    #[must_use]
    pub fn modules_of(&self, line: &[Word]) -> Option<&Forms> {
        let by_name = line.first().and_then(|word| self.owners.get(&spelling(word)));
        let before = line.iter().rev().find(|word| **word != Word::Rest);
        let namespace = by_name.or_else(|| before.and_then(|word| self.owners.get(&spelling(word))))?;
        self.modules.get(namespace)
    }

    /// What stands in a block that a box shows as `{ ... }`: it is told on another page.
    #[must_use]
    pub fn block_of(&self, name: &str) -> Option<&[Form]> {
        let log =
            || self.directives.get("log")?.first()?.block.as_ref()?.iter().find(|form| form.is_called(name));
        let listeners = || self.modules.get("listeners")?.get(name)?.first();
        let form = self.servers.get(name).and_then(|forms| forms.first()).or_else(listeners).or_else(log)?;
        form.block.as_deref()
    }
}

impl Form {
    /// Whether the line begins with this word.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        matches!(self.line.first(), Some(Word::Literal(first)) if first == name)
    }
}

fn spelling(word: &Word) -> String {
    match word {
        Word::Literal(text) => text.clone(),
        Word::Value(name) => format!("<{name}>"),
        _ => String::new(),
    }
}

/// Adds lines to the block of the first form, or of the line that names lead to inside it.
fn add(to: Option<&mut Vec<Form>>, names: &[&str], lines: &str) {
    let mut block = to.and_then(|forms| forms.first_mut()?.block.as_mut());
    for name in names {
        block = block.and_then(|block| block.iter_mut().find(|form| form.is_called(name))?.block.as_mut());
    }
    if let Some(block) = block {
        block.extend(forms(lines));
    }
}

fn cut_ours(forms: &mut Vec<Form>) {
    forms.retain(|form| !OURS.iter().any(|name| form.is_called(name)));
    forms.iter_mut().filter_map(|form| form.block.as_mut()).for_each(cut_ours);
}

/// Cuts what stands before a module's name; gives it if it is a word.
fn cut_owner(form: &mut Form, name: &str) -> Option<String> {
    let at = form.line.iter().position(|word| matches!(word, Word::Literal(text) if text == name))?;
    let before: Vec<Word> = form.line.drain(..at).collect();
    match before.first()? {
        Word::Literal(owner) => Some(owner.clone()),
        _ => None,
    }
}

fn read_modules(folder: &Path, namespace: &str, modules: &mut BTreeMap<String, Forms>) -> io::Result<()> {
    let forms = read_folder(folder)?;
    if !forms.is_empty() {
        modules.insert(namespace.to_owned(), forms);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let inner = if namespace.is_empty() { name } else { format!("{namespace}/{name}") };
            read_modules(&path, &inner, modules)?;
        }
    }
    Ok(())
}

fn read_folder(folder: &Path) -> io::Result<Forms> {
    let mut found = Forms::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path)?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(name, syntax_box(&text).map(forms).unwrap_or_default());
        }
    }
    Ok(found)
}

fn syntax_box(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("```text\n")?;
    rest.split("```").next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_shows_a_form() {
        let language = Language::of_this_repository().unwrap();
        let all = [&language.directives, &language.matchers, &language.options, &language.servers];
        for (name, forms) in all.into_iter().chain(language.modules.values()).flatten() {
            assert!(forms.iter().all(|form| form.is_called(name)) && !forms.is_empty(), "{name}: {forms:?}");
        }
    }

    #[test]
    fn former_lines_find_their_place() {
        let language = Language::of_this_repository().unwrap().with_former();
        let has = |forms: &[Form], name: &str| format!("{forms:?}").contains(&format!("Literal({name:?})"));
        assert!(has(&language.directives["reverse_proxy"], "health_path"));
        assert!(has(&language.directives["tls"], "trusted_ca_cert_file"));
        assert!(has(&language.options["servers"], "metrics"));
        assert!(has(&language.modules["http/reverse_proxy/transport"]["http"], "forward_proxy_url"));
    }

    #[test]
    fn lines_lead_to_their_modules() {
        let language = Language::of_this_repository().unwrap();
        let line = |text: &str| forms(text).remove(0).line;
        let has = |text: &str, name: &str| language.modules_of(&line(text)).unwrap().contains_key(name);
        assert!(has("issuer <issuer> ...", "acme"));
        assert!(has("cert_issuer <name> ...", "internal"));
        assert!(has("<field> <filter> ...", "ip_mask"));
        assert!(has("output stdout|file <path> ...", "net"));
        assert!(language.modules_of(&line("dns <provider> ...")).is_none());
        assert!(language.block_of("sampling").unwrap().iter().any(|form| form.is_called("first")));
    }
}
