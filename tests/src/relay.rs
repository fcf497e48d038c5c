//! What lies between a client and a server of UDP, and can keep back what the server says.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::{net::UdpSocket, sync::watch};

/// The first byte of a packet by which a server of QUIC version 1 has a client show its address, and of which bits (RFC 9000,
/// section 17.2.5).
const RETRY: u8 = 0xf0;

/// Passes datagrams on between one client and one server.
#[derive(Debug)]
pub struct Relay {
    /// Where the client finds it.
    pub address: SocketAddr,
    open: watch::Sender<bool>,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    passed: AtomicUsize,
    retried: AtomicBool,
}

impl Relay {
    /// Until it is opened the client hears nothing.
    pub async fn start(server: SocketAddr) -> Self {
        let front = UdpSocket::bind("127.0.0.1:0").await.expect("a socket can be opened");
        let back = UdpSocket::bind("127.0.0.1:0").await.expect("a socket can be opened");
        back.connect(server).await.expect("the address is one");
        let address = front.local_addr().expect("it is bound");
        let (open, opened) = watch::channel(false);
        let seen = Arc::<Seen>::default();
        tokio::spawn(pass(front, back, opened, Arc::clone(&seen)));
        Self { address, open, seen }
    }

    /// Lets the client hear what the server has said and will say.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Whether the server has asked for a proof of the client's address.
    #[must_use]
    pub fn has_retried(&self) -> bool {
        self.seen.retried.load(Relaxed)
    }

    /// How many datagrams were passed on to the server.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.seen.passed.load(Relaxed)
    }
}

/// Ends with the [`Relay`].
async fn pass(front: UdpSocket, back: UdpSocket, mut opened: watch::Receiver<bool>, seen: Arc<Seen>) {
    let (mut there, mut here) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let (mut client, mut kept) = (None, Vec::new());
    loop {
        // One that is gone hears nothing; there is nothing to be done about it.
        tokio::select! {
            received = front.recv_from(&mut there) => {
                let Ok((length, from)) = received else { continue };
                client = Some(from);
                let _ = back.send(&there[..length]).await;
                seen.passed.fetch_add(1, Relaxed);
            }
            received = back.recv(&mut here) => {
                let Ok(length) = received else { continue };
                seen.retried.fetch_or(here[0] & RETRY == RETRY, Relaxed);
                kept.push(here[..length].to_vec());
            }
            changed = opened.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
        let is_open = *opened.borrow();
        if let (true, Some(client)) = (is_open, client) {
            for datagram in kept.drain(..) {
                let _ = front.send_to(&datagram, client).await;
            }
        }
    }
}
