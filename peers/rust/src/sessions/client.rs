//! Sessions with an upstream through Caddis. Prints what has passed.

use std::time::Duration;

use bytes::Bytes;
use web_transport_quinn::{
    ReadError, ReadToEndError, Session, SessionError, WebTransportError, WriteError, proto::ConnectRequest,
};

use crate::{
    Outcome,
    client::{check, dial},
};

const PATIENCE: Duration = Duration::from_secs(30);
const LIMIT: usize = 2 << 20;

pub async fn run(port: &str, root: &str) -> Outcome {
    let to = To { port, root };
    let mut failed = false;
    let mut report = |name: &str, outcome: Result<Outcome, _>| match outcome {
        Ok(Ok(())) => println!("ok {name}"),
        Ok(Err(error)) => {
            failed = true;
            println!("failed {name}: {error}");
        }
        Err(tokio::time::error::Elapsed { .. }) => {
            failed = true;
            println!("failed {name}: nothing in time");
        }
    };
    let limit = |check| tokio::time::timeout(PATIENCE, check);
    report("bidirectional streams", limit(Box::pin(to.bidirectional()) as Check<'_>).await);
    report("unidirectional streams", limit(Box::pin(to.unidirectional())).await);
    report("datagrams", limit(Box::pin(to.datagrams())).await);
    report("subprotocol", limit(Box::pin(to.subprotocol())).await);
    report("reset and stop both ways", limit(Box::pin(to.codes())).await);
    report("close both ways", limit(Box::pin(to.closes())).await);
    if failed { Err("not all has passed".into()) } else { Ok(()) }
}

type Check<'a> = std::pin::Pin<Box<dyn Future<Output = Outcome> + 'a>>;

struct To<'a> {
    port: &'a str,
    root: &'a str,
}

impl To<'_> {
    async fn session(&self) -> Outcome<Session> {
        let quic = dial(self.port.parse()?, self.root).await?;
        let url: url::Url = format!("https://localhost:{}/session", self.port).parse()?;
        Ok(Session::connect(quic, ConnectRequest::new(url).with_protocol("second")).await?)
    }

    async fn bidirectional(&self) -> Outcome {
        let session = self.session().await?;
        let content = vec![7; 1 << 20];
        let (mut send, mut receive) = session.open_bi().await?;
        let writing = async {
            send.write_all(b"echo\n").await?;
            send.write_all(&content).await?;
            Ok::<(), Box<dyn std::error::Error>>(send.finish()?)
        };
        let (written, back) = tokio::join!(writing, receive.read_to_end(LIMIT));
        written?;
        check(back? == content, "the echo differs")
    }

    async fn unidirectional(&self) -> Outcome {
        let session = self.session().await?;
        let mut send = session.open_uni().await?;
        send.write_all(b"there and back").await?;
        send.finish()?;
        let back = session.accept_uni().await?.read_to_end(LIMIT).await?;
        check(back == b"there and back", back)
    }

    async fn datagrams(&self) -> Outcome {
        let session = self.session().await?;
        session.send_datagram(Bytes::from_static(b"perhaps"))?;
        let back = session.read_datagram().await?;
        check(back == b"perhaps"[..], back)
    }

    async fn subprotocol(&self) -> Outcome {
        let session = self.session().await?;
        check(session.protocol() == Some("second"), session.protocol())
    }

    async fn codes(&self) -> Outcome {
        let session = self.session().await?;
        let (mut send, mut receive) = session.open_bi().await?;
        send.write_all(b"reset 7\n").await?;
        let got = receive.read_to_end(LIMIT).await;
        check(matches!(got, Err(ReadToEndError::ReadError(ReadError::Reset(7)))), &got)?;
        let (mut send, _receive) = session.open_bi().await?;
        send.write_all(b"stop 9\n").await?;
        let got = send.stopped().await?;
        check(got == Some(9), got)?;
        let (mut send, mut receive) = session.open_bi().await?;
        send.write_all(b"echo\nx").await?;
        // A reset takes what is not delivered with it, the name of the session included.
        receive.read_exact(&mut [0]).await?;
        send.reset(33)?;
        self.until_seen(&session, "reset 33").await?;
        let (mut send, mut receive) = session.open_bi().await?;
        send.write_all(b"flood\n").await?;
        receive.read(&mut [0]).await?;
        receive.stop(21)?;
        self.until_seen(&session, "stop 21").await
    }

    async fn closes(&self) -> Outcome {
        let session = self.session().await?;
        let (mut send, _receive) = session.open_bi().await?;
        send.write_all(b"close 55 srv-bye\n").await?;
        let got = session.closed().await;
        let is_it = matches!(&got, SessionError::WebTransportError(WebTransportError::Closed(55, reason)) if reason == "srv-bye");
        check(is_it, got)?;
        self.session().await?.close(42, b"bye");
        self.until_seen(&self.session().await?, "close 42 bye").await
    }

    /// Asks until the server has seen something.
    async fn until_seen(&self, session: &Session, what: &str) -> Outcome {
        loop {
            let (mut send, mut receive) = session.open_bi().await?;
            match send.write_all(b"seen\n").await {
                Ok(()) => {}
                Err(WriteError::Stopped(code)) => return Err(format!("stopped with {code}").into()),
                Err(error) => return Err(error.into()),
            }
            if receive.read_to_end(LIMIT).await? == what.as_bytes() {
                return Ok(());
            }
        }
    }
}
