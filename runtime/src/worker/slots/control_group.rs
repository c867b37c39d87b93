//! The control groups that limit a process, in both versions of Linux's interface.

use std::path::{Path, PathBuf};

use super::usage::{CpuTime, Memory};

const GROUPS: &str = "/sys/fs/cgroup";

/// A control group that may limit the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ControlGroup {
    /// Version 2: one folder has everything.
    Unified(PathBuf),
    /// Version 1, which has a tree of folders for each controller: the folder for memory.
    Memory(PathBuf),
    /// Version 1: the folders that limit CPU time and count it.
    Cpu { limits: PathBuf, counts: PathBuf },
}

impl ControlGroup {
    /// The groups of a process by its `/proc/self/cgroup`, each from its own upwards: a limit may be at any of them.
    /// In a container the file may name folders that the process cannot see; then its group is at the root.
    pub(super) fn of_process(own: &str, exists: impl Fn(&Path) -> bool) -> Vec<Self> {
        let mut groups = Vec::new();
        for line in own.lines() {
            // `4:cpu,cpuacct:/docker/7f`; version 2 names no controllers.
            let Some((controllers, path)) =
                line.split_once(':').and_then(|(_, it)| it.split_once(':'))
            else {
                continue;
            };
            for controller in controllers.split(',') {
                let (limit, group): (_, fn(PathBuf, PathBuf) -> Self) = match controller {
                    "" => ("memory.max", |folder, _| Self::Unified(folder)),
                    "memory" => ("memory.limit_in_bytes", |folder, _| Self::Memory(folder)),
                    "cpu" => ("cpu.cfs_quota_us", |limits, counts| Self::Cpu {
                        limits,
                        counts,
                    }),
                    _ => continue,
                };
                let tree = Path::new(GROUPS).join(controller);
                for path in Path::new(path.trim().trim_start_matches('/')).ancestors() {
                    let folder = tree.join(path);
                    if exists(&folder.join(limit)) {
                        let counts = Path::new(GROUPS).join("cpuacct").join(path);
                        groups.push(group(folder, counts));
                    }
                }
            }
        }
        groups
    }

    /// The memory that the group may use; none without a limit. A file that is missing reads as empty.
    pub(super) fn memory(&self, read: impl Fn(&Path) -> String) -> Option<Memory> {
        let (folder, current, limit) = match self {
            Self::Unified(folder) => (folder, "memory.current", "memory.max"),
            Self::Memory(folder) => (folder, "memory.usage_in_bytes", "memory.limit_in_bytes"),
            Self::Cpu { .. } => return None,
        };
        let read = |file| read(&folder.join(file));
        Memory::of_group(&read(current), &read(limit), &read("memory.stat"))
    }

    /// The CPU time that the group has spent, `seconds` after some start; none without a limit.
    pub(super) fn cpu_time(&self, read: impl Fn(&Path) -> String, seconds: f64) -> Option<CpuTime> {
        match self {
            Self::Unified(folder) => CpuTime::of_group(
                &read(&folder.join("cpu.stat")),
                &read(&folder.join("cpu.max")),
                seconds,
            ),
            Self::Cpu { limits, counts } => CpuTime::of_first_version(
                &read(&counts.join("cpuacct.usage")),
                &read(&limits.join("cpu.cfs_quota_us")),
                &read(&limits.join("cpu.cfs_period_us")),
                seconds,
            ),
            Self::Memory(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unified(path: &str) -> ControlGroup {
        ControlGroup::Unified(path.into())
    }

    #[test]
    fn the_groups_of_a_process_are_its_own_and_those_around_it() {
        let found = ControlGroup::of_process("0::/a/b\n", |_| true);
        let expected = ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"];
        assert_eq!(found, expected.map(unified));
        let at_root = |file: &Path| file == Path::new("/sys/fs/cgroup/memory.max");
        let root = ControlGroup::of_process("0::/a/b\n", at_root);
        assert_eq!(root, [unified("/sys/fs/cgroup")]);
        assert_eq!(ControlGroup::of_process("what?\n", |_| true), []);
    }

    /// As Docker names them on a machine with version 1, whose container has folders of its own at the root.
    const FIRST_VERSION: &str =
        "5:memory:/docker/7f\n4:cpu,cpuacct:/docker/7f\n1:name=systemd:/docker/7f\n0::/\n";

    fn of_container(file: &Path) -> bool {
        ["memory/memory.limit_in_bytes", "cpu/cpu.cfs_quota_us"]
            .iter()
            .any(|it| file == Path::new(GROUPS).join(it))
    }

    #[test]
    fn the_first_version_has_a_folder_for_each_controller() {
        let found = ControlGroup::of_process(FIRST_VERSION, of_container);
        let expected = [
            ControlGroup::Memory("/sys/fs/cgroup/memory".into()),
            ControlGroup::Cpu {
                limits: "/sys/fs/cgroup/cpu".into(),
                counts: "/sys/fs/cgroup/cpuacct".into(),
            },
        ];
        assert_eq!(found, expected);
        let found = ControlGroup::of_process("5:memory:/a\n", |_| true);
        let expected = ["/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory"];
        assert_eq!(
            found,
            expected.map(|folder| ControlGroup::Memory(folder.into()))
        );
    }

    #[test]
    fn the_limits_of_both_versions_are_read() {
        let first = |file: &Path| match file.to_str().unwrap_or_default() {
            "/sys/fs/cgroup/memory/memory.usage_in_bytes" => "700\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes" => "1000\n",
            "/sys/fs/cgroup/memory/memory.stat" => "inactive_file 1\ntotal_inactive_file 200\n",
            "/sys/fs/cgroup/cpuacct/cpuacct.usage" => "3000000000\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us" => "150000\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us" => "100000\n",
            _ => "",
        };
        let second = |file: &Path| match file.to_str().unwrap_or_default() {
            "/sys/fs/cgroup/memory.current" => "700\n",
            "/sys/fs/cgroup/memory.max" => "1000\n",
            "/sys/fs/cgroup/memory.stat" => "inactive_file 200\n",
            "/sys/fs/cgroup/cpu.stat" => "usage_usec 3000000\n",
            "/sys/fs/cgroup/cpu.max" => "150000 100000\n",
            _ => "",
        };
        let memory = Some(Memory {
            used: 500,
            limit: 1000,
        });
        let cpu = Some(CpuTime {
            busy: 3.0,
            total: 15.0,
        });
        let groups = ControlGroup::of_process(FIRST_VERSION, of_container);
        let [of_memory, of_cpu] = &groups[..] else {
            panic!("unexpected: {groups:?}");
        };
        let first_read = |file: &Path| first(file).to_owned();
        assert_eq!(of_memory.memory(first_read), memory);
        assert_eq!(of_memory.cpu_time(first_read, 10.0), None);
        assert_eq!(of_cpu.memory(first_read), None);
        assert_eq!(of_cpu.cpu_time(first_read, 10.0), cpu);
        let group = unified("/sys/fs/cgroup");
        let second_read = |file: &Path| second(file).to_owned();
        assert_eq!(group.memory(second_read), memory);
        assert_eq!(group.cpu_time(second_read, 10.0), cpu);
        let nothing = |_: &Path| String::new();
        assert_eq!(group.memory(nothing), None);
        assert_eq!(of_cpu.cpu_time(nothing, 10.0), None);
    }
}
