//! Building an expression ends with an error or with a matcher that has an answer for a request, or fails for it.
//! Expressions that speak of files are only built: the machine has files that are never at their end.
#![no_main]

use std::sync::{Arc, LazyLock};

use caddis_config::http::{Matcher, MatcherSet, matchers::Expression};
use caddis_runtime::{
    build::Build,
    http::{Body, Exchange, exchange::Connection, matchers},
    logging::{Level, Logger, Stderr},
    process::Process,
    shard::Shards,
};
use libfuzzer_sys::fuzz_target;

static PROCESS: LazyLock<Arc<Process>> = LazyLock::new(|| {
    let shards = Shards::start(1).expect("a thread can be started");
    Arc::new(Process::new(shards, Logger::root(Box::new(Stderr(Level::Error)))))
});

fuzz_target!(|text: &str| {
    let expression = Expression { expr: text.to_owned(), name: String::new() };
    let set: MatcherSet = [Matcher::Expression(expression)].into_iter().collect();
    let Ok(matchers) = matchers::build_set(&set, &mut Build::new(Arc::clone(&PROCESS))) else { return };
    if text.contains("file") {
        return;
    }
    let mut exchange = exchange();
    for matcher in matchers {
        drop(matcher.matches(&mut exchange));
    }
});

fn exchange() -> Exchange {
    let request = http::Request::get("/Foo/bar.txt?a=1&b=two").header("host", "example.com:8080");
    let (parts, ()) = request.header("cookie", "c=v").body(()).expect("a request").into_parts();
    let address = "127.0.0.1:80".parse().ok();
    Exchange::new(parts, Body::Empty, Arc::new(Connection::new(address, address, None)))
}
