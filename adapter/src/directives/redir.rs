//! `redir`: sends the client elsewhere.

use caddis_config::{
    go::{html, number::atoi},
    http::handlers::StaticResponse,
};
use caddis_grammar::Token;

use crate::{
    args::Value,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::lenient::{ignore_block, ignore_from},
    errors,
};

/// See `fixtures/directives/redir.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "redir",
    summary: "Sends the client to another address.",
    takes_matcher: true,
    ordered: true,
    read,
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let (to, code) = match call.line.args() {
        [] => return Err(errors::missing_argument(call.line)),
        [to] => (to, None),
        [to, code, ..] => (to, Some(code)),
    };
    ignore_from(cx, call.line, 2);
    ignore_block(cx, call.line);
    let response = match code {
        Some(code) if &*code.text == "html" => page(&to.text),
        code => StaticResponse {
            status_code: code.map_or(Ok("302".to_owned()), status)?.into(),
            headers: [("Location".to_owned(), vec![to.string()])].into(),
            ..StaticResponse::default()
        },
    };
    Ok(call.route(response))
}

/// The status of a redirection: a word for it, a placeholder, or a number that makes sense with `Location`.
fn status(code: &Token) -> Parsed<String> {
    match &*code.text {
        "permanent" => Ok("301".to_owned()),
        "temporary" | "" => Ok("302".to_owned()),
        placeholder if placeholder.starts_with('{') => Ok(placeholder.to_owned()),
        number => match atoi(number) {
            Err(_) => Err(errors::handlers::bad_redir_code(code)),
            // Scripts follow a 3xx on their own; with a 401 they can read `Location`.
            Ok(300..=399 | 401) => Ok(number.to_owned()),
            Ok(status) => Err(errors::handlers::redir_code_out_of_range(code, status)),
        },
    }
}

/// A page that leads on, for browsers only.
fn page(to: &str) -> StaticResponse {
    let to = html::escape(to);
    StaticResponse {
        status_code: "200".to_owned().into(),
        headers: [("Content-Type".to_owned(), vec!["text/html; charset=utf-8".to_owned()])].into(),
        body: format!(
            r#"<!DOCTYPE html>
<html>
	<head>
		<title>Redirecting...</title>
		<script>window.location.replace("{to}");</script>
		<meta http-equiv="refresh" content="0; URL='{to}'">
	</head>
	<body>Redirecting to <a href="{to}">{to}</a>...</body>
</html>
"#
        ),
        ..StaticResponse::default()
    }
}
