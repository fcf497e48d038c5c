//! `shadow report`: what it shows of a running server and of a saved report, and when it fails.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scene::{Outcome, Scene, Serving, assert_has, get_tcp};

/// What tries to break out of a page or to steer a terminal.
const HOSTILE: &str =
    "</pre></style><script src=\"//x\">alert('1')</script><img src=x onerror=\"y\">&amp;]]>\u{202e}\u{1b}[2J";

/// A server with a mirror whose sides differ as the lines say.
fn mirrored(options: &str, primary: &str, secondary: &str) -> (Scene, Serving) {
    let scene = Scene::with(&format!(
        "{{\n\tadmin unix/admin.sock\n}}\n\nhttp://:0 {{\n\tbind 127.0.0.1\n\tmirror {{\n{options}\nno_log\n\
         primary {{\n{primary}\n}}\nsecondary {{\n{secondary}\n}}\n}}\n}}\n"
    ));
    let server = scene.serve(&["run"]);
    (scene, server)
}

fn report(scene: &Scene, more: &[&str]) -> Outcome {
    scene.run(&[&["shadow", "report", "--address", "unix/admin.sock"], more].concat())
}

/// Waits until so many pairs were compared.
fn compared(scene: &Scene, count: u64) {
    let start = Instant::now();
    loop {
        let now: Value = serde_json::from_str(report(scene, &["--format", "json"]).success()).unwrap();
        if now[0]["counts"]["compared"] == count {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{now}");
    }
}

#[test]
fn a_report_is_shown_judged_saved_and_begun_anew() {
    let (scene, mut server) = mirrored(
        "compare_status\ncompare_json\nmetrics api",
        "respond `{\"price\":12}`",
        "respond /items/9 `{\"price\":12}`\nrespond `{\"price\":13}`",
    );
    let address = server.address();
    for item in ["7", "8", "9"] {
        assert_eq!(get_tcp(&address, &format!("/items/{item}")).0, 200);
    }
    compared(&scene, 3);
    let shown = report(&scene, &[]);
    assert_has(
        shown.success(),
        &[
            "Mirror api /apps/http/servers/srv0/routes/0",
            "3 sent, 3 compared",
            "status  0 of 3 differ (0.0 %)",
            "body    2 of 3 differ (66.7 %)",
            "first byte      primary  3",
            "GET /items/{id}  2 of 3  body  .price  2      12       13      /items/",
        ],
    );
    let saved = report(&scene, &["--format", "json", "--output", "report.json"]);
    assert_eq!(saved.success(), "");
    for from in ["report.json", "-"] {
        let input = scene.read("report.json");
        let again = scene.run_with_input(&["shadow", "report", from], &input);
        assert_has(again.success(), &["body    2 of 3 differ (66.7 %)"]);
    }
    for (limit, reached) in [
        ("any", true),
        ("body=2", true),
        ("body=3", false),
        ("body=66%", true),
        ("body=67%", false),
        ("status", false),
        ("dropped,abandoned,timed-out,failed", false),
        ("failed,body", true),
    ] {
        let judged = scene.run(&["shadow", "report", "report.json", "--fail-on", limit]);
        assert_eq!(judged.status, Some(i32::from(reached)), "{limit}: {judged:?}");
        assert_has(&judged.stdout, &["66.7 %"]);
        assert_eq!(
            judged.stderr.contains("2 of 3 pairs differ (66.7 %), the limit is "),
            reached,
            "{judged:?}"
        );
    }
    assert_has(report(&scene, &["--reset"]).success(), &["3 sent, 3 compared"]);
    assert_has(report(&scene, &[]).success(), &["0 sent, 0 compared"]);
    // A test that has compared nothing has shown nothing.
    assert_has(
        report(&scene, &["--fail-on", "body=50%"]).failure(),
        &["body: nothing was compared by the mirror /apps/"],
    );
}

#[test]
fn what_cannot_be_judged_is_told_with_status_2() {
    let (scene, _server) = mirrored("compare_status", "respond a", "respond b");
    scene.write("other.json", "{\"a\": 1}");
    scene.write("none.json", "[]");
    let file = |file: &str, limit: &str| scene.run(&["shadow", "report", file, "--fail-on", limit]);
    for (outcome, said) in [
        (file("other.json", "any"), "this is no report of mirrors by Caddis"),
        (file("missing.json", "any"), "missing.json"),
        (file("none.json", "any"), "there is no mirror in the report"),
        (report(&scene, &["--fail-on", "body"]), "no mirror in the report compares that; see compare_status"),
        (report(&scene, &["--fail-on", "body=0"]), "neither a count from 1 on nor a share"),
        (report(&scene, &["--fail-on", "bodies"]), "is none of status, headers, body, any, dropped"),
        (scene.run(&["shadow", "report", "--address", "unix/nobody.sock"]), "is a server running there?"),
        (report(&scene, &["--output", "no/such/folder/file"]), "writing no/such/folder/file"),
        (scene.run(&["shadow", "report", "--no-such-flag"]), "--no-such-flag"),
    ] {
        assert_eq!(outcome.status, Some(2), "{outcome:?}");
        assert_has(&outcome.stderr, &[said]);
    }
    assert_has(scene.run(&["shadow", "report", "none.json"]).success(), &["has no mirror"]);
}

#[test]
fn pages_are_well_formed_whatever_responses_hold() {
    let quoted = format!("`{HOSTILE}`");
    let options = "compare_status\ncompare_headers X-Hostile\ncompare_body\nmetrics hostile";
    let (scene, mut server) = mirrored(
        options,
        &format!("header X-Hostile `<b onclick=\"x\">'&`\nrespond {quoted}"),
        &format!(
            "handle /same {{\nheader X-Hostile `<b onclick=\"x\">'&`\nrespond {quoted}\n}}\nrespond `<p>{HOSTILE}` 500"
        ),
    );
    let address = server.address();
    for path in ["/a?x='&y=1", "/a?&lt;", "/same"] {
        assert_ne!(get_tcp(&address, path).0, 400, "{path}");
    }
    compared(&scene, 3);
    // A saved report may be anybody's.
    let saved = report(&scene, &["--format", "json"]);
    let name = |text: &str| format!("\"metrics_name\": {}", serde_json::to_string(text).unwrap());
    let saved = saved.success().replace(&name("hostile"), &name(HOSTILE));
    assert!(saved.contains("onerror"));
    let arguments =
        ["shadow", "report", "-", "--format", "html", "--fail-on", "any", "--output", "report.html"];
    scene.run_with_input(&arguments, &saved).failure();
    let page = scene.read("report.html");
    let elements = elements(&page);
    for name in ["svg", "pre", "details", "table", "style", "title"] {
        assert!(elements.iter().any(|element| element.name == name), "no {name}");
    }
    // Nothing is run or fetched, and nothing of a response has become markup.
    for element in &elements {
        assert!(
            !["script", "img", "link", "iframe", "object", "a", "b", "base", "form"].contains(&element.name),
            "{element:?}"
        );
        for (name, _) in &element.attributes {
            assert!(!name.starts_with("on") && !["src", "href", "style"].contains(name), "{element:?}");
        }
    }
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    assert!(
        !style.contains("url(") && !style.contains("@import") && style.contains("prefers-color-scheme: dark")
    );
    assert_has(
        &page,
        &[
            "<!DOCTYPE html>\n<html lang=\"en\">",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>",
            "2 of 3 pairs of responses differ (66.7 %)",
            "any: 2 of 3 pairs differ",
            "<code>GET /a</code>",
            "1 routes without difference",
            "&lt;/pre&gt;&lt;/style&gt;&lt;script src=&quot;//x&quot;&gt;alert(&#39;1&#39;)",
            "&amp;amp;]]&gt;\u{fffd}\u{fffd}[2J",
            "&lt;b onclick=&quot;x&quot;&gt;&#39;&amp;",
            "<h2>Mirror &lt;/pre&gt;",
        ],
    );
    assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
    assert_eq!(page.matches("<pre").count(), 2 * 3 * 2, "first and last of three fields with both sides");
}

#[test]
fn figures_of_a_saved_report_may_be_any() {
    let page = include_str!("../../fixtures/shadow.md");
    let (_, report) = page.split_once("```file: report.json\n").unwrap();
    let report = report.split_once("```").unwrap().0;
    let numbers = |text: &str| {
        let parts = report.split(": ").map(|part| match part.split_once([',', '}']) {
            Some((number, rest)) if number.parse::<f64>().is_ok() => {
                format!("{text}{}{rest}", &part[number.len()..=number.len()])
            }
            _ => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join(": ")
    };
    for number in ["0", "18446744073709551615"] {
        let scene = Scene::new().file("report.json", &numbers(number));
        for format in ["terminal", "html"] {
            let arguments =
                ["shadow", "report", "report.json", "--format", format, "--fail-on", "any,status=1%,dropped"];
            let shown = scene.run(&arguments);
            shown.failure();
            assert_has(&shown.stdout, &[number]);
            if format == "html" {
                assert!(elements(&shown.stdout).len() > 50);
            }
        }
    }
}

/// An element of a page.
#[derive(Debug)]
struct Element<'p> {
    name: &'p str,
    attributes: Vec<(&'p str, &'p str)>,
}

/// The elements of a page that has to be well-formed XML behind its first line.
fn elements(page: &str) -> Vec<Element<'_>> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    let (mut found, mut open) = (Vec::new(), Vec::new());
    while let Some((text, tag)) = rest.split_once('<') {
        assert_text(text);
        assert!(!open.is_empty() || text.trim().is_empty(), "text outside of the root: {text}");
        let (tag, behind) = tag.split_once('>').expect("a tag ends");
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{name} is closed");
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{tag}");
        let mut element = Element { name, attributes: Vec::new() };
        while !attributes.is_empty() {
            let (name, value) = attributes.split_once("=\"").expect("attributes are quoted");
            let (value, more) = value.split_once('"').expect("a value ends");
            assert_text(value);
            assert!(
                name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-:0123456789".contains(&byte)),
                "{name}"
            );
            assert!(more.is_empty() || more.starts_with(' '), "{more}");
            element.attributes.push((name, value));
            attributes = more.trim_start();
        }
        found.push(element);
        if !closed {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} stay open, {rest} follows");
    found
}

/// Text between tags has entities that are known, and no character that XML forbids.
fn assert_text(text: &str) {
    assert!(!text.contains(|char: char| char.is_control() && char != '\n' && char != '\t'), "{text:?}");
    for entity in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(known.iter().any(|known| entity.starts_with(known)), "&{entity}");
    }
}
