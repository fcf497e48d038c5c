//! Expressions and what Caddy 2.11.7 says of them, for one request.

use std::sync::Arc;

use http::StatusCode;

use super::*;
use crate::{
    error::{Error, Outcome},
    http::{Exchange, exchange::Connection},
    placeholder::Value,
    testing::{build as context, exchange},
};

/// An answer of Caddy and the expression in each line; the answers are `true`, `false`, `error` and `refused`.
const ANSWERS: &str = include_str!("answers.txt");

fn request() -> Exchange {
    let headers = [("host", "example.com:8080"), ("x-test", "hello"), ("cookie", "c=v")];
    let mut exchange = exchange("/Foo/bar.txt?a=1&b=two", &headers);
    let local = "127.0.0.1:80".parse().unwrap();
    exchange.connection = Arc::new(Connection::new(Some(local), Some(local), None));
    exchange.client_ip = Some(local.ip());
    exchange.set_var("num", Value::Float(5.0));
    exchange.set_var("str", "text");
    exchange.set_var("flag", true);
    exchange.set_var("list", vec!["a".to_owned(), "b".to_owned()]);
    for (name, value) in [("text", "mapped"), ("num", "7"), ("flag", "true")] {
        exchange.set_placeholder(format!("mapped.{name}"), value);
    }
    exchange
}

fn compile(expr: &str) -> Result<Box<dyn Matcher>, BuildError> {
    super::build(&Config { expr: expr.to_owned(), name: String::new() }, &mut context())
}

fn ask(expr: &str, exchange: &mut Exchange) -> Outcome<bool> {
    compile(expr).map_err(|error| format!("{expr}: {error}")).unwrap().matches(exchange)
}

