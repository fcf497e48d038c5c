//! What `validate` finds in a configuration although every line of it can be read.

use crate::scene::Scene;

/// Checks a Caddyfile and expects these findings, all of them.
fn finds(caddyfile: &str, expected: &[&str]) {
    let outcome = Scene::with(caddyfile).run(&["validate", "--diagnostics", "concise"]);
    let found: Vec<&str> =
        outcome.failure().lines().map(|line| line.trim_start_matches("Caddyfile:")).collect();
    assert_eq!(found, expected, "{caddyfile}");
}

#[test]
fn mistakes_in_expressions_stand_where_they_are_written() {
    finds(
        ":80 {\n\t@a `{method} == 'GET' && pth('/x')`\n\t@b `size({path}) + 1`\n\t@c `path(5) || host('a')`\n\
         \t@d {\n\t\texpression {path} + 1 == 'x'\n\t}\n\trespond @a a\n\trespond @b b\n\trespond @c c\n\trespond @d d\n}\n",
        &[
            "2:2: error[E0804]: compiling CEL program: 1:38: undeclared reference to 'pth' (in container '')",
            "3:2: error[E0804]: CEL request matcher expects return type of bool, not int",
            "4:2: error[E0804]: compiling CEL program: 1:6: matcher arguments must be string constants",
            "5:2: error[E0804]: compiling CEL program: 1:29: found no matching overload for '_==_' applied to \
             '(int, string)'",
        ],
    );
}

#[test]
fn patterns_and_addresses_are_checked_all_at_once() {
    finds(
        ":80 {\n\t@a path_regexp (\n\t@b header_regexp X a(?=b)\n\t@c remote_ip 1.2.3.4/99\n\trespond @a a\n\trespond @b b\n\
         \trespond @c c\n\turi path_regexp [ x\n}\n",
        &[
            "2:2: error[E0804]: compiling matcher regexp (: error parsing regexp: unclosed group: `(`",
            "3:2: error[E0804]: compiling matcher regexp a(?=b): error parsing regexp: invalid or unsupported Perl \
             syntax: `(?=`",
            "4:2: error[E0803]: parsing CIDR expression '1.2.3.4/99': bad number of bits",
            "8:2: error[E0804]: error parsing regexp: missing closing ]",
        ],
    );
}

#[test]
fn programs_of_mirrors_are_compiled() {
    finds(
        ":80 {\n\tmirror {\n\t\tcompare_jq .data \".data |\"\n\t\tprimary {\n\t\t\trespond a\n\t\t}\n\t\tsecondary {\n\
         \t\t\trespond b\n\t\t}\n\t}\n}\n",
        &["2:2: error[E0804]: error parsing jq query 1: expected term at byte 7"],
    );
}
