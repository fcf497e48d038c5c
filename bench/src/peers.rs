//! The proxies to compare: how each is found, configured, started and stopped.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::link::{HOST, Identity, Link, write_identity};

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerKind {
    Caddis,
    Caddy,
    Nginx,
    Haproxy,
}

/// A program that is installed.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) kind: PeerKind,
    pub(crate) version: String,
    pub(crate) program: PathBuf,
}

/// A running proxy; dropping it ends it and removes its files.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// The certificate that it was started with.
    pub(crate) identity: Option<Identity>,
    child: Child,
    folder: PathBuf,
}

impl PeerKind {
    pub(crate) const ALL: [PeerKind; 4] =
        [PeerKind::Caddis, PeerKind::Caddy, PeerKind::Nginx, PeerKind::Haproxy];

    pub(crate) fn name(self) -> &'static str {
        match self {
            PeerKind::Caddis => "caddis",
            PeerKind::Caddy => "caddy",
            PeerKind::Nginx => "nginx",
            PeerKind::Haproxy => "haproxy",
        }
    }

    /// Whether it reads Caddyfiles and has Caddy's admin API.
    pub(crate) fn is_caddy_like(self) -> bool {
        matches!(self, PeerKind::Caddis | PeerKind::Caddy)
    }
}

impl Peer {
    /// The program, if it is on this machine.
    pub(crate) fn find(kind: PeerKind, caddis: &Path) -> Option<Self> {
        let (program, flag) = match kind {
            PeerKind::Caddis => (caddis.to_owned(), "version"),
            PeerKind::Caddy => (which("caddy")?, "version"),
            PeerKind::Nginx => (which("nginx")?, "-v"),
            PeerKind::Haproxy => (which("haproxy")?, "-v"),
        };
        let output = Command::new(&program).arg(flag).output().ok()?;
        let text = [output.stdout, output.stderr].concat();
        let version = String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned();
        Some(Self { kind, version, program })
    }

    /// Whether it takes clients over a link: nginx knows no upgrades of HTTP/2.
    pub(crate) fn takes(&self, link: Link) -> bool {
        !(self.kind == PeerKind::Nginx && link == Link::Http2)
    }

    /// Whether it speaks HTTP/3 where it speaks TLS. As distributions build them, nginx and HAProxy know no QUIC.
    pub(crate) fn speaks_http3(&self) -> bool {
        self.kind.is_caddy_like()
    }

    /// Starts the proxy in front of `upstream`.
    pub(crate) fn start(&self, upstream: SocketAddr, link: Link) -> io::Result<Running> {
        self.start_site(&Site { upstream, proxy_lines: "", shadow: None }, link)
    }

    /// Starts it with further lines in the `reverse_proxy` block, where it reads Caddyfiles.
    pub(crate) fn start_with(
        &self,
        upstream: SocketAddr,
        link: Link,
        proxy_lines: &str,
    ) -> io::Result<Running> {
        self.start_site(&Site { upstream, proxy_lines, shadow: None }, link)
    }

    /// Starts it with a copy of each request for another upstream.
    pub(crate) fn start_mirror(&self, upstream: SocketAddr, shadow: Option<Shadow>) -> io::Result<Running> {
        self.start_site(&Site { upstream, proxy_lines: "", shadow }, Link::Plain)
    }

