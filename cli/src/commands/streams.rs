//! `streams`: the open streams of a running server, in a table that follows them on a terminal.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use serde::Deserialize;

use crate::{
    admin,
    failure::Failure,
    source::SourceArgs,
    text::{age, columns},
};

const ENDPOINT: &str = "/reverse_proxy/streams";
/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// Puts the cursor to the top left and clears what is below.
const TOP: &str = "\x1b[H\x1b[J";

/// Shows the open streams of a running server, or closes some.
#[derive(Debug, Args)]
pub(crate) struct StreamsArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The address to use to reach the admin API endpoint, if not the default
    #[arg(long)]
    address: Option<String>,
    /// Show the streams once and end; so it is where standard output is no terminal
    #[arg(long)]
    once: bool,
    /// Only streams to this upstream
    #[arg(long, value_name = "ADDRESS")]
    upstream: Option<String>,
    /// Close the streams to the upstream
    #[arg(long, requires = "upstream")]
    drain: bool,
    /// How long closing may take altogether, for example 30s; each stream is closed at a moment of its own
    #[arg(long, value_name = "DURATION", requires = "drain")]
    over: Option<String>,
}

/// A stream as the admin API shows it.
#[derive(Debug, Deserialize)]
struct Stream {
    id: u64,
    upstream: String,
    client_ip: Option<String>,
    host: String,
    path: String,
    seconds: f64,
    bytes_to_upstream: u64,
    bytes_from_upstream: u64,
    detached: bool,
    closing: Option<Closing>,
}

#[derive(Debug, Deserialize)]
struct Closing {
    reason: String,
    seconds: f64,
}

pub(crate) fn run(args: &StreamsArgs) -> Result<(), Failure> {
    let address = admin::find(args.address.as_deref(), &args.source)?;
    let mut stdout = io::stdout().lock();
    if args.drain {
        let target = drain_target(args);
        let answer = admin::send("DELETE", &address, &target, &[], "")?;
        let answer: serde_json::Value = serde_json::from_str(&answer).map_err(unreadable)?;
        return Ok(writeln!(stdout, "{} streams are being closed", answer["closing"])?);
    }
    let live = stdout.is_terminal() && !args.once;
    let mut before: Option<(Instant, BTreeMap<u64, u64>)> = None;
    loop {
        let looked = Instant::now();
        let streams = look(&address, args.upstream.as_deref())?;
        let rates = match &before {
            Some((at, bytes)) => rates(&streams, bytes, looked - *at),
            None => BTreeMap::new(),
        };
        let start = if live { TOP } else { "" };
        write!(stdout, "{start}{}", table(&streams, live.then_some(&rates)))?;
        stdout.flush()?;
        if !live {
            return Ok(());
        }
        before = Some((looked, streams.iter().map(|stream| (stream.id, stream.bytes())).collect()));
        thread::sleep(PAUSE);
    }
}

fn drain_target(args: &StreamsArgs) -> String {
    let mut target = format!("{ENDPOINT}?upstream={}", escape(args.upstream.as_deref().unwrap_or_default()));
    if let Some(over) = &args.over {
        target.push_str("&over=");
        target.push_str(&escape(over));
    }
    target
}

/// A text as the value of a parameter.
fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("writing to a string");
        }
        escaped
    })
}

fn look(address: &str, upstream: Option<&str>) -> Result<Vec<Stream>, Failure> {
    let answer = admin::send("GET", address, ENDPOINT, &[], "")?;
    let mut streams: Vec<Stream> = serde_json::from_str(&answer).map_err(unreadable)?;
    streams.retain(|stream| upstream.is_none_or(|upstream| stream.upstream == upstream));
    Ok(streams)
}

fn unreadable(error: serde_json::Error) -> Failure {
    Failure::new(format!("the server's answer is none of Caddis: {error}"))
}

impl Stream {
    fn bytes(&self) -> u64 {
        self.bytes_to_upstream + self.bytes_from_upstream
    }

    fn state(&self) -> String {
        match &self.closing {
            Some(closing) => format!("closes in {} ({})", age(closing.seconds), closing.reason),
            None if self.detached => "detached".to_owned(),
            None => String::new(),
        }
    }
}

/// Bytes a second of each stream since the last look.
fn rates(streams: &[Stream], before: &BTreeMap<u64, u64>, passed: Duration) -> BTreeMap<u64, f64> {
    let rate = |stream: &Stream| {
        let moved = stream.bytes().saturating_sub(before.get(&stream.id).copied().unwrap_or(0));
        (stream.id, moved as f64 / passed.as_secs_f64().max(0.001))
    };
    streams.iter().map(rate).collect()
}

/// The streams in columns as wide as what is in them, and what they make together.
fn table(streams: &[Stream], rates: Option<&BTreeMap<u64, f64>>) -> String {
    let mut head = vec!["ID", "UPSTREAM", "CLIENT", "URL", "AGE", "TO UPSTREAM", "FROM UPSTREAM"];
    head.extend(rates.map(|_| "PER SECOND"));
    head.push("STATE");
    let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    for stream in streams {
        let mut row = vec![
            stream.id.to_string(),
            stream.upstream.clone(),
            stream.client_ip.clone().unwrap_or_default(),
            format!("{}{}", stream.host, stream.path),
            age(stream.seconds),
            size(stream.bytes_to_upstream as f64),
            size(stream.bytes_from_upstream as f64),
        ];
        row.extend(rates.map(|rates| size(rates.get(&stream.id).copied().unwrap_or(0.0))));
        row.push(stream.state());
        rows.push(row);
    }
    let to: u64 = streams.iter().map(|stream| stream.bytes_to_upstream).sum();
    let from: u64 = streams.iter().map(|stream| stream.bytes_from_upstream).sum();
    columns(&rows)
        + &format!(
            "{} streams, {} to upstreams, {} from them\n",
            streams.len(),
            size(to as f64),
            size(from as f64)
        )
}

fn size(bytes: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let power = (0..4).find(|power| bytes < 1024_f64.powi(*power + 1)).unwrap_or(4);
    let precision = usize::from(power > 0);
    format!("{:.precision$} {}", bytes / 1024_f64.powi(power), units[power as usize])
}

#[cfg(test)]
mod tests {
    use super::{escape, size};

    #[test]
    fn figures_are_short() {
        assert_eq!([0.0, 1023.0, 1536.0, 5e9].map(size), ["0 B", "1023 B", "1.5 KiB", "4.7 GiB"]);
    }

    #[test]
    fn values_of_parameters_are_escaped() {
        assert_eq!(escape("[::1]:80&x"), "%5B%3A%3A1%5D%3A80%26x");
    }
}
