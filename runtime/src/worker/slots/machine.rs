//! Reads the memory and CPU in use from `/proc` and `/sys/fs/cgroup`, when it is asked.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use super::usage::{CpuTime, Memory, Usage};

/// How old a reading may become. Over less time the machine's count of CPU time is too coarse.
const FRESH: Duration = Duration::from_millis(100);

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
struct Reading {
    memory: Vec<Memory>,
    cpu: Vec<CpuTime>,
}

#[derive(Default)]
struct Last {
    cpu: Vec<CpuTime>,
    usage: Option<(Instant, Usage)>,
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
        let now = Instant::now();
        let reading = machine.source.read(now)?;
        machine.note(reading, now);
        Ok(Arc::clone(MACHINE.get_or_init(|| Arc::new(machine))))
    }

    fn new(source: Box<dyn Source>) -> Self {
        Self {
            source,
            last: Mutex::default(),
        }
    }

    /// What is in use, with the time of its reading; none if it cannot be read.
    pub(crate) fn usage(&self, now: Instant) -> Option<(Instant, Usage)> {
        {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = last
                .usage
                .filter(|(at, _)| now.saturating_duration_since(*at) < FRESH);
            if fresh.is_some() {
                return fresh;
            }
        }
        let reading = self.source.read(now).ok()?;
        self.note(reading, now)
    }

    fn note(&self, reading: Reading, now: Instant) -> Option<(Instant, Usage)> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = reading.memory.iter().map(|it| it.part()).reduce(f64::max)?;
        let pairs = reading.cpu.iter().zip(&last.cpu);
        let cpu = pairs.filter_map(|(now, before)| now.since(*before));
        // Two readings without time between them have no CPU time between them either.
        let before = last.usage.map(|(_, usage)| usage.cpu);
        let cpu = cpu.reduce(f64::max).or(before).unwrap_or(0.0);
        last.usage = Some((now, Usage { memory, cpu }));
        last.cpu = reading.cpu;
        last.usage
    }
}

/// The files of Linux.
struct Linux {
    /// The folders of the control groups of the process, from its own upwards. A limit may be at any of them.
    groups: Vec<PathBuf>,
    began: Instant,
}

const GROUPS: &str = "/sys/fs/cgroup";

impl Linux {
    fn new() -> Self {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self {
            groups: groups(&own, |folder| folder.join("memory.max").exists()),
            began: Instant::now(),
        }
    }
}

/// The folders of the control groups, by `/proc/self/cgroup`; in a container that file may name folders that the
/// process cannot see, and its group is at the root.
fn groups(own: &str, exists: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"));
    let own = Path::new(GROUPS).join(path.unwrap_or_default().trim());
    let folders = own
        .ancestors()
        .take_while(|folder| folder.starts_with(GROUPS));
    folders
        .filter(|folder| exists(folder))
        .map(Path::to_path_buf)
        .collect()
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
        for folder in &self.groups {
            // A group without a limit lacks the file, or says `max` in it.
            let text = |file| fs::read_to_string(folder.join(file)).unwrap_or_default();
            let memory = Memory::of_group(
                &text("memory.current"),
                &text("memory.max"),
                &text("memory.stat"),
            );
            reading.memory.extend(memory);
            let cpu = CpuTime::of_group(&text("cpu.stat"), &text("cpu.max"), seconds);
            reading.cpu.extend(cpu);
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
        let long_ago = Instant::now() - FRESH * 10;
        if let Some((at, _)) = &mut self.last.lock().unwrap().usage {
            *at = long_ago;
        }
    }

    pub(super) fn reads(&self) -> usize {
        self.source.script().lock().unwrap().reads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_kept_while_it_is_fresh() {
        let usage = Usage {
            memory: 0.5,
            cpu: 0.25,
        };
        let machine = Machine::scripted(usage);
        let now = Instant::now();
        let (at, read) = machine.usage(now).expect("it is readable");
        assert!((read.memory - 0.5).abs() < 1e-6 && (read.cpu - 0.25).abs() < 1e-6);
        assert_eq!(machine.usage(now + FRESH / 2), Some((at, read)));
        let (later, _) = machine.usage(now + FRESH).expect("it is readable");
        assert_eq!(later, now + FRESH);
        machine.fail();
        assert_eq!(machine.usage(now + FRESH * 9), None);
    }

    #[test]
    fn the_groups_of_a_process_are_its_own_and_those_around_it() {
        let found = groups("0::/a/b\n", |_| true);
        let expected = ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"];
        assert_eq!(found, expected.map(PathBuf::from));
        let root = groups("0::/a/b\n", |folder| folder == Path::new(GROUPS));
        assert_eq!(root, [PathBuf::from(GROUPS)]);
        assert_eq!(groups("1:memory:/x\n", |_| false), [] as [PathBuf; 0]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_can_be_read() {
        let machine = Machine::of_process().expect("it runs on Linux");
        let (_, usage) = machine.usage(Instant::now()).expect("it is readable");
        assert!(usage.memory > 0.0 && usage.memory <= 1.0, "{usage:?}");
        assert!((0.0..=1.0).contains(&usage.cpu), "{usage:?}");
    }
}
