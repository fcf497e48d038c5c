//! `reverse-proxy`: a proxy in one line.

use clap::Args;

use crate::{
    failure::Failure,
    site::{LogArgs, Site, header},
};

/// Proxies one address to others.
#[derive(Debug, Args)]
pub(crate) struct ReverseProxyArgs {
    /// Address on which to receive traffic
    #[arg(short, long, default_value = "localhost")]
    from: String,
    /// Upstream address(es) to which traffic should be sent
    #[arg(short, long, value_delimiter = ',')]
    to: Vec<String>,
    /// Set upstream Host header to address of upstream
    #[arg(short, long)]
    change_host_header: bool,
    /// Disable TLS verification (WARNING: DISABLES SECURITY BY NOT VERIFYING TLS CERTIFICATES!)
    #[arg(long)]
    insecure: bool,
    /// Use internal CA for issuing certs
    #[arg(short, long)]
    internal_certs: bool,
    /// Disable HTTP->HTTPS redirects
    #[arg(short = 'r', long)]
    disable_redirects: bool,
    /// Set a request header to send to the upstream (format: "Field: value")
    #[arg(short = 'H', long)]
    header_up: Vec<String>,
    /// Set a response header to send back to the client (format: "Field: value")
    #[arg(short = 'd', long)]
    header_down: Vec<String>,
    #[command(flatten)]
    logs: LogArgs,
}

pub(crate) fn run(args: &ReverseProxyArgs) -> Result<(), Failure> {
    if args.to.is_empty() {
        return Err(Failure::new("--to is required"));
    }
    // An address that is only a port is plain HTTP, as in Caddy.
    let from = if args.from.starts_with(':') { format!("http://{}", args.from) } else { args.from.clone() };
    let mut site = Site::new(from, args.logs);
    if args.disable_redirects {
        site.option("auto_https disable_redirects");
    }
    if args.internal_certs {
        site.line("tls internal");
    }
    let mut proxy = vec![format!("reverse_proxy {} {{", args.to.join(" "))];
    if args.change_host_header {
        proxy.push("\theader_up Host {upstream_hostport}".into());
    }
    for field in &args.header_up {
        proxy.push(format!("\theader_up {}", header(field)?));
    }
    for field in &args.header_down {
        proxy.push(format!("\theader_down {}", header(field)?));
    }
    if args.insecure {
        proxy.push("\ttransport http {\n\t\t\ttls_insecure_skip_verify\n\t\t}".into());
    }
    proxy.push("}".into());
    site.line(proxy.join("\n\t"));
    site.serve()
}
