//! What the process uses of its machine, as Linux tells it; elsewhere it tells only its age.

use super::metrics::{PROCESS_CPU_TIME, PROCESS_MEMORY_USAGE, PROCESS_OPEN_FILES, PROCESS_UPTIME};
use std::{fs, time::Instant};

/// Clock ticks in a second, in which Linux tells CPU time to programs on every architecture.
const TICKS: f64 = 100.0;
const KIBIBYTE: f64 = 1024.0;

/// Has these figures read whenever metrics are collected.
pub(super) fn observe() {
    let began = Instant::now();
    PROCESS_CPU_TIME.observe(|| cpu_seconds(&fs::read_to_string("/proc/self/stat").ok()?));
    PROCESS_MEMORY_USAGE.observe(|| memory(&fs::read_to_string("/proc/self/status").ok()?));
    PROCESS_OPEN_FILES.observe(open_files);
    PROCESS_UPTIME.observe(move || Some(began.elapsed().as_secs_f64()));
}

/// User and system time, the 14th and 15th field; the second may hold anything, in brackets.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS)
}

fn memory(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * KIBIBYTE)
}

#[expect(clippy::cast_precision_loss, reason = "a measurement")]
fn open_files() -> Option<f64> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_is_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 100 1 2";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(memory("Name:\tkehu\nVmRSS:\t    2048 kB\n"), Some(2_097_152.0));
        assert_eq!((cpu_seconds(""), memory("")), (None, None));
    }
}
