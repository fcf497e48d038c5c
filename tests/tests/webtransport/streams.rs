//! What passes through a session: content, ends, codes, limits.

use caddis_h3::{Code, Direction, Settings, capsule::Capsule, settings::WebTransport};
use caddis_tests::webtransport::{Client, Ended, Session, Upstream, settings};
use quinn::TransportConfig;

use super::{LISTEN, SITE, Scene, echo};

#[tokio::test]
async fn w11_everything_passes_both_ways() {
    let scene = Scene::new().await;
    let (near, far) = scene.session().await;
    for (one, other) in [(&near, &far), (&far, &near)] {
        echo(one, other).await;
        let mut stream = one.open_uni().await;
        stream.write(b"only this way").await;
        stream.finish();
        assert_eq!(other.accept().await.read_all().await.unwrap(), b"only this way");
        one.send_datagram(b"perhaps");
        assert_eq!(other.datagram().await, "perhaps");
    }
}

#[tokio::test]
async fn w12_codes_and_words_of_the_end_are_exact() {
    let scene = Scene::new().await;
    let (mut near, mut far) = scene.session().await;
    far.close(9000, "upstream bye").await;
    assert_eq!(near.closed().await, Ended::Closed(9000, "upstream bye".into()));
    let (mut near, mut far) = scene.session().await;
    near.close(4242, "client bye").await;
    assert_eq!(far.closed().await, Ended::Closed(4242, "client bye".into()));
    let (mut near, mut far) = scene.session().await;
    near.finish();
    assert_eq!(far.closed().await, Ended::Closed(0, String::new()));
    far.finish();
    assert_eq!(near.closed().await, Ended::Closed(0, String::new()));
    // The longest words there may be.
    let (mut near, mut far) = scene.session().await;
    near.close(u32::MAX, &"\u{fc}".repeat(512)).await;
    assert_eq!(far.closed().await, Ended::Closed(u32::MAX, "\u{fc}".repeat(512)));
}

/// L3: the connection stays until the code has arrived, and longer.
#[tokio::test]
async fn l03_a_client_that_goes_at_once_leaves_its_code() {
    let scene = Scene::new().await;
    for code in 0..20 {
        let client = Client::connect(scene.server.address(LISTEN), "a.localhost").await;
        let (mut near, mut far) = super::session(&client, &scene.upstream).await;
        near.close(code, "off").await;
        // As soon as the proxy has the bytes, there is nobody any more.
        near.acknowledged().await;
        client.link.quic.close(0x100_u32.into(), b"");
        assert_eq!(far.closed().await, Ended::Closed(code, "off".into()));
        assert!(far.link().quic.close_reason().is_none());
    }
}

/// L4: RESET_STREAM and STOP_SENDING in each direction, on streams of both kinds.
#[tokio::test]
async fn l04_codes_of_streams_are_passed_on() {
    let scene = Scene::new().await;
    let (near, far) = scene.session().await;
    for (one, other) in [(&near, &far), (&far, &near)] {
        for code in [0, 1, 29, 30, 31, 0x1234_5678, u32::MAX] {
            let mut stream = one.open_bi().await;
            stream.write(b"x").await;
            let mut taken = other.accept().await;
            assert_eq!(taken.read(1).await, b"x");
            stream.reset(code);
            assert_eq!(taken.reset_by_peer().await, Some(code));
            // The other direction goes on.
            taken.write(b"still").await;
            assert_eq!(stream.read(5).await, b"still");
            stream.stop(code);
            assert_eq!(taken.stopped().await, Some(code));

            let mut stream = one.open_uni().await;
            stream.write(b"x").await;
            let mut taken = other.accept().await;
            taken.stop(code);
            assert_eq!(stream.stopped().await, Some(code));
            let mut stream = one.open_uni().await;
            stream.write(b"x").await;
            let mut taken = other.accept().await;
            assert_eq!(taken.read(1).await, b"x");
            stream.reset(code);
            assert_eq!(taken.reset_by_peer().await, Some(code));
        }
    }
}

