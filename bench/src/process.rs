//! What a process uses, as the programs of both sides measure themselves; they include this file.

use std::time::Duration;

/// CPU time this process has used, all threads.
pub fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this is Linux");
    let fields: Vec<&str> = stat[stat.rfind(')').expect("a stat line names its program") + 2..]
        .split(' ')
        .collect();
    let ticks: u64 = [11, 12]
        .iter()
        .map(|field| fields[*field].parse::<u64>().expect("times are numbers"))
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Resident memory of this process, in KiB.
pub fn rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .expect("a status names the resident memory")
}
