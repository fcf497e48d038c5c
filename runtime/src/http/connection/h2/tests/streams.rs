//! Interim responses and streams that are taken over.

use std::{
    cell::RefCell,
    future::{pending, poll_fn},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, oneshot},
};

use super::{
    frames::{HEADERS, Raw},
    scene::{Client, get, serve, serve_on, websocket, whole},
};
use crate::{
    http::{
        Body,
        connection::{Activity, InterimSender, Limits},
        server::{Aborted, Stream},
        takeover::Wanted,
    },
    testing::run,
    tunnel::Leg,
};

async fn sender(stream: &Stream) -> InterimSender {
    poll_fn(|cx| Poll::Ready(InterimSender::new(&stream.interim, cx.waker()))).await
}

fn hint(sender: &InterimSender, link: &'static str) {
    let fields = [("link", link), ("connection", "x-hop"), ("x-hop", "1")];
    let fields = fields.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    sender.send(StatusCode::EARLY_HINTS, &fields.into_iter().collect());
}

#[test]
fn interim_responses_come_first() {
    run(async {
        let (senders, mut sent) = mpsc::unbounded_channel();
        let mut client = Client::of(move |_, stream: Stream| {
            let senders = senders.clone();
            async move {
                let (go, gone) = oneshot::channel::<()>();
                senders.send((sender(&stream).await, go)).unwrap();
                gone.await.unwrap();
                Ok(Response::new(Body::from("final")))
            }
        })
        .await;
        let (mut response, _) = client.send(get(), true);
        let (sender, go) = sent.recv().await.unwrap();
        for link in ["</a>", "</b>"] {
            hint(&sender, link);
            let interim = poll_fn(|cx| response.poll_informational(cx)).await.unwrap().unwrap();
            assert_eq!(interim.status(), 103);
            assert_eq!((interim.headers().len(), &interim.headers()["link"]), (1, &link.parse().unwrap()));
        }
        sender.send(StatusCode::PROCESSING, &HeaderMap::new());
        go.send(()).unwrap();
        let interim = poll_fn(|cx| response.poll_informational(cx)).await.unwrap().unwrap();
        assert_eq!(interim.status(), 102);
        assert!(poll_fn(|cx| response.poll_informational(cx)).await.is_none());
        hint(&sender, "</late>");
        let (head, body, _) = whole(response.await.unwrap()).await.unwrap();
        assert_eq!((head.status, &*body), (StatusCode::OK, &b"final"[..]));
        assert!(!head.headers.contains_key("link"));
    });
}

/// A request whose handler never answers, and what sends interim responses to it.
async fn unanswered() -> (Raw, InterimSender) {
    let (senders, mut sent) = mpsc::unbounded_channel();
    let far = serve(move |_, stream: Stream| {
        let senders = senders.clone();
        async move {
            senders.send(sender(&stream).await).unwrap();
            pending::<Result<Response<Body>, Aborted>>().await
        }
    });
    let mut client = Raw::begin(far).await;
    client.get(1).await;
    (client, sent.recv().await.unwrap())
}

