//! Reads the memory and CPU in use from `/proc` and `/sys/fs/cgroup`, when it is asked.

use std::{
    fmt, fs, io,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use super::{
    control_group::ControlGroup,
    usage::{CpuTime, Memory, Usage},
};

/// How old a reading may become. Over less time the machine's count of CPU time is too coarse.
const FRESH: Duration = Duration::from_millis(100);
/// The longest time over which CPU use is an answer to "now". After a longer one a new measurement begins.
const LONGEST_SPAN: Duration = Duration::from_secs(1);

/// The machine that a worker runs on. It is read when a decision needs it, so that an idle worker costs nothing.
pub(crate) struct Machine {
    source: Box<dyn Source>,
    last: Mutex<Last>,
}

/// Where readings come from.
trait Source: Send + Sync {
    fn read(&self, now: Instant) -> io::Result<Reading>;

    #[cfg(test)]
    fn script(&self) -> &Mutex<Script> {
        unreachable!("a real machine has no script")
    }
}

/// What is read at once: the machine, then the control groups that limit the process.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    memory: Vec<Memory>,
    cpu: Vec<CpuTime>,
}

impl Reading {
    /// The memory in use, and the CPU since the reading `before`; no CPU if no time has passed.
    pub(crate) fn usage_since(&self, before: &Self) -> Option<Usage> {
        let memory = self.memory.iter().map(|it| it.part()).reduce(f64::max)?;
        let pairs = self.cpu.iter().zip(&before.cpu);
        let cpu = pairs.filter_map(|(now, before)| now.since(*before));
        let cpu = cpu.reduce(f64::max).unwrap_or(0.0);
        Some(Usage { memory, cpu })
    }
}

/// The last reading, and what it said.
#[derive(Default)]
struct Last {
    reading: Option<(Instant, Reading)>,
    /// None if the reading began a measurement.
    usage: Option<Usage>,
}

impl Machine {
    /// The machine of this process.
    ///
    /// # Errors
    /// If it cannot be read: only Linux has these files.
    pub(crate) fn of_process() -> io::Result<Arc<Self>> {
        static MACHINE: OnceLock<Arc<Machine>> = OnceLock::new();
        if let Some(machine) = MACHINE.get() {
            return Ok(Arc::clone(machine));
        }
        let machine = Self::new(Box::new(Linux::new()));
        machine.read(Instant::now())?;
        Ok(Arc::clone(MACHINE.get_or_init(|| Arc::new(machine))))
    }

    fn new(source: Box<dyn Source>) -> Self {
        Self {
            source,
            last: Mutex::default(),
        }
    }

    /// A reading for someone who measures usage over times of their own.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn read(&self, now: Instant) -> io::Result<Reading> {
        self.source.read(now)
    }

    /// What is in use now, with the time of its reading; none if that cannot be read, or if the reading before is so
    /// old that the CPU use since then says nothing about now.
    pub(crate) fn usage(&self, now: Instant) -> Option<(Instant, Usage)> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |(at, _): &(Instant, Reading)| now.saturating_duration_since(*at);
        if let Some((at, _)) = last.reading.as_ref().filter(|it| age(it) < FRESH) {
            let at = *at;
            return last.usage.map(|usage| (at, usage));
        }
        let before = last.reading.take().filter(|it| age(it) <= LONGEST_SPAN);
        last.usage = None;
        let reading = self.read(now).ok()?;
        last.usage = before.and_then(|(_, before)| reading.usage_since(&before));
        last.reading = Some((now, reading));
        last.usage.map(|usage| (now, usage))
    }
}

/// The files of Linux.
struct Linux {
    groups: Vec<ControlGroup>,
    began: Instant,
}

impl Linux {
    fn new() -> Self {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self {
            groups: ControlGroup::of_process(&own, Path::exists),
            began: Instant::now(),
        }
    }
}

impl Source for Linux {
    fn read(&self, now: Instant) -> io::Result<Reading> {
        let unreadable = |file| io::Error::other(format!("{file} is not as expected"));
        let memory = fs::read_to_string("/proc/meminfo")?;
        let cpu = fs::read_to_string("/proc/stat")?;
        let memory = Memory::of_machine(&memory).ok_or_else(|| unreadable("/proc/meminfo"))?;
        let cpu = CpuTime::of_machine(&cpu).ok_or_else(|| unreadable("/proc/stat"))?;
        let mut reading = Reading {
            memory: vec![memory],
            cpu: vec![cpu],
        };
        let seconds = now.saturating_duration_since(self.began).as_secs_f64();
        // A group without a limit lacks the file, or says so in it.
        let text = |file: &Path| fs::read_to_string(file).unwrap_or_default();
        for group in &self.groups {
            reading.memory.extend(group.memory(text));
            reading.cpu.extend(group.cpu_time(text, seconds));
        }
        Ok(reading)
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").finish_non_exhaustive()
    }
}