#[tokio::test]
async fn codes_that_are_no_application_s_say_nothing() {
    let scene = Scene::new().await;
    let (near, far) = scene.session().await;
    let mut stream = near.open_uni().await;
    stream.write(b"x").await;
    let mut taken = far.accept().await;
    assert_eq!(taken.read(1).await, b"x");
    stream.sender().reset(7_u32.into()).unwrap();
    assert_eq!(taken.read_all().await, Err(Code::H3_REQUEST_CANCELLED));
}

#[tokio::test]
async fn a_reset_overtakes_what_nobody_reads() {
    let scene = Scene::new().await;
    let (near, far) = scene.session().await;
    let mut stream = near.open_uni().await;
    stream.write(b"x").await;
    let mut taken = far.accept().await;
    // More than all windows on the way together, of which nobody reads anything.
    tokio::select! {
        () = async { stream.write(&vec![7; 64 << 20]).await } => panic!("nobody reads"),
        () = scene.stalled(&far) => {}
    }
    stream.reset(77);
    assert_eq!(taken.reset_by_peer().await, Some(77));
    // So does a stop.
    let mut stream = near.open_uni().await;
    stream.write(b"x").await;
    let mut taken = far.accept().await;
    let (stopped, ()) = tokio::join!(stream.write_until_stopped(), async {
        taken.read(1 << 20).await;
        taken.stop(78);
    });
    assert_eq!(stopped, Some(78));
    echo(&near, &far).await;
}

#[tokio::test]
async fn half_closed_streams_go_on() {
    let scene = Scene::new().await;
    let (near, far) = scene.session().await;
    let mut stream = near.open_bi().await;
    stream.write(b"question").await;
    stream.finish();
    let mut taken = far.accept().await;
    assert_eq!(taken.read_all().await.unwrap(), b"question");
    taken.write(b"answer").await;
    assert_eq!(stream.read(6).await, b"answer");
    taken.finish();
    assert_eq!(stream.read_all().await.unwrap(), b"");
}

#[tokio::test]
async fn streams_without_content_pass() {
    let scene = Scene::new().await;
    let (near, far) = scene.session().await;
    near.open_uni().await.finish();
    assert_eq!(far.accept().await.read_all().await.unwrap(), b"");
}

#[tokio::test]
async fn content_is_whole_and_slow_streams_delay_no_other() {
    let scene = Scene::new().await;
    let (near, far) = scene.session().await;
    let mut slow = near.open_uni().await;
    slow.write(b"slow").await;
    let mut slow_taken = far.accept().await;
    let content: Vec<u8> = (0..40_u32 << 20).map(|at| (at % 251) as u8).collect();
    let mut fast = near.open_bi().await;
    fast.write(b"f").await;
    let mut fast_taken = far.accept().await;
    let (sent, read) = (content.clone(), async {
        assert_eq!(fast_taken.read(1).await, b"f");
        fast_taken.read_all().await.unwrap()
    });
    let slowly = tokio::spawn(async move {
        // Stops where the windows are full.
        slow.write(&vec![1; 8 << 20]).await;
        slow.finish();
    });
    let ((), read) = tokio::join!(
        async {
            fast.write(&sent).await;
            fast.finish();
        },
        read
    );
    assert!(read == content);
    assert_eq!(slow_taken.read_all().await.unwrap().len(), (8 << 20) + 4);
    slowly.await.unwrap();
}

/// B12: a stream that cannot be opened at the other side waits by itself.
#[tokio::test]
async fn b12_streams_that_wait_hold_nothing_else_up() {
    let mut transport = TransportConfig::default();
    transport.max_concurrent_bidi_streams(2_u32.into()).max_concurrent_uni_streams(100_u32.into());
    let upstream = Upstream::start_on(settings(), transport).await;
    let scene = Scene::with(SITE, upstream).await;
    let (near, far) = scene.session().await;
    let mut first = near.open_bi().await;
    first.write(b"1").await;
    let mut first_taken = far.accept().await;
    let mut second = near.open_bi().await;
    second.write(b"2").await;
    second.finish();
    // Streams of the other kind, of the other direction, and datagrams go on.
    let mut uni = near.open_uni().await;
    uni.write(b"u").await;
    uni.finish();
    assert_eq!(far.accept().await.read_all().await.unwrap(), b"u");
    echo(&far, &near).await;
    near.send_datagram(b"d");
    assert_eq!(far.datagram().await, "d");
    first.finish();
    first_taken.finish();
    assert_eq!(first_taken.read_all().await.unwrap(), b"1");
    assert_eq!(first.read_all().await.unwrap(), b"");
    assert_eq!(far.accept().await.read_all().await.unwrap(), b"2");
}

