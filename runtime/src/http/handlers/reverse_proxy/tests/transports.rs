//! Upstreams that speak HTTP/2 or TLS, or listen on a unix socket.

use std::sync::{Arc, Mutex};

use caddis_config::to_json;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::scene::{Local, Proxy, Upstream, Wire, on_a_shard};
use crate::http::Body;

/// The heads of the requests that an HTTP/2 upstream has got.
pub(super) type Seen = Arc<Mutex<Vec<http::request::Parts>>>;

/// Answers `hello` to every request on one connection.
pub(super) fn serve_h2(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, seen: &Seen) {
    let seen = Arc::clone(seen);
    let service = service_fn(move |request: Request<Incoming>| {
        seen.lock().unwrap().push(request.into_parts().0);
        async { Ok::<_, std::convert::Infallible>(Response::new(Body::from("hello"))) }
    });
    tokio::task::spawn_local(async move {
        drop(http2::Builder::new(Local).serve_connection(TokioIo::new(stream), service).await);
    });
}

/// A certificate for `upstream.example`, as PEM, and what answers with it.
fn identity(alpn: &[&[u8]]) -> (String, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(["upstream.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    (made.cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn head(stream: &mut TlsStream<TcpStream>) -> String {
    let mut read = String::new();
    while !read.ends_with("\r\n\r\n") {
        read.push(stream.read_u8().await.unwrap().into());
    }
    read
}

#[test]
fn http_2_without_tls() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "versions": ["h2c", "2"]});
        let proxy = Proxy::new(config).await;
        let seen = Seen::default();
        let mut client = proxy.get().await;
        serve_h2(upstream.accept().await.0, &seen);
        for _ in 0..2 {
            let response = client.head().await;
            assert_eq!(
                (response.line(), response.get("via").as_deref()),
                ("HTTP/1.1 200 OK", Some("2.0 Caddis"))
            );
            assert_eq!(client.read(5).await, "hello");
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").await;
        }
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0].uri, "http://example.com/");
        assert_eq!(seen[0].headers["x-forwarded-host"], "example.com");
        assert!(seen.len() >= 2, "one connection takes them all");
    });
}

#[test]
fn tls_with_an_authority_of_its_own() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (pem, acceptor) = identity(&[b"http/1.1"]);
        let file = std::env::temp_dir().join(format!("caddis-{}.pem", upstream.address.replace(':', "-")));
        std::fs::write(&file, pem).unwrap();
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "tls": {
            "server_name": "upstream.example", "ca": {"provider": "file", "pem_files": [file]}}});
        let proxy = Proxy::new(config).await;
        std::fs::remove_file(&file).unwrap();
        let mut client = proxy.get().await;
        let mut stream = acceptor.accept(upstream.accept().await.0).await.unwrap();
        let request = head(&mut stream).await;
        assert!(request.contains(&format!("Host: {}\r\n", upstream.address)), "{request}");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        assert_eq!(client.read(2).await, "ok");
    });
}

#[test]
fn tls_settles_on_http_2() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_, acceptor) = identity(&[b"h2"]);
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "tls": {"insecure_skip_verify": true}});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        let seen = Seen::default();
        serve_h2(acceptor.accept(upstream.accept().await.0).await.unwrap(), &seen);
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        assert_eq!(seen.lock().unwrap()[0].uri.to_string(), format!("https://{}/", upstream.address));
    });
}

#[test]
fn a_websocket_over_tls_takes_what_the_upstream_speaks() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_, acceptor) = identity(&[b"http/1.1"]);
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "tls": {"insecure_skip_verify": true}});
        let proxy = Proxy::new(config).await;
        let request = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        let mut client = proxy.send(request).await;
        let mut stream = acceptor.accept(upstream.accept().await.0).await.unwrap();
        assert!(head(&mut stream).await.starts_with("GET /chat HTTP/1.1\r\n"));
        let switched = b"HTTP/1.1 101 \r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(switched).await.unwrap();
        assert_eq!(client.head().await.line(), "HTTP/1.1 101 Switching Protocols");
        client.send("ping").await;
        let mut data = [0; 4];
        stream.read_exact(&mut data).await.unwrap();
        assert_eq!(&data, b"ping");
        assert!(upstream.is_alone().await, "one connection is enough");
    });
}

#[test]
fn a_certificate_of_nobody_is_refused() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_, acceptor) = identity(&[]);
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "tls": {"server_name": "upstream.example"}});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        assert!(acceptor.accept(upstream.accept().await.0).await.is_err());
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
    });
}

