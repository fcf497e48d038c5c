use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Folder, answer, exchange, folder, refused, routes};

/// Files of different sizes and ages, a folder, links to both, and what is hidden.
fn site() -> Folder {
    let site = folder(&[
        ("B.txt", "four"),
        ("a<b>.txt", &"x".repeat(2048)),
        ("sub/deep/x", "x"),
        ("index.d/x", "x"),
        (".git/x", "x"),
    ]);
    for (name, seconds) in [("B.txt", 2_000), ("a<b>.txt", 1_000)] {
        let file = fs::File::options().append(true).open(format!("{}/{name}", site.path())).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }
    std::os::unix::fs::symlink("B.txt", format!("{}/link", site.path())).unwrap();
    std::os::unix::fs::symlink("nowhere", format!("{}/broken", site.path())).unwrap();
    site
}

fn ask(
    site: &Folder,
    browse: Value,
    target: &str,
    headers: &[(&'static str, &str)],
) -> http::Response<Bytes> {
    let server = json!({"handler": "file_server", "root": site.path(), "hide": [".git"], "browse": browse});
    answer(&routes(json!([{"handle": [server]}])), &mut exchange(target, headers)).unwrap()
}

const JSON: (&str, &str) = ("accept", "application/json");

fn items(site: &Folder, browse: Value, target: &str, headers: &[(&'static str, &str)]) -> Vec<Value> {
    let headers = [&[JSON], headers].concat();
    serde_json::from_slice(ask(site, browse, target, &headers).body()).unwrap()
}

fn names(site: &Folder, browse: Value, target: &str, headers: &[(&'static str, &str)]) -> Vec<String> {
    items(site, browse, target, headers)
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

fn field<'a>(response: &'a http::Response<Bytes>, name: &str) -> Vec<&'a str> {
    response.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

#[test]
fn every_order() {
    let site = site();
    let folders_first = ["index.d/", "sub/", "a<b>.txt", "B.txt", "broken", "link"];
    let by_name = ["a<b>.txt", "B.txt", "broken", "index.d/", "link", "sub/"];
    let by_size = ["index.d/", "sub/", "B.txt", "link", "broken", "a<b>.txt"];
    let none = json!({});
    assert_eq!(names(&site, none.clone(), "/", &[]), folders_first);
    assert_eq!(names(&site, none.clone(), "/?sort=name", &[]), by_name);
    let mut reversed = by_name;
    reversed.reverse();
    assert_eq!(names(&site, none.clone(), "/?sort=name&order=desc", &[]), reversed);
    let mut sorted = names(&site, none.clone(), "/?sort=size", &[]);
    // Both have four bytes.
    sorted[2..4].sort();
    assert_eq!(sorted, by_size);
    assert_eq!(names(&site, none.clone(), "/?sort=time", &[])[..2], ["a<b>.txt", "B.txt"]);
    assert_eq!(names(&site, json!({"sort": ["name", "desc"]}), "/", &[]), reversed);
    assert_eq!(names(&site, json!({"sort": ["size"]}), "/?sort=name", &[]), by_name);
    assert_eq!(names(&site, none.clone(), "/", &[("cookie", "sort=name; order=desc")]), reversed);
    assert_eq!(names(&site, none.clone(), "/?offset=1&limit=2", &[]), folders_first[1..3]);
    assert_eq!(names(&site, none.clone(), "/?offset=7&limit=x", &[]), folders_first);
    assert_eq!(items(&site, json!({"file_limit": 2}), "/", &[]).len(), 2);
}

#[test]
fn what_was_asked_for_is_remembered() {
    let site = site();
    let cookies = |browse: Value, target: &str| {
        let response = ask(&site, browse, target, &[]);
        field(&response, "set-cookie").join("|")
    };
    assert_eq!(cookies(json!({}), "/"), "");
    assert_eq!(cookies(json!({}), "/?sort=size&order=x"), "sort=size; HttpOnly; SameSite=Lax");
    let both = "sort=time; HttpOnly; SameSite=Lax|order=asc; HttpOnly; SameSite=Lax";
    assert_eq!(cookies(json!({"sort": ["time"]}), "/?order=asc"), both);
}

#[test]
fn entries_have_the_fields_of_caddy() {
    let site = site();
    let items = items(&site, json!({"reveal_symlinks": true}), "/?sort=name", &[]);
    let expected = json!({
        "name": "a<b>.txt", "size": 2048, "url": "./a%3Cb%3E.txt", "mod_time": "1970-01-01T00:16:40Z",
        "mode": 0o644, "is_dir": false, "is_symlink": false,
    });
    assert_eq!(items[0], expected);
    assert_eq!((&items[2]["size"], &items[2]["symlink_path"]), (&json!(7), &json!("nowhere")));
    assert_eq!(items[3]["mode"], json!(1_u32 << 31 | 0o755));
    assert_eq!((&items[4]["size"], &items[4]["mode"]), (&json!(4), &json!(1_u32 << 27 | 0o777)));
    assert_eq!(items[4]["symlink_path"], "B.txt");
}

#[test]
fn the_page() {
    let site = site();
    let response = ask(&site, json!({"reveal_symlinks": true}), "/?sort=name&order=desc", &[]);
    assert_eq!(field(&response, "content-type"), ["text/html; charset=utf-8"]);
    assert_eq!(field(&response, "vary"), ["Accept, Accept-Encoding"]);
    assert_eq!(field(&response, "content-security-policy"), [POLICY]);
    let page = std::str::from_utf8(response.body()).unwrap();
    for part in [
        "<p>2 folders, 4 files, 2.0 KiB</p>",
        "<a href=\"./a%3Cb%3E.txt\">a&lt;b&gt;.txt</a>",
        "<th scope=\"col\" aria-sort=\"descending\"><a href=\"?sort=name&amp;order=asc\">Name</a></th>",
        "<a href=\"./link\">link</a> <span>&rarr; B.txt</span>",
        "<time datetime=\"1970-01-01T00:33:20Z\">1970-01-01 00:33:20 UTC</time>",
        "<h1>/</h1>",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    assert!(!page.contains("Parent folder") && !page.contains(".git"));
    let below = ask(&site, json!({}), "/sub/deep/", &[]);
    let below = std::str::from_utf8(below.body()).unwrap();
    assert!(below.contains("<h1><a href=\"../../\">/</a><a href=\"../\">sub/</a>deep/</h1>"), "{below}");
    assert!(below.contains("Parent folder") && below.contains("<title>/sub/deep/</title>"), "{below}");
    let hostile = ask(&site, json!({}), "/", &[("cookie", "sort=\"><script>")]);
    assert!(!std::str::from_utf8(hostile.body()).unwrap().contains("<script"));
}

#[test]
fn plain_text() {
    let site = site();
    let response = ask(&site, json!({}), "/?sort=time&limit=2", &[("accept", "text/plain")]);
    assert_eq!(field(&response, "content-type"), ["text/plain; charset=utf-8"]);
    let expected = "Name\t\tSize\tModified\n\
                    ----\t\t----\t--------\n\
                    a<b>.txt\t2.0 KiB\tJanuary 1, 1970 at 00:16:40\n\
                    B.txt\t\t4 B\tJanuary 1, 1970 at 00:33:20\n";
    assert_eq!(std::str::from_utf8(response.body()).unwrap(), expected);
}

#[test]
fn a_folder_needs_its_slash_and_may_be_known_already() {
    let site = site();
    let redirect = ask(&site, json!({}), "/sub?a=b", &[]);
    assert_eq!(
        (redirect.status(), field(&redirect, "location")),
        (StatusCode::PERMANENT_REDIRECT, vec!["/sub/?a=b"])
    );
    let first = ask(&site, json!({}), "/", &[]);
    let modified = field(&first, "last-modified");
    let again = ask(&site, json!({}), "/", &[("if-modified-since", modified[0])]);
    assert_eq!((again.status(), again.body().len()), (StatusCode::NOT_MODIFIED, 0));
    let earlier = ask(&site, json!({}), "/", &[("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT")]);
    assert_eq!(earlier.status(), StatusCode::OK);
}

#[test]
fn what_is_hidden_is_not_there() {
    let site = site();
    let server = json!({"handler": "file_server", "root": site.path(), "hide": [".git"], "browse": {}});
    let routes = routes(json!([{"handle": [server]}]));
    let error = answer(&routes, &mut exchange("/.git/", &[])).unwrap_err();
    assert_eq!(error.status(), StatusCode::NOT_FOUND);
    let mut post = exchange("/sub/", &[]);
    post.request.method = http::Method::POST;
    assert_eq!(answer(&routes, &mut post).unwrap_err().status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn mistakes() {
    let error = |browse: Value| refused(json!([{"handle": [{"handler": "file_server", "browse": browse}]}]));
    assert!(error(json!({"template_file": "t"})).unsupported);
    assert!(error(json!({"sort": ["date"]})).message.contains("'date'"));
    assert_eq!(error(json!({"sort": ["name", "down"]})).path, "/0/handle/0/browse/sort/1");
    assert!(error(json!({"sort": ["name", "asc", "x"]})).message.contains("at most two"));
}
