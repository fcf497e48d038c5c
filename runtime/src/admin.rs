//! The admin API: an HTTP endpoint that shows and changes the configuration of the running process.

mod access;
mod config_tree;
mod pki;
mod reply;
mod routes;

use std::{net::SocketAddr, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc, time::Duration};

use caddis_config::{admin::Admin, value::NetworkAddress};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::watch,
};

use crate::{
    build::{Build, BuildError},
    control::{Control, LoadError},
    logging::Logger,
};
use access::Access;

/// A listening admin endpoint. Dropping it stops listening; requests that are being answered go on.
#[derive(Debug)]
pub(crate) struct Endpoint {
    address: String,
    local: Option<SocketAddr>,
    access: watch::Sender<Arc<Access>>,
}

/// What a configuration wants of the admin endpoint, with what that takes.
pub(crate) enum Plan {
    /// Not to be there.
    Off,
    /// To stay where it is, perhaps with other rules.
    Keep(Access),
    /// To listen on a socket that is bound already.
    Listen { address: String, socket: Socket, access: Access },
}

/// A bound socket.
pub(crate) enum Socket {
    Tcp(TcpListener),
    Unix(UnixSocket),
}

/// A unix socket, the file of which goes with it.
pub(crate) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        // Gone already if somebody cleaned up.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Endpoint {
    /// The address of the socket; `None` for unix sockets.
    pub(crate) fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Binds what the configuration asks for beyond what is there. Nothing is answered yet.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub(crate) async fn plan(
        admin: &Admin,
        default: &str,
        listening: Option<&Endpoint>,
    ) -> Result<Plan, LoadError> {
        if admin.disabled {
            return Ok(Plan::Off);
        }
        let address = if admin.listen.is_empty() { default } else { &admin.listen };
        let parsed = NetworkAddress::parse_with_defaults(address, "tcp", 2019).map_err(LoadError::Admin)?;
        if let Some(listening) = listening.filter(|listening| listening.address == address) {
            return Ok(Plan::Keep(Access::new(admin, &parsed, listening.local)));
        }
        let failed = |error: std::io::Error| LoadError::Admin(format!("listening on {address}: {error}"));
        let (socket, local) = if parsed.is_unix() {
            let (path, mode) = parsed.unix_socket().map_err(LoadError::Admin)?;
            let path = PathBuf::from(path);
            if tokio::net::UnixStream::connect(&path).await.is_err() && path.exists() {
                // Nobody listens there any more: what is left of an earlier process.
                std::fs::remove_file(&path).map_err(failed)?;
            }
            let socket = UnixSocket { listener: UnixListener::bind(&path).map_err(failed)?, path };
            std::fs::set_permissions(&socket.path, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
            (Socket::Unix(socket), None)
        } else if parsed.network.starts_with("tcp") {
            let socket = TcpListener::bind((host(&parsed), parsed.start_port)).await.map_err(failed)?;
            let local = socket.local_addr().map_err(failed)?;
            (Socket::Tcp(socket), Some(local))
        } else {
            return Err(LoadError::Admin(format!("network {} is not supported", parsed.network)));
        };
        let access = Access::new(admin, &parsed, local);
        Ok(Plan::Listen { address: address.to_owned(), socket, access })
    }
}

fn host(address: &NetworkAddress) -> &str {
    if address.host.is_empty() { "0.0.0.0" } else { &address.host }
}

/// Refuses what this server does not do, before anything is planned.
pub(crate) fn refuse(admin: &Admin, cx: &mut Build) -> Result<(), BuildError> {
    let load = admin.config.as_ref().is_some_and(|config| config.load.is_some());
    cx.refuse_fields(&[
        ("identity", admin.identity.is_some(), "admin.identity"),
        ("remote", admin.remote.is_some(), "admin.remote"),
        ("config/load", load, "admin.config.load"),
    ])
}

/// Carries a plan out, after the configuration that it came with has been committed.
pub(crate) fn commit(plan: Plan, listening: Option<Endpoint>, control: &Arc<Control>) -> Option<Endpoint> {
    let logger = control.runtime().process().logger.named("admin");
    match plan {
        Plan::Off => {
            logger.warn("admin endpoint disabled", |_| {});
            None
        }
        Plan::Keep(access) => {
            let listening = listening?;
            listening.access.send_replace(Arc::new(access));
            Some(listening)
        }
        Plan::Listen { address, socket, access } => {
            logger.info("admin endpoint started", |fields| {
                fields.add("address", address.as_str()).add("enforce_origin", access.enforce_origin);
            });
            let local = match &socket {
                Socket::Tcp(socket) => socket.local_addr().ok(),
                Socket::Unix(..) => None,
            };
            let (sender, receiver) = watch::channel(Arc::new(access));
            // The control holds the endpoint; a strong reference in the task would keep both alive for ever.
            tokio::spawn(accept(socket, receiver, Arc::downgrade(control), logger));
            Some(Endpoint { address, local, access: sender })
        }
    }
}

/// Answers until the endpoint is dropped.
async fn accept(
    socket: Socket,
    mut access: watch::Receiver<Arc<Access>>,
    control: std::sync::Weak<Control>,
    logger: Logger,
) {
    loop {
        let stream: std::io::Result<Box<dyn Stream>> = tokio::select! {
            accepted = accept_one(&socket) => accepted,
            changed = access.changed() => match changed {
                Ok(()) => continue,
                Err(_) => break,
            },
        };
        let Some(control) = control.upgrade() else { break };
        match stream {
            Ok(stream) => {
                tokio::spawn(serve(stream, Arc::clone(&access.borrow()), control, logger.clone()));
            }
            Err(error) => {
                logger.error("accepting connection", |fields| {
                    fields.error(&error);
                });
                // Out of descriptors, most likely: give others time to return some.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn accept_one(socket: &Socket) -> std::io::Result<Box<dyn Stream>> {
    Ok(match socket {
        Socket::Tcp(socket) => Box::new(socket.accept().await?.0),
        Socket::Unix(socket) => Box::new(socket.listener.accept().await?.0),
    })
}

async fn serve(stream: Box<dyn Stream>, access: Arc<Access>, control: Arc<Control>, logger: Logger) {
    let service = service_fn(|request| routes::answer(request, &access, &control, &logger));
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(5))
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        logger.debug("admin connection", |fields| {
            fields.error(&error);
        });
    }
}
