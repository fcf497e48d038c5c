//! What must hold for every Caddyfile, tried on generated ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::thread;

use caddis_config::Config;
use caddis_differential::{
    adapted::{Outcome, World, adapt_text, prune},
    compare::same_words,
    generate::Generator,
    language::Language,
};
use caddis_grammar::format;

const FILES: u64 = 300;

/// The texts of generated files that adapt, in house style.
fn texts() -> Vec<String> {
    let language = Language::of_this_repository().unwrap();
    let world = World::new("/srv");
    let texts = (0..FILES).filter_map(|seed| {
        let mut file = Generator::new(&language, seed).file();
        // Errors that are about the whole file cannot be taken out of it.
        let outcome = prune(&mut file, 0, &world);
        matches!(outcome, Outcome::Accepted { .. }).then(|| file.text())
    });
    let texts: Vec<String> = texts.collect();
    assert!(texts.len() as u64 > FILES * 9 / 10, "only {} of {FILES} adapt", texts.len());
    texts
}

fn json(text: &str) -> String {
    match adapt_text(text, &World::new("/srv")) {
        Outcome::Accepted { json, .. } => json,
        other => panic!("{other:?}\n{text}"),
    }
}

#[test]
fn generated_files_hold_together() {
    let texts = texts();
    let answers: Vec<Vec<String>> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..3).map(|_| scope.spawn(|| texts.iter().map(|text| json(text)).collect())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (at, text) in texts.iter().enumerate() {
        let json = &answers[0][at];
        assert!(answers.iter().all(|answer| answer[at] == *json), "threads disagree:\n{text}");
        let formatted = format(text);
        assert!(same_words(text, &formatted), "formatting changes words:\n{text}");
        assert_eq!(format(&formatted), formatted, "formatting is not stable:\n{text}");
        assert_eq!(self::json(&formatted), *json, "formatting changes the configuration:\n{text}");
        match Config::from_json(json.as_bytes()) {
            Ok(config) => assert_eq!(config.to_json(), *json, "reading changes the configuration:\n{text}"),
            Err(error) => panic!("the JSON does not load: {error}\n{json}\n{text}"),
        }
    }
    // The files are worth something only if they use most of the language.
    let words: std::collections::BTreeSet<&str> =
        texts.iter().flat_map(|text| text.split_whitespace()).collect();
    let language = Language::of_this_repository().unwrap();
    let missing: Vec<_> = language.directives.keys().filter(|name| !words.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "never generated: {missing:?}");
}
