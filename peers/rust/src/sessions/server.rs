//! The upstream of sessions.

use std::sync::{Arc, Mutex};

use web_transport_quinn::{
    ReadError, RecvStream, Request, SendStream, Server, Session, SessionError, WebTransportError, WriteError,
    proto::ConnectResponse,
};

use crate::{Outcome, server::listen};

/// What clients have used last: `reset CODE`, `stop CODE` or `close CODE REASON`.
type Seen = Arc<Mutex<String>>;

const LIMIT: usize = 2 << 20;

pub async fn run() -> Outcome {
    let (mut server, seen) = (Server::new(listen()?), Seen::default());
    while let Some(request) = server.accept().await {
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            if let Err(error) = serve(request, &seen).await {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

async fn serve(request: Request, seen: &Seen) -> Result<(), String> {
    let offered = request.connect().protocols.first().cloned();
    let response = match offered {
        Some(protocol) => ConnectResponse::OK.with_protocol(protocol),
        None => ConnectResponse::OK,
    };
    let session = request.respond(response).await.map_err(|error| error.to_string())?;
    loop {
        let (kept, noted) = (session.clone(), Arc::clone(seen));
        let ended = tokio::select! {
            stream = session.accept_bi() => stream.map(|(send, receive)| {
                tokio::spawn(async move { drop(obey(send, receive, &kept, &noted).await) });
            }),
            stream = session.accept_uni() => stream.map(|receive| {
                tokio::spawn(async move { drop(give_back(receive, &kept).await) });
            }),
            datagram = session.read_datagram() => datagram.and_then(|datagram| session.send_datagram(datagram)),
        };
        if let Err(error) = ended {
            if let SessionError::WebTransportError(WebTransportError::Closed(code, reason)) = error {
                note(seen, format!("close {code} {reason}"));
            }
            return Ok(());
        }
    }
}

fn note(seen: &Seen, what: String) {
    *seen.lock().expect("nobody panics") = what;
}

async fn give_back(mut receive: RecvStream, session: &Session) -> Outcome {
    let content = receive.read_to_end(LIMIT).await?;
    let mut send = session.open_uni().await?;
    send.write_all(&content).await?;
    Ok(send.finish()?)
}

async fn obey(mut send: SendStream, mut receive: RecvStream, session: &Session, seen: &Seen) -> Outcome {
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        match receive.read(&mut byte).await {
            Ok(Some(1)) if byte != *b"\n" => line.push(byte[0]),
            Err(ReadError::Reset(code)) => return Ok(note(seen, format!("reset {code}"))),
            Err(error) => return Err(error.into()),
            Ok(_) => break,
        }
    }
    let line = String::from_utf8(line)?;
    let words: Vec<&str> = line.splitn(3, ' ').collect();
    match words[..] {
        ["echo"] => loop {
            match receive.read_chunk(LIMIT, true).await {
                Ok(Some(chunk)) => send.write_all(&chunk.bytes).await?,
                Ok(None) => return Ok(send.finish()?),
                Err(ReadError::Reset(code)) => return Ok(note(seen, format!("reset {code}"))),
                Err(error) => return Err(error.into()),
            }
        },
        ["reset", code] => send.reset(code.parse()?)?,
        ["stop", code] => {
            receive.stop(code.parse()?)?;
            // The other half stays as it is.
            send.stopped().await?;
        }
        ["close", code, reason] => session.close(code.parse()?, reason.as_bytes()),
        ["flood"] => loop {
            match send.write_all(&[0; 1024]).await {
                Ok(()) => {}
                Err(WriteError::Stopped(code)) => return Ok(note(seen, format!("stop {code}"))),
                Err(error) => return Err(error.into()),
            }
        },
        ["seen"] => {
            let seen = seen.lock().expect("nobody panics").clone();
            send.write_all(seen.as_bytes()).await?;
            send.finish()?;
        }
        _ => return Err(format!("{line} is no command").into()),
    }
    Ok(())
}
