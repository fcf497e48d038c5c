//! Where lines go: one thread for each output, so that a slow disk or terminal never holds up a shard.

mod file;

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use caddis_config::logging::Writer;

use crate::build::{Build, BuildError};

/// Lines that may wait for an output. When so many wait, further lines are dropped and counted: a server that answers is
/// worth more than a complete log, and the loss is told as soon as there is room.
const WAITING: usize = 8192;

/// Something that takes encoded lines.
#[derive(Debug)]
pub(crate) struct Output {
    sender: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl Output {
    /// Starts the thread of an output.
    fn start(mut target: Box<dyn Target>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&dropped);
        thread::Builder::new().name("log".into()).spawn(move || run(&mut *target, &receiver, &lost))?;
        Ok(Self { sender, dropped })
    }

    /// Hands a line over without waiting.
    pub(crate) fn write(&self, line: Vec<u8>) {
        if let Err(TrySendError::Full(_)) = self.sender.try_send(Message::Line(line)) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits, a second at most, until everything handed over before is written.
    pub(crate) fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.sender.send(Message::Flush(done)).is_ok() {
            // A target that hangs for longer is given up.
            let _ = wait.recv_timeout(Duration::from_secs(1));
        }
    }
}

/// Opens the receiving end of an output.
type Opening = Box<dyn FnOnce() -> io::Result<Box<dyn Target>>>;

/// The receiving end of an output, used by its thread alone.
trait Target: Send {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
}

fn run(target: &mut dyn Target, messages: &Receiver<Message>, lost: &AtomicU64) {
    let mut batch = Vec::new();
    loop {
        let message = match messages.recv_timeout(Duration::from_secs(3600)) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        batch.clear();
        let mut waiters = Vec::new();
        let mut next = Some(message);
        while let Some(message) = next.take() {
            match message {
                Message::Line(line) => batch.extend_from_slice(&line),
                Message::Flush(done) => waiters.push(done),
            }
            if batch.len() < 256 * 1024 {
                next = messages.try_recv().ok();
            }
        }
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            let note =
                format!("{{\"level\":\"warn\",\"msg\":\"log lines were dropped\",\"count\":{missing}}}\n");
            batch.extend_from_slice(note.as_bytes());
        }
        if !batch.is_empty()
            && let Err(error) = target.write(&batch)
        {
            // The log itself cannot take this; standard error is the last place left.
            drop(writeln!(io::stderr(), "writing logs: {error}"));
        }
        for done in waiters {
            let _ = done.try_send(());
        }
    }
}

struct Stderr;
impl Target for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::stderr().write_all(bytes)
    }
}

struct Stdout;
impl Target for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }
}

/// The outputs in use, by what identifies them, so that logs and reloads share them.
#[derive(Debug, Default)]
pub(crate) struct Outputs(Mutex<HashMap<String, Weak<Output>>>);

fn opening(error: &io::Error) -> String {
    format!("opening log: {error}")
}

impl Outputs {
    /// The output that a configuration asks for; `None` for `discard`.
    pub(crate) fn open(
        &self,
        writer: Option<&Writer>,
        cx: &mut Build,
    ) -> Result<Option<Arc<Output>>, BuildError> {
        let (key, target): (String, Opening) = match writer {
            None | Some(Writer::Stderr(_)) => ("stderr".into(), Box::new(|| Ok(Box::new(Stderr)))),
            Some(Writer::Stdout(_)) => ("stdout".into(), Box::new(|| Ok(Box::new(Stdout)))),
            Some(Writer::Discard(_)) => return Ok(None),
            Some(Writer::File(file)) => {
                let settings = file::Settings::from_config(file, cx)?;
                if cx.looks_at_machine() {
                    settings.check().map_err(|error| cx.error(opening(&error)))?;
                }
                (format!("{settings:?}"), Box::new(move || Ok(Box::new(file::File::open(settings)?))))
            }
            Some(Writer::Net(_)) => return Err(cx.unsupported("the log writer net")),
            Some(Writer::Foreign(foreign)) => {
                return Err(cx.unsupported(&format!("the log writer {}", foreign.name)));
            }
        };
        if cx.is_survey() {
            return Ok(None);
        }
        let mut open = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.retain(|_, output| output.strong_count() > 0);
        if let Some(output) = open.get(&key).and_then(Weak::upgrade) {
            return Ok(Some(output));
        }
        let output = target().and_then(Output::start).map_err(|error| cx.error(opening(&error)))?;
        let output = Arc::new(output);
        open.insert(key, Arc::downgrade(&output));
        Ok(Some(output))
    }

    /// Waits until everything written so far is out, a second for each output at most.
    pub(crate) fn flush(&self) {
        let open = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let outputs: Vec<Arc<Output>> = open.values().filter_map(Weak::upgrade).collect();
        drop(open);
        outputs.iter().for_each(|output| output.flush());
    }
}
