//! `file-server`: serves a folder.

use caddis_config::go::host_port;
use clap::Args;

use crate::{
    failure::Failure,
    site::{LogArgs, Site, quoted, refuse},
};

/// Serves a folder.
#[derive(Debug, Args)]
pub(crate) struct FileServerArgs {
    /// Domain name at which to serve the files
    #[arg(short, long)]
    domain: Option<String>,
    /// The path to the root of the site
    #[arg(short, long)]
    root: Option<String>,
    /// The address to which to bind the listener
    #[arg(short, long)]
    listen: Option<String>,
    /// Enable directory browsing
    #[arg(short, long)]
    browse: bool,
    /// Show symlink paths when browse is enabled
    #[arg(long)]
    reveal_symlinks: bool,
    /// Max directories to read when browse is enabled; 10000 if not given
    #[arg(short, long)]
    file_limit: Option<u64>,
    /// Enable template rendering
    #[arg(short, long)]
    templates: bool,
    /// Disable Zstandard and Gzip compression
    #[arg(long)]
    no_compress: bool,
    /// Specify precompression file extensions. Compression preference implied from flag order.
    #[arg(short, long, value_delimiter = ',')]
    precompressed: Vec<String>,
    /// Enable the access log
    #[arg(short, long)]
    access_log: bool,
    /// Enable verbose debug logs
    #[arg(short = 'v', long)]
    debug: bool,
}

pub(crate) fn run(args: &FileServerArgs) -> Result<(), Failure> {
    refuse(args.templates, "--templates")?;
    let listen = args.listen.as_deref().map(host_port::split).transpose().map_err(Failure::new)?;
    let address = match (&args.domain, listen) {
        (Some(domain), Some((_, port))) => format!("{domain}:{port}"),
        (Some(domain), None) => domain.clone(),
        (None, Some((_, port))) => format!("http://:{port}"),
        (None, None) => "http://:80".to_owned(),
    };
    let mut site = Site::new(address, LogArgs { access_log: args.access_log, debug: args.debug });
    if let Some((host, _)) = listen.filter(|(host, _)| !host.is_empty()) {
        site.line(format!("bind {host}"));
    }
    if let Some(root) = &args.root {
        site.line(format!("root * {}", quoted(root)));
    }
    if !args.no_compress {
        site.line("encode zstd gzip");
    }
    site.line(file_server(args));
    site.serve()
}

/// The directive with what the flags say.
fn file_server(args: &FileServerArgs) -> String {
    let mut lines = Vec::new();
    if !args.precompressed.is_empty() {
        lines.push(format!("precompressed {}", args.precompressed.join(" ")));
    }
    if args.browse {
        lines.push("browse {".to_owned());
        lines.extend(args.reveal_symlinks.then(|| "reveal_symlinks".to_owned()));
        lines.extend(args.file_limit.map(|limit| format!("file_limit {limit}")));
        lines.push("}".to_owned());
    }
    if lines.is_empty() {
        "file_server".to_owned()
    } else {
        format!("file_server {{\n{}\n}}", lines.join("\n"))
    }
}
