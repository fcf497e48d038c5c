//! Programs in jq: what they yield, and that none of them goes beyond its bounds.

use std::{sync::Arc, time::Duration};

use super::{super::shape::Shape, *};
use crate::mirrors::Capacity;

fn run(programs: &Programs, primary: &str, shadow: &str, limits: Limits) -> Result<Vec<Difference>, Endless> {
    let bodies = [primary, shadow].map(|body| Some((body.as_bytes(), Shape::of(body.as_bytes())?)));
    programs.compare(bodies, limits, &Arc::new(Capacity::default()).part())
}

fn compare(program: &str, primary: &str, shadow: &str) -> Vec<(Option<String>, Option<String>)> {
    let programs = Programs::new(&[program.to_owned()]).unwrap();
    let differences = run(&programs, primary, shadow, Limits::default()).unwrap();
    differences.into_iter().map(|found| (found.primary, found.shadow)).collect()
}

#[test]
fn results_are_compared_as_wholes() {
    for (program, primary, shadow, same) in [
        (".a", r#"{"a":"x"}"#, r#"{"a":"x","b":1}"#, true),
        (".a", r#"{"a":"x"}"#, r#"{"a":"y"}"#, false),
        (".b", r#"{"a":"x"}"#, r#"{"a":"y"}"#, true),
        (".a", r#"{"a":{"b":[1,{"c":2}]}}"#, r#"{"a":{"b":[1,{"c":2}]}}"#, true),
        (".a", r#"{"a":{"b":[1,{"c":2}]}}"#, r#"{"a":{"b":[1,{"c":3}]}}"#, false),
        (".a", r#"{"a":{"b":1,"c":2}}"#, r#"{"a":{"c":2,"b":1}}"#, true),
        (".a", r#"{"a":{}}"#, r#"{"a":"{}"}"#, false),
        (".a", r#"{"a":[1,2]}"#, r#"{"a":[1,2]}"#, true),
        (".a", r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, false),
        (".a", r#"{"a":[1]}"#, r#"{"a":"1"}"#, false),
        (".a", r#"{"a":"1"}"#, r#"{"a":[1]}"#, false),
        (".a", r#"{"a":"true"}"#, r#"{"a":true}"#, false),
        (".[]", "[1,2]", "[1,2,3]", false),
        (".", "not JSON", "nor this", true),
        (".", "null", "not JSON", true),
        (".a", "[1]", "[2]", true),
    ] {
        assert_eq!(compare(program, primary, shadow).is_empty(), same, "{program} {primary} {shadow}");
    }
    let difference = compare(".[]", "[1]", "[1,2]");
    assert_eq!(difference, [(None, Some("2".to_owned()))]);
}

#[test]
fn programs_do_what_jq_does() {
    for (program, input, expected) in [
        (".a.b", "null", &["null"][..]),
        (".a?, .[0]", "[1]", &["1"]),
        (".[1:], .[-1], .[:1]", "[1,2,3]", &["[2,3]", "3", "[1]"]),
        ("map(. + 1)", "[1,2]", &["[2,3]"]),
        (".a |= . + 1, del(.a)", r#"{"a":1,"b":2}"#, &[r#"{"a":2,"b":2}"#, r#"{"b":2}"#]),
        (".c = 3 | .c += 1", r#"{"a":1}"#, &[r#"{"a":1,"c":4}"#]),
        (".[1:2] = [7,8,9], (.[0] |= empty)", "[1,2,3]", &["[1,7,8,9,3]", "[2,3]"]),
        (".[1:2] = \"xy\", length", r#""äbc""#, &[r#""äxyc""#, "3"]),
        ("with_entries(.value += 1)", r#"{"a":1}"#, &[r#"{"a":2}"#]),
        ("map(tostring)", r#"[1,"1",[1]]"#, &[r#"["1","1","[1]"]"#]),
        ("group_by(.a) | map(length)", r#"[{"a":2},{"a":1},{"a":2}]"#, &["[1,2]"]),
        ("walk(if type == \"number\" then . + 1 else . end)", "[1,[2]]", &["[2,[3]]"]),
        ("[paths], [..]", r#"{"a":[1]}"#, &[r#"[["a"],["a",0]]"#, r#"[{"a":[1]},[1],1]"#]),
        ("split(\",\"), test(\"a+\"), sub(\"a\"; \"c\")", r#""a,b""#, &[r#"["a","b"]"#, "true", r#""c,b""#]),
        ("[match(\"a\"; \"g\").offset], indices(\"a\")", r#""aba""#, &["[0,2]", "[0,2]"]),
        ("index(2), contains([2]), has(1), bsearch(2)", "[1,2]", &["1", "true", "true", "1"]),
        ("indices([1,2]), (tojson | fromjson)", "[1,2,1,2]", &["[0,2]", "[1,2,1,2]"]),
        ("tonumber", r#""12""#, &["12"]),
        ("unique, flatten, add", "[[2],[1],[2]]", &["[[1],[2]]", "[2,1,2]", "[2,1,2]"]),
        ("reduce .[] as $x (0; . + $x), first(range(3; 9))", "[1,2]", &["3", "3"]),
        ("[limit(3; repeat(1))]", "null", &["[1,1,1]"]),
        (
            ".[] as [$a, $b] | $a - $b, $a * $b, $a / $b, $a % $b, -$a",
            "[[6,2]]",
            &["4", "12", "3.0", "0", "-6"],
        ),
        ("100000000000000000000 + 1", "null", &["100000000000000000001"]),
        ("(\"a\", \"b\") as $n | {($n): 1}", "null", &[r#"{"a":1}"#, r#"{"b":1}"#]),
        ("try error(\"x\") catch .", "null", &[r#""x""#]),
        (". == {b: 2, a: 1}, ([.[]] | sort), keys", r#"{"a":1,"b":2}"#, &["true", "[1,2]", r#"["a","b"]"#]),
        ("def clean: del(.x); def both: clean | .y; both", r#"{"x":1,"y":2}"#, &["2"]),
        (
            "\"n\" * 3, \"a,b\" / \",\", ([1,2,1] - [1]), ({a: {b: 1}} * {a: {c: 2}})",
            "null",
            &[r#""nnn""#, r#"["a","b"]"#, "[2]", r#"{"a":{"b":1,"c":2}}"#],
        ),
    ] {
        let filter = compile(program).unwrap_or_else(|error| panic!("{program}: {error}"));
        let cx = Ctx::<Bounded>::new(Terms(&filter.lut), Vars::new([]));
        let input = parse(Shape::of(input.as_bytes()).map(|shape| (input.as_bytes(), shape)));
        let results: Vec<String> =
            filter.id.run((cx, input)).map(|result| show(unwrap_valr(result))).collect();
        assert_eq!(results, expected, "{program}");
    }
}

#[test]
fn definitions_that_call_themselves_are_refused() {
    for program in [
        "def f: 1 + f; f",
        "def f: f; f",
        "def f: def g: f; g; f",
        "def g(f): g(f | f); g(.)",
        "[.[] | def f: {a: [f]}; f]",
    ] {
        let error = compile(program).err().unwrap_or_else(|| panic!("{program} was compiled"));
        assert!(error.contains("calls itself"), "{program}: {error}");
    }
}

#[test]
fn programs_that_nest_deeply_are_read_and_run_or_refused() {
    for (begin, end) in [
        ("[", "]"),
        ("(", ")"),
        ("-", ""),
        ("{a:", "}"),
        ("try ", ""),
        ("def f: ", "1; 1"),
        (".[", "]"),
        ("\"\\(", ")\""),
        (".|", ""),
        ("1+", ""),
        (".[0]|", ""),
        ("first(", ")"),
        ("if . then ", " else . end"),
        (". as $x|", ""),
        ("reduce . as $x (", "; .)"),
    ] {
        let times = LENGTH / (begin.len() + end.len()) - 1;
        let program = format!("{}.{}", begin.repeat(times), end.repeat(times));
        // Whether it is a program and comes to an end does not matter.
        if let Ok(programs) = Programs::new(&[program]) {
            drop(run(&programs, "[1]", "[1]", small()));
        }
    }
    assert!(compile_apart(&".".repeat(LENGTH + 1)).is_err());
}

#[test]
fn bad_programs_are_told_with_their_place() {
    for (program, expected) in [
        (".a |", "at byte 4"),
        ("nope(.a)", "nope at byte 0"),
        ("env", "env at byte 0"),
        ("$ENV", "$ENV"),
        ("[.a", "at byte"),
        ("now", "now at byte 0"),
    ] {
        let error = compile(program).err().unwrap_or_else(|| panic!("{program} was compiled"));
        assert!(error.contains(expected), "{program}: {error}");
    }
}

/// Limits that are reached soon.
fn small() -> Limits {
    Limits { time: Duration::from_millis(500), memory: 8 << 20 }
}

#[test]
fn programs_cannot_do_without_bounds() {
    let doubled = "[.+.]|".repeat(60) + ".";
    let wide = "[.,.]|".repeat(60) + "tojson";
    for (program, input) in [
        ("repeat(1)", "1"),
        ("[repeat(1)]", "1"),
        ("[limit(1e9; repeat(1))]", "1"),
        ("last(repeat(empty))", "1"),
        ("until(false; .)", "1"),
        ("[range(1e12)]", "1"),
        ("last(range(0; 1; 0))", "1"),
        ("[1, 2] | sort_by(range(1e12))", "1"),
        ("[while(true; . + 1)]", "1"),
        ("last(recurse([.]))", "1"),
        ("reduce range(1e9) as $i (.; [.])", "1"),
        ("reduce range(1e9) as $i (.; {a: .})", "1"),
        ("recurse(.) |= .", "1"),
        ("path(last(recurse(.a)))", "null"),
        ("path(last(recurse(.[0:])))", "[]"),
        ("path(reduce range(1e9) as $i (.; .a))", "null"),
        ("reduce range(60) as $i (.; . + .)", "\"ab\""),
        ("reduce range(60) as $i (.; . + .)", "[1]"),
        ("reduce range(60) as $i (.; [., .]) | tojson", "1"),
        ("reduce range(60) as $i (.; [., .]) | . == 1, tostring", "1"),
        ("reduce range(60) as $i ([]; [., .]) | . as $x | [$x, 1] | sort", "1"),
        ("reduce range(60) as $i (.; . * .)", "10"),
        (". * 1000000000", "\"a\""),
        (". * 100000000000000000000", "\"a\""),
        (".[0] * .[1]", "[\"ab\", 9000000000000000000]"),
        ("reduce range(60) as $i (.; @sh)", "\"'\""),
        ("reduce range(60) as $i (.; \"\\(.)\\(.)\")", "\"ab\""),
        ("[combinations(100)]", "[1,2]"),
        (
            "test(\"(a{1000}){1000}b\")",
            "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
        ),
        ("label $f | last(repeat(1))", "1"),
        (&doubled, "[1]"),
        (&wide, "1"),
    ] {
        let programs =
            Programs::new(&[program.to_owned()]).unwrap_or_else(|error| panic!("{program}: {error:?}"));
        let outcome = run(&programs, input, input, small());
        assert!(outcome.is_err(), "{program} came to an end: {outcome:?}");
    }
}
