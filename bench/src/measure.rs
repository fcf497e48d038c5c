//! Processor time and memory of a process and its children, from `/proc`.

use std::{fs, time::Duration};

/// All processes that descend from `root`, `root` included.
pub(crate) fn family(root: u32) -> Vec<u32> {
    let mut members = vec![root];
    let mut at = 0;
    while at < members.len() {
        let pid = members[at];
        at += 1;
        let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for task in tasks.flatten() {
            if let Ok(children) = fs::read_to_string(task.path().join("children")) {
                members.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            }
        }
    }
    members
}

/// Processor time of a process and its children.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// In the process itself.
    pub(crate) user: Duration,
    /// In the kernel on its behalf.
    pub(crate) system: Duration,
}

impl Cpu {
    /// What the family of `root` has used.
    pub(crate) fn of(root: u32) -> Self {
        let (user, system) = family(root)
            .into_iter()
            .filter_map(ticks)
            .fold((0, 0), |(user, system), more| (user + more.0, system + more.1));
        Self::from_ticks(user, system)
    }

    fn from_ticks(user: u64, system: u64) -> Self {
        // Linux reports in hundredths of a second on every architecture that matters here.
        let time = |ticks: u64| Duration::from_millis(ticks * 10);
        Self { user: time(user), system: time(system) }
    }

    /// What this process has used.
    pub(crate) fn of_this() -> Self {
        let (user, system) = ticks(std::process::id()).unwrap_or_default();
        Self::from_ticks(user, system)
    }

    /// All of it.
    pub(crate) fn all(self) -> Duration {
        self.user + self.system
    }

    /// What was used since.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
        }
    }
}

fn ticks(pid: u32) -> Option<(u64, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    Some((fields.get(11)?.parse().ok()?, fields.get(12)?.parse().ok()?))
}

/// Proportional resident memory of the family of `root` in KiB: shared pages count once.
pub(crate) fn memory_kib(root: u32) -> u64 {
    family(root).into_iter().filter_map(proportional).sum()
}

fn proportional(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The most resident memory that a process had so far, in KiB; nothing for one that has ended.
pub(crate) fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// How many descriptors a process and its children have open.
pub(crate) fn descriptors(root: u32) -> usize {
    let open = |pid| fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    family(root).into_iter().map(open).sum()
}

/// How many descriptors a process may have here.
pub(crate) fn descriptor_limit() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(4)?.parse().ok()).unwrap_or(1024)
}

/// The middle value; zero where there is none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// How much `y` grows for each unit of `x`, by least squares; zero where that cannot be told.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    if spread > 0.0 { together / spread } else { 0.0 }
}

/// The value below which `share` of the sorted samples lie.
pub(crate) fn percentile(sorted: &[u32], share: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let at = ((sorted.len() - 1) as f64 * share).round() as usize;
    f64::from(sorted[at])
}