#[test]
fn an_upstream_that_asks_for_a_certificate_gets_one() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let made = rcgen::generate_simple_self_signed(["client.example".to_owned()]).unwrap();
        let (_, acceptor) = identity(&[b"http/1.1"]);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let asks = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
        let mut server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(asks.build().unwrap())
            .with_cert_resolver(Arc::clone(&acceptor.config().cert_resolver));
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        let base = std::env::temp_dir().join(format!("caddis-client-{}", upstream.address.replace(':', "-")));
        let files = [base.with_extension("pem"), base.with_extension("key")];
        std::fs::write(&files[0], made.cert.pem()).unwrap();
        std::fs::write(&files[1], made.signing_key.serialize_pem()).unwrap();
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "tls": {"insecure_skip_verify": true,
            "client_certificate_file": files[0], "client_certificate_key_file": files[1]}});
        let proxy = Proxy::new(config).await;
        for file in files {
            std::fs::remove_file(file).unwrap();
        }
        let mut client = proxy.get().await;
        let acceptor = TlsAcceptor::from(Arc::new(server));
        let mut stream = acceptor.accept(upstream.accept().await.0).await.unwrap();
        assert_eq!(stream.get_ref().1.peer_certificates().unwrap()[0], *made.cert.der());
        head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn unix_sockets() {
    on_a_shard(async {
        let path = std::env::temp_dir().join(format!("caddis-{}.sock", fastrand::u64(..)));
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let dial = format!("unix/{}", path.display());
        let proxy = Proxy::new(json!({"upstreams": [{"dial": dial}]})).await;
        let mut client = proxy.get().await;
        let (mut stream, _) = listener.accept().await.unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut request = [0; 16];
        stream.read_exact(&mut request).await.unwrap();
        assert_eq!(&request, b"GET / HTTP/1.1\r\n");
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        assert_eq!(client.head().await.line(), "HTTP/1.1 204 No Content");
    });
}

#[test]
fn what_is_not_run_is_refused_by_name() {
    let mut cx = crate::testing::build();
    for (transport, path) in [
        (
            json!({"protocol": "http", "versions": ["3"], "tls": {}, "proxy_protocol": "v1"}),
            "/transport/proxy_protocol",
        ),
        (json!({"protocol": "http", "tls": {"renegotiation": "freely"}}), "/transport/tls/renegotiation"),
    ] {
        let config = json!({"transport": transport});
        let Err(error) = super::scene::build_in(&mut cx, config) else { panic!("{}", to_json(&transport)) };
        assert_eq!(error.path, path);
        assert!(error.message.contains("not supported"), "{error}");
    }
}

/// The request of a FastCGI client: environment, body, and whether the connection is to be kept.
async fn fastcgi_request(wire: &mut Wire) -> (String, Vec<u8>, bool) {
    let (mut environment, mut body, mut keep) = (Vec::new(), Vec::new(), false);
    loop {
        let header = wire.bytes(8).await;
        let content = wire.bytes(usize::from(u16::from_be_bytes([header[4], header[5]]))).await;
        match header[1] {
            4 => environment.extend(content),
            5 if content.is_empty() => break,
            5 => body.extend(content),
            other => {
                assert_eq!((other, &content[..2]), (1, &[0, 1][..]));
                keep = content[2] == 1;
            }
        }
    }
    (String::from_utf8_lossy(&environment).into_owned(), body, keep)
}

async fn fastcgi_response(wire: &mut Wire, content: &str) {
    let length = u8::try_from(content.len()).unwrap();
    let records =
        [&[1, 6, 0, 1, 0, length, 0, 0][..], content.as_bytes(), &[1, 3, 0, 1, 0, 8, 0, 0], &[0; 8]];
    wire.send(records.concat()).await;
}

#[test]
fn fastcgi_responders() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "fastcgi", "root": "/srv", "split_path": [".php"]});
        let proxy = Proxy::new(config).await;
        let request = "POST /a.php HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut client = proxy.send(&format!("{request}4\r\nbody\r\n0\r\n\r\n")).await;
        let mut wire = upstream.accept().await;
        let (environment, body, keep) = fastcgi_request(&mut wire).await;
        for variable in
            ["SCRIPT_FILENAME/srv/a.php", "CONTENT_LENGTH4", "REQUEST_METHODPOST", "HTTP_HOSTexample.com"]
        {
            assert!(environment.contains(variable), "{variable} in {environment}");
        }
        assert_eq!((body.as_slice(), keep), (&b"body"[..], false));
        fastcgi_response(&mut wire, "Status: 201 Created\r\nContent-Type: text/plain\r\n\r\nhello").await;
        let response = client.head().await;
        assert_eq!(response.line(), "HTTP/1.1 201 Created");
        assert_eq!(response.get("content-type").unwrap(), "text/plain");
        assert_eq!(client.read(15).await, "5\r\nhello\r\n0\r\n\r\n");
        assert_eq!(wire.rest().await, b"");
    });
}

#[test]
fn fastcgi_connections_can_be_kept() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "fastcgi", "root": "/srv", "keep_alive": {}});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        let mut wire = upstream.accept().await;
        for _ in 0..3 {
            let (.., keep) = fastcgi_request(&mut wire).await;
            assert!(keep);
            fastcgi_response(&mut wire, "Content-Length: 2\r\n\r\nok").await;
            client.head().await;
            assert_eq!(client.read(2).await, "ok");
            assert!(upstream.is_alone().await);
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").await;
        }
        // A responder that closes instead of answering on a kept connection has had enough requests.
        fastcgi_request(&mut wire).await;
        drop(wire);
        let mut wire = upstream.accept().await;
        fastcgi_request(&mut wire).await;
        fastcgi_response(&mut wire, "Status: 204\r\n\r\n").await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 204 No Content");
        // What may have been done is not done twice.
        let post = "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbody";
        client.send(post).await;
        fastcgi_request(&mut wire).await;
        drop(wire);
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
        assert!(upstream.is_alone().await);
    });
}
