//! Memory and CPU in use, as Linux reports them for the machine and for the control groups of the process.

/// The parts of memory and CPU that are in use, from 0 to 1: those of the machine or, if a control group limits
/// the process further, those of the group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    pub(crate) memory: f64,
    pub(crate) cpu: f64,
}

/// Bytes in use of those there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Memory {
    pub(super) used: u64,
    pub(super) limit: u64,
}

impl Memory {
    /// From `/proc/meminfo`.
    pub(super) fn of_machine(meminfo: &str) -> Option<Self> {
        let kibibytes = |key: &str| {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let limit = kibibytes("MemTotal:")?.checked_mul(1024)?;
        let available = kibibytes("MemAvailable:")?.checked_mul(1024)?;
        Some(Self {
            used: limit.saturating_sub(available),
            limit,
        })
    }

    /// From the memory in use, its limit and `memory.stat` of a control group; none without a limit. The first
    /// version of control groups writes no limit as a number that no machine has.
    pub(super) fn of_group(current: &str, max: &str, stat: &str) -> Option<Self> {
        let limit = max.trim().parse().ok()?;
        let current: u64 = current.trim().parse().ok()?;
        // Pages of files that the kernel drops before it refuses memory; with those of groups below by the name in
        // the first version.
        let cached = value_of(stat, "total_inactive_file")
            .or_else(|| value_of(stat, "inactive_file"))
            .unwrap_or(0);
        Some(Self {
            used: current.saturating_sub(cached),
            limit,
        })
    }

    pub(super) fn part(self) -> f64 {
        match self.limit {
            0 => 1.0,
            limit => (self.used as f64 / limit as f64).min(1.0),
        }
    }
}

/// CPU time that was spent, of the time that could be, since some start; only differences mean anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CpuTime {
    pub(super) busy: f64,
    pub(super) total: f64,
}

impl CpuTime {
    /// From the first line of `/proc/stat`.
    pub(super) fn of_machine(stat: &str) -> Option<Self> {
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<f64> = line
            .split_whitespace()
            .map_while(|ticks| ticks.parse().ok())
            .collect();
        let [user, nice, system, idle, io_wait, irq, soft_irq, steal, ..] = ticks[..] else {
            return None;
        };
        let busy = user + nice + system + irq + soft_irq + steal;
        Some(Self {
            busy,
            total: busy + idle + io_wait,
        })
    }

    /// From `cpu.stat` and `cpu.max` of a control group, `seconds` after some start; none without a limit.
    pub(super) fn of_group(stat: &str, max: &str, seconds: f64) -> Option<Self> {
        let mut max = max.split_whitespace();
        let quota: f64 = max.next()?.parse().ok()?;
        let period: f64 = max.next()?.parse().ok()?;
        let used = value_of(stat, "usage_usec")?;
        Some(Self {
            busy: used as f64 / 1e6,
            total: seconds * quota / period,
        })
    }

    /// From `cpuacct.usage`, `cpu.cfs_quota_us` and `cpu.cfs_period_us` of a control group of the first version,
    /// `seconds` after some start; none without a limit, which is -1 there.
    pub(super) fn of_first_version(
        usage: &str,
        quota: &str,
        period: &str,
        seconds: f64,
    ) -> Option<Self> {
        let quota: u64 = quota.trim().parse().ok()?;
        let period: u64 = period.trim().parse().ok().filter(|it| *it > 0)?;
        let nanoseconds: u64 = usage.trim().parse().ok()?;
        Some(Self {
            busy: nanoseconds as f64 / 1e9,
            total: seconds * quota as f64 / period as f64,
        })
    }

    /// The part that was busy since `before`; none if no time has passed.
    pub(super) fn since(self, before: Self) -> Option<f64> {
        let total = self.total - before.total;
        (total > 0.0).then(|| ((self.busy - before.busy) / total).clamp(0.0, 1.0))
    }
}

fn value_of(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(' ')?;
        (found == key).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_the_machine_is_all_but_what_is_available() {
        let text = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    250 kB\n";
        let memory = Memory::of_machine(text).expect("it is complete");
        assert_eq!(memory.part(), 0.75);
        assert_eq!(memory.limit, 1_024_000);
        assert_eq!(Memory::of_machine("MemTotal: 1000 kB\n"), None);
    }

    #[test]
    fn memory_of_a_group_has_no_pages_that_can_be_dropped() {
        let stat = "anon 300\ninactive_file 200\nactive_file 100\n";
        let memory = Memory::of_group("700\n", "1000\n", stat).expect("it has a limit");
        assert_eq!(memory.part(), 0.5);
        assert_eq!(Memory::of_group("700\n", "max\n", stat), None);
        assert_eq!(Memory::of_group("", "1000", stat), None);
        let over = Memory { used: 3, limit: 2 };
        assert_eq!(over.part(), 1.0);
        assert_eq!(Memory { used: 0, limit: 0 }.part(), 1.0);
    }

    #[test]
    fn cpu_of_the_machine_is_what_was_not_idle() {
        let at = |text| CpuTime::of_machine(text).expect("it is complete");
        let before = at("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
        let after = at("cpu  130 0 120 840 10 0 0 0 0 0\n");
        assert_eq!(after.since(before), Some(0.5));
        assert_eq!(before.since(before), None);
        assert_eq!(CpuTime::of_machine("cpu  1 2 3"), None);
        assert_eq!(CpuTime::of_machine(""), None);
    }

    #[test]
    fn cpu_of_a_group_is_a_part_of_its_quota() {
        // One and a half CPUs.
        let at = |used: u64, seconds| {
            let stat = format!("usage_usec {used}\nuser_usec 1\n");
            CpuTime::of_group(&stat, "150000 100000\n", seconds).expect("it has a quota")
        };
        assert_eq!(at(4_500_000, 12.0).since(at(3_000_000, 10.0)), Some(0.5));
        assert_eq!(
            CpuTime::of_group("usage_usec 1\n", "max 100000\n", 1.0),
            None
        );
        let unlimited = CpuTime::of_first_version("1\n", "-1\n", "100000\n", 1.0);
        assert_eq!(unlimited, None);
    }
}
