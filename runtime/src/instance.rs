//! One configuration, built and ready to be put in the place of another.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use caddis_config::{self as caddy, Config, http};

use crate::{
    admin,
    build::{Build, BuildError, OnCommit},
    http::{
        automatic_https::{self, Plan},
        connection::Endpoint,
        server::{self, Around, Listening, Server},
    },
    listen::{
        self, Listener,
        address::{self, Address},
    },
    logging::core::Core,
    metrics::observer as metrics,
    pki::Authorities,
    process::Process,
    storage::Storage,
    tls::{self, Draft, Tls, automation::Parts},
    tunnel,
};

/// A configuration with everything it needs to run.
#[derive(Debug)]
pub struct Instance {
    /// What answers on each listener once the instance is committed.
    planned: Vec<Planned>,
    listeners: BTreeMap<Address, Arc<Listener>>,
    servers: Vec<Arc<Server>>,
    tls: Option<Arc<Tls>>,
    streams: tunnel::Live,
    on_commit: OnCommit,
    /// What takes log lines once the instance is committed.
    logs: Option<Core>,
    shutdown: Shutdown,
}

/// A listener and what the configuration says of it.
#[derive(Debug)]
struct Planned {
    listener: Arc<Listener>,
    endpoint: Endpoint,
    /// Of the file, if it is a unix socket.
    permissions: u32,
}

/// How often the kernel is asked for another port where it chooses one that is free for TCP and not for UDP.
const SAME_PORT_TRIES: u32 = 16;

/// How listeners end.
#[derive(Debug, Clone, Copy)]
struct Shutdown {
    /// How long they go on as if nothing were.
    delay: Duration,
    /// How long requests may then take; `None` is no limit.
    grace: Option<Duration>,
}

impl Instance {
    /// Opens what the configuration needs beyond what `previous` has open. Nothing is visible from the outside but new
    /// sockets, which nobody answers on yet.
    ///
    /// # Errors
    /// The first part of the configuration that cannot be run.
    pub fn build(
        config: &Config,
        previous: Option<&Instance>,
        process: &Arc<Process>,
    ) -> Result<Self, BuildError> {
        if let Some(wrong) = caddy::check(config).into_iter().next() {
            return Err(BuildError { path: wrong.path, message: wrong.message, unsupported: false });
        }
        Self::assemble(config, previous, &mut Build::new(Arc::clone(process)))
    }

    /// What of the configuration a build would refuse. The context is that of a survey: nothing is opened or made.
    pub(crate) fn survey(config: &Config, mut cx: Build) -> Vec<BuildError> {
        let built = Self::assemble(config, None, &mut cx).map(drop);
        // The survey notes what ended it like everything else, and returns nothing but that.
        drop(cx.unless_survey(built));
        cx.found()
    }

    fn assemble(config: &Config, previous: Option<&Instance>, cx: &mut Build) -> Result<Self, BuildError> {
        let mut instance = Self {
            planned: Vec::new(),
            listeners: BTreeMap::new(),
            servers: Vec::new(),
            tls: None,
            streams: tunnel::Live::default(),
            on_commit: OnCommit::default(),
            logs: None,
            shutdown: Shutdown { delay: Duration::ZERO, grace: None },
        };
        if let Some(admin) = &config.admin {
            cx.at("admin", |cx| admin::refuse(admin, cx))?;
        }
        let logs = cx.at("logging", |cx| Core::build(config.logging.as_ref(), cx));
        instance.logs = cx.unless_survey(logs)?;
        let storage = cx.at("storage", |cx| Storage::build(config.storage.as_ref(), cx));
        let storage = match cx.unless_survey(storage)? {
            Some(storage) => storage,
            None => Storage::build(None, cx)?,
        };
        cx.at("apps", |cx| instance.build_apps(config, &storage, previous, cx))?;
        instance.streams = std::mem::take(&mut cx.streams);
        instance.on_commit = std::mem::take(&mut cx.on_commit);
        Ok(instance)
    }

    fn build_apps(
        &mut self,
        config: &Config,
        storage: &Storage,
        previous: Option<&Instance>,
        cx: &mut Build,
    ) -> Result<(), BuildError> {
        let apps = &config.apps;
        for name in apps.foreign.keys() {
            cx.at(name, |cx| cx.refuse(&format!("the app {name}")))?;
        }
        let events = apps.events.as_ref().is_some_and(|app| *app != caddy::events::App::default());
        let filesystems =
            apps.filesystems.as_ref().is_some_and(|app| *app != caddy::filesystems::App::default());
        cx.refuse_fields(&[
            ("events", events, "the app events"),
            ("caddy.filesystems", filesystems, "the app caddy.filesystems"),
        ])?;
        let mut authorities = Authorities::default();
        let pki = apps.pki.as_ref();
        cx.at("pki", |cx| {
            for id in pki.iter().flat_map(|pki| pki.certificate_authorities.keys()) {
                let made = cx.at("certificate_authorities", |cx| {
                    cx.at(id, |cx| authorities.get(id, pki, storage, cx))
                });
                cx.unless_survey(made)?;
            }
            Ok(())
        })?;
        let mut parts = Parts { authorities: &mut authorities, pki, storage };
        let draft = cx.at("tls", |cx| Draft::build(apps.tls.as_ref(), &mut parts, cx))?;
        let default = http::App::default();
        let app = apps.http.as_ref().unwrap_or(&default);
        cx.at("http", |cx| self.build_http(app, draft, &mut parts, previous, cx))
    }