    fn start_site(&self, site: &Site<'_>, link: Link) -> io::Result<Running> {
        let upstream = site.upstream;
        let (address, admin) = (free_port()?, free_port()?);
        let folder =
            std::env::temp_dir().join(format!("caddis-bench-{}-{}", std::process::id(), address.port()));
        fs::create_dir_all(&folder)?;
        let identity = (link != Link::Plain).then(|| write_identity(&folder)).transpose()?;
        let mut command = Command::new(&self.program);
        match self.kind {
            PeerKind::Caddis | PeerKind::Caddy => {
                let file = folder.join("Caddyfile");
                fs::write(&file, caddyfile_with(address, admin, identity.as_ref(), &site.handlers()))?;
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
                command.env("XDG_DATA_HOME", &folder).env("XDG_CONFIG_HOME", &folder);
                // Without it Go takes no extended CONNECT.
                command.env("GODEBUG", "http2xconnect=1");
            }
            PeerKind::Nginx => {
                let file = folder.join("nginx.conf");
                fs::write(&file, nginx_conf(&folder, address, site, identity.as_ref()))?;
                command.arg("-p").arg(&folder).arg("-c").arg(file);
            }
            PeerKind::Haproxy => {
                let file = folder.join("haproxy.cfg");
                fs::write(&file, haproxy_cfg(address, upstream, identity.as_ref()))?;
                command.arg("-f").arg(file);
            }
        }
        let log = fs::File::create(folder.join("log"))?;
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let mut running = Running { address, admin, identity, child, folder };
        running.wait_until_ready()?;
        Ok(running)
    }
}

