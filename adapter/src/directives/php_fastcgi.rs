//! `php_fastcgi`: serves a PHP application; short for a redirect, a rewrite and a proxy over FastCGI.

use caddis_config::http::{
    MatcherSet, Route,
    handlers::{Rewrite, StaticResponse, Subroute},
    matchers::{File, Not, Path},
    reverse_proxy::transport::FastCgi,
};
use caddis_grammar::Statement;

use super::reverse_proxy::{self, Draft};
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    modules::http::reverse_proxy::transport::fastcgi,
    table::{Row, Shape, read_line_or, row},
};

/// See `fixtures/directives/php_fastcgi.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "php_fastcgi",
    summary: "Serves a PHP application over FastCGI.",
    takes_matcher: true,
    ordered: true,
    read,
};

/// What can stand in the block besides the lines of `transport fastcgi` and of `reverse_proxy`.
pub(crate) static ROWS: &[Row<PhpFastcgi>] = &[
    row("index", Shape::One("file|off"), |php, line, _| {
        php.index = line.one()?.string();
        Ok(())
    }),
    row("try_files", Shape::Some("file"), |php, line, _| {
        php.try_files = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
];

/// The directive while its lines are read.
#[derive(Debug, Default)]
pub(crate) struct PhpFastcgi {
    draft: Draft,
    transport: FastCgi,
    index: String,
    try_files: Vec<String>,
}

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut php = PhpFastcgi { index: "index.php".to_owned(), ..PhpFastcgi::default() };
    php.transport.split_path = vec![".php".to_owned()];
    // The place of the transport is taken; what it becomes is known when all lines are read.
    php.draft.proxy.transport = Some(FastCgi::default().into());
    php.draft.read_upstreams(cx, call.line);
    for line in call.line.children() {
        let outcome = read_subdirective(cx, line, &mut php);
        cx.keep(outcome);
    }
    let mut routes = php.file_routes();
    routes.push(php.proxy_route(cx, call.line)?);
    if call.matcher.is_some() {
        return Ok(call.route(Subroute { routes, ..Subroute::default() }));
    }
    Ok(vec![Item::Routes(routes)])
}

fn read_subdirective(cx: &mut Cx<'_>, line: &Statement, php: &mut PhpFastcgi) -> Parsed<()> {
    read_line_or(cx, line, ROWS, php, |cx, line, php| {
        read_line_or(cx, line, fastcgi::ROWS, &mut php.transport, |cx, line, _| {
            reverse_proxy::read_subdirective(cx, line, &mut php.draft)
        })
    })
}

impl PhpFastcgi {
    /// The routes that find the file to run: one that adds the slash to the path of a folder, one that rewrites.
    fn file_routes(&self) -> Vec<Route> {
        if self.index == "off" {
            return Vec::new();
        }
        let folder_index = format!("{{http.request.uri.path}}/{}", self.index);
        let mut try_files = self.try_files.clone();
        if try_files.is_empty() {
            try_files = vec!["{http.request.uri.path}".to_owned(), folder_index.clone(), self.index.clone()];
        }
        // A script at the end of the list takes whatever is left, whether or not it exists.
        let last_runs =
            self.try_files.is_empty() || try_files.last().is_some_and(|file| file.ends_with(".php"));
        let redirects = try_files.contains(&folder_index);
        let mut routes = Vec::new();
        if redirects {
            routes.push(redirect_to_folder(folder_index));
        }
        let file = File {
            try_files,
            try_policy: if last_runs { "first_exist_fallback".to_owned() } else { String::new() },
            split_path: self.transport.split_path.clone(),
            ..File::default()
        };
        let rewrite = Rewrite { uri: "{http.matchers.file.relative}".to_owned(), ..Rewrite::default() };
        routes.push(Route {
            matchers: vec![MatcherSet::from_iter([file])],
            handle: vec![rewrite.into()],
            ..Route::default()
        });
        routes
    }

    /// The route that sends scripts to the responder.
    fn proxy_route(self, cx: &mut Cx<'_>, directive: &Statement) -> Parsed<Route> {
        let scripts =
            Path(self.transport.split_path.iter().map(|extension| format!("*{extension}")).collect());
        let mut draft = self.draft;
        draft.proxy.transport = Some(self.transport.into());
        Ok(Route {
            matchers: vec![MatcherSet::from_iter([scripts])],
            handle: vec![draft.finish(cx, directive)?.into()],
            ..Route::default()
        })
    }
}

/// `/blog` with a file `/blog/index.php` becomes `/blog/`, so that relative links work.
fn redirect_to_folder(folder_index: String) -> Route {
    let file = File { try_files: vec![folder_index], ..File::default() };
    let with_slash = MatcherSet::from_iter([Path(vec!["*/".to_owned()])]);
    let mut response = StaticResponse { status_code: "308".into(), ..StaticResponse::default() };
    let location = "{http.request.orig_uri.path}/{http.request.orig_uri.prefixed_query}";
    response.headers.insert("Location".to_owned(), vec![location.to_owned()]);
    let mut matchers = MatcherSet::from_iter([file]);
    matchers.insert(Not(vec![with_slash]));
    Route { matchers: vec![matchers], handle: vec![response.into()], ..Route::default() }
}
