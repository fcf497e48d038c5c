//! An upstream: tells what it was asked, and has trailers.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use h3::server::{Connection, RequestResolver};
use http::{HeaderMap, Response};
use quinn::{Endpoint, Incoming, ServerConfig, crypto::rustls::QuicServerConfig};
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::Outcome;

pub async fn run() -> Outcome {
    let endpoint = listen()?;
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async move {
            if let Err(error) = serve(incoming).await {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

/// Opens a socket, with a certificate that nobody has signed, and prints its address.
pub fn listen() -> Outcome<Endpoint> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let mut tls = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())?;
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
    let endpoint = Endpoint::server(config, ([127, 0, 0, 1], 0).into())?;
    println!("{}", endpoint.local_addr()?);
    Ok(endpoint)
}

async fn serve(incoming: Incoming) -> Result<(), String> {
    let quic = incoming.await.map_err(|error| error.to_string())?;
    let mut connection: Connection<_, Bytes> =
        Connection::new(h3_quinn::Connection::new(quic)).await.map_err(|error| error.to_string())?;
    // An error is how connections end.
    while let Ok(Some(request)) = connection.accept().await {
        tokio::spawn(async move {
            if let Err(error) = answer(request).await {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

async fn answer(request: RequestResolver<h3_quinn::Connection, Bytes>) -> Result<(), h3::error::StreamError> {
    let (request, mut stream) = request.resolve_request().await?;
    let mut length = 0;
    while let Some(data) = stream.recv_data().await? {
        length += data.remaining();
    }
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    let told = format!(
        r#"{{"head": {{":method": "{}", ":path": "{path}"}}, "length": {length}}}"#,
        request.method()
    );
    stream.send_response(Response::new(())).await?;
    stream.send_data(told.into()).await?;
    let sum = [("x-sum".parse().expect("it is a name"), "42".parse().expect("it is a value"))];
    stream.send_trailers(HeaderMap::from_iter(sum)).await?;
    stream.finish().await
}