impl Running {
    /// The process id of the main process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Loads another Caddyfile through the admin API; how long it took.
    pub(crate) fn load(&self, caddyfile: &str) -> io::Result<Duration> {
        let started = Instant::now();
        let mut stream = TcpStream::connect(self.admin)?;
        write!(
            stream,
            "POST /load HTTP/1.1\r\nHost: {}\r\nContent-Type: text/caddyfile\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{caddyfile}",
            self.admin,
            caddyfile.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200") { Ok(started.elapsed()) } else { Err(io::Error::other(answer)) }
    }

    /// What the admin API answers to a GET.
    pub(crate) fn get(&self, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.admin)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.admin)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn wait_until_ready(&mut self) -> io::Result<()> {
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(io::Error::other(format!("does not listen on {}: {log}", self.address)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The first of them goes first, which would start others in place of those that go. They may have ended by
        // themselves; there is nothing to be done about a failure here.
        for pid in crate::measure::family(self.child.id()) {
            drop(Command::new("kill").arg("-9").arg(pid.to_string()).stderr(Stdio::null()).status());
        }
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

pub(crate) fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Who gets copies of requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shadow {
    pub(crate) upstream: SocketAddr,
    /// Lines in the block of `mirror`, where it is known.
    pub(crate) options: &'static str,
    /// Copies go to this path instead of their own.
    pub(crate) path: Option<&'static str>,
}

/// What is proxied.
struct Site<'a> {
    upstream: SocketAddr,
    /// Lines in the block of `reverse_proxy`.
    proxy_lines: &'a str,
    shadow: Option<Shadow>,
}

impl Site<'_> {
    /// As directives.
    fn handlers(&self) -> String {
        let Self { upstream, proxy_lines, shadow } = self;
        let proxy = format!("reverse_proxy {upstream} {{\n{proxy_lines}\n\t}}\n");
        let Some(Shadow { upstream, options, path }) = shadow else { return format!("\t{proxy}") };
        let rewrite = path.map_or(String::new(), |path| format!("rewrite * {path}\n"));
        format!(
            "\tmirror {{\n{options}\nprimary {{\n{proxy}}}\nsecondary {{\n{rewrite}reverse_proxy {upstream}\n}}\n\t}}\n"
        )
    }

    /// As what nginx has beside its way to the upstream: within the location, within the server, and within `http`.
    fn nginx_mirror(&self, headers: &str) -> [String; 3] {
        let Some(Shadow { upstream, path, .. }) = &self.shadow else { return Default::default() };
        let path = path.unwrap_or("$request_uri");
        [
            "   mirror /shadow;\n".to_owned(),
            format!(
                "  location = /shadow {{\n   internal;\n   proxy_pass http://shadow{path};\n{headers}  }}\n"
            ),
            format!(
                " upstream shadow {{ server {upstream}; keepalive 128; keepalive_requests 100000000; }}\n"
            ),
        ]
    }
}

/// A Caddyfile with one proxied site, over TLS where there is a certificate.
pub(crate) fn caddyfile(
    address: SocketAddr,
    admin: SocketAddr,
    upstream: SocketAddr,
    identity: Option<&Identity>,
    proxy_lines: &str,
) -> String {
    let site = Site { upstream, proxy_lines, shadow: None };
    caddyfile_with(address, admin, identity, &site.handlers())
}

/// A Caddyfile with one site of such lines, over TLS where there is a certificate.
pub(crate) fn caddyfile_with(
    address: SocketAddr,
    admin: SocketAddr,
    identity: Option<&Identity>,
    handlers: &str,
) -> String {
    format!(
        "{{\n\tadmin {admin}\n\tauto_https off\n\tskip_install_trust\n\tpersist_config off\n}}\n\n{}",
        site(address, identity, handlers)
    )
}

/// One site of such lines, over TLS where there is a certificate.
pub(crate) fn site(address: SocketAddr, identity: Option<&Identity>, handlers: &str) -> String {
    let (scheme, tls) = match identity {
        Some([certificate, key, _]) => {
            ("https", format!("\ttls {} {}\n", certificate.display(), key.display()))
        }
        None => ("http", String::new()),
    };
    format!("{scheme}://{HOST}:{} {{\n{tls}\tbind {}\n{handlers}}}\n", address.port(), address.ip())
}

fn nginx_conf(folder: &Path, address: SocketAddr, site: &Site<'_>, identity: Option<&Identity>) -> String {
    let (folder, upstream) = (folder.display(), site.upstream);
    let connections = crate::measure::descriptor_limit();
    let (ssl, files) = match identity {
        Some([certificate, key, _]) => (
            "ssl ",
            format!("ssl_certificate {};\n  ssl_certificate_key {};", certificate.display(), key.display()),
        ),
        None => ("", String::new()),
    };
    let headers = "   proxy_http_version 1.1;\n   proxy_set_header Upgrade $http_upgrade;\n   \
         proxy_set_header Connection $connection_upgrade;\n   proxy_set_header Host $http_host;\n   \
         proxy_set_header X-Forwarded-For $remote_addr;\n   proxy_set_header X-Forwarded-Proto $scheme;\n   \
         proxy_set_header X-Forwarded-Host $http_host;\n   proxy_read_timeout 1h;\n   proxy_send_timeout 1h;\n";
    let [in_location, in_server, in_http] = site.nginx_mirror(headers);
    format!(
        "daemon off;\nworker_processes 2;\n\npid {folder}/pid;\nerror_log stderr;\n\
         events {{ worker_connections {connections}; }}\n\
         http {{\n access_log off;\n client_body_temp_path {folder}/b;\n proxy_temp_path {folder}/p;\n \
         fastcgi_temp_path {folder}/f;\n uwsgi_temp_path {folder}/u;\n scgi_temp_path {folder}/s;\n \
         keepalive_requests 100000000;\n client_max_body_size 0;\n proxy_request_buffering off;\n \
         map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}\n \
         upstream origin {{ server {upstream}; keepalive 128; keepalive_requests 100000000; }}\n{in_http} \
         server {{\n  listen {address} {ssl}reuseport backlog=4096;\n  {files}\n  location / {{\n   proxy_pass http://origin;\n{headers}{in_location}  }}\n{in_server} }}\n}}\n"
    )
}

fn haproxy_cfg(address: SocketAddr, upstream: SocketAddr, identity: Option<&Identity>) -> String {
    let (ssl, scheme) = match identity {
        Some([.., both]) => (format!(" ssl crt {} alpn h2,http/1.1", both.display()), "https"),
        None => (String::new(), "http"),
    };
    format!(
        "global\n nbthread 2\n maxconn {}\ndefaults\n mode http\n timeout connect 5s\n timeout client 1h\n \
         timeout server 1h\n timeout tunnel 1h\n option forwardfor\n http-reuse always\n\
         frontend f\n bind {address}{ssl}\n http-request set-header X-Forwarded-Proto {scheme}\n \
         http-request set-header X-Forwarded-Host %[req.hdr(host)]\n default_backend b\n\
         backend b\n server s {upstream}\n",
        (crate::measure::descriptor_limit().saturating_sub(100) / 2).min(32_000)
    )
}
