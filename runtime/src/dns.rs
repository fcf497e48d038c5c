//! Questions to DNS servers, where the system's own resolver does not do: SRV records, and servers of one's own choice.

mod message;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
};

pub(crate) use self::message::Srv;
use self::message::{Answer, Data, Query};

const SYSTEM: &str = "/etc/resolv.conf";
/// How long one server may take, unless the system says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPTS: usize = 2;
/// Answers over UDP are cut at this size, and asked for again over TCP.
const UDP_SIZE: usize = 4096;

/// Who is asked, and how names are completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolver {
    servers: Vec<SocketAddr>,
    timeout: Duration,
    /// Domains that names without enough dots are looked for in.
    search: Vec<String>,
    enough_dots: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DnsError {
    /// There is no such name, or it has no such record.
    #[error("lookup {0}: no such host")]
    NotFound(String),
    /// No server gave an answer that could be used.
    #[error("lookup {0}")]
    Failed(String, #[source] io::Error),
}

impl Resolver {
    /// Servers of one's own choice, asked for whole names only.
    pub(crate) fn new(servers: Vec<SocketAddr>, timeout: Option<Duration>) -> Self {
        Self { servers, timeout: timeout.unwrap_or(TIMEOUT), search: Vec::new(), enough_dots: 1 }
    }

    /// What the system is configured to ask.
    ///
    /// # Errors
    /// When its configuration cannot be read.
    pub(crate) fn system() -> io::Result<Self> {
        std::fs::read_to_string(SYSTEM).map(|text| Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let mut resolver = Self::new(Vec::new(), None);
        for line in text.lines().map(|line| line.split(['#', ';']).next().unwrap_or_default()) {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let address = words.next().and_then(|address| address.parse::<IpAddr>().ok());
                    resolver.servers.extend(address.map(|ip| SocketAddr::new(ip, 53)));
                }
                Some("search" | "domain") => resolver.search = words.map(str::to_owned).collect(),
                Some("options") => {
                    for option in words {
                        if let Some(dots) = option.strip_prefix("ndots:").and_then(|dots| dots.parse().ok()) {
                            resolver.enough_dots = dots;
                        }
                        if let Some(seconds) = option.strip_prefix("timeout:").and_then(|it| it.parse().ok())
                        {
                            resolver.timeout = Duration::from_secs(seconds);
                        }
                    }
                }
                _ => {}
            }
        }
        if resolver.servers.is_empty() {
            resolver.servers.push(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 53));
        }
        resolver
    }

    /// The services under a name, the most wanted first.
    ///
    /// # Errors
    /// When there are none.
    pub(crate) async fn services(&self, name: &str) -> Result<Vec<Srv>, DnsError> {
        let mut services: Vec<Srv> = Vec::new();
        for data in self.lookup(name, Query::Srv).await? {
            if let Data::Srv(service) = data {
                services.push(service);
            }
        }
        services.sort_by(|a, b| (a.priority, u16::MAX - a.weight).cmp(&(b.priority, u16::MAX - b.weight)));
        Ok(services)
    }

    /// The addresses of a name, of the kinds that are wanted, which are asked for at the same time; IPv4 comes first.
    ///
    /// # Errors
    /// When there are none.
    pub(crate) async fn addresses(&self, name: &str, v4: bool, v6: bool) -> Result<Vec<IpAddr>, DnsError> {
        let look_up = async |query, wanted| match wanted {
            true => self.lookup(name, query).await,
            false => Ok(Vec::new()),
        };
        let (v4, v6) = tokio::join!(look_up(Query::A, v4), look_up(Query::Aaaa, v6));
        let mut addresses = Vec::new();
        let mut failure = None;
        for found in [v4, v6] {
            match found {
                Ok(found) => addresses.extend(found.into_iter().filter_map(|data| match data {
                    Data::Ip(ip) => Some(ip),
                    Data::Srv(_) => None,
                })),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if addresses.is_empty() => Err(error),
            _ => Ok(addresses),
        }
    }

    /// The candidates for a name in the order in which they are tried.
    fn names(&self, name: &str) -> Vec<String> {
        if let Some(whole) = name.strip_suffix('.') {
            return vec![whole.to_owned()];
        }
        let mut names: Vec<_> =
            self.search.iter().map(|domain| format!("{name}.{}", domain.trim_matches('.'))).collect();
        let at = if name.matches('.').count() >= self.enough_dots { 0 } else { names.len() };
        names.insert(at, name.to_owned());
        names
    }

    async fn lookup(&self, name: &str, query: Query) -> Result<Vec<Data>, DnsError> {
        for candidate in self.names(name) {
            let answer = self
                .ask(&candidate, query)
                .await
                .map_err(|error| DnsError::Failed(name.to_owned(), error))?;
            if !answer.data.is_empty() {
                return Ok(answer.data);
            }
        }
        Err(DnsError::NotFound(name.to_owned()))
    }

    async fn ask(&self, name: &str, query: Query) -> io::Result<Answer> {
        let mut failure = io::Error::other("no DNS server is known");
        for server in self.servers.iter().cycle().take(self.servers.len() * ATTEMPTS) {
            match tokio::time::timeout(self.timeout, ask_one(*server, name, query)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => failure = error,
                Err(_) => failure = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(failure)
    }
}

async fn ask_one(server: SocketAddr, name: &str, query: Query) -> io::Result<Answer> {
    let id = fastrand::u16(..);
    let question = message::question(id, name, query).ok_or_else(|| io::Error::other("that is no name"))?;
    let any = if server.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(&question).await?;
    let mut buffer = vec![0; UDP_SIZE];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // What is no answer to this question may be a late one, or forged: the right one may still come.
        match message::answer(&buffer[..length], id, query) {
            Some(answer) if answer.truncated => break,
            Some(answer) => return usable(answer),
            None => {}
        }
    }
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], &question].concat()).await?;
    let mut response = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut response).await?;
    let answer = message::answer(&response, id, query);
    usable(answer.ok_or_else(|| io::Error::other("the DNS server sent something else"))?)
}

fn usable(answer: Answer) -> io::Result<Answer> {
    if answer.failed { Err(io::Error::other("the DNS server could not answer")) } else { Ok(answer) }
}

#[cfg(test)]
mod tests;
