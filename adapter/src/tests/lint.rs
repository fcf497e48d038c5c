//! What does nothing is told, and what only looks like it is not.

use super::{Nothing, adapted};
use crate::{Registry, Unknown, adapt};

/// The codes of the warnings about what does nothing, each with its line.
fn found(text: &str) -> Vec<String> {
    const CODES: [&str; 9] =
        ["W0204", "W0205", "W0206", "W0302", "W0303", "W0402", "W0403", "W0404", "W0114"];
    let adapted = adapted(text);
    assert!(!adapted.has_errors(), "{text}\n{:#?}", adapted.diagnostics);
    let findings = adapted.diagnostics.iter().filter(|finding| CODES.contains(&finding.code.0));
    let line = |finding: &caddis_grammar::Diagnostic| adapted.sources.location(finding.span.unwrap()).line;
    findings.map(|finding| format!("{}:{}", line(finding), finding.code.0)).collect()
}

#[track_caller]
fn assert_in_site(cases: &[(&str, &[&str])]) {
    for (lines, expected) in cases {
        // The first line of the site is line 2 of the file.
        assert_eq!(found(&format!(":80 {{\n{lines}\n}}\n")), *expected, "{lines}");
    }
}

#[test]
fn what_stands_behind_an_answer_is_unreached() {
    assert_in_site(&[
        ("reverse_proxy app:1\nfile_server", &["3:W0302"]),
        ("file_server\nrespond hi", &["2:W0302"]),
        ("redir https://a.example\nencode\ntls internal", &["3:W0302"]),
        ("route {\nrespond hi\nheader X y\n}", &["4:W0302"]),
        ("route {\nheader X y\nrespond hi\n}", &[]),
        ("abort /a/*\nrespond /A/b hi", &["3:W0302"]),
        ("abort /a/*\nrespond /ab hi", &[]),
        ("abort /a*\nrespond /ab hi\nrespond /a/b* there", &["3:W0302", "4:W0302"]),
        ("abort /a\nrespond /a/ hi", &[]),
        ("handle {\nrespond hi\n}\nfile_server", &["5:W0302"]),
        ("handle /a {\nrespond hi\n}\nfile_server", &[]),
        ("handle /a {\nabort\n}\nhandle {\nrespond hi\n}\nreverse_proxy app:1", &["8:W0302"]),
        // The first of the group lets its requests pass.
        ("handle /a {\nheader X y\n}\nhandle {\nrespond hi\n}\nreverse_proxy app:1", &[]),
        ("route {\nhandle {\nheader X y\n}\nhandle /a {\nrespond hi\n}\n}", &["6:W0302"]),
        ("respond hi 103\nreverse_proxy app:1", &[]),
        ("respond {code}\nfile_server", &["3:W0302"]),
        ("route {\nfile_server {\npass_thru\n}\nrespond hi\n}", &[]),
        ("forward_auth auth:1 {\nuri /\n}\nreverse_proxy app:1", &[]),
        ("php_fastcgi app:1\nfile_server", &[]),
        ("handle_errors {\nrespond hi\nfile_server\n}", &["4:W0302"]),
        ("invoke a\nfile_server\n}\n&(a) {\nrespond hi", &[]),
    ]);
}

#[test]
fn conditions_are_compared_where_they_look_at_the_same_request() {
    assert_in_site(&[
        ("@a header X y\nabort @a\nrespond @a hi", &["4:W0302"]),
        ("@a {\nheader X y\npath /a\n}\n@b header X y\nabort @b\nrespond @a hi", &["8:W0302"]),
        ("@a {\nheader X y\npath /a\n}\n@b header X y\nabort @a\nrespond @b hi", &[]),
        // The request is another one behind a rewrite.
        ("route {\nabort /a\nrewrite /b /a\nrespond /a hi\n}", &[]),
        ("route {\nabort /a\nrequest_header X y\nrespond /a hi\n}", &[]),
        ("route {\nabort /a\nroute {\nuri strip_prefix /b\n}\nrespond /a hi\n}", &[]),
        ("route {\nabort /a\nroute /b {\nuri strip_prefix /b\nrespond hi\n}\nrespond /a hi\n}", &["8:W0302"]),
        // Files come and go, and so do the values of placeholders.
        ("@a file x\nabort @a\nrespond /b ho\nrespond @a hi", &[]),
        ("@a header X {vars.y}\nabort @a\nrespond /b ho\nrespond @a hi", &[]),
        ("@a expression true\nabort @a\nrespond /b ho\nrespond @a hi", &[]),
        // These two share a route.
        ("@a file x\nabort @a\nrespond @a hi", &["4:W0302"]),
    ]);
}

#[test]
fn what_an_import_brings_is_judged_with_what_came_along() {
    let site = |snippet: &str, lines: &str| format!("(s) {{\n{snippet}\n}}\n:80 {{\nimport s\n{lines}\n}}\n");
    assert_eq!(found(&site("encode", "redir https://a.example")), [""; 0]);
    assert_eq!(found(&site("respond hi", "file_server")), ["6:W0302"]);
    assert_eq!(found(&site("respond hi\nfile_server", "encode")), ["3:W0302"]);
    // It is of use somewhere.
    let twice = "(s) {\nhandle {args[0]} {\nrespond hi\n}\nrespond ho\n}\n:80 {\nimport s *\n}\n:81 {\nimport s /a\n}\n";
    assert_eq!(found(twice), [""; 0]);
}

