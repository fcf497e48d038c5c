//! A folder of files in which the binary runs, and what it says and serves there.
//!
//! Nothing of the machine is used: home and data folders are in the folder, as are the unix sockets of servers.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

/// How long a test waits for what never comes before it fails. Nothing that works comes near it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder of its own, removed at the end.
#[derive(Debug)]
pub(crate) struct Scene {
    folder: PathBuf,
    variables: BTreeMap<String, String>,
}

/// What a command that has ended left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<i32>,
}

/// A server that runs. It is killed at the end, unless it has ended by then.
#[derive(Debug)]
pub(crate) struct Serving {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Temporary files that stay behind harm nobody.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Short, because the path of a unix socket must not be longer than 107 bytes.
        let folder = std::env::temp_dir().join(format!("caddis-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { folder: fs::canonicalize(folder).unwrap(), variables: BTreeMap::new() }
    }

    /// A scene with a `Caddyfile`.
    pub(crate) fn with(caddyfile: &str) -> Self {
        Self::new().file("Caddyfile", caddyfile)
    }

    /// Adds a file; its folders are made.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        self.write(name, content);
        self
    }

    /// Sets a variable for whatever runs here.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Writes a file in one step, as nobody shall see half of it.
    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let temporary = path.with_extension("written");
        fs::write(&temporary, content).unwrap();
        fs::rename(temporary, path).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.prepare(Command::new(env!("CARGO_BIN_EXE_caddis")), arguments)
    }

    fn prepare(&self, mut command: Command, arguments: &[&str]) -> Command {
        command.args(arguments).current_dir(&self.folder).env_clear();
        for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, self.folder.join("home"));
        }
        command.envs(&self.variables).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    /// Runs a command to its end, with something to read from standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that does not read its input may have closed it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Outcome {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            status: output.status.code(),
        }
    }

    /// Runs a command of which another process keeps standard error open: it goes to the file `stderr`.
    pub(crate) fn run_detached(&self, arguments: &[&str]) -> Outcome {
        let stderr = fs::File::create(self.path("stderr")).unwrap();
        let output = self.command(arguments).stdout(Stdio::piped()).stderr(stderr).output().unwrap();
        Outcome {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: self.read("stderr"),
            status: output.status.code(),
        }
    }

    /// Starts a server and waits until it serves.
    #[track_caller]
    pub(crate) fn serve(&self, arguments: &[&str]) -> Serving {
        let mut serving = self.spawn(arguments);
        serving.wait_for("serving initial configuration");
        serving
    }

    /// Starts a server after the shell has set a limit, and waits until it serves.
    #[track_caller]
    pub(crate) fn serve_limited(&self, limit: &str, arguments: &[&str]) -> Serving {
        let script = format!("ulimit {limit} && exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_caddis")]);
        let mut serving = Self::start(self.prepare(shell, arguments));
        serving.wait_for("serving initial configuration");
        serving
    }

    /// Starts a command that goes on.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Serving {
        Self::start(self.command(arguments))
    }

    fn start(mut command: Command) -> Serving {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stderr.lines() {
                let Ok(line) = line else { return };
                // The test is over when nobody listens.
                let _ = sender.send(line);
            }
        });
        Serving { child, lines, seen: Vec::new() }
    }

    /// What is answered to a GET on a unix socket of this folder: status and body.
    #[track_caller]
    pub(crate) fn get(&self, socket: &str, path: &str) -> (u16, String) {
        exchange(UnixStream::connect(self.path(socket)).unwrap(), "GET", path, "")
    }

    /// What is answered to a POST on a unix socket of this folder: status and body. `/adapt` takes a Caddyfile, all else
    /// JSON.
    #[track_caller]
    pub(crate) fn post(&self, socket: &str, path: &str, body: &str) -> (u16, String) {
        exchange(UnixStream::connect(self.path(socket)).unwrap(), "POST", path, body)
    }
}

/// Asks a TCP address.
#[track_caller]
pub(crate) fn get_tcp(address: &str, path: &str) -> (u16, String) {
    exchange(TcpStream::connect(address).unwrap(), "GET", path, "")
}

#[track_caller]
fn exchange(mut stream: impl Read + Write, method: &str, path: &str, body: &str) -> (u16, String) {
    let kind = if path == "/adapt" { "text/caddyfile" } else { "application/json" };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

impl Outcome {
    /// The command succeeded; gives its standard output.
    #[track_caller]
    pub(crate) fn success(&self) -> &str {
        assert_eq!(self.status, Some(0), "{self:?}");
        &self.stdout
    }

    /// The command failed with status 1; gives its standard error.
    #[track_caller]
    pub(crate) fn failure(&self) -> &str {
        assert_eq!(self.status, Some(1), "{self:?}");
        &self.stderr
    }
}

/// A text has all of these parts, in any order.
#[track_caller]
pub(crate) fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

impl Serving {
    /// Waits for a line of standard error with this text in it, from where the last wait ended.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("{text:?} did not come after:\n{}", self.seen.join("\n"));
            };
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// All that was said up to the last wait.
    pub(crate) fn said(&self) -> String {
        self.seen.join("\n")
    }

    /// The address behind a listener on port 0, as the log tells it while the server starts.
    #[track_caller]
    pub(crate) fn address(&mut self) -> String {
        let said = "\"actual_address\":\"";
        let known = self.seen.iter().find(|line| line.contains(said)).cloned();
        let line = known.unwrap_or_else(|| self.wait_for(said));
        let address = line.split_once(said).unwrap().1.split('"').next().unwrap();
        address.replace("[::]", "127.0.0.1")
    }

    /// Sends a signal by the name that `kill` knows.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        kill(name, self.child.id());
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end; gives its status and the rest of what was said.
    #[track_caller]
    pub(crate) fn end(&mut self) -> (ExitStatus, String) {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("it goes on:\n{}", self.said()),
            }
        }
        (self.child.wait().unwrap(), self.said())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
#[track_caller]
pub(crate) fn kill(signal: &str, process: u32) {
    let status = Command::new("kill").args(["-s", signal, &process.to_string()]).status().unwrap();
    assert!(status.success(), "kill -s {signal} {process}");
}
