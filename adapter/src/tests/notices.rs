//! All 26 notices that Caddy writes to its log while it adapts are findings here, in its words.

use caddis_grammar::{Files, ReadError};

use super::Nothing;
use crate::{Registry, adapt};

/// An empty file, and nothing else.
struct Blank;

impl Files for Blank {
    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(format!("/{path}"))
    }

    fn glob(&self, pattern: &str) -> Result<Vec<String>, String> {
        Ok(if pattern == "/blank" { vec!["/blank".to_owned()] } else { Vec::new() })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        if path == "/blank" { Ok(Vec::new()) } else { Err(ReadError::NotFound) }
    }
}

const CADDYFILE: &str = "\
{
	servers {
		metrics
	}
}

(arguments) {
	respond {args[]}
	respond {args[x:]}
	respond {args[:x]}
	respond {args[0:9]}
	respond {args[x]}
	respond {args[9]}
	respond {args.0}
	respond {args.9}
	respond {args.x}
	respond x{args[0:1]}
}

:81/path {
	import arguments one two
}

http://0.0.0.0:8080 {
	import nothing/*
	import blank
	skip_log
	basicauth {
		bob $2a$14$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT/5qqR7hx4IjWJPDhjvG
	}
	reverse_proxy https://app:1 {
		health_path /
		header_up X-Forwarded-For {remote_host}
		header_up X-Forwarded-Proto {scheme}
		header_up X-Forwarded-Host {host}
		header_up Host {upstream_hostport}
		transport http {
			forward_proxy_url http://proxy
			tls_trusted_ca_certs ca.pem
		}
	}
}

a.example {
	tls internal {
		client_auth {
			trusted_ca_cert MIIB
			trusted_ca_cert_file ca.pem
		}
	}
}
";

#[test]
fn what_caddy_only_logs_is_told() {
    let deprecated =
        |old: &str, new: &str| format!("The '{old}' field is deprecated. Use the '{new}' field instead.");
    let needless = |name: &str| {
        format!(
            "Unnecessary header_up {name}: the reverse proxy's default behavior is to pass headers to the upstream"
        )
    };
    let notices = [
        "Placeholder {args[]} cannot have an empty index".to_owned(),
        "Variadic placeholder {args[x:]} has an invalid start index".to_owned(),
        "Variadic placeholder {args[:x]} has an invalid end index".to_owned(),
        "Variadic placeholder {args[0:9]} indices are out of bounds, only 2 argument(s) exist".to_owned(),
        "Placeholder {args.x} has an invalid index".to_owned(),
        "Placeholder {args.9} index is out of bounds, only 2 argument(s) exist".to_owned(),
        "Placeholder {args.0} deprecated, use {args[0]} instead".to_owned(),
        "Variadic placeholder {args[0:1]} must be a token on its own".to_owned(),
        "Placeholder {args[x]} has an invalid index".to_owned(),
        "Placeholder {args[9]} index is out of bounds, only 2 argument(s) exist".to_owned(),
        "No files matching import glob pattern: nothing/*".to_owned(),
        "Import file is empty: /blank".to_owned(),
        "the 'skip_log' directive is deprecated, please use 'log_skip' instead!".to_owned(),
        "Using a path in a site address is deprecated; please use the 'handle' directive instead".to_owned(),
        "Site block has an unspecified IP address which only matches requests having that Host header; you probably \
         want the 'bind' directive to configure the socket"
            .to_owned(),
        "The nested 'metrics' option inside `servers` is deprecated and will be removed in the next major version. \
         Use the global 'metrics' option instead."
            .to_owned(),
        "the 'basicauth' directive is deprecated, please use 'basic_auth' instead!".to_owned(),
        "The 'forward_proxy_url' field is deprecated. Use 'network_proxy <url>' instead.".to_owned(),
        deprecated("tls_trusted_ca_certs", "tls_trust_pool"),
        "the 'health_path' subdirective is deprecated, please use 'health_uri' instead!".to_owned(),
        needless("X-Forwarded-For"),
        needless("X-Forwarded-Proto"),
        needless("X-Forwarded-Host"),
        "Unnecessary header_up Host: the reverse proxy's default behavior is to pass the configured upstream \
         address to the upstream when proxying to HTTPS"
            .to_owned(),
        deprecated("trusted_ca_cert", "trust_pool"),
        deprecated("trusted_ca_cert_file", "trust_pool"),
    ];
    assert_eq!(notices.len(), 26);
    let adapted = adapt("Caddyfile", CADDYFILE, &Blank, &Nothing, &Registry::standard());
    let found: Vec<&str> = adapted
        .diagnostics
        .iter()
        .filter(|finding| finding.code.0.starts_with('W'))
        .map(|finding| finding.message.as_str())
        .collect();
    let missing: Vec<_> = notices.iter().filter(|notice| !found.contains(&notice.as_str())).collect();
    assert!(missing.is_empty(), "{missing:#?}\n{found:#?}");
}
