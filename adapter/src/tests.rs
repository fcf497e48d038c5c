//! Whole Caddyfiles, small enough to read beside their JSON.

mod lint;
mod notices;
mod pages;
mod plugins;
mod servers;
mod tls;

use caddis_grammar::{Environment, Files, ReadError};

use crate::{Adapted, Registry, adapt};

struct Nothing;

impl Files for Nothing {
    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(path.to_owned())
    }

    fn glob(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, ReadError> {
        Err(ReadError::NotFound)
    }
}

impl Environment for Nothing {
    fn var(&self, _: &str) -> Option<String> {
        None
    }
}

/// Adapts a text without files and environment.
pub(crate) fn adapted(text: &str) -> Adapted {
    adapt("Caddyfile", text, &Nothing, &Nothing, &Registry::standard())
}

/// The JSON of a text without errors.
pub(crate) fn json(text: &str) -> String {
    let adapted = adapted(text);
    assert!(!adapted.has_errors(), "{:#?}", adapted.diagnostics);
    adapted.config.to_json()
}

/// Asserts what stands at a JSON pointer; `null` where nothing does.
#[track_caller]
pub(crate) fn assert_part(text: &str, pointer: &str, expected: &str) {
    let whole: serde_json::Value = serde_json::from_str(&json(text)).unwrap();
    let found = whole.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(found.to_string(), expected, "{text}");
}

/// The findings of a text, each as `line: code message`.
pub(crate) fn findings(text: &str) -> String {
    let adapted = adapted(text);
    let lines = adapted.diagnostics.iter().map(|finding| {
        let line = finding.span.map_or(0, |span| adapted.sources.location(span).line);
        format!("{line}: {} {}", finding.code.0, finding.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_smallest_site() {
    assert_eq!(
        json("localhost\nrespond hello"),
        r#"{"apps":{"http":{"servers":{"srv0":{"listen":[":443"],"routes":[{"match":[{"host":["localhost"]}],"handle":[{"handler":"subroute","routes":[{"handle":[{"body":"hello","handler":"static_response"}]}]}],"terminal":true}]}}}}}"#
    );
}

#[test]
fn specific_sites_come_first_on_one_server() {
    assert_eq!(
        json("http://*.example.com {\n\trespond any\n}\nhttp://a.example.com {\n}"),
        r#"{"apps":{"http":{"servers":{"srv0":{"listen":[":80"],"routes":[{"match":[{"host":["a.example.com"]}],"terminal":true},{"match":[{"host":["*.example.com"]}],"handle":[{"handler":"subroute","routes":[{"handle":[{"body":"any","handler":"static_response"}]}]}],"terminal":true}]}}}}}"#
    );
}

#[test]
fn all_findings_come_out_of_one_run() {
    let text = "localhost:99999 {\n\trespnd x\n\trespond /a b\n\trespond a b c\n}";
    assert_eq!(
        findings(text),
        "1: E0204 port 99999 is out of range\n\
         2: E0310 unrecognized directive: respnd\n\
         4: E0301 wrong argument count or unexpected line ending after 'c'"
    );
}

#[test]
fn what_was_imported_is_told_once_and_with_its_import() {
    let text = "(s) {\n\tbogus\n\trespond /a b {\n\t\tbogus\n\t}\n\t@m bogus\n\thandle {\n\t\terror a b c\n\t}\n}\n\
                :80 {\n\timport s\n}\n:81 {\n\timport s\n\tbogus\n}";
    let adapted = adapted(text);
    let line = |span| adapted.sources.location(span).line;
    let places = adapted
        .diagnostics
        .iter()
        .map(|finding| (finding.span.map(line), finding.origin.as_ref().map(|origin| line(origin.at))));
    assert_eq!(
        places.collect::<Vec<_>>(),
        [2, 4, 6, 8].map(|at| (Some(at), Some(12))).into_iter().chain([(Some(16), None)]).collect::<Vec<_>>()
    );
}

#[test]
fn runs_do_not_touch_each_other() {
    let registry = Registry::standard();
    let text = |order: &str| {
        format!(
            "{{\n\torder {order} first\n}}\n:80 {{\n\trespond a\n\theader A b\n\tredir https://b.example\n\troot * /srv\n\tfile_server\n}}"
        )
    };
    let texts = ["respond", "header", "redir", "file_server", "root"].map(text);
    let one = |text: &String| {
        let adapted = adapt("Caddyfile", text, &Nothing, &Nothing, &registry);
        assert!(!adapted.has_errors(), "{:#?}", adapted.diagnostics);
        adapted.config.to_json()
    };
    let expected: Vec<_> = texts.iter().map(one).collect();
    assert_ne!(expected[0], expected[1]);
    std::thread::scope(|scope| {
        for turn in 0..8 {
            let (texts, expected) = (&texts, &expected);
            scope.spawn(move || {
                for at in 0..100 {
                    let at = (turn + at) % texts.len();
                    assert_eq!(one(&texts[at]), expected[at]);
                }
            });
        }
    });
}

#[test]
fn parts_of_the_json_lead_back_to_the_text() {
    let text = "localhost {\n\thandle /a {\n\t\trespond a\n\t}\n\thandle_path /b {\n\t\theader X y\n\t\trespond b\n\t}\n}\n";
    let adapted = adapted(text);
    let map = adapted.source_map();
    let line = |pointer: &str| map.find(pointer).map(|span| adapted.sources.location(span).line);
    let site = "/apps/http/servers/srv0/routes/0/handle/0";
    assert_eq!(line("/apps/http/servers/srv0/listen"), Some(1));
    assert_eq!(line(site), Some(1));
    assert_eq!(line(&format!("{site}/routes/0/match")), Some(2));
    assert_eq!(line(&format!("{site}/routes/0/handle/0/routes/0/handle/0/body")), Some(3));
    // The first route strips the prefix.
    assert_eq!(line(&format!("{site}/routes/1/handle/0/routes/0")), Some(5));
    assert_eq!(line(&format!("{site}/routes/1/handle/0/routes/1/handle/0")), Some(6));
    assert_eq!(line(&format!("{site}/routes/1/handle/0/routes/1/handle/1")), Some(7));
    assert_eq!(line("/admin"), None);
}

#[test]
fn matchers_lead_back_to_their_definitions() {
    let text = ":80 {\n\t@a path /a\n\trespond @a x\n\trespond /b x\n}\n";
    let adapted = adapted(text);
    let map = adapted.source_map();
    let place = |route: u8| {
        let span = map.find(&format!("/apps/http/servers/srv0/routes/{route}/match/0/path")).unwrap();
        &text[span.start as usize..span.end as usize]
    };
    assert_eq!((place(0), place(1)), ("@a", "/b"));
}
