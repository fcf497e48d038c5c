use caddis_config::Config;
use caddis_grammar::{Level, Severity};

use super::Nothing;
use crate::{Adapted, Registry, Settings, Unknown, adapt};

/// The settings of a text without findings.
#[track_caller]
fn settings(text: &str) -> Settings {
    let settings = Settings::parse("caddis.toml", text, Registry::standard());
    assert!(settings.diagnostics.is_empty(), "{:#?}", settings.diagnostics);
    settings
}

fn adapted(registry: &Registry, text: &str) -> Adapted {
    adapt("Caddyfile", text, &Nothing, &Nothing, registry)
}

/// The handlers of the first route, as JSON.
#[track_caller]
fn handlers(declarations: &str, directives: &str) -> String {
    let registry = settings(declarations).registry;
    let adapted = adapted(&registry, &format!(":80 {{\nroute {{\n{directives}\n}}\n}}\n"));
    assert!(!adapted.has_errors(), "{:#?}", adapted.diagnostics);
    let json: serde_json::Value = serde_json::from_str(&adapted.config.to_json()).unwrap();
    json.pointer("/apps/http/servers/srv0/routes/0/handle/0/routes/0/handle").unwrap().to_string()
}

#[test]
fn every_type_has_its_json() {
    let declarations = r#"
        [directives.d.lines]
        string = "string"
        int = "int"
        float = "float"
        bool = "bool"
        duration = "duration"
        text = "duration_string"
        size = "size"
        flag = { type = "flag", field = "level", value = 3 }
        strings = "strings"
        ints = "ints"
        names = { other = "pairs" }
        blocks = { other = { type = "map", lines = { x = "int" } } }
        pairs = "pairs"
        headers = "headers"
    "#;
    let lines = "string a\nint -1\nfloat 2.50\nbool t\nduration 1m\ntext 90s\nsize 1KiB\nflag\nstrings a b\nstrings c\nints 1 2\nnames {\na b\nc d\n}\nblocks {\na {\nx 1\n}\nb\n}\n\
                 pairs a b\npairs c d\nheaders x-a b\nheaders X-A c";
    assert_eq!(
        handlers(declarations, &format!("d {{\n{lines}\n}}")),
        r#"[{"blocks":{"a":{"x":1},"b":{}},"bool":true,"duration":60000000000,"float":2.5,"handler":"d","headers":{"X-A":["b","c"]},"int":-1,"ints":[1,2],"level":3,"names":{"a":"b","c":"d"},"pairs":{"a":"b","c":"d"},"size":1024,"string":"a","strings":["a","b","c"],"text":"1m30s"}]"#
    );
}

