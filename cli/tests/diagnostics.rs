//! `--diagnostics`: the forms that findings can take.

use serde_json::Value;

use crate::scene::{Scene, assert_has};

const BROKEN: &str = ":8080 {\n\tfoo\n\tbar\n}\n";

fn findings(form: &str) -> String {
    Scene::with(BROKEN).run(&["adapt", "--diagnostics", form]).failure().to_owned()
}

#[test]
fn full_draws_the_text() {
    let text = findings("full");
    assert_has(&text, &["E0310", "unrecognized directive: foo", "[Caddyfile:2:2]", "2 │"]);
    assert!(!text.contains('\u{1b}'), "colours are for terminals:\n{text}");
    let default = Scene::with(BROKEN).run(&["adapt"]);
    assert_eq!(default.failure(), text);
}

#[test]
fn concise_has_a_line_for_each() {
    let text = findings("concise");
    assert_eq!(text.lines().count(), 2, "{text}");
    for (line, place) in text.lines().zip(["Caddyfile:2:2", "Caddyfile:3:2"]) {
        assert_has(line, &[place, "E0310", "unrecognized directive"]);
    }
}

#[test]
fn json_has_an_object_for_each() {
    let text = findings("json");
    let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), 2, "{text}");
    for (finding, line) in found.iter().zip([2, 3]) {
        assert_eq!(finding["code"], "E0310");
        assert_eq!(finding["severity"], "error");
        assert_eq!(finding["file"], "Caddyfile");
        assert_eq!(finding["line"], line);
    }
}

#[test]
fn github_has_annotations() {
    let text = findings("github");
    assert_eq!(text.lines().count(), 2, "{text}");
    for (line, number) in text.lines().zip([2, 3]) {
        assert!(line.starts_with("::error "), "{line}");
        assert_has(line, &["title=E0310", "file=Caddyfile", &format!("line={number},"), "::unrecognized"]);
    }
}

#[test]
fn sarif_is_one_document() {
    let document: Value = serde_json::from_str(&findings("sarif")).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let results = document["runs"][0]["results"].as_array().unwrap();
    let lines: Vec<_> = results
        .iter()
        .map(|result| &result["locations"][0]["physicalLocation"]["region"]["startLine"])
        .collect();
    assert_eq!(lines, [2, 3]);
    assert!(results.iter().all(|result| result["ruleId"] == "E0310"));
}

#[test]
fn other_forms_are_refused() {
    let outcome = Scene::with(BROKEN).run(&["adapt", "--diagnostics", "xml"]);
    assert_has(outcome.failure(), &["xml", "concise", "github"]);
}
