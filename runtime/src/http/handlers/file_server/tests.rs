use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Folder, answer, exchange, folder, routes};

fn site() -> Folder {
    folder(&[
        ("index.html", "<h1>home</h1>"),
        ("a.txt", "0123456789"),
        ("a.txt.gz", "gzipped"),
        ("empty.bin", ""),
        ("sub/index.txt", "sub"),
        ("nothing/x", "x"),
        ("secret/key", "k"),
        ("tagged.css", "x"),
        ("tagged.css.etag", "\"mine\"\n"),
    ])
}

fn serve(config: Value, target: &str, headers: &[(&'static str, &str)]) -> Outcome<Response<Bytes>> {
    let mut config = config;
    config["handler"] = json!("file_server");
    let last = json!({"handler": "static_response", "body": "next"});
    answer(&routes(json!([{"handle": [config, last]}])), &mut exchange(target, headers))
}

fn get(folder: &Folder, target: &str, headers: &[(&'static str, &str)]) -> Response<Bytes> {
    serve(json!({"root": folder.path()}), target, headers).unwrap()
}

fn field<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[test]
fn a_file() {
    let site = site();
    let response = get(&site, "/a.txt", &[]);
    assert_eq!((response.status(), &response.body()[..]), (StatusCode::OK, &b"0123456789"[..]));
    assert_eq!(field(&response, "content-type"), "text/plain; charset=utf-8");
    assert_eq!(field(&response, "content-length"), "10");
    assert_eq!(field(&response, "vary"), "Accept-Encoding");
    assert_eq!(field(&response, "accept-ranges"), "bytes");
    assert!(field(&response, "etag").ends_with("-a\""), "{response:?}");
    assert!(field(&response, "last-modified").ends_with(" GMT"), "{response:?}");
    assert_eq!(get(&site, "/empty.bin", &[]).body().len(), 0);
}

#[test]
fn folders_and_their_index() {
    let site = site();
    assert_eq!(&get(&site, "/", &[]).body()[..], b"<h1>home</h1>");
    assert_eq!(&get(&site, "/sub/", &[]).body()[..], b"sub");
    for (target, location) in
        [("/sub?q=1", "/sub/?q=1"), ("/a.txt/", "/a.txt"), ("/a.txt/?x", "/a.txt?x"), ("//sub", "/sub/")]
    {
        let response = get(&site, target, &[]);
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT, "{target}");
        assert_eq!(field(&response, "location"), location, "{target}");
    }
    let lax = serve(json!({"root": site.path(), "canonical_uris": false}), "/sub", &[]).unwrap();
    assert_eq!(&lax.body()[..], b"sub");
}

#[test]
fn what_is_not_there() {
    let site = site();
    let hide = json!({"root": site.path(), "hide": ["secret", "*.bin"]});
    for (config, target) in [
        (json!({"root": site.path()}), "/none"),
        (json!({"root": site.path()}), "/nothing/"),
        (json!({"root": site.path()}), "/a.txt/below"),
        (hide.clone(), "/secret/key"),
        (hide, "/empty.bin"),
    ] {
        assert_eq!(serve(config.clone(), target, &[]).unwrap_err().status(), 404, "{config} {target}");
    }
    let outside = serve(json!({"root": format!("{}/sub", site.path())}), "/../a.txt", &[]);
    assert_eq!(outside.unwrap_err().status(), 404);
    let nul = serve(json!({"root": site.path()}), "/a%00", &[]);
    assert_eq!(nul.unwrap_err().status(), 400);
    let passed = serve(json!({"root": site.path(), "pass_thru": true}), "/none", &[]).unwrap();
    assert_eq!(&passed.body()[..], b"next");
}

#[test]
fn conditions() {
    let site = site();
    let etag = field(&get(&site, "/a.txt", &[]), "etag").to_owned();
    let unchanged = get(&site, "/a.txt", &[("if-none-match", &etag)]);
    assert_eq!((unchanged.status().as_u16(), unchanged.body().len()), (304, 0));
    assert_eq!((field(&unchanged, "etag"), field(&unchanged, "content-type")), (&*etag, ""));
    assert_eq!(field(&unchanged, "vary"), "Accept-Encoding");
    assert_eq!(get(&site, "/a.txt", &[("if-match", "\"other\"")]).status(), 412);
}

#[test]
fn ranges() {
    let site = site();
    let one = get(&site, "/a.txt", &[("range", "bytes=2-4")]);
    assert_eq!((one.status().as_u16(), &one.body()[..]), (206, &b"234"[..]));
    assert_eq!((field(&one, "content-range"), field(&one, "content-length")), ("bytes 2-4/10", "3"));

    let none = get(&site, "/a.txt", &[("range", "bytes=20-")]);
    assert_eq!((none.status().as_u16(), field(&none, "content-range")), (416, "bytes */10"));
    assert_eq!(field(&none, "etag"), "");

    let several = get(&site, "/a.txt", &[("range", "bytes=0-1,8-")]);
    let boundary = field(&several, "content-type").strip_prefix("multipart/byteranges; boundary=").unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Range: bytes 0-1/10\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n01\
         \r\n--{boundary}\r\nContent-Range: bytes 8-9/10\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n89\
         \r\n--{boundary}--\r\n"
    );
    assert_eq!(several.body(), &expected);
    assert_eq!(field(&several, "content-length"), expected.len().to_string());
}

#[test]
fn compressed_neighbours() {
    let site = site();
    let config = json!({
        "root": site.path(),
        "precompressed": {"gzip": {}, "br": {}},
        "precompressed_order": ["br", "gzip"],
    });
    let response = serve(config.clone(), "/a.txt", &[("accept-encoding", "gzip, br")]).unwrap();
    assert_eq!((&response.body()[..], field(&response, "content-encoding")), (&b"gzipped"[..], "gzip"));
    assert_eq!(field(&response, "content-type"), "text/plain; charset=utf-8");
    assert!(field(&response, "etag").ends_with("-7\""), "{response:?}");
    let plain = serve(config, "/a.txt", &[("accept-encoding", "identity")]).unwrap();
    assert_eq!(plain.body().len(), 10);
}

#[test]
fn tags_of_others() {
    let site = site();
    let config = json!({"root": site.path(), "etag_file_extensions": [".sha", ".etag"]});
    assert_eq!(field(&serve(config, "/tagged.css", &[]).unwrap(), "etag"), "\"mine\"");
    let early = json!([{"handle": [
        {"handler": "headers", "response": {"set": {"Etag": ["\"early\""], "Content-Type": ["x/y"]}}},
        {"handler": "file_server", "root": site.path()},
    ]}]);
    let response = answer(&routes(early), &mut exchange("/a.txt", &[])).unwrap();
    assert_eq!((field(&response, "etag"), field(&response, "content-type")), ("\"early\"", "x/y"));
}

#[test]
fn methods_and_errors() {
    let site = site();
    let server = routes(json!([{"handle": [{"handler": "file_server", "root": site.path()}]}]));
    let mut post = exchange("/a.txt", &[]);
    post.request.method = Method::POST;
    assert_eq!(answer(&server, &mut post).unwrap_err().status(), 405);
    assert_eq!(post.response_headers_mut()["allow"], "GET, HEAD");

    let mut page = exchange("/a.txt", &[("range", "bytes=0-1")]);
    page.error = Some(Error::status_only(StatusCode::NOT_FOUND));
    let response = answer(&server, &mut page).unwrap();
    assert_eq!((response.status().as_u16(), response.body().len()), (404, 10));

    let fixed = serve(json!({"root": site.path(), "status_code": 203}), "/a.txt", &[]).unwrap();
    assert_eq!(fixed.status(), 203);
}