#[tokio::test]
async fn limits_of_sessions_are_kept_and_renewed() {
    let few = WebTransport {
        initial_max_data: 10,
        initial_max_streams_uni: 1,
        initial_max_streams_bidi: 1,
        ..settings().webtransport
    };
    let upstream = Upstream::start_with(Settings { webtransport: few, ..settings() }).await;
    let scene = Scene::with(SITE, upstream).await;
    let (near, mut far) = scene.session().await;
    let mut stream = near.open_uni().await;
    stream.write(b"0123456789abcdef").await;
    stream.finish();
    let mut taken = far.accept().await;
    assert_eq!(taken.read(10).await, b"0123456789");
    assert_eq!(far.hear().await, Ok(Capsule::DataBlocked(10)));
    far.say(&Capsule::MaxData(1000)).await;
    assert_eq!(taken.read_all().await.unwrap(), b"abcdef");
    let mut second = near.open_uni().await;
    second.write(b"2").await;
    second.finish();
    let blocked = Capsule::StreamsBlocked(Direction::Unidirectional, 1);
    assert_eq!(far.hear().await, Ok(blocked));
    far.say(&Capsule::MaxStreams(Direction::Unidirectional, 2)).await;
    assert_eq!(far.accept().await.read_all().await.unwrap(), b"2");
}

/// One end has limits of its own, which it gives out anew as it is used.
#[tokio::test]
async fn more_streams_pass_than_may_be_open_at_once() {
    let scene = Scene::new().await;
    let (near, far) = scene.session().await;
    for number in 0..1200_u32 {
        let mut stream = near.open_uni().await;
        stream.write(&number.to_be_bytes()).await;
        stream.finish();
        assert_eq!(far.accept().await.read_all().await.unwrap(), number.to_be_bytes());
    }
}

#[tokio::test]
async fn unknown_capsules_and_reliable_datagrams_are_passed_on() {
    let scene = Scene::new().await;
    let (mut near, mut far) = scene.session().await;
    let unknown = Capsule::Unknown { kind: 0x1717, value: "anything".into() };
    near.say(&unknown).await;
    assert_eq!(far.hear().await, Ok(unknown.clone()));
    far.say(&unknown).await;
    assert_eq!(near.hear().await, Ok(unknown));
    near.say(&Capsule::Datagram("reliable".into())).await;
    assert_eq!(far.datagram().await, "reliable");
}

#[tokio::test]
async fn a_session_takes_its_streams_along() {
    let scene = Scene::new().await;
    let (mut near, mut far) = scene.session().await;
    let mut stream = near.open_bi().await;
    stream.write(b"x").await;
    let mut taken = far.accept().await;
    assert_eq!(taken.read(1).await, b"x");
    near.close(1, "over").await;
    assert_eq!(far.closed().await, Ended::Closed(1, "over".into()));
    assert_eq!(taken.read_all().await, Err(Code::WT_SESSION_GONE));
    assert_eq!(stream.read_all().await, Err(Code::WT_SESSION_GONE));
    // What comes late is refused.
    let mut late = near.open_uni().await;
    let code = late.sender().stopped().await.unwrap().unwrap();
    assert_eq!(Code::new(code.into_inner()), Code::WT_SESSION_GONE);
}

#[tokio::test]
async fn an_upstream_that_crashes_is_no_end_in_order() {
    let scene = Scene::new().await;
    let (mut near, _far) = scene.session().await;
    scene.upstream.crash();
    assert_eq!(near.closed().await, Ended::Reset(Code::H3_CONNECT_ERROR));
    assert!(near.link().quic.close_reason().is_none());
}

