//! Requests to Caddis. Prints what has passed.

use std::{future::poll_fn, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Buf, Bytes};
use h3::client::SendRequest;
use h3_quinn::OpenStreams;
use http::{HeaderMap, Method, Request, Response};
use quinn::{Endpoint, crypto::rustls::QuicClientConfig};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::Outcome;

const MEBIBYTE: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn run(port: &str, root: &str) -> Outcome {
    let mut requests = connect(port.parse()?, root).await?;
    let mut failed = false;
    let mut report = |name: &str, outcome: Outcome| match outcome {
        Ok(()) => println!("ok {name}"),
        Err(error) => {
            failed = true;
            println!("failed {name}: {error}");
        }
    };
    report("GET", get(&mut requests, port).await);
    report("POST of 1 MiB", post(&mut requests, port).await);
    report("HEAD", head(&mut requests, port).await);
    report("100 at once", many(&requests, port).await);
    if failed { Err("not all has passed".into()) } else { Ok(()) }
}

async fn connect(port: u16, root: &str) -> Outcome<SendRequest<OpenStreams, Bytes>> {
    let quic = dial(port, root).await?;
    let (mut driver, requests) = h3::client::new(h3_quinn::Connection::new(quic)).await?;
    tokio::spawn(async move { poll_fn(|cx| driver.poll_close(cx)).await });
    Ok(requests)
}

/// A connection to Caddis.
pub async fn dial(port: u16, root: &str) -> Outcome<quinn::Connection> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root)?)?;
    let mut tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    let endpoint = Endpoint::client(([127, 0, 0, 1], 0).into())?;
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    Ok(endpoint.connect_with(config, server, "localhost")?.await?)
}

/// The response with its content and trailers.
async fn exchange(
    requests: &mut SendRequest<OpenStreams, Bytes>,
    port: &str,
    (method, path): (Method, &str),
    content: &[u8],
) -> Outcome<(Response<String>, Option<HeaderMap>)> {
    let whole = async {
        let uri = format!("https://localhost:{port}{path}");
        let mut stream = requests.send_request(Request::builder().method(method).uri(uri).body(())?).await?;
        if !content.is_empty() {
            stream.send_data(Bytes::copy_from_slice(content)).await?;
        }
        stream.finish().await?;
        let response = stream.recv_response().await?;
        let mut text = Vec::new();
        while let Some(mut data) = stream.recv_data().await? {
            text.extend_from_slice(&data.copy_to_bytes(data.remaining()));
        }
        let trailers = stream.recv_trailers().await?;
        let text = String::from_utf8(text)?;
        Ok((response.map(|()| text), trailers))
    };
    tokio::time::timeout(PATIENCE, whole).await?
}

pub fn check(holds: bool, what: impl std::fmt::Debug) -> Outcome {
    if holds { Ok(()) } else { Err(format!("{what:?}").into()) }
}

async fn get(requests: &mut SendRequest<OpenStreams, Bytes>, port: &str) -> Outcome {
    let (response, _) = exchange(requests, port, (Method::GET, "/proto"), b"").await?;
    check(response.status() == 200 && response.body() == "HTTP/3.0", &response)?;
    let (response, trailers) = exchange(requests, port, (Method::GET, "/x?y"), b"").await?;
    check(response.body().contains(r#""path": "/x?y""#), &response)?;
    check(trailers.is_some_and(|trailers| trailers["x-sum"] == "42"), "there are no trailers")
}

async fn post(requests: &mut SendRequest<OpenStreams, Bytes>, port: &str) -> Outcome {
    let (response, _) = exchange(requests, port, (Method::POST, "/post"), &vec![7; MEBIBYTE]).await?;
    check(response.body().contains(&format!(r#""length": {MEBIBYTE}"#)), &response)
}

async fn head(requests: &mut SendRequest<OpenStreams, Bytes>, port: &str) -> Outcome {
    let (response, _) = exchange(requests, port, (Method::HEAD, "/head"), b"").await?;
    let length: usize = response.headers()["content-length"].to_str()?.parse()?;
    check(response.status() == 200 && response.body().is_empty() && length > 0, &response)
}

async fn many(requests: &SendRequest<OpenStreams, Bytes>, port: &str) -> Outcome {
    let asking = (0..100).map(|_| {
        let (mut requests, port) = (requests.clone(), port.to_owned());
        tokio::spawn(async move {
            let answered = exchange(&mut requests, &port, (Method::GET, "/proto"), b"").await;
            answered.is_ok_and(|(response, _)| response.body() == "HTTP/3.0")
        })
    });
    for asked in asking.collect::<Vec<_>>() {
        check(asked.await?, "one of them has failed")?;
    }
    Ok(())
}
