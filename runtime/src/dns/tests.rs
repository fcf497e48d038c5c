use std::{future::Future, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
};

use super::{DnsError, Resolver, Srv, message};

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// A response to `question` with these answers; each is a type and its data. Owners are pointers to the question.
fn response(question: &[u8], code: u8, answers: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut message = question.to_vec();
    message[2] |= 0x80;
    message[3] = code;
    message[7] = u8::try_from(answers.len()).unwrap();
    for (kind, data) in answers {
        message.extend([0xc0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1, 0, 0, 0, 60]);
        message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        message.extend(data);
    }
    message
}

fn srv(priority: u16, weight: u16, port: u16, host: &str) -> (u16, Vec<u8>) {
    let mut data = [priority, weight, port].map(u16::to_be_bytes).concat();
    data.push(u8::try_from(host.len()).unwrap());
    data.extend(host.as_bytes());
    // The rest of the name is the question's, after its first label.
    data.extend([0xc0, 12 + 1 + 5]);
    (33, data)
}

/// Answers one question over UDP.
async fn answer_one(socket: &UdpSocket, make: impl FnOnce(&[u8]) -> Vec<u8>) {
    let mut buffer = [0; 512];
    let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
    socket.send_to(&make(&buffer[..length]), from).await.unwrap();
}

async fn server() -> (UdpSocket, Resolver) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = Resolver::new(vec![socket.local_addr().unwrap()], None);
    (socket, resolver)
}

#[test]
fn services_come_in_order() {
    run(async {
        let (socket, resolver) = server().await;
        let answers = [srv(20, 1, 3, "c"), srv(10, 1, 1, "a"), srv(10, 9, 2, "b")];
        let (found, ()) = tokio::join!(
            resolver.services("_http.example.org"),
            answer_one(&socket, |question| response(question, 0, &answers))
        );
        let service =
            |priority, weight, port, target: &str| Srv { priority, weight, port, target: target.to_owned() };
        let expected = [
            service(10, 9, 2, "b.example.org"),
            service(10, 1, 1, "a.example.org"),
            service(20, 1, 3, "c.example.org"),
        ];
        assert_eq!(found.unwrap(), expected);
    });
}

#[test]
fn addresses_may_hide_behind_aliases() {
    run(async {
        let (socket, resolver) = server().await;
        let answers = [(5, vec![0xc0, 12]), (1, vec![192, 0, 2, 1])];
        let (found, ()) = tokio::join!(
            resolver.addresses("example.org", true, false),
            answer_one(&socket, |question| response(question, 0, &answers))
        );
        assert_eq!(found.unwrap(), ["192.0.2.1".parse::<std::net::IpAddr>().unwrap()]);
    });
}

#[test]
fn addresses_of_both_kinds_are_asked_for_at_once() {
    run(async {
        let (socket, resolver) = server().await;
        let answering = async {
            let mut questions = Vec::new();
            for _ in 0..2 {
                let mut buffer = [0; 512];
                let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
                questions.push((buffer[..length].to_vec(), from));
            }
            // The last question gets the first answer.
            for (question, from) in questions.iter().rev() {
                let answer = match question[question.len() - 3] {
                    1 => (1, vec![192, 0, 2, 1]),
                    _ => (28, std::net::Ipv6Addr::LOCALHOST.octets().to_vec()),
                };
                socket.send_to(&response(question, 0, &[answer]), from).await.unwrap();
            }
        };
        let (found, ()) = tokio::join!(resolver.addresses("example.org", true, true), answering);
        let found: Vec<_> = found.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.1", "::1"]);
    });
}

#[test]
fn what_is_not_there_is_told_from_what_cannot_be_known() {
    run(async {
        let (socket, resolver) = server().await;
        let lookup = resolver.services("gone.example.org");
        let (found, ()) = tokio::join!(lookup, answer_one(&socket, |question| response(question, 3, &[])));
        assert!(matches!(found, Err(DnsError::NotFound(name)) if name == "gone.example.org"));
        let serving = async {
            for _ in 0..super::ATTEMPTS {
                answer_one(&socket, |question| response(question, 2, &[])).await;
            }
        };
        let (found, ()) = tokio::join!(resolver.services("example.org"), serving);
        assert!(matches!(found, Err(DnsError::Failed(..))));
    });
}

#[test]
fn long_answers_come_over_tcp() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let socket = UdpSocket::bind(address).await.unwrap();
        let resolver = Resolver::new(vec![address], None);
        let serving = async {
            answer_one(&socket, |question| {
                let mut cut = response(question, 0, &[]);
                cut[2] |= 0x02;
                cut
            })
            .await;
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut question).await.unwrap();
            let answer = response(&question, 0, &[srv(1, 1, 80, "a")]);
            stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        };
        let (found, ()) = tokio::join!(resolver.services("_http.example.org"), serving);
        assert_eq!(found.unwrap()[0].target, "a.example.org");
    });
}

#[test]
fn the_system_says_who_to_ask_and_how() {
    let text = "# made by hand\nnameserver 192.0.2.53 # first\nnameserver nonsense\nsearch a.test b.test.\noptions ndots:2 timeout:1\n";
    let resolver = Resolver::parse(text);
    assert_eq!(resolver.servers, ["192.0.2.53:53".parse().unwrap()]);
    assert_eq!(resolver.names("web"), ["web.a.test", "web.b.test", "web"]);
    assert_eq!(resolver.names("x.y.z"), ["x.y.z", "x.y.z.a.test", "x.y.z.b.test"]);
    assert_eq!(resolver.names("web."), ["web"]);
    assert_eq!(Resolver::parse("").servers, ["127.0.0.1:53".parse().unwrap()]);
}

#[test]
fn broken_messages_are_no_answers() {
    let question = message::question(7, "example.org", message::Query::A).unwrap();
    let whole = response(&question, 0, &[(1, vec![192, 0, 2, 1])]);
    assert!(message::answer(&whole, 7, message::Query::A).is_some());
    assert!(message::answer(&whole, 8, message::Query::A).is_none());
    assert!(message::answer(&question, 7, message::Query::A).is_none());
    for end in 0..whole.len() {
        assert!(message::answer(&whole[..end], 7, message::Query::A).is_none(), "cut at {end}");
    }
    let mut endless = whole.clone();
    endless[12..14].copy_from_slice(&[0xc0, 12]);
    assert!(message::answer(&endless, 7, message::Query::A).is_none());
    assert!(message::question(7, "a..b", message::Query::A).is_none());
    assert!(message::question(7, &"a".repeat(64), message::Query::A).is_none());
}