    fn build_http(
        &mut self,
        app: &http::App,
        draft: Draft,
        parts: &mut Parts<'_>,
        previous: Option<&Instance>,
        cx: &mut Build,
    ) -> Result<(), BuildError> {
        let filled = automatic_https::fill(app, cx);
        let app = cx.unless_survey(filled)?.unwrap_or_else(|| app.clone());
        let planned = automatic_https::plan(&app, |name| draft.loads(name), &cx.process.logger.named("http"));
        let planned = planned.map_err(|bad| BuildError {
            path: format!("{}/servers/{}/listen/{}", cx.path(), bad.server, bad.number),
            message: bad.error.to_string(),
            unsupported: bad.error.unsupported,
        });
        let Plan { app, names, ports, added } = match cx.unless_survey(planned)? {
            Some(plan) => plan,
            None => Plan::nothing(app),
        };
        let tls = draft.finish(names, parts, cx)?;
        self.shutdown = Shutdown {
            delay: app.shutdown_delay.to_std().unwrap_or_default(),
            grace: app.grace_period.to_std().filter(|grace| !grace.is_zero()),
        };
        let metrics = metrics::Plan::build(&app, cx)?;
        let mut around = Around { tls: &tls, parts, http_port: ports.http, metrics, added: &added };
        cx.at("servers", |cx| {
            for (name, server) in &app.servers {
                let built = cx.at(name, |cx| self.build_server(name, server, &mut around, previous, cx));
                cx.unless_survey(built)?;
            }
            Ok(())
        })?;
        for certificate in std::mem::take(&mut cx.client_certificates) {
            tls.provide(&certificate, parts, cx)?;
        }
        tls.keep(std::mem::take(parts.authorities).into_made());
        let (renewing, process) = (tls::keep_fresh(&tls), Arc::clone(&cx.process));
        let authorities = tls.authorities().clone();
        cx.on_commit.push(move || {
            authorities.values().for_each(|authority| authority.tell_about_trust(&process.logger));
            process.shards.run_on(0, move || drop(tokio::task::spawn_local(renewing)));
        });
        self.tls = Some(tls);
        Ok(())
    }

    fn build_server(
        &mut self,
        name: &str,
        config: &http::Server,
        around: &mut Around<'_, '_>,
        previous: Option<&Instance>,
        cx: &mut Build,
    ) -> Result<(), BuildError> {
        let built = server::build(name, config, around, cx)?;
        self.servers.push(built.server);
        if cx.is_survey() {
            return Ok(());
        }
        cx.at("listen", |cx| {
            built
                .listening
                .into_iter()
                .try_for_each(|listening| cx.at(listening.number, |cx| self.plan(listening, previous, cx)))
        })
    }

    fn plan(
        &mut self,
        listening: Listening,
        previous: Option<&Instance>,
        cx: &Build,
    ) -> Result<(), BuildError> {
        let Listening { address, permissions, endpoint, .. } = listening;
        let protocols = endpoint.protocols;
        let datagrams = address.for_datagrams().filter(|_| protocols.h3);
        // An address at which nothing is spoken that it can carry is held all the same.
        let streams = protocols.over_streams() || datagrams.is_none();
        let addresses = [streams.then(|| address.clone()), datagrams];
        for address in addresses.iter().flatten() {
            if self.listeners.contains_key(address) {
                return Err(cx.error(format!("listener address repeated: {address}")));
            }
        }
        for listener in open(&addresses, permissions, previous, cx)? {
            if listener.address.network.is_udp()
                && let Some(port) = listener.local.map(|local| local.port())
            {
                endpoint.server.advertise(port);
            }
            self.listeners.insert(listener.address.clone(), Arc::clone(&listener));
            self.planned.push(Planned { listener, endpoint: endpoint.clone(), permissions });
        }
        Ok(())
    }

    /// Where the socket for an address of the configuration is, which tells a port that the kernel chose. `None` for unix
    /// sockets and for addresses that nothing listens on.
    #[must_use]
    pub fn local_address(&self, listen: &str) -> Option<std::net::SocketAddr> {
        let listen = address::Listen::parse(listen, 0).ok()?;
        listen.addresses.iter().find_map(|address| {
            let streams = self.listeners.get(address);
            streams.or_else(|| self.listeners.get(&address.for_datagrams()?))?.local
        })
    }

