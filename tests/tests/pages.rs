//! Every page under `fixtures/` holds; `UPDATE=1` rewrites the expected blocks so that a change is reviewed as a diff.

use std::{
    fs,
    path::{Path, PathBuf},
};

use caddis_tests::page::{Page, check};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// Compares what follows a text on a page with what was found; `UPDATE=1` rewrites it.
pub(crate) fn assert_ends_with(page: &str, after: &str, found: &str) {
    let path = fixtures().join("..").join(page);
    let before = fs::read_to_string(&path).unwrap();
    let (kept, _) = before.split_once(after).unwrap();
    let page = format!("{kept}{found}");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, page).unwrap();
    } else {
        assert_eq!(before, page, "UPDATE=1 rewrites it");
    }
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn pages_hold() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut report = String::new();
    for path in pages(&fixtures()) {
        let name = path.strip_prefix(fixtures()).unwrap().display().to_string();
        let page = Page::parse(&name, &fs::read_to_string(&path).unwrap());
        let (problems, text) = check(&page);
        if update && text != page.text {
            fs::write(&path, text).unwrap();
            continue;
        }
        for problem in problems {
            report.push_str(&format!(
                "fixtures/{name}:{} ({})\n{}\n",
                problem.line, problem.title, problem.message
            ));
        }
    }
    assert!(report.is_empty(), "{report}");
}
