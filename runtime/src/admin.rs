//! The admin API: an HTTP endpoint that shows and changes the configuration of the running process.

mod access;
mod config_tree;
mod pki;
mod reply;
mod routes;
mod streams;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use caddis_config::{admin::Admin, value::NetworkAddress};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::watch,
    task::JoinHandle,
};

use crate::{
    build::{Build, BuildError},
    control::{Control, LoadError},
    listen::{
        self,
        address::{Address, Listen, Network},
    },
    logging::Logger,
};
use access::Access;

/// A listening admin endpoint. Dropping it stops listening; requests that are being answered go on.
#[derive(Debug)]
pub(crate) struct Endpoint {
    address: Address,
    local: Option<SocketAddr>,
    access: watch::Sender<Arc<Access>>,
    accepting: JoinHandle<()>,
}

/// What a configuration wants of the admin endpoint, with what that takes.
pub(crate) enum Plan {
    /// Not to be there.
    Off,
    /// To stay where it is, perhaps with other rules; a unix socket perhaps with other permissions.
    Keep { access: Access, permissions: u32 },
    /// To listen on a socket that is bound already.
    Listen { address: Address, socket: Socket, access: Access },
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
        // Gone already if somebody cleaned up, as are names without a file.
        if !self.path.as_os_str().as_encoded_bytes().starts_with(b"@") {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Endpoint {
    /// The address of the socket; `None` for unix sockets.
    pub(crate) fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Stops listening; what is given back is done when that has happened.
    fn close(self) -> JoinHandle<()> {
        self.accepting
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
        let text = if admin.listen.is_empty() { default } else { &admin.listen };
        let parsed = NetworkAddress::parse_with_defaults(text, "tcp", 2019).map_err(LoadError::Admin)?;
        let listen = Listen::parse(text, 2019).map_err(|error| LoadError::Admin(error.to_string()))?;
        let Listen { addresses, permissions } = listen;
        let [address] = <[Address; 1]>::try_from(addresses)
            .map_err(|_| LoadError::Admin(format!("{text} is more than one address")))?;
        if let Some(listening) = listening.filter(|listening| listening.address == address) {
            return Ok(Plan::Keep { access: Access::new(admin, &parsed, listening.local), permissions });
        }
        let failed = |error: std::io::Error| LoadError::Admin(format!("listening on {text}: {error}"));
        let (socket, local) = if address.network == Network::Unix {
            let listener = listen::open_unix(&address.host, permissions).map_err(failed)?;
            let listener = UnixListener::from_std(listener.into()).map_err(failed)?;
            (Socket::Unix(UnixSocket { listener, path: address.host.clone().into() }), None)
        } else {
            // The port may be ours already, on another interface.
            let ours = listening.and_then(|listening| listening.local);
            let probe = ours.is_none_or(|ours| ours.port() != address.port);
            let (mut sockets, local) = listen::open_shared(&address, 1, probe).map_err(failed)?;
            let socket = sockets.pop().expect("as many as were asked for");
            (Socket::Tcp(TcpListener::from_std(socket.into()).map_err(failed)?), Some(local))
        };
        let access = Access::new(admin, &parsed, local);
        Ok(Plan::Listen { address, socket, access })
    }
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

/// Carries a plan out, after the configuration that it came with has been committed. Gives the endpoint that listens
/// now, and what is done once the one before listens no more.
pub(crate) fn commit(
    plan: Plan,
    listening: Option<Endpoint>,
    control: &Arc<Control>,
) -> (Option<Endpoint>, Option<JoinHandle<()>>) {
    let logger = control.runtime().process().logger.named("admin");
    match plan {
        Plan::Off => {
            logger.warn("admin endpoint disabled", |_| {});
            (None, listening.map(Endpoint::close))
        }
        Plan::Keep { access, permissions } => {
            if let Some(listening) = &listening {
                listen::permit(&listening.address, permissions, &logger);
                listening.access.send_replace(Arc::new(access));
            }
            (listening, None)
        }
        Plan::Listen { address, socket, access } => {
            logger.info("admin endpoint started", |fields| {
                fields.add("address", address.to_string()).add("enforce_origin", access.enforce_origin);
            });
            let local = match &socket {
                Socket::Tcp(socket) => socket.local_addr().ok(),
                Socket::Unix(..) => None,
            };
            let (sender, receiver) = watch::channel(Arc::new(access));
            // The control holds the endpoint; a strong reference in the task would keep both alive for ever.
            let accepting = tokio::spawn(accept(socket, receiver, Arc::downgrade(control), logger));
            let endpoint = Endpoint { address, local, access: sender, accepting };
            (Some(endpoint), listening.map(Endpoint::close))
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
