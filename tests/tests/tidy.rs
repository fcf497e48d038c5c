//! The shape of the repository, checked instead of reviewed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Longest file and longest function that need no excuse.
const FILE_LIMIT: usize = 800;
const FUNCTION_LIMIT: usize = 150;

/// Files that may be longer. This list only shrinks.
const LONG_FILES: &[&str] = &[];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace holds this crate").to_owned()
}

fn files(extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(extension) {
                let relative = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((relative, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn sources() -> Vec<(String, String)> {
    files(".rs")
}

fn assert_none(problems: &[String], what: &str) {
    assert!(problems.is_empty(), "{what}:\n{}", problems.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let problems: Vec<String> = sources()
        .into_iter()
        // The tests of a file say by their place what they are.
        .filter(|(name, _)| {
            !name.ends_with("tests.rs") && !name[name.find("/src/").unwrap_or(0)..].contains("/tests/")
        })
        .filter(|(_, text)| !text.trim_start_matches("#![no_main]\n").starts_with("//!"))
        .map(|(name, _)| name)
        .collect();
    assert_none(&problems, "these files do not open with //! and a sentence");
}

#[test]
fn files_and_functions_are_short() {
    let mut problems = Vec::new();
    for (name, text) in sources() {
        let lines = text.lines().count();
        if lines > FILE_LIMIT && !LONG_FILES.contains(&name.as_str()) {
            problems.push(format!("{name}: {lines} lines"));
        }
        problems.extend(
            long_functions(&text).into_iter().map(|(line, length)| format!("{name}:{line}: {length} lines")),
        );
    }
    assert_none(&problems, "too long");
}

/// Functions by indentation: from a line with `fn ` to the next line that closes at the same depth.
fn long_functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let is_function = [
            "fn ",
            "pub fn ",
            "async fn ",
            "pub async fn ",
            "pub(crate) fn ",
            "pub(crate) async fn ",
            "pub(super) fn ",
        ]
        .iter()
        .any(|start| body.starts_with(start));
        if !is_function || line.ends_with(';') {
            continue;
        }
        let close = format!("{}}}", &line[..line.len() - body.len()]);
        if let Some(length) = lines[at..].iter().position(|line| *line == close)
            && length > FUNCTION_LIMIT
        {
            found.push((at + 1, length));
        }
    }
    found
}

#[test]
fn no_module_is_called_mod() {
    let problems: Vec<String> =
        sources().into_iter().map(|(name, _)| name).filter(|name| name.ends_with("/mod.rs")).collect();
    assert_none(&problems, "foo.rs and foo/ are the style here");
}

#[test]
fn nothing_is_left_to_do() {
    // Spelled apart so that this file is not its own finding.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
    ];
    let mut problems = Vec::new();
    for (name, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                problems.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_none(&problems, "unfinished");
}

#[test]
fn lints_are_expected_not_allowed() {
    let word = concat!("#[all", "ow(");
    let problems: Vec<String> =
        sources().into_iter().filter(|(_, text)| text.contains(word)).map(|(name, _)| name).collect();
    assert_none(&problems, "use #[expect(lint, reason = …)]");
}

#[test]
fn diagnostic_codes_are_used_once() {
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in sources() {
        if !name.contains("/errors") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for part in line.split("Code(\"").skip(1) {
                let code = part.split('"').next().unwrap_or_default().to_owned();
                seen.entry(code).or_default().push(format!("{name}:{}", number + 1));
            }
        }
    }
    let problems: Vec<String> = seen
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|(code, places)| format!("{code}: {}", places.join(", ")))
        .collect();
    assert_none(&problems, "a code names one kind of finding");
}
