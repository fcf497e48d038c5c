//! Talking to the admin API of a running server.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    time::Duration,
};

use caddis_config::{Config, value::NetworkAddress};

use crate::{environment::Environment, failure::Failure, source::SourceArgs};

/// How long a request may take; a load waits for certificates to be made.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Where the admin endpoint is: as named on the command line, or as the configuration says, or the default.
pub(crate) fn address(
    flag: Option<&str>,
    config: Option<&Config>,
    default: Option<String>,
) -> Result<String, Failure> {
    if let Some(address) = flag {
        return Ok(address.to_owned());
    }
    let admin = config.and_then(|config| config.admin.as_ref());
    if admin.is_some_and(|admin| admin.disabled) {
        return Err(Failure::new(
            "the admin endpoint is disabled by the configuration; name another with --address",
        ));
    }
    let listen = admin.map(|admin| admin.listen.clone()).filter(|listen| !listen.is_empty());
    Ok(listen.or(default).unwrap_or_else(|| "localhost:2019".to_owned()))
}

/// The same for a command that needs a configuration for nothing else.
pub(crate) fn find(flag: Option<&str>, source: &SourceArgs) -> Result<String, Failure> {
    let environment = Environment::load(&source.env_files)?;
    let config = match (flag, &source.config) {
        (None, Some(_)) => {
            let loaded = source.load(&environment)?;
            Some(loaded.config().map_err(|error| Failure::new(error.to_string()))?.into_owned())
        }
        _ => None,
    };
    let default = caddis_grammar::Environment::var(&environment, "CADDY_ADMIN");
    address(flag, config.as_ref(), default)
}

/// Sends a POST and returns the body of a successful answer.
pub(crate) fn post(
    address: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<String, Failure> {
    send("POST", address, path, headers, body)
}

/// Sends a request and returns the body of a successful answer.
pub(crate) fn send(
    method: &str,
    address: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<String, Failure> {
    let parsed = NetworkAddress::parse_with_defaults(address, "tcp", 2019).map_err(Failure::new)?;
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    let host = if parsed.is_unix() {
        "127.0.0.1".to_owned()
    } else {
        caddis_config::go::host_port::join(&parsed.host, &parsed.start_port.to_string())
    };
    request.push_str(&format!("Host: {host}\r\n"));
    if !parsed.is_unix() {
        // A unix socket has no origin that could be allowed; its permissions say who may use it.
        request.push_str(&format!("Origin: http://{host}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    let failed = |error: std::io::Error| {
        Failure::new(format!(
            "sending request to the admin API at {address}: {error}; is a server running there?"
        ))
    };
    let answer = if parsed.is_unix() {
        let (path, _) = parsed.unix_socket().map_err(Failure::new)?;
        UnixStream::connect(path).and_then(|stream| {
            stream.set_read_timeout(Some(TIMEOUT))?;
            exchange(stream, &request)
        })
    } else {
        TcpStream::connect((parsed.host.as_str(), parsed.start_port)).and_then(|stream| {
            stream.set_read_timeout(Some(TIMEOUT))?;
            exchange(stream, &request)
        })
    };
    judge(&answer.map_err(failed)?)
}

fn exchange(mut stream: impl Read + Write, request: &str) -> std::io::Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The body of a 200; otherwise what the server says is wrong.
fn judge(answer: &str) -> Result<String, Failure> {
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| Failure::new("the answer was cut off"))?;
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if status == "200" {
        return Ok(body.to_owned());
    }
    let error = serde_json::from_str::<serde_json::Value>(body).ok();
    let message = error.as_ref().and_then(|error| error["error"].as_str()).unwrap_or(body.trim());
    Err(Failure::new(format!("the server answered {status}: {message}")))
}
