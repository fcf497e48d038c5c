use super::compile;

#[test]
fn matches_as_go_does() {
    for (pattern, text, matched) in [
        (r"^\d+$", "123", Some("123")),
        (r"^\d+$", "١٢٣", None),
        (r"\w+", "é_a", Some("_a")),
        (r"\W", "é", Some("é")),
        (r"a\sb", "a\u{a0}b", None),
        (r"\bfoo\b", "éfoo", Some("foo")),
        (r"a\Bb", "ab", Some("ab")),
        (r"\Q.*[\E+", "x.*[[", Some(".*[[")),
        (r"\Qa.b", "a.b", Some("a.b")),
        (r"\07", "\u{7}", Some("\u{7}")),
        (r"\101", "A", Some("A")),
        (r"[a-z&&[^b]]", "b]", Some("b]")),
        (r"[[:alpha:]-]+", "1a-b", Some("a-b")),
        (r"[\d-x]+", "a1-x", Some("1-x")),
        (r"[+--]+", "a+,-b", Some("+,-")),
        (r"[^\D]+", "a12b", Some("12")),
        (r"[]a]+", "]a", Some("]a")),
        (r"[\]\\]+", r"a]\b", Some(r"]\")),
        (r"[a~~b-]+", "a~-", Some("a~-")),
        (r"a{,2}", "a{,2}", Some("a{,2}")),
        (r"{id}", "{id}", Some("{id}")),
        (r"a{2}?", "aaa", Some("aa")),
        (r"(?i)STRASSE|(?s:a.b)", "a\nb", Some("a\nb")),
        (r"(?P<n>x)(?<m>y)", "xy", Some("xy")),
        (r"\<b\>", "a<b>", Some("<b>")),
        (r"\/a\-b\_", "/a-b_", Some("/a-b_")),
        (r"\pL+\p{Greek}", "aβ", Some("aβ")),
        ("[ #]+", "a # b", Some(" # ")),
        (r"x\z", "x\n", None),
    ] {
        let found = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(found.find(text).map(|found| found.as_str()), matched, "{pattern} in {text}");
    }
}

#[test]
fn refuses_what_go_refuses() {
    for pattern in
        [r"a**", "a{1001}", r"\8", r"\1", r"\C", r"\Z", "(?x)a", "(?=a)", "[a", "(a", "a)", r"\", "*a", r"\e"]
    {
        assert!(compile(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn errors_show_the_pattern() {
    let error = compile("a(b").unwrap_err();
    assert!(error.starts_with("error parsing regexp: ") && error.ends_with(": `a(b`"), "{error}");
}
