//! One error with all that an error can have, and one warning without a place, in every format.

use std::sync::Arc;

use crate::{Code, Diagnostic, FORMATS, Format, Origin, OriginKind, Sources, Span, render};

fn sample() -> (Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let main = sources.add("sites/my site", "(s) {\n\trespnd hi\n}\nä.com {\n\timport s\n}\n");
    let other = sources.add("/etc/x", "one\ntwo\n");
    let span = |source, start, end| Span { source, start, end };
    let at = span(main, 29, 37);
    let origin = Arc::new(Origin { kind: OriginKind::Snippet("s".into()), at, parent: None });
    let error = Diagnostic::error(Code("E0900"), span(main, 7, 13), "unknown: 100%\nreally")
        .help("did you mean 'respond'?")
        .label(span(other, 4, 7), "see there")
        .brought_by(Some(origin));
    (vec![error, Diagnostic::warning(Code("W0900"), None, "nowhere")], sources)
}

fn rendered(format: Format) -> String {
    let (diagnostics, sources) = sample();
    render(&diagnostics, &sources, format)
}

#[test]
fn full() {
    insta::assert_snapshot!(rendered(Format::Full), @r#"
    E0900

      × unknown: 100%
      │ really
       ╭─[sites/my site:2:2]
     1 │ (s) {
     2 │     respnd hi
       ·     ──────
     3 │ }
     4 │ ä.com {
     5 │     import s
       ·     ────┬───
       ·         ╰── snippet 's' is imported here
     6 │ }
       ╰────
      help: did you mean 'respond'?
      ╰─▶   ☞ /etc/x
             ╭─[/etc/x:2:1]
           1 │ one
           2 │ two
             · ─┬─
             ·  ╰── see there
             ╰────

    W0900

      ⚠ nowhere
    "#);
}

#[test]
fn lines_that_nobody_reads_are_not_shown() {
    let mut sources = Sources::default();
    let source = sources.add("caddy.json", format!("{{\"a\":\"{}\"}}", "a".repeat(2000)));
    let error = Diagnostic::error(Code("E0900"), Span { source, start: 5, end: 2007 }, "wrong").help("do");
    insta::assert_snapshot!(render(&[error], &sources, Format::Full), @r"
    E0900

      × caddy.json:1:6: wrong
      help: do
    ");
}

#[test]
fn concise() {
    insta::assert_snapshot!(rendered(Format::Concise), @r#"
    sites/my site:2:2: error[E0900]: unknown: 100% really
    warning[W0900]: nowhere
    "#);
}

#[test]
fn json() {
    insta::assert_snapshot!(rendered(Format::Json), @r#"
    {"code":"E0900","severity":"error","message":"unknown: 100%\nreally","file":"sites/my site","line":2,"column":2,"end_line":2,"end_column":8,"help":"did you mean 'respond'?","labels":[{"text":"see there","file":"/etc/x","line":2,"column":1,"end_line":2,"end_column":4}],"import_chain":[{"text":"snippet 's' is imported here","file":"sites/my site","line":5,"column":2,"end_line":5,"end_column":10}]}
    {"code":"W0900","severity":"warning","message":"nowhere","file":null,"line":null,"column":null,"end_line":null,"end_column":null,"labels":[],"import_chain":[]}
    "#);
}

#[test]
fn github() {
    insta::assert_snapshot!(rendered(Format::Github), @r#"
    ::error title=E0900,file=sites/my site,line=2,endLine=2,col=2,endColumn=8::unknown: 100%25%0Areally%0Adid you mean 'respond'?
    ::warning title=W0900::nowhere
    "#);
}

#[test]
fn github_escapes_what_commands_are_made_of() {
    let mut sources = Sources::default();
    let source = sources.add("a:b,c%.caddyfile", "x");
    let finding =
        Diagnostic::warning(Code("W0900"), Span { source, start: 0, end: 1 }, "a: b, c\r\n::error::100%");
    assert_eq!(
        render(&[finding], &sources, Format::Github),
        "::warning title=W0900,file=a%3Ab%2Cc%25.caddyfile,line=1,endLine=1,col=1,endColumn=2\
         ::a: b, c%0D%0A::error::100%25\n"
    );
}

#[test]
fn sarif() {
    let text = rendered(Format::Sarif);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&document["runs"][0]["results"]).unwrap(), @r#"
    [
      {
        "level": "error",
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "sites/my%20site"
              },
              "region": {
                "endColumn": 8,
                "endLine": 2,
                "startColumn": 2,
                "startLine": 2
              }
            }
          }
        ],
        "message": {
          "text": "unknown: 100%\nreally\ndid you mean 'respond'?"
        },
        "relatedLocations": [
          {
            "message": {
              "text": "see there"
            },
            "physicalLocation": {
              "artifactLocation": {
                "uri": "file:///etc/x"
              },
              "region": {
                "endColumn": 4,
                "endLine": 2,
                "startColumn": 1,
                "startLine": 2
              }
            }
          },
          {
            "message": {
              "text": "snippet 's' is imported here"
            },
            "physicalLocation": {
              "artifactLocation": {
                "uri": "sites/my%20site"
              },
              "region": {
                "endColumn": 10,
                "endLine": 5,
                "startColumn": 2,
                "startLine": 5
              }
            }
          }
        ],
        "ruleId": "E0900",
        "ruleIndex": 0
      },
      {
        "level": "warning",
        "locations": [],
        "message": {
          "text": "nowhere"
        },
        "ruleId": "W0900",
        "ruleIndex": 1
      }
    ]
    "#);
    assert_eq!(document["runs"][0]["tool"]["driver"]["rules"][1]["id"], "W0900");
    assert_eq!(document["version"], "2.1.0");
}

#[test]
fn without_diagnostics_there_is_nothing_to_say() {
    for (name, format) in FORMATS {
        let text = render(&[], &Sources::default(), format);
        assert_eq!(text.is_empty(), name != "sarif" && name != "junit", "{name}");
    }
}

#[test]
fn formats_have_names() {
    assert_eq!("github".parse(), Ok(Format::Github));
    let error = "unknown format of diagnostics 'xml'; known are full, concise, json, github, sarif, junit";
    assert_eq!("xml".parse::<Format>(), Err(error.to_owned()));
}

#[test]
fn junit() {
    insta::assert_snapshot!(rendered(Format::Junit), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="caddis" tests="3" failures="1" errors="0">
      <testsuite name="caddis" tests="3" failures="1" errors="0" skipped="0" time="0">
        <testcase classname="caddis" name="/etc/x" time="0"/>
        <testcase classname="caddis" name="sites/my site" time="0">
          <failure type="E0900" message="unknown: 100%&#10;really">sites/my site:2:2: error[E0900]: unknown: 100% really
    </failure>
        </testcase>
        <testcase classname="caddis" name="configuration" time="0">
          <system-out>warning[W0900]: nowhere
    </system-out>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn runs_can_be_told_together() {
    let (findings, sources) = sample();
    let mut all = Sources::default();
    all.add("first", "one\n");
    let moved = all.absorb(&sources, findings.clone(), |name| name.replace("/etc/", "etc/"));
    let alone = render(&findings, &sources, Format::Json).replace("/etc/x", "etc/x");
    assert_eq!(render(&moved, &all, Format::Json), alone);
}