#[test]
fn folders_that_are_replaced_at_once_are_told() {
    assert_in_site(&[
        ("root /a\nroot /b\nfile_server", &["2:W0303"]),
        ("root * /a\nroot /x/* /b\nfile_server", &[]),
        // Of the folders, too, only the first that matches counts.
        ("route {\nroot /a\nfile_server /x\nroot /b\nfile_server\n}", &["5:W0302"]),
        ("route {\nroot /x /a\nfile_server /x\nroot /b\nfile_server\n}", &[]),
        ("route {\nroot /a\nroot /x /b\nfile_server\n}", &["4:W0302"]),
    ]);
}

#[test]
fn addresses_of_earlier_sites_are_told() {
    for (addresses, expected) in [
        (["a.example, b.example", "https://a.example"], &["4:W0205"][..]),
        // Under the same condition the second site gets what the first does not answer, which is nothing.
        (["a.example", "https://a.example"], &["4:W0302"]),
        (["a.example", "A.example:443"], &["4:W0302"]),
        (["a.example", "http://a.example"], &[]),
        (["a.example:8443", "a.example:9443"], &[]),
        ([":443", "https://"], &["4:W0302"]),
        (["*.example", "a.example"], &[]),
        (["a.example, b.example", "https://b.example, c.example"], &["4:W0205"]),
        (["http://a.example, https://a.example", "a.example:443, a.example:80"], &["4:W0302", "4:W0302"]),
        (["http://a.example/x", "http://a.example"], &[]),
        // Beside an address without a host, the hosts of a site do not count, but for its place.
        (["http://, http://long.example", "http://a.example"], &[]),
        (["http://, http://*.long.example", "http://*.example"], &["4:W0205"]),
    ] {
        let [first, second] = addresses;
        let text = format!("{first} {{\nrespond a\n}}\n{second} {{\nrespond b\n}}\n");
        assert_eq!(found(&text), expected, "{text}");
    }
}

#[test]
fn named_routes_without_a_use_are_told() {
    let text = "&(a) {\nrespond a\n}\n&(b) {\ninvoke a\n}\n&(c) {\ninvoke c\n}\n&(d) {\nrespond a\n}\n";
    let site = ":80 {\ninvoke b\ninvoke d\n}\n";
    assert_eq!(found(&format!("{text}{site}")), ["7:W0204", "10:W0206"]);
    // A file without sites is part of another.
    assert_eq!(found(text), [""; 0]);
}

#[test]
fn matchers_that_never_match_are_told() {
    for (address, matcher, is_found) in [
        (":80", "path api/*", true),
        (":80", "path api/* /api", false),
        (":80", "path *.php", false),
        (":80", "path {vars.x}/a", false),
        (":80", "not path api/*", false),
        (":80", "host a.example", false),
        (":80", "host https://a.example", true),
        (":80", "host a.example:80", true),
        (":80", "host ::1 [::1]", false),
        (":80", "protocol HTTPS", true),
        (":80", "protocol grpc", false),
        ("a.example", "host b.example", true),
        ("a.example", "host b.example A.example", false),
        ("*.example", "host b.example", false),
        ("*.example", "host b.a.example", true),
        ("a.example, :443", "host b.example", false),
        ("http://{env.HOST}", "host b.example", false),
    ] {
        let text = format!("{address} {{\n@m {matcher}\nrespond @m hi\n}}\n");
        let expected: &[&str] = if is_found { &["2:W0403"] } else { &[] };
        assert_eq!(found(&text), expected, "{text}");
    }
}

#[test]
fn matchers_that_repeat_or_borrow_are_told() {
    assert_in_site(&[
        ("@a path /a\n@b path /a\nabort @a\nheader @b X y", &["3:W0402"]),
        ("@a path /a\n@b path \"/a\"\n@c path /c\nabort @a\nheader @b X y\nheader @c X y", &[]),
        ("handle /a {\n@a path /a\nabort @a\n}\nhandle /b {\n@a path /a\nabort @a\n}", &[]),
        ("@a {\npath_regexp ^/(.*)\nheader X {re.a.1}\n}\nabort @a", &["2:W0404"]),
        ("@a {\npath_regexp x ^/(.*)\nfile {re.x.1}\n}\nabort @a", &["2:W0404"]),
        ("@a {\npath_regexp x ^/(.*)\nheader X {re.y.1}\n}\nabort @a", &[]),
        ("@a file /x\nrewrite @a {file_match.relative}", &[]),
    ]);
}

#[test]
fn what_depends_on_the_environment_is_left_alone() {
    for text in [
        "{$HOST:a.example} {\n@m host www.b.example\nredir @m /\n}\n",
        "a.example {\n@m host www.{$HOST:b.example}\nredir @m /\n}\n",
        "{$HOST:a.example}, b.example {\nrespond hi\n}\nhttps://a.example {\nrespond ho\n}\n",
        ":80 {\nhandle {$PATH:*} {\nrespond hi\n}\nrespond ho\n}\n",
        "(dev) {\nencode\n}\n(live) {\nlog\n}\n:80 {\nimport {$STAGE:dev}\n}\n",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn nothing_is_certain_beside_what_is_unknown() {
    let text = "&(a) {\n\trespond a\n}\n\n:80 {\n\tunheard_of\n\treverse_proxy app:1\n\tfile_server\n}\n";
    let registry = Registry::standard().with_unknown(Unknown::SkipAll);
    let codes: Vec<_> = adapt("Caddyfile", text, &Nothing, &Nothing, &registry)
        .diagnostics
        .iter()
        .map(|finding| finding.code.0)
        .collect();
    assert_eq!(codes, ["W0720"]);
}
