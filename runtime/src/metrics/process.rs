//! Figures of the process itself, under the names that Prometheus' libraries agree on. Read from the system when somebody
//! asks; where it does not tell, they are left out.

use std::{
    fmt::Error,
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::{MetricType, exemplar::Exemplar},
};

/// Ticks a second in which Linux tells programs of their processor time, on every architecture.
const TICKS: f64 = 100.0;

/// The process.
#[derive(Debug)]
pub(super) struct Process {
    started: f64,
}

impl Process {
    /// The process, as if it had started now.
    pub(super) fn new() -> Self {
        Self { started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() }
    }
}

const NONE: Option<&Exemplar<NoLabelSet, f64>> = None;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        if let Some(seconds) = processor_seconds() {
            let help = "Total user and system CPU time spent in seconds";
            let name = "process_cpu_seconds";
            encoder
                .encode_descriptor(name, help, None, MetricType::Counter)?
                .encode_counter(&seconds, NONE)?;
        }
        let mut gauge = |name, help, value: Option<f64>| match value {
            Some(value) => {
                encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
            }
            None => Ok(()),
        };
        let open = fs::read_dir("/proc/self/fd").ok().map(|folder| folder.count() as f64);
        gauge("process_open_fds", "Number of open file descriptors", open)?;
        gauge("process_max_fds", "Maximum number of open file descriptors", most_descriptors())?;
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        gauge("process_resident_memory_bytes", "Resident memory size in bytes", memory(&status, "VmRSS:"))?;
        gauge("process_virtual_memory_bytes", "Virtual memory size in bytes", memory(&status, "VmSize:"))?;
        let help = "Start time of the process since unix epoch in seconds";
        gauge("process_start_time_seconds", help, Some(self.started))
    }
}

fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program comes second and may hold anything; its bracket is the last.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let (user, system) = (fields.nth(11)?, fields.next()?);
    Some((user.parse::<f64>().ok()? + system.parse::<f64>().ok()?) / TICKS)
}

fn most_descriptors() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A line of `/proc/self/status` in bytes.
fn memory(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0)
}