/// Anything on a stream after its reset would be a mistake of ours.
#[test]
fn a_client_that_has_left_gets_no_interim_responses() {
    run(async {
        let (mut client, sender) = unanswered().await;
        // Also between the reset and the end of the task that would have answered.
        let hinting = tokio::task::spawn_local(async move {
            loop {
                hint(&sender, "</a>");
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(client.next(HEADERS).await.stream, 1);
        client.reset(1).await;
        client.ping().await;
        let after = client.ping().await;
        hinting.abort();
        assert!(after.iter().all(|frame| frame.kind != HEADERS), "{after:?}");
    });
}

/// Nothing is kept without bound for a client that does not read.
#[test]
fn interim_responses_do_not_pile_up() {
    run(async {
        let (mut client, sender) = unanswered().await;
        // Far more than sockets hold, and not to be compressed.
        for number in 0..20_000 {
            let fields = [("x-large".parse().unwrap(), format!("{number:01000}").parse().unwrap())];
            sender.send(StatusCode::PROCESSING, &HeaderMap::from_iter(fields));
            tokio::task::yield_now().await;
        }
        let mut count = 0;
        loop {
            match client.ping().await.iter().filter(|frame| frame.kind == HEADERS).count() {
                0 => break,
                more => count += more,
            }
        }
        assert!((1..10_000).contains(&count), "{count}");
    });
}

/// A client whose stream is taken over, and what takes it.
async fn taken(status: u16) -> (Client, oneshot::Receiver<Leg>) {
    taken_on(&Arc::new(Activity::new(true)), status).await
}

/// The same on a connection that is watched.
async fn taken_on(activity: &Arc<Activity>, status: u16) -> (Client, oneshot::Receiver<Leg>) {
    let (sender, receiver) = oneshot::channel();
    let sender = RefCell::new(Some(sender));
    let service = move |request: Request<Body>, stream: Stream| {
        let (sender, connect) = (sender.take().unwrap(), stream.connect.unwrap());
        assert_eq!((&*connect.protocol, request.uri().path()), ("websocket", "/chat"));
        tokio::task::spawn_local(async move {
            let Wanted::Bytes(stream) = connect.stream else { unreachable!("it is one of bytes") };
            if let Ok(leg) = stream.await {
                drop(sender.send(leg));
            }
        });
        async move { Ok(Response::builder().status(status).body(Body::Empty).unwrap()) }
    };
    let client = Client::on(serve_on(activity, service, oneshot::channel().1)).await;
    (client, receiver)
}

#[test]
fn a_connection_is_not_idle_while_a_stream_of_it_is_taken_over() {
    run(async {
        let limit = Some(Duration::from_secs(60));
        let limits = Limits { read_header: limit, idle: limit, write_idle: None, write: None };
        let activity = Arc::new(Activity::new(true));
        let (mut client, leg) = taken_on(&activity, 200).await;
        assert!(activity.deadline(&limits).is_some());
        let (response, _sending) = client.send(websocket(), false);
        response.await.unwrap();
        let leg = leg.await.unwrap();
        client.ping().await;
        assert_eq!(activity.deadline(&limits), None);
        drop(leg);
        assert!(activity.deadline(&limits).is_some());
    });
}

#[test]
fn a_stream_that_is_taken_over_carries_bytes() {
    run(async {
        let (mut client, leg) = taken(200).await;
        let (response, mut sending) = client.send(websocket(), false);
        let response = response.await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(!response.headers().contains_key("content-length"));
        let mut receiving = response.into_body();
        let mut leg = leg.await.unwrap();
        for piece in ["pi", "ng"] {
            sending.send_data(piece.into(), false).unwrap();
        }
        let mut data = [0; 4];
        leg.read_exact(&mut data).await.unwrap();
        assert_eq!(&data, b"ping");
        leg.write_all(b"pong").await.unwrap();
        assert_eq!(receiving.data().await.unwrap().unwrap(), "pong");
        // Each direction ends on its own.
        sending.send_data(Bytes::new(), true).unwrap();
        assert_eq!(leg.read(&mut data).await.unwrap(), 0);
        leg.write_all(b"last").await.unwrap();
        leg.shutdown().await.unwrap();
        leg.shutdown().await.unwrap();
        assert_eq!(receiving.data().await.unwrap().unwrap(), "last");
        assert_eq!(receiving.data().await.unwrap().unwrap(), "", "the end");
        assert!(receiving.data().await.is_none());
    });
}

#[test]
fn a_stream_that_is_taken_over_waits_for_room() {
    run(async {
        let (mut client, leg) = taken(200).await;
        let (response, _sending) = client.send(websocket(), false);
        let mut receiving = response.await.unwrap().into_body();
        let mut leg = leg.await.unwrap();
        let count = 3 << 20;
        let writing = tokio::task::spawn_local(async move {
            leg.write_all(&vec![7; count]).await.unwrap();
            leg.shutdown().await.unwrap();
        });
        client.ping().await;
        client.ping().await;
        assert!(!writing.is_finished(), "the client has read nothing");
        let mut read = 0;
        while let Some(data) = receiving.data().await {
            let length = data.unwrap().len();
            receiving.flow_control().release_capacity(length).unwrap();
            read += length;
        }
        assert_eq!(read, count);
    });
}

#[test]
fn a_stream_that_is_let_go_is_a_broken_connection() {
    run(async {
        let (mut client, leg) = taken(200).await;
        let (response, mut sending) = client.send(websocket(), false);
        let mut receiving = response.await.unwrap().into_body();
        let mut leg = leg.await.unwrap();
        sending.send_reset(Reason::CANCEL);
        let error = leg.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert!(leg.write_all(b"x").await.is_err());
        assert!(receiving.data().await.is_none_or(|data| data.is_err()));
        // After our end there is nothing that could break.
        let (mut client, leg) = taken(200).await;
        let (response, sending) = client.send(websocket(), false);
        let response = response.await.unwrap();
        let mut leg = leg.await.unwrap();
        leg.shutdown().await.unwrap();
        drop((response, sending));
        assert_eq!(leg.read(&mut [0; 1]).await.unwrap(), 0);
        // The other way round.
        let (mut client, leg) = taken(200).await;
        let (response, _sending) = client.send(websocket(), false);
        let mut receiving = response.await.unwrap().into_body();
        drop(leg.await.unwrap());
        assert_eq!(receiving.data().await.unwrap().unwrap_err().reason(), Some(Reason::CANCEL));
    });
}

#[test]
fn a_refusal_is_a_response_like_others() {
    run(async {
        let (mut client, leg) = taken(403).await;
        let response = client.send(websocket(), false).0.await.unwrap();
        assert_eq!(response.status(), 403);
        assert!(leg.await.is_err());
        // So is an answer of a handler that has not asked for the stream.
        let mut client = Client::of(|_, _| async { Ok(Response::new(Body::from("hello"))) }).await;
        let (_, body, _) = whole(client.send(websocket(), false).0.await.unwrap()).await.unwrap();
        assert_eq!(body, "hello");
    });
}
