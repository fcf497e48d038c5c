//! Whatever has a name in a Caddyfile has a page, and the page tells every line that its block may hold.
//!
//! The names are read from the sources: a table is a list of `row("name", …)`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace holds this crate").to_owned()
}

fn source(path: &str) -> String {
    fs::read_to_string(root().join("adapter/src").join(path)).unwrap()
}

/// The names of the files with an extension in a folder, without it, sorted; nothing where there is no folder.
fn stems(folder: &Path, extension: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut stems: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    stems.sort();
    stems
}

fn pages(folder: &str) -> BTreeSet<String> {
    stems(&root().join("fixtures").join(folder), "md").into_iter().collect()
}

/// The names of the rows of all tables in a source text.
fn rows(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for start in text.match_indices("row(").map(|(at, found)| at + found.len()) {
        if let Some(name) =
            text[start..].trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
        {
            names.insert(name.to_owned());
        }
    }
    names
}

/// The names under which the units of a file are registered: the first field of each static of such a type.
fn registered(text: &str) -> impl Iterator<Item = &str> {
    let statics = [": Directive =", ": MatcherKind ="].into_iter().flat_map(|of| text.split(of).skip(1));
    statics.filter_map(|rest| rest.split_once("name: \"")?.1.split('"').next())
}

fn names_in(folder: &str) -> BTreeSet<String> {
    stems(&root().join("adapter/src").join(folder), "rs")
        .iter()
        .flat_map(|stem| {
            registered(&source(&format!("{folder}/{stem}.rs"))).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

fn assert_same(what: &str, names: &BTreeSet<String>, pages: &BTreeSet<String>) {
    let missing: Vec<_> = names.difference(pages).collect();
    let unknown: Vec<_> = pages.difference(names).collect();
    assert!(!names.is_empty(), "no {what} was found");
    assert!(missing.is_empty(), "{what} without a page: {missing:?}");
    assert!(unknown.is_empty(), "pages that name no {what}: {unknown:?}");
}

#[test]
fn directives_have_pages() {
    let mut names = names_in("directives");
    // Former names stand on the pages of the present ones.
    for (former, present) in [("basicauth", "basic_auth"), ("skip_log", "log_skip")] {
        assert!(names.remove(former), "{former}");
        let page = fs::read_to_string(root().join(format!("fixtures/directives/{present}.md"))).unwrap();
        assert!(page.contains(former), "{former} is not on the page of {present}");
    }
    assert_same("directive", &names, &pages("directives"));
}

#[test]
fn matchers_have_pages() {
    assert_same("matcher", &names_in("matchers"), &pages("matchers"));
}

#[test]
fn options_have_pages() {
    assert_same("option", &rows(&source("options.rs")), &pages("options"));
}

/// Each unit with a table of its own: the folder of its page, the name, and the tables.
fn units() -> Vec<(&'static str, String, BTreeSet<String>)> {
    let mut units = Vec::new();
    for folder in ["directives", "matchers", "options", "options/servers"] {
        for name in stems(&root().join("adapter/src").join(folder), "rs") {
            let mut text = source(&format!("{folder}/{name}.rs"));
            // The rows of `servers` have pages of their own, as has the folder beside it.
            if folder == "options" && name == "servers" {
                continue;
            }
            let parts = root().join("adapter/src").join(folder).join(&name);
            for part in stems(&parts, "rs") {
                text.push_str(&source(&format!("{folder}/{name}/{part}.rs")));
            }
            let rows = rows(&text);
            if !rows.is_empty() {
                units.push((folder, name, rows));
            }
        }
    }
    units
}

#[test]
fn pages_tell_every_line_of_a_block() {
    let mut problems = Vec::new();
    for (folder, name, rows) in units() {
        let page =
            fs::read_to_string(root().join(format!("fixtures/{folder}/{name}.md"))).unwrap_or_default();
        let words: BTreeSet<&str> = page.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let missing: Vec<_> = rows.iter().filter(|row| !words.contains(row.as_str())).collect();
        if !missing.is_empty() {
            problems.push(format!("fixtures/{folder}/{name}.md: {missing:?}"));
        }
    }
    assert!(problems.is_empty(), "lines that their page does not tell:\n{}", problems.join("\n"));
}

/// The codes in the sources of the findings.
fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (folder, top) in
        [("grammar/src", "errors.rs"), ("adapter/src", "errors.rs"), ("cli/src", "errors.rs")]
    {
        let folder = root().join(folder);
        let mut text = fs::read_to_string(folder.join(top)).unwrap();
        for part in stems(&folder.join("errors"), "rs") {
            text.push_str(&fs::read_to_string(folder.join(format!("errors/{part}.rs"))).unwrap());
        }
        codes.extend(text.split('"').filter(|word| is_code(word)).map(str::to_owned));
    }
    codes
}

fn is_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with(['E', 'W']) && word[1..].bytes().all(|byte| byte.is_ascii_digit())
}

/// What a page cannot show, and why.
const WITHOUT_EXAMPLE: [(&str, &str); 5] = [
    ("E0107", "it takes 129 blocks, one in the other"),
    ("E0127", "it takes a working directory that is gone"),
    ("E0133", "it takes a word of more than 16 MiB"),
    ("E0134", "it takes a text of more than 4 GiB"),
    ("E0307", "only directives that an embedding program registers say it"),
];

#[test]
fn codes_are_explained() {
    let mut explained = BTreeSet::new();
    let mut problems = Vec::new();
    for stem in pages("diagnostics") {
        let page = fs::read_to_string(root().join(format!("fixtures/diagnostics/{stem}.md"))).unwrap();
        for section in page.split("\n## ").skip(1) {
            let (code, rest) = section.split_at(section.len().min(5));
            if !explained.insert(code.to_owned()) {
                problems.push(format!("{code} is explained twice"));
            }
            if !rest.starts_with(": ") || rest.lines().nth(2).is_none_or(str::is_empty) {
                problems.push(format!("{code} has no title or no text"));
            }
            let shown = rest.split("```diagnostics\n").nth(1).or(rest.split("```console\n").nth(1));
            match (shown, WITHOUT_EXAMPLE.iter().any(|(known, _)| *known == code)) {
                (Some(shown), false) if shown.contains(&format!("[{code}]")) => {}
                (Some(_), false) => problems.push(format!("the example of {code} has other findings")),
                (None, false) => problems.push(format!("{code} has no example")),
                (None, true) => {}
                (Some(_), true) => problems.push(format!("{code} has an example after all")),
            }
        }
        let embedded = fs::read_to_string(root().join("cli/src/explanations.rs")).unwrap();
        if !embedded.contains(&format!("/{stem}.md\")")) {
            problems.push(format!("`explain` does not know fixtures/diagnostics/{stem}.md"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_same("code", &codes(), &explained);
}

#[test]
fn levels_are_for_the_warnings_that_exist() {
    let warnings: BTreeSet<String> = caddis_adapter::WARNINGS.iter().map(|code| (*code).to_owned()).collect();
    let codes = codes().into_iter().filter(|code| code.starts_with('W')).collect();
    assert_eq!(warnings, codes, "left: caddis_adapter::WARNINGS; right: the codes in the sources");
}