#[test]
fn empty_values_are_left_out_unless_they_are_kept() {
    let declarations = r#"
        [directives.d]
        lines = { a = "int", b = { type = "int", keep_empty = true }, c = "string" }
        defaults = { c = "x", d = [] }
    "#;
    assert_eq!(
        handlers(declarations, "d {\na 1\na 0\nb 0\nc \"\"\n}"),
        r#"[{"b":0,"c":"","d":[],"handler":"d"}]"#
    );
    assert_eq!(handlers(declarations, "d"), r#"[{"c":"x","d":[],"handler":"d"}]"#);
}

#[test]
fn a_line_may_become_a_member_further_inside() {
    let declarations = r#"
        [directives.d]
        other = "pairs"
        [directives.d.lines]
        x = { type = "int", field = "a.b.x" }
        y = { type = "strings", field = "a.y" }
        "z.z" = "flag"
    "#;
    assert_eq!(
        handlers(declarations, "d {\na one\nx 1\ny p\ny q\nx 2\nz.z\n}"),
        r#"[{"a":{"b":{"x":2},"y":["p","q"]},"handler":"d","z.z":true}]"#
    );
    assert_eq!(handlers(declarations, "d {\nx 1\nx 0\n}"), r#"[{"a":{"b":{}},"handler":"d"}]"#);
}

#[test]
fn a_plugin_may_stand_beside_one_that_is_declared_below() {
    let settings = settings(
        r#"
        [directives.a]
        order = "after b"
        [directives.b]
        order = "before respond"
        [directives.c]
        order = "first"
        [directives.d]
        order = "last"
        [directives.e]
        "#,
    );
    let order = settings.registry.order();
    let at = order.iter().position(|name| name == "b").unwrap();
    assert_eq!(order[at..at + 3], ["b", "a", "respond"]);
    assert_eq!((order[0].as_ref(), order[order.len() - 1].as_ref()), ("c", "d"));
    assert_eq!(settings.registry.position("e"), None);
}

#[test]
fn levels_are_handed_over() {
    let levels = settings("[levels]\nW0110 = \"deny\"\nwarnings = \"allow\"\n").levels;
    assert_eq!((levels.get("W0110"), levels.get("W0111")), (Level::Deny, Level::Allow));
}

#[test]
fn a_module_of_another_plugin_is_known_within_one() {
    let declarations = r#"
        [directives.d.lines]
        by = { type = "module", namespace = "x.y", key = "kind" }
        store = { type = "module", namespace = "caddy.storage", key = "module" }
        [modules."x.y.z"]
        args = ["to"]
    "#;
    assert_eq!(
        handlers(declarations, "d {\nby z there\nstore file_system /a\n}"),
        r#"[{"by":{"kind":"z","to":"there"},"handler":"d","store":{"module":"file_system","root":"/a"}}]"#
    );
}

const UNKNOWN: &str = "{\n\torder guard first\n\tlayer9\n\tdns nowhere token\n}\n:80 {\n\t@here near home\n\tguard @here {\n\t\tx\n\t}\n\thandle {\n\t\tguards\n\t\tgurads\n\t}\n\trespond ok\n}\n";

#[test]
fn what_is_unknown_is_an_error_unless_it_is_skipped() {
    let refused = adapted(&Registry::standard(), UNKNOWN);
    assert!(refused.has_errors());

    let registry = Registry::standard().with_unknown(Unknown::SkipAll);
    let skipped = adapted(&registry, UNKNOWN);
    assert!(!skipped.has_errors(), "{:#?}", skipped.diagnostics);
    let unchecked = skipped.diagnostics.iter().filter(|finding| finding.code.0 == "W0720");
    let lines: Vec<u32> =
        unchecked.map(|finding| skipped.sources.location(finding.span.unwrap()).line).collect();
    assert_eq!(lines, [2, 3, 4, 7, 8, 12, 13]);
    let json = skipped.config.to_json();
    assert!(Config::from_json(json.as_bytes()).is_err());
    Config::from_json_with(json.as_bytes(), &registry.decode_options()).unwrap();
}

#[test]
fn raw_plugins_are_for_checking_alone() {
    let declarations = "[options.layer4]\ntype = \"raw\"\n[directives.php_server]\ntype = \"raw\"\norder = \"last\"\n\
                        [directives.d.lines]\nkey = \"string\"\nrest = \"raw\"\n";
    let text = "{\n\tlayer4 {\n\t\t:1 {\n\t\t}\n\t}\n}\n:80 {\n\tphp_server\n\troute {\n\t\td {\n\t\t\tkey a\n\t\t\trest b c\n\t\t}\n\t}\n}\n";
    let registry = settings(declarations).registry;
    let refused = adapted(&registry, text);
    let errors = refused.diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
    assert_eq!(errors.map(|finding| finding.code.0).collect::<Vec<_>>(), ["E0738"; 3]);

    let checked = adapted(&registry.with_unknown(Unknown::SkipRaw), text);
    assert!(!checked.has_errors(), "{:#?}", checked.diagnostics);
    assert!(checked.config.to_json().contains(r#"{"handler":"d","key":"a"}"#));
}

#[test]
fn routes_of_an_option_are_checked_too() {
    let registry =
        settings("[options.worker]\nlines.on = { type = \"routes\", field = \"routes\" }\n").registry;
    let wrong = adapted(&registry, "{\n\tworker {\n\t\ton {\n\t\t\trespnd no\n\t\t}\n\t}\n}\n");
    let found: Vec<_> = wrong.diagnostics.iter().map(|finding| finding.code.0).collect();
    assert_eq!(found, ["E0311"]);
    let right = adapted(&registry, "{\n\tworker {\n\t\ton {\n\t\t\trespond /a ok\n\t\t}\n\t}\n}\n");
    let expected = r#"{"apps":{"worker":{"routes":[{"handle":[{"body":"ok","handler":"static_response"}],"match":[{"path":["/a"]}]}]}}}"#;
    assert_eq!(right.config.to_json(), expected);
}