/// A machine whose usage a test decides.
#[cfg(test)]
#[derive(Default)]
struct Script {
    usage: Option<Usage>,
    reads: usize,
    busy: f64,
}

#[cfg(test)]
impl Source for Mutex<Script> {
    fn read(&self, _: Instant) -> io::Result<Reading> {
        let mut script = self.lock().unwrap();
        script.reads += 1;
        let usage = script.usage.ok_or(io::ErrorKind::NotFound)?;
        script.busy += usage.cpu;
        Ok(Reading {
            memory: vec![Memory {
                used: (usage.memory * 1e6) as u64,
                limit: 1_000_000,
            }],
            cpu: vec![CpuTime {
                busy: script.busy,
                total: script.reads as f64,
            }],
        })
    }

    fn script(&self) -> &Mutex<Script> {
        self
    }
}

#[cfg(test)]
impl Machine {
    pub(super) fn scripted(usage: Usage) -> Self {
        let machine = Self::new(Box::new(Mutex::new(Script::default())));
        machine.set(usage);
        // The first reading has no CPU time before it.
        machine.usage(Instant::now());
        machine.set(usage);
        machine
    }

    /// What later readings have.
    pub(super) fn set(&self, usage: Usage) {
        self.source.script().lock().unwrap().usage = Some(usage);
        self.forget();
    }

    pub(super) fn fail(&self) {
        self.source.script().lock().unwrap().usage = None;
        self.forget();
    }

    /// Makes the next reading come at once.
    fn forget(&self) {
        if let Some((at, _)) = &mut self.last.lock().unwrap().reading {
            *at = Instant::now() - FRESH * 2;
        }
    }

    pub(super) fn reads(&self) -> usize {
        self.source.script().lock().unwrap().reads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: Usage = Usage {
        memory: 0.5,
        cpu: 0.25,
    };

    fn assert_usage(read: Option<(Instant, Usage)>, at: Instant, expected: Usage) {
        let (read_at, read) = read.expect("it is readable");
        assert_eq!(read_at, at);
        let distance = (read.memory - expected.memory).abs() + (read.cpu - expected.cpu).abs();
        assert!(distance < 1e-5, "{read:?}");
    }

    #[test]
    fn a_reading_is_kept_while_it_is_fresh() {
        let machine = Machine::scripted(USAGE);
        let now = Instant::now();
        assert_usage(machine.usage(now), now, USAGE);
        assert_usage(machine.usage(now + FRESH / 2), now, USAGE);
        assert_usage(machine.usage(now + FRESH), now + FRESH, USAGE);
        machine.fail();
        assert_eq!(machine.usage(now + FRESH * 9), None);
    }

    #[test]
    fn a_quiet_time_says_nothing_about_now() {
        let machine = Machine::scripted(USAGE);
        let now = Instant::now();
        machine.usage(now);
        let later = now + LONGEST_SPAN * 60;
        let (began, reads) = (later + FRESH, machine.reads());
        assert_eq!(machine.usage(later), None, "a minute's average");
        assert_eq!(machine.usage(later + FRESH / 2), None, "too soon");
        assert_eq!(machine.reads(), reads + 1);
        assert_usage(machine.usage(began), began, USAGE);
    }

    #[test]
    fn usage_over_any_time_is_the_difference_of_two_readings() {
        let cpu = |busy, total| vec![CpuTime { busy, total }];
        let memory = vec![Memory { used: 1, limit: 4 }];
        let first = Reading {
            memory: memory.clone(),
            cpu: cpu(10.0, 100.0),
        };
        let second = Reading {
            memory,
            cpu: cpu(40.0, 160.0),
        };
        let usage = |memory, cpu| Some(Usage { memory, cpu });
        assert_eq!(second.usage_since(&first), usage(0.25, 0.5));
        assert_eq!(first.usage_since(&first), usage(0.25, 0.0));
        assert_eq!(first.usage_since(&Reading::default()), usage(0.25, 0.0));
        assert_eq!(Reading::default().usage_since(&first), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_can_be_read() {
        let machine = Machine::of_process().expect("it runs on Linux");
        let read = || machine.read(Instant::now()).expect("it is readable");
        let before = read();
        let usage = read().usage_since(&before).expect("it has memory");
        assert!(usage.memory > 0.0 && usage.memory <= 1.0, "{usage:?}");
        assert!((0.0..=1.0).contains(&usage.cpu), "{usage:?}");
    }
}