#[tokio::test]
async fn a_broken_capsule_ends_the_session_on_both_sides() {
    let scene = Scene::new().await;
    let (mut near, mut far) = scene.session().await;
    near.say_raw(&[0x68, 0x43, 2, 0, 0]).await;
    assert_eq!(near.closed().await, Ended::Reset(Code::H3_MESSAGE_ERROR));
    assert_eq!(far.closed().await, Ended::Reset(Code::H3_CONNECT_ERROR));
}

#[tokio::test]
async fn what_comes_ahead_of_the_answer_waits() {
    let scene = Scene::new().await;
    let protocol = caddis_h3::message::Protocol::from_static("webtransport-h3");
    let request = http::Request::connect(super::URL).extension(protocol).body(()).unwrap();
    let asking = scene.client.begin(request).await;
    let early = asking.early();
    let mut stream = early.open_uni().await;
    stream.write(b"early").await;
    stream.finish();
    early.send_datagram(b"bird");
    let far = scene.upstream.asked().await.accept(http::HeaderMap::new()).await;
    assert_eq!(far.accept().await.read_all().await.unwrap(), b"early");
    assert_eq!(far.datagram().await, "bird");
    asking.answer().await.unwrap();
}

#[tokio::test]
async fn datagrams_that_cannot_go_on_are_dropped_and_counted() {
    let mut transport = TransportConfig::default();
    transport.datagram_receive_buffer_size(Some(300));
    let upstream = Upstream::start_on(settings(), transport).await;
    let scene = Scene::with(SITE, upstream).await;
    let (mut near, mut far) = scene.session().await;
    for number in 0..20_u8 {
        // Larger than the upstream takes, and small enough.
        near.send_datagram(&[number; 400]);
        near.send_datagram(&[number; 200]);
        assert_eq!(far.datagram().await, vec![number; 200]);
        far.send_datagram(&[number; 400]);
        assert_eq!(near.datagram().await, vec![number; 400]);
    }
    let metrics = super::admin(&scene.server, "GET", "/metrics").await.text();
    for (direction, count) in [("to_upstream", 20), ("from_upstream", 0)] {
        let name = "caddy_reverse_proxy_stream_dropped_datagrams_total";
        let upstream = scene.upstream.address;
        let line = format!("{name}{{upstream=\"{upstream}\",direction=\"{direction}\"}} {count}");
        assert!(metrics.contains(&line), "{line} is missing in:\n{metrics}");
    }
    near.close(0, "").await;
    far.closed().await;
    far.finish();
    let line = super::logged(&scene.server, |line| line["msg"] == "connection closed").await;
    assert_eq!(line["dropped_datagrams"], 20);
}

/// A peer that breaks the limits of a session loses it; one that has said that it knows none is held back by QUIC alone.
#[tokio::test]
async fn limits_are_for_those_who_count() {
    for (counts, limit) in [(true, 1 << 40), (false, 1 << 60)] {
        let webtransport = WebTransport {
            initial_max_data: limit,
            initial_max_streams_uni: limit,
            initial_max_streams_bidi: limit,
            ..settings().webtransport
        };
        let upstream = Upstream::start_with(Settings { webtransport, ..settings() }).await;
        let scene = Scene::with(SITE, upstream).await;
        let (mut near, mut far) = scene.session().await;
        let permitted = far.link().settled().await.webtransport.initial_max_streams_uni;
        let mut open = Vec::new();
        for _ in 0..=permitted {
            let mut stream = far.open_uni().await;
            stream.write(b"x").await;
            open.push(stream);
        }
        if counts {
            assert_eq!(far.closed().await, Ended::Reset(Code::WT_FLOW_CONTROL_ERROR));
            assert_eq!(near.closed().await, Ended::Reset(Code::H3_CONNECT_ERROR));
        } else {
            for _ in &open {
                assert_eq!(near.accept().await.read(1).await, b"x");
            }
        }
    }
}

impl Scene {
    /// Waits until nothing more comes at an end, which has not read anything.
    async fn stalled(&self, far: &Session) {
        let received = || far.link().quic.stats().udp_rx.bytes;
        let (mut before, mut quiet) = (received(), 0);
        while quiet < 200 {
            tokio::task::yield_now().await;
            let now = received();
            quiet = if now == before && now > 1 << 20 { quiet + 1 } else { 0 };
            before = now;
        }
    }
}
