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

/// What the schema of SARIF 2.1.0 requires, and what code scanning services show.
#[test]
fn sarif_has_what_its_readers_need() {
    let scene = Scene::with(":80 {\n\trespond \"ü€😀\" foo bar\n}\n").file("a b/Caddyfile", BROKEN);
    let outcome = scene.run(&["validate", "Caddyfile", "a b", "--diagnostics", "sarif"]);
    let document: Value = serde_json::from_str(outcome.failure()).unwrap();
    assert_eq!(document["$schema"], "https://json.schemastore.org/sarif-2.1.0.json");
    let run = &document["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "caddis");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        let text = |key: &str| rule[key]["text"].as_str().unwrap_or_default();
        for key in ["shortDescription", "fullDescription", "help"] {
            assert!(!text(key).is_empty(), "{key} of {rule}");
        }
        assert!(!text("fullDescription").contains(['`', '\n']), "{rule}");
        assert_has(
            rule["help"]["markdown"].as_str().unwrap(),
            &["```caddyfile\n", text("fullDescription").split(' ').next().unwrap()],
        );
        assert_eq!(rule["defaultConfiguration"]["level"], "error");
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(result["message"]["text"].is_string());
    }
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "Caddyfile");
    // Columns count characters: behind the three in quotes come a space, `foo` and another one.
    let region = serde_json::json!({"startLine": 2, "startColumn": 20, "endLine": 2, "endColumn": 23});
    assert_eq!(place["region"], region);
    assert_eq!(results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a%20b/Caddyfile");
}

#[test]
fn other_forms_are_refused() {
    let outcome = Scene::with(BROKEN).run(&["adapt", "--diagnostics", "xml"]);
    assert_has(outcome.failure(), &["xml", "concise", "github"]);
}
