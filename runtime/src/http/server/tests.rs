use http::Request;

use super::*;

fn normalized(request: Request<()>) -> (String, String) {
    let mut parts = request.into_parts().0;
    normalize(&mut parts);
    let host = parts.headers.get(header::HOST).map_or("", |host| host.to_str().unwrap());
    (host.to_owned(), parts.uri.to_string())
}

#[test]
fn requests_of_every_form_have_a_host_and_a_path() {
    let absolute = Request::get("http://a.example:8080/p?q").header("host", "other").body(()).unwrap();
    assert_eq!(normalized(absolute), ("a.example:8080".into(), "/p?q".into()));
    let origin = Request::get("/p").header("host", "b.example").body(()).unwrap();
    assert_eq!(normalized(origin), ("b.example".into(), "/p".into()));
    let connect = Request::connect("c.example:443").body(()).unwrap();
    assert_eq!(normalized(connect), ("c.example:443".into(), "c.example:443".into()));
}

#[test]
fn a_port_is_cut_off() {
    assert_eq!(without_port("a.example:80"), "a.example");
    assert_eq!(without_port("[::1]:80"), "::1");
    assert_eq!(without_port("[::1]"), "::1");
    assert_eq!(without_port("::1"), "::1");
}