#[test]
fn answers_of_caddy() {
    let mut wrong = Vec::new();
    for line in ANSWERS.lines() {
        let (expected, expr) = line.split_at(8);
        let (answer, why) = match compile(expr).map(|program| program.matches(&mut request())) {
            Ok(Ok(true)) => ("true", String::new()),
            Ok(Ok(false)) => ("false", String::new()),
            Ok(Err(error)) => ("error", error.to_string()),
            Err(error) => ("refused", error.message),
        };
        if answer != expected.trim_end() {
            wrong.push(format!("{expr}\n    {answer} instead of {expected} {why}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_caddy_takes_and_this_server_refuses() {
    for (expr, reason) in [
        ("protocol('nonsense')", "unknown protocol 'nonsense'"),
        ("file({'try_policy': 'bogus'})", "unknown try policy bogus"),
        ("google.protobuf.Duration{seconds: 5} == duration('5s')", "1:25: messages are not supported"),
        ("{http.shutting_down} == true", "placeholder {http.shutting_down} is not supported"),
        ("url_pattern('/Foo/*')", "the function url_pattern of expressions is not supported"),
        ("header({{http.vars.str}: 'hello'})", "a placeholder as a name in header() of an expression"),
        ("header_regexp({http.vars.str}, 'x')", "a placeholder as a name in header_regexp()"),
        ("header({'X Test': 'x'})", "\"X Test\" is not a valid name of a header field"),
        ("path_match_request_list(req, ['/foo/*'])", "undeclared reference to 'path_match_request_list'"),
        ("ph(req, {http.request.method}) == 1", "the name of a placeholder as a plain text: ph(req, 'name')"),
    ] {
        let error = compile(expr).err().map(|error| error.message).unwrap_or_default();
        assert!(error.contains(reason), "{expr}: {error}");
    }
}

#[test]
fn mistakes_are_told_with_their_places() {
    for (expr, message) in [
        ("foo == 1", "compiling CEL program: 1:1: undeclared reference to 'foo' (in container '')"),
        (
            "{http.request.host} == 'é' &&\n  (a + 1 > 0 || 'x' == 1)",
            "compiling CEL program: 2:4: undeclared reference to 'a' (in container ''); \
             2:21: found no matching overload for '_==_' applied to '(string, int)'",
        ),
        ("\\{a.b} == 1", "compiling CEL program: 1:6: Syntax error: ':' was expected, not '}'"),
        ("true &&", "compiling CEL program: 1:8: Syntax error: a value was expected, not the end"),
        (
            "'a' = 'b'",
            "compiling CEL program: 1:5: Syntax error: token recognition error at: '='; equality is '=='",
        ),
        ("1 + 2", "CEL request matcher expects return type of bool, not int"),
        ("path_regexp('[')", "compiling matcher regexp [: error parsing regexp: missing closing ]"),
    ] {
        assert_eq!(compile(expr).err().unwrap().message, message, "{expr}");
    }
}

#[test]
fn what_error_routes_ask() {
    const CODE: &str = "{http.error.status_code}";
    let holds = |expr: &str, status: u16| {
        let mut exchange = request();
        exchange.error = Some(Error::status_only(StatusCode::from_u16(status).unwrap()));
        ask(expr, &mut exchange).unwrap()
    };
    for (expr, yes, no) in [
        (format!("{CODE} == 404"), 404, 405),
        (format!("{CODE} in [404, 410]"), 410, 405),
        (format!("{CODE} >= 400 && {CODE} <= 499"), 499, 500),
        (format!("{CODE} >= 500 && {CODE} <= 599 || {CODE} in [404]"), 404, 403),
    ] {
        assert!(holds(&expr, yes), "{expr} {yes}");
        assert!(!holds(&expr, no), "{expr} {no}");
    }
}

#[test]
fn groups_have_the_name_of_the_expression() {
    let config = Config { expr: r"path_regexp('^/(\\w+)')".to_owned(), name: "it".to_owned() };
    let mut exchange = request();
    assert!(super::build(&config, &mut context()).unwrap().matches(&mut exchange).unwrap());
    assert!(ask("{http.regexp.it.1} == 'Foo' && {http.regexp.1} == 'Foo'", &mut exchange).unwrap());
}

#[test]
fn failures_are_errors_of_the_request() {
    let error = ask("int({http.vars.str}) == 1", &mut request()).unwrap_err();
    assert_eq!(error.message(), "evaluating expression: type conversion error from 'string' to 'int'");
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let error = ask("file('=404')", &mut request()).unwrap_err();
    assert_eq!(error.status(), StatusCode::NOT_FOUND);
}

/// What Caddy takes at the most is taken, and little more.
#[test]
fn depth_has_a_limit() {
    let nested =
        |open: &str, end: &str, depth: usize| format!("{}true{}", open.repeat(depth), end.repeat(depth));
    let brackets: [&dyn Fn(usize) -> String; 9] = [
        &|depth| nested("(", ")", depth),
        &|depth| nested("!(", ")", depth),
        &|depth| nested("[", "]", depth) + " == []",
        &|depth| nested("{1: ", "}", depth) + " == {}",
        &|depth| nested("dyn(", ")", depth) + " == true",
        &|depth| nested("[1].all(x, ", ")", depth),
        &|depth| nested("[true][", "]", depth).replace("[true]", "[0]").replace("true", "0") + " == 0",
        &|depth| nested("true ? true : ", "", depth),
        &|depth| nested("cel.bind(x, 1, ", ")", depth),
    ];
    for bracket in brackets {
        ask_or_fail(&bracket(249));
        assert!(compile(&bracket(250)).err().unwrap().message.contains("recursion limit exceeded: 250"));
        assert!(compile(&bracket(10_000)).is_err());
    }
    let chains: [(usize, &dyn Fn(usize) -> String); 5] = [
        (249, &|length| format!("1{} > 0", " + 1".repeat(length))),
        (250, &|length| format!("true{}", " == true".repeat(length))),
        (249, &|length| format!("{{http.vars.a}}{} == 1", ".b".repeat(length))),
        (249, &|length| format!("{{http.vars.a}}{} == 1", "[0]".repeat(length))),
        (249, &|length| format!("'a'{} == ''", ".trim()".repeat(length))),
    ];
    for (most, chain) in chains {
        ask_or_fail(&chain(most));
        assert!(compile(&chain(most + 4)).is_err());
        assert!(compile(&chain(10_000)).is_err());
    }
    assert!(compile(&vec!["true"; 10_000].join(" && ")).is_ok());
    assert!(compile(&format!("{}1 == 1", "-".repeat(100_000))).is_ok());
    assert!(compile(&"[".repeat(100_000)).is_err());
}

/// Builds an expression and asks it, whatever it says: neither may need more stack than a thread has.
fn ask_or_fail(expr: &str) {
    drop(compile(expr).map_err(|error| format!("{expr}: {error}")).unwrap().matches(&mut request()));
}
