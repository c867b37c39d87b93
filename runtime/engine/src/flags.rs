//! Behaviour switches: what a history was written with, so that later versions replay it as it was.

use crate::SdkMetadata;

/// Name of the SDK: in histories, in answers to queries, in the headers of requests and in heartbeats of workers.
pub const SDK_NAME: &str = "durably";
/// Version of the SDK, which goes with its name.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// One way of doing things that histories depend on. Numbers are recorded and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Flag {
    /// The jobs of a slice come in the order documented at [`Job`](crate::Job).
    JobOrder = 1,
    /// The task was completed to prolong a replay: its facts are part of the next task's slice.
    ReplayHeartbeat = 2,
    /// The job of an update comes after its sequencing event; before, it came after all facts of its slice.
    UpdatesInPlace = 3,
    /// A request to cancel a child that came before its start is repeated by the engine.
    CancelRequestsRepeated = 4,
}

/// The metadata of a completion that only prolongs a replay.
pub(crate) fn replay_heartbeat() -> SdkMetadata {
    SdkMetadata {
        lang_flags: vec![Flag::ReplayHeartbeat as u32],
        ..SdkMetadata::default()
    }
}

/// Whether a completion only prolonged a replay.
///
/// Such a completion names no SDK, or this one: other SDKs number switches of their own, and one of them has the
/// same number.
pub(crate) fn is_replay_heartbeat(sdk: &SdkMetadata) -> bool {
    let unnamed = sdk.name.is_empty() && sdk.version.is_empty();
    (unnamed || sdk.name == SDK_NAME) && sdk.lang_flags.contains(&(Flag::ReplayHeartbeat as u32))
}

/// The switches of this version, all of them used by every new task.
const KNOWN: &[Flag] = &[
    Flag::JobOrder,
    Flag::UpdatesInPlace,
    Flag::CancelRequestsRepeated,
];

/// A switch of the shared core of other SDKs that describes histories of this version, by the number in that core,
/// which reads it in a replay.
///
/// Its switch 1 is left out. It compares the ids of activities and children with those that the code chooses, and
/// each SDK makes the ids of children up from random numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum SharedCoreFlag {
    /// A list of all patches follows the marker of each patch.
    PatchList = 2,
    /// Commands that user code issues after it has ended the run are sent before the end.
    EndIsLast = 3,
}

/// All of them are used by every new task.
const SHARED_CORE: &[SharedCoreFlag] = &[SharedCoreFlag::PatchList, SharedCoreFlag::EndIsLast];

/// What history says of the SDK that wrote it.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    /// Switches of ours that history records; grows with answered tasks.
    recorded: Vec<u32>,
    /// Switches of the shared core that history records; grows with answered tasks.
    shared_core: Vec<u32>,
    /// Whether the last SDK that recorded itself is this version; changes with answered tasks.
    introduced: bool,
    /// Whether the last SDK that recorded itself is another one; changes with answered tasks.
    foreign: bool,
}

impl Flags {
    /// Takes in what an answered task recorded.
    pub(crate) fn record(&mut self, sdk: &SdkMetadata) {
        if !sdk.name.is_empty() || !sdk.version.is_empty() {
            self.introduced = sdk.name == SDK_NAME && sdk.version == SDK_VERSION;
        }
        if !sdk.name.is_empty() {
            self.foreign = sdk.name != SDK_NAME;
        }
        add_new(&mut self.shared_core, &sdk.core_flags);
        if !self.foreign {
            add_new(&mut self.recorded, &sdk.lang_flags);
        }
    }

    /// Whether the last SDK that recorded itself is another one.
    ///
    /// SDKs on the shared core may complete a task between the marker of a local activity and the commands that follow
    /// from its end, as when a query arrives just then. Those commands are of the next task.
    pub(crate) fn may_split_after_marker(&self) -> bool {
        self.foreign
    }

    /// Whether the jobs of updates came in place in the slice whose completion was recorded last.
    ///
    /// Other SDKs have none of our switches, and order updates by the same event.
    pub(crate) fn updates_in_place(&self) -> bool {
        self.foreign || self.has(Flag::UpdatesInPlace) || !self.has(Flag::JobOrder)
    }

    /// Whether the engine repeated requests to cancel children in the slice whose completion was recorded last.
    ///
    /// Other SDKs do not.
    pub(crate) fn repeats_cancel_requests(&self) -> bool {
        !self.foreign && self.has(Flag::CancelRequestsRepeated)
    }

    fn has(&self, flag: Flag) -> bool {
        self.recorded.contains(&(flag as u32))
    }

    /// What the task that is answered now must record: only what history does not say yet.
    pub(crate) fn unrecorded(&self) -> SdkMetadata {
        let mut sdk = SdkMetadata::default();
        if !self.introduced {
            sdk.name = SDK_NAME.to_owned();
            sdk.version = SDK_VERSION.to_owned();
        }
        let known = KNOWN.iter().map(|flag| *flag as u32);
        sdk.lang_flags = known.filter(|it| !self.recorded.contains(it)).collect();
        let known = SHARED_CORE.iter().map(|flag| *flag as u32);
        sdk.core_flags = known.filter(|it| !self.shared_core.contains(it)).collect();
        sdk
    }
}

fn add_new(known: &mut Vec<u32>, flags: &[u32]) {
    for flag in flags {
        if !known.contains(flag) {
            known.push(*flag);
        }
    }
}