    /// Puts this instance in the place of `previous`: from here on it answers.
    pub fn commit(&mut self, previous: Option<Instance>, process: &Arc<Process>) {
        if let Some(logs) = self.logs.take() {
            process.logger.replace_sink(Box::new(logs));
        }
        process.tunnels.resume();
        let logger = process.logger.named("http");
        let kept: BTreeSet<u64> = previous.iter().flat_map(Instance::listeners).map(|l| l.id).collect();
        for Planned { listener, endpoint, permissions } in self.planned.drain(..) {
            if kept.contains(&listener.id) {
                listen::permit(&listener.address, permissions, &logger);
                listener.serve(endpoint, &logger);
            } else {
                let streams = !listener.address.network.is_udp();
                if let Some(local) = listener.local.filter(|_| streams && listener.address.port == 0) {
                    logger.info("port 0 listener", |fields| {
                        fields.add("input_address", listener.address.to_string());
                        fields.add("actual_address", local.to_string());
                    });
                }
                if listener.address.network.is_udp() {
                    logger.info("enabling HTTP/3 listener", |fields| {
                        fields.add("addr", listener.address.host_and_port());
                    });
                }
                listener.start(endpoint, process);
            }
        }
        if let Some(previous) = previous {
            let ours: BTreeSet<u64> = self.listeners().map(|listener| listener.id).collect();
            let removed: Vec<_> =
                previous.listeners().filter(|listener| !ours.contains(&listener.id)).cloned().collect();
            let shutdown = previous.shutdown;
            drop(previous);
            if shutdown.delay.is_zero() {
                removed.iter().for_each(|listener| listener.stop());
            }
            if !removed.is_empty() {
                process.shards.run_on(0, move || {
                    tokio::task::spawn_local(retire(removed, shutdown, || {}));
                });
            }
        }
        process.tunnels.reconcile(&self.streams);
        std::mem::take(&mut self.on_commit).run();
    }

    /// The listeners of this instance.
    pub fn listeners(&self) -> impl Iterator<Item = &Arc<Listener>> {
        self.listeners.values()
    }

    /// The servers of this instance.
    #[must_use]
    pub fn servers(&self) -> &[Arc<Server>] {
        &self.servers
    }

    /// The TLS side, with its authorities.
    #[must_use]
    pub fn tls(&self) -> Option<&Arc<Tls>> {
        self.tls.as_ref()
    }

    /// Ends every listener of the instance: after the shutdown delay no connection is accepted, and the future is done
    /// when the last request is, or when the grace period is over. `told` is called after the former, before anything is
    /// waited for.
    pub async fn stop(self, told: impl FnOnce()) {
        let listeners: Vec<_> = self.listeners().cloned().collect();
        let shutdown = self.shutdown;
        drop(self);
        retire(listeners, shutdown, told).await;
    }
}

async fn retire(listeners: Vec<Arc<Listener>>, shutdown: Shutdown, told: impl FnOnce()) {
    if !shutdown.delay.is_zero() {
        tokio::time::sleep(shutdown.delay).await;
    }
    for listener in &listeners {
        listener.stop();
    }
    told();
    let all_done = async {
        for listener in &listeners {
            listener.drained().await;
        }
    };
    let in_time = match shutdown.grace {
        Some(grace) => tokio::time::timeout(grace, all_done).await.is_ok(),
        None => {
            all_done.await;
            true
        }
    };
    for listener in &listeners {
        if !in_time {
            listener.cut();
        }
        listener.forget();
    }
}

/// The listeners for streams and for datagrams at one address, as far as they are wanted. Those of `previous` are kept.
fn open(
    [streams, datagrams]: &[Option<Address>; 2],
    permissions: u32,
    previous: Option<&Instance>,
    cx: &Build,
) -> Result<Vec<Arc<Listener>>, BuildError> {
    let kept = |address: &Address| previous.and_then(|previous| previous.listeners.get(address)).cloned();
    let opened = |address: &Address, port: u16| -> std::io::Result<Arc<Listener>> {
        match kept(address) {
            Some(kept) => Ok(kept),
            None => Listener::open(address, port, permissions, &cx.process).map(Arc::new),
        }
    };
    let refused = |address: &Address, error| cx.error(refusal(address, &error));
    let mut tries = SAME_PORT_TRIES;
    loop {
        let mut listeners = Vec::with_capacity(2);
        if let Some(address) = streams {
            listeners.push(opened(address, address.port).map_err(|error| refused(address, error))?);
        }
        let Some(address) = datagrams else { return Ok(listeners) };
        let beside =
            listeners.first().and_then(|listener| listener.local).map_or(address.port, |local| local.port());
        match opened(address, beside) {
            Ok(listener) => listeners.push(listener),
            // The kernel has chosen a port that is free for streams only; the next may be free for both.
            Err(error)
                if error.kind() == std::io::ErrorKind::AddrInUse
                    && tries > 0
                    && streams
                        .as_ref()
                        .is_some_and(|streams| streams.port == 0 && kept(streams).is_none()) =>
            {
                tries -= 1;
                continue;
            }
            Err(error) => return Err(refused(address, error)),
        }
        return Ok(listeners);
    }
}

fn refusal(address: &Address, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("listening on {address}: address already in use: another process listens there")
        }
        _ => format!("listening on {address}: {error}"),
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
#[cfg(test)]
mod tunnel_tests;
