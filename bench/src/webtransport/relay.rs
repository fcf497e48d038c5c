//! A relay of QUIC that knows nothing of HTTP/3: what comes on a stream of one connection goes out on one of another connection, in
//! the same order. It has the threads and tasks that Caddis has, and nothing else: two more hops cost at least what it costs.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{Arc, mpsc},
    thread,
};

use caddis_tests::http3;
use quinn::{
    Connection, Endpoint, EndpointConfig, Incoming, RecvStream, SendStream, ServerConfig, TokioRuntime,
    TransportConfig, crypto::rustls::QuicServerConfig,
};
use rustls::pki_types::PrivateKeyDer;

use crate::{link::HOST, load::runtime};

const CHUNK: usize = 64 << 10;
const STREAMS: u32 = 1000;

/// Starts a relay on as many threads as there are processors, for as long as the process lives. Connections are dealt out by turns.
pub(crate) fn start(upstream: SocketAddr) -> Vec<SocketAddr> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    (0..threads).map(|_| start_one(upstream)).collect()
}

fn start_one(upstream: SocketAddr) -> SocketAddr {
    let (sender, address) = mpsc::channel();
    thread::spawn(move || {
        runtime().block_on(async {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket can be opened");
            sender.send(socket.local_addr().expect("it is bound")).expect("it is waited for");
            let (config, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
            let endpoint = Endpoint::new(config, Some(server()), socket, runtime).expect("it is a socket");
            while let Some(incoming) = endpoint.accept().await {
                tokio::spawn(relay(incoming, upstream));
            }
        });
    });
    address.recv().expect("the relay starts")
}

fn server() -> ServerConfig {
    let key = rcgen::generate_simple_self_signed([HOST.to_owned()]).expect("a key can be made");
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).expect("it is a key");
    let tls = rustls::ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private);
    let mut tls = tls.expect("the key is that of the certificate");
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let tls = QuicServerConfig::try_from(tls).expect("the suites are those of the provider");
    let mut transport = TransportConfig::default();
    transport.max_concurrent_bidi_streams(STREAMS.into()).max_concurrent_uni_streams(STREAMS.into());
    let mut config = ServerConfig::with_crypto(Arc::new(tls));
    config.transport_config(Arc::new(transport));
    config
}

/// Ends when one of both connections does.
async fn relay(incoming: Incoming, upstream: SocketAddr) {
    let endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).expect("a socket can be opened");
    let connecting = endpoint.connect_with(http3::memory(), upstream, HOST).expect("the name is one");
    let (Ok(near), Ok(far)) = tokio::join!(async { incoming.await }, connecting) else { return };
    let ways = [(&near, &far), (&far, &near)];
    for (from, to) in ways {
        tokio::spawn(bidirectional(from.clone(), to.clone()));
        tokio::spawn(unidirectional(from.clone(), to.clone()));
        tokio::spawn(datagrams(from.clone(), to.clone()));
    }
    tokio::select! {
        _ = near.closed() => far.close(0_u32.into(), b""),
        _ = far.closed() => near.close(0_u32.into(), b""),
    }
    endpoint.wait_idle().await;
}

async fn bidirectional(from: Connection, to: Connection) {
    while let Ok((back, receive)) = from.accept_bi().await {
        let Ok((send, answer)) = to.open_bi().await else { return };
        tokio::spawn(async move { tokio::join!(pass(receive, send), pass(answer, back)) });
    }
}

async fn unidirectional(from: Connection, to: Connection) {
    while let Ok(receive) = from.accept_uni().await {
        let Ok(send) = to.open_uni().await else { return };
        tokio::spawn(pass(receive, send));
    }
}

async fn datagrams(from: Connection, to: Connection) {
    while let Ok(datagram) = from.read_datagram().await {
        // What there is no room for is lost.
        drop(to.send_datagram(datagram));
    }
}

async fn pass(mut from: RecvStream, mut to: SendStream) {
    while let Ok(Some(chunk)) = from.read_chunk(CHUNK, true).await {
        if to.write_chunk(chunk.bytes).await.is_err() {
            return;
        }
    }
    // A peer that has gone needs no end.
    drop(to.finish());
}
