//! Exchanges, processes and servers for unit tests.

pub(crate) mod server;

use std::collections::BTreeMap;
use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use ::http::{HeaderName, HeaderValue, Request};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::oneshot;

use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    http::{self, Body, Exchange, Next, exchange::Connection, route::Route, server::Aborted},
    logging::{Level, Logger, Stderr},
    process::Process,
    shard::Shards,
};

/// Answers a request with the length of its body, which is not read before that is told.
pub(crate) async fn length_when_told(
    told: oneshot::Receiver<()>,
    request: Request<Body>,
) -> Result<http::Response, Aborted> {
    told.await.unwrap();
    let length = request.into_body().collect().await.unwrap().to_bytes().len();
    Ok(http::Response::new(Body::from(length.to_string())))
}

/// One process for all tests of the binary: its shards are threads.
pub(crate) fn process() -> Arc<Process> {
    static PROCESS: OnceLock<Arc<Process>> = OnceLock::new();
    Arc::clone(PROCESS.get_or_init(|| {
        let shards = Shards::start(1).unwrap();
        let folder = std::env::temp_dir().join(format!("caddis-unit-{}", std::process::id()));
        let mut environment: BTreeMap<String, String> = std::env::vars().collect();
        for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            environment.insert(name.to_owned(), folder.display().to_string());
        }
        let process = Process::new(shards, Logger::root(Box::new(Stderr(Level::Error))));
        Arc::new(process.with_environment(environment))
    }))
}

/// A process without shards that has these variables only.
pub(crate) fn process_with(variables: &[(&str, &str)]) -> Arc<Process> {
    let environment = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let process = Process::new(Shards::none(), Logger::root(Box::new(Stderr(Level::Error))));
    Arc::new(process.with_environment(environment))
}

/// The start of a build.
pub(crate) fn build() -> Build {
    Build::new(process())
}

/// A GET from 192.0.2.77:4711 over a plain connection.
pub(crate) fn exchange(target: &str, headers: &[(&'static str, &str)]) -> Exchange {
    let mut request = Request::new(());
    *request.uri_mut() = target.parse().unwrap();
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    let connection = Connection::new(
        Some("192.0.2.77:4711".parse().unwrap()),
        Some("[2001:db8::1]:443".parse().unwrap()),
        None,
    );
    Exchange::new(request.into_parts().0, Body::Empty, Arc::new(connection))
}

/// Routes from JSON.
pub(crate) fn routes(json: serde_json::Value) -> Vec<Route> {
    let configs: Vec<caddis_config::http::Route> = caddis_config::from_value(json).unwrap();
    http::routes::build(&configs, &mut build()).unwrap()
}

/// Why routes cannot be built.
pub(crate) fn refused(json: serde_json::Value) -> BuildError {
    let configs: Vec<caddis_config::http::Route> = caddis_config::from_value(json).unwrap();
    http::routes::build(&configs, &mut build()).unwrap_err()
}

/// Runs a future as a shard does.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, future)
}

/// What routes answer, with the body read.
pub(crate) fn answer(routes: &[Route], exchange: &mut Exchange) -> Outcome<::http::Response<Bytes>> {
    run(async {
        let (parts, body) = Next::routes(routes, None).run(exchange).await?.into_parts();
        let body = body.collect().await.map_err(|error| Error::new(Kind::Internal, "body").because(error))?;
        Ok(::http::Response::from_parts(parts, body.to_bytes()))
    })
}

/// A temporary folder with files, removed when it is dropped.
pub(crate) struct Folder(String);

/// Makes a folder of its own with these files; names may have folders.
pub(crate) fn folder(files: &[(&str, &str)]) -> Folder {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("caddis-runtime-{}-{number}", std::process::id()));
    for (name, content) in files {
        let file = path.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }
    Folder(path.to_str().unwrap().to_owned())
}

impl Folder {
    pub(crate) fn path(&self) -> &str {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that cannot be removed is the system's to clean.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
