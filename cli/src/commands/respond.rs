//! `respond`: a server that says one thing, for development and testing.

use std::io::{self, IsTerminal, Read};

use caddis_config::go::host_port;
use clap::Args;

use crate::{
    failure::Failure,
    site::{LogArgs, Site, header, quoted, refuse},
};

/// Answers every request with the same response.
#[derive(Debug, Args)]
pub(crate) struct RespondArgs {
    /// The address to which to bind the listener
    #[arg(short, long, default_value = ":0")]
    listen: String,
    /// The response status code
    #[arg(short, long, default_value_t = 200)]
    status: u16,
    /// The body of the HTTP response
    #[arg(short, long)]
    body: Option<String>,
    /// Set a header on the response (format: "Field: value")
    #[arg(short = 'H', long = "header")]
    headers: Vec<String>,
    #[command(flatten)]
    logs: LogArgs,
    /// The body, or the status if it is a number of three digits
    body_or_status: Option<String>,
}

pub(crate) fn run(args: RespondArgs) -> Result<(), Failure> {
    let mut status = args.status;
    let mut body = args.body;
    if let Some(given) = args.body_or_status {
        match given.parse() {
            Ok(number) if given.len() == 3 => status = number,
            _ => body = Some(given),
        }
    }
    let body = match body {
        Some(body) => body,
        None if io::stdin().is_terminal() => String::new(),
        None => {
            let mut body = String::new();
            io::stdin().read_to_string(&mut body)?;
            body
        }
    };
    refuse(body.contains("{{"), "a template in the body")?;
    let (host, port) = host_port::split(&args.listen).map_err(Failure::new)?;
    let mut site = Site::new(format!("http://:{port}"), args.logs);
    if !host.is_empty() {
        site.line(format!("bind {host}"));
    }
    for field in &args.headers {
        site.line(format!("header {}", header(field)?));
    }
    site.line(format!("respond {} {status}", quoted(&body)));
    site.serve()
}
