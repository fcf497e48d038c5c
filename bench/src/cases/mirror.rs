//! What copies of requests for another upstream cost, beside nginx, which sends some too, and the same without copies.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::{
    cases::{load, upstream},
    link::{HOST, Link},
    load::{Load, Work},
    measure::{family, peak_kib},
    origin::Origin,
    peers::{Peer, PeerKind, Running, Shadow},
    table::Table,
};

/// Everything that can be compared while it streams.
const COMPARED: &str = "compare_status\ncompare_headers Content-Type\ncompare_body\nno_log";
const LOAD: Load = Load { link: Link::Plain, clients: 64, work: Work::Get };

/// A way to send copies.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    /// Lines in the block of `mirror`; `None` for no mirror.
    options: Option<&'static str>,
    /// Copies go to this path instead of their own.
    path: Option<&'static str>,
}

const WAYS: [Way; 4] = [
    Way { name: "off", options: None, path: None },
    Way { name: "on", options: Some(""), path: None },
    Way { name: COMPARING, options: Some(COMPARED), path: None },
    Way { name: "5 s slow", options: Some(COMPARED), path: Some("/slow") },
];
/// What only Caddis does.
const COMPARING: &str = "compared";

/// The peers that know mirrors, with what they can do.
fn runs(peers: &[Peer]) -> impl Iterator<Item = (&Peer, Way)> {
    let able = peers.iter().filter(|peer| matches!(peer.kind, PeerKind::Caddis | PeerKind::Nginx));
    let all = able.flat_map(|peer| WAYS.into_iter().map(move |way| (peer, way)));
    all.filter(|(peer, way)| peer.kind == PeerKind::Caddis || way.name != COMPARING)
}

fn start(peer: &Peer, origins: &[Origin; 2], way: Way) -> Running {
    let [primary, secondary] = origins;
    let shadow = way.options.map(|options| Shadow { upstream: secondary.address, options, path: way.path });
    peer.start_mirror(primary.address, shadow).unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()))
}

/// GET of 1 KiB.
pub(crate) fn gets(peers: &[Peer], rounds: usize, seconds: u64) -> String {
    let origins = [upstream(), upstream()];
    let mut table = Table::new("Copies of GET of 1 KiB, 64 kept-alive connections", &load::COLUMNS)
        .relative_to("caddis off");
    for _ in 0..rounds {
        for (peer, way) in runs(peers) {
            let running = start(peer, &origins, way);
            table.add(
                &format!("{} {}", peer.kind.name(), way.name),
                &load::measured(running.address, running.pid(), LOAD, seconds),
            );
        }
    }
    table.render()
}

/// One POST after another, in a process of its own each round.
pub(crate) fn posts(peers: &[Peer], rounds: usize, mebibytes: usize) -> String {
    let origins = [upstream(), upstream()];
    let columns = ["ms to first byte", "peak MiB", "peak MiB before", "copies given up"];
    let title = format!("Copies of POST of {mebibytes} MiB, one connection");
    let mut table = Table::new(&title, &columns).relative_to("caddis off");
    for _ in 0..rounds {
        for (peer, way) in runs(peers).filter(|(_, way)| way.path.is_none()) {
            let running = start(peer, &origins, way);
            let figures = post(&running, mebibytes << 20);
            let name = format!("{} {}", peer.kind.name(), way.name);
            table.add(&name, &figures.unwrap_or_else(|error| panic!("{name}: {error}")));
        }
    }
    table.render()
}

/// Two requests on one connection: the first finds connections to the upstreams opened.
fn post(running: &Running, size: usize) -> io::Result<[f64; 4]> {
    let mut stream = TcpStream::connect(running.address)?;
    stream.set_nodelay(true)?;
    exchange(&mut stream, 1024)?;
    let before = peak_mib(running);
    let millis = exchange(&mut stream, size)?;
    // Copies end after the answer.
    std::thread::sleep(Duration::from_millis(500));
    Ok([millis, peak_mib(running), before, given_up(running.admin).unwrap_or_default()])
}

/// Sends a request; how many milliseconds it takes until the answer begins.
fn exchange(stream: &mut TcpStream, size: usize) -> io::Result<f64> {
    let piece = vec![b'p'; 1 << 16];
    let head = format!("POST /bench HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n");
    let began = Instant::now();
    stream.write_all(head.as_bytes())?;
    let mut left = size;
    while left > 0 {
        let now = left.min(piece.len());
        stream.write_all(&piece[..now])?;
        left -= now;
    }
    let mut answer = vec![0; 16 * 1024];
    let mut filled = stream.read(&mut answer)?;
    let millis = began.elapsed().as_secs_f64() * 1000.0;
    while !answer[..filled].ends_with(&[b'x'; 1024]) {
        match stream.read(&mut answer[filled..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    if answer.starts_with(b"HTTP/1.1 200") { Ok(millis) } else { Err(io::Error::other("not a 200")) }
}

fn peak_mib(running: &Running) -> f64 {
    family(running.pid()).into_iter().filter_map(peak_kib).sum::<u64>() as f64 / 1024.0
}

/// Copies that fell too far behind; nothing where there is no report.
fn given_up(admin: SocketAddr) -> Option<f64> {
    let mut stream = TcpStream::connect(admin).ok()?;
    write!(stream, "GET /mirror/report HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, rest) = answer.split_once("\"counts\":{\"abandoned\":")?;
    rest.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}
