use serde_json::json;

use super::{Foreign, Module, ModuleMap};
use crate::http::handlers::{FileServer, ReverseProxy, StaticResponse, Subroute, Vars};
use crate::http::matchers::{self, Host, Path};
use crate::http::{ErrorRoutes, Handler, Matcher, Route};
use crate::{ConfigError, Decode, Options, from_value, to_json};

fn route(handler: impl Into<Handler>) -> Route {
    let file = matchers::File {
        try_files: vec!["a".into()],
        try_policy: "first_exist".into(),
        split_path: vec![".php".into()],
        ..Default::default()
    };
    let set = [Matcher::from(file)].into_iter().collect();
    Route { group: "g".into(), matchers: vec![set], handle: vec![handler.into()], terminal: true }
}

#[test]
fn a_route_of_a_server_keeps_its_order() {
    let expected = concat!(
        r#"{"group":"g","match":[{"file":{"try_files":["a"],"try_policy":"first_exist","split_path":[".php"]}}],"#,
        r#""handle":[{"body":"x","handler":"static_response","status_code":404}],"terminal":true}"#
    );
    let response = StaticResponse { status_code: 404.into(), body: "x".into(), ..Default::default() };
    assert_eq!(to_json(&route(response)), expected);
}

#[test]
fn a_route_in_a_handler_is_sorted() {
    let expected = concat!(
        r#"{"errors":{"routes":[{}]},"handler":"subroute","routes":[{"group":"g","handle":[{"handler":"vars"}],"#,
        r#""match":[{"file":{"split_path":[".php"],"try_files":["a"],"try_policy":"first_exist"}}],"terminal":true}]}"#
    );
    let errors = ErrorRoutes { routes: vec![Route::default()] };
    let subroute = Subroute { routes: vec![route(Vars::default())], errors: Some(errors) };
    assert_eq!(to_json(&Handler::from(subroute)), expected);
}

#[test]
fn matchers_in_a_map_are_sorted_by_name() {
    let mut set = ModuleMap::<Matcher>::default();
    assert!(set.insert(Path(vec!["/a".into()])).is_none());
    assert!(set.insert(Host(vec!["h".into()])).is_none());
    assert_eq!(set.insert(Path(vec!["/b".into()])), Some(Path(vec!["/a".into()]).into()));
    assert_eq!(to_json(&set), r#"{"host":["h"],"path":["/b"]}"#);
    assert_eq!(set.names().collect::<Vec<_>>(), ["host", "path"]);
}

#[test]
fn numbers_in_a_module_become_float64() {
    let vars = json!({"handler": "vars", "a": 9_007_199_254_740_993_i64, "b": [-9_007_199_254_740_993_i64], "c": 1e21});
    let vars: Handler = from_value(vars).unwrap();
    assert_eq!(
        to_json(&vars),
        r#"{"a":9007199254740992,"b":[-9007199254740992],"c":1e+21,"handler":"vars"}"#
    );
    let proxy = ReverseProxy { flush_interval: crate::Duration(-1), ..Default::default() };
    assert_eq!(to_json(&Handler::from(proxy)), r#"{"flush_interval":-1,"handler":"reverse_proxy"}"#);
}

#[test]
fn pointers_to_empty_objects_stay() {
    let server =
        FileServer { browse: Some(Default::default()), canonical_uris: Some(false), ..Default::default() };
    assert_eq!(
        to_json(&Handler::from(server)),
        r#"{"browse":{},"canonical_uris":false,"handler":"file_server"}"#
    );
}

fn error(value: serde_json::Value) -> (String, String) {
    let ConfigError { path, message } = from_value::<Route>(value).unwrap_err();
    (path, message)
}

#[test]
fn errors_name_the_place() {
    for (value, path, message) in [
        (json!({"handle": [{"handler": "nope"}]}), "/handle/0", "unknown module: http.handlers.nope"),
        (
            json!({"handle": [{"handler": "static_respons"}]}),
            "/handle/0",
            r#"unknown module: http.handlers.static_respons, did you mean "static_response"?"#,
        ),
        (json!({"handle": [{}]}), "/handle/0", "module name not specified with key 'handler'"),
        (json!({"handle": [null]}), "/handle/0", "expected an object, found null"),
        (
            json!({"handle": [{"handler": "static_response", "hedaers": {}}]}),
            "/handle/0/hedaers",
            r#"unknown field "hedaers", did you mean "headers"?"#,
        ),
        (
            json!({"handle": [{"handler": "static_response", "headers": {"a/b": ["x", 1]}}]}),
            "/handle/0/headers/a~1b/1",
            "expected a string, found the number 1",
        ),
        (
            json!({"match": [{"pth": []}]}),
            "/match/0/pth",
            r#"unknown module: http.matchers.pth, did you mean "path"?"#,
        ),
        (
            json!({"handle": [{"handler": "reverse_proxy", "flush_interval": "x"}]}),
            "/handle/0/flush_interval",
            r#"time: invalid duration "x""#,
        ),
        (json!({"terminal": "yes"}), "/terminal", r#"expected true or false, found the string "yes""#),
    ] {
        assert_eq!(error(value), (path.to_owned(), message.to_owned()));
    }
}

#[test]
fn null_is_not_set() {
    let route: Route =
        from_value(json!({"group": null, "match": null, "handle": null, "terminal": null})).unwrap();
    assert_eq!(route, Route::default());
}

#[test]
fn foreign_modules_are_kept() {
    let value = json!({"handler": "cache", "z": {"b": 1, "a": 2}});
    let mut options = Options::default();
    assert!(Handler::decode(value.clone(), &options).is_err());
    options.register("http.handlers.cache");
    let handler = Handler::decode(value.clone(), &options).unwrap();
    assert_eq!(handler, Foreign { name: "cache".into(), config: json!({"z": {"b": 1, "a": 2}}) }.into());
    assert_eq!(handler.name(), "cache");
    assert_eq!(to_json(&handler), value.to_string());
    assert!(Handler::decode(json!({"handler": "other"}), &options).is_err());
    options.allow_unknown_modules();
    assert!(Handler::decode(json!({"handler": "other"}), &options).is_ok());
}

#[test]
fn names_are_sorted() {
    assert!(Handler::NAMES.is_sorted() && Matcher::NAMES.is_sorted());
    assert_eq!((Handler::NAMES.len(), Matcher::NAMES.len()), (24, 17));
}
