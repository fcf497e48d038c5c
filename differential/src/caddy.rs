//! A running Caddy that adapts what it is sent, through its admin API on a unix socket.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::adapted::{NAME, Outcome};

/// How long the process may take to open its socket.
const START: Duration = Duration::from_secs(20);

/// A Caddy with a folder of its own. It ends with this value.
#[derive(Debug)]
pub struct Caddy {
    binary: PathBuf,
    folder: PathBuf,
    process: Child,
    connection: BufReader<UnixStream>,
}

impl Caddy {
    /// Starts the binary in `folder`, which must exist and hold the files that Caddyfiles name.
    ///
    /// # Errors
    /// The process does not start or does not open its socket.
    pub fn start(binary: &Path, folder: &Path) -> io::Result<Self> {
        let socket = folder.join("admin.sock");
        let config = folder.join("caddy.json");
        let json = format!(r#"{{"admin":{{"listen":"unix/{}"}}}}"#, socket.display());
        fs::write(&config, json)?;
        let mut process = command(binary, folder)
            .args(["run", "--config", "caddy.json"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        match connect(&socket) {
            Ok(connection) => {
                Ok(Self { binary: binary.to_owned(), folder: folder.to_owned(), process, connection })
            }
            Err(error) => {
                process.kill()?;
                process.wait()?;
                Err(error)
            }
        }
    }

    /// What Caddy makes of a text.
    ///
    /// # Errors
    /// The process cannot be reached any more.
    pub fn adapt(&mut self, text: &str) -> io::Result<Outcome> {
        // The option `order` changes the process for all files that follow.
        if text.lines().any(|line| line.trim_start().starts_with("order ")) {
            return self.adapt_once(text);
        }
        if let Ok((status, body)) = self.request(text) {
            return Ok(outcome(status, &body));
        }
        // A panic closes the connection; the process stays.
        self.connection = connect(&self.folder.join("admin.sock"))?;
        self.adapt_once(text)
    }

    /// The same with a process for this text alone.
    ///
    /// # Errors
    /// The process cannot be run.
    pub fn adapt_once(&self, text: &str) -> io::Result<Outcome> {
        fs::write(self.folder.join(NAME), text)?;
        let output = command(&self.binary, &self.folder)
            .args(["adapt", "--config", NAME, "--adapter", "caddyfile"])
            .output()?;
        let log = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            let json = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
            let warnings = log.matches("Caddyfile input is not formatted").count();
            return Ok(Outcome::Accepted { json, warnings });
        }
        if let Some(at) = log.find("panic: ") {
            return Ok(Outcome::Crashed(log[at..].lines().next().unwrap_or_default().to_owned()));
        }
        let last = log.lines().rfind(|line| line.contains("\"error\"")).unwrap_or_default();
        let message = serde_json::from_str::<serde_json::Value>(last)
            .ok()
            .and_then(|line| Some(line.get("error").or_else(|| line.get("msg"))?.as_str()?.to_owned()))
            .unwrap_or_else(|| last.to_owned());
        Ok(Outcome::Rejected { message, lines: Vec::new() })
    }

    /// The text in Caddy's style.
    ///
    /// # Errors
    /// The process cannot be run.
    pub fn format(&self, text: &str) -> io::Result<String> {
        fs::write(self.folder.join(NAME), text)?;
        let output = command(&self.binary, &self.folder).args(["fmt", NAME]).output()?;
        String::from_utf8(output.stdout).map_err(io::Error::other)
    }

    fn request(&mut self, text: &str) -> io::Result<(u16, String)> {
        let stream = self.connection.get_mut();
        write!(
            stream,
            "POST /adapt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/caddyfile\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        )?;
        let mut line = String::new();
        self.connection.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
        let (mut length, mut chunked) = (0, false);
        loop {
            line.clear();
            self.connection.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length: ") {
                length = value.parse().map_err(io::Error::other)?;
            }
            chunked |= header == "transfer-encoding: chunked";
        }
        let mut body = Vec::new();
        if chunked {
            self.chunks(&mut body)?;
        } else {
            body.resize(length, 0);
            self.connection.read_exact(&mut body)?;
        }
        Ok((status, String::from_utf8(body).map_err(io::Error::other)?))
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let mut line = String::new();
            self.connection.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
            let start = body.len();
            body.resize(start + size, 0);
            self.connection.read_exact(&mut body[start..])?;
            line.clear();
            self.connection.read_line(&mut line)?;
            if size == 0 {
                return Ok(());
            }
        }
    }
}

impl Drop for Caddy {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to do.
        if self.process.kill().is_ok() {
            drop(self.process.wait());
        }
    }
}

/// Caddy keeps its data in the folder, so that runs neither see nor leave anything of each other.
fn command(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    command
}

fn connect(socket: &Path) -> io::Result<BufReader<UnixStream>> {
    let start = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return Ok(BufReader::new(stream)),
            Err(error) if start.elapsed() > START => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Reads the answer: `{"warnings":[…],"result":…}` or `{"error":…}`. The result is cut out, because its bytes count.
fn outcome(status: u16, body: &str) -> Outcome {
    let body = body.trim_end();
    if status != 200 {
        let error = serde_json::from_str::<serde_json::Value>(body).ok();
        let message = error.as_ref().and_then(|error| error.get("error")?.as_str()).unwrap_or(body);
        let message = message.strip_prefix("adapting config using caddyfile adapter: ").unwrap_or(message);
        return Outcome::Rejected { message: message.to_owned(), lines: Vec::new() };
    }
    let (mut rest, mut warnings) = (body, 0);
    if let Some(list) = body.strip_prefix(r#"{"warnings":"#) {
        let mut values = serde_json::Deserializer::from_str(list).into_iter::<Vec<serde_json::Value>>();
        warnings = values.next().and_then(Result::ok).map_or(0, |warnings| warnings.len());
        rest = &list[values.byte_offset()..];
    }
    let start = rest.find(r#""result":"#).map_or(rest.len(), |at| at + r#""result":"#.len());
    let json = rest[start..].strip_suffix('}').unwrap_or_default().to_owned();
    Outcome::Accepted { json, warnings }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_cut_out_as_it_is() {
        let accepted = |json: &str, warnings| Outcome::Accepted { json: json.to_owned(), warnings };
        assert_eq!(outcome(200, "{\"result\":{\"a\":\"\\u003c\"}}\n"), accepted("{\"a\":\"\\u003c\"}", 0));
        assert_eq!(outcome(200, r#"{"warnings":[{"message":"]"}],"result":{}}"#), accepted("{}", 1));
    }
}
