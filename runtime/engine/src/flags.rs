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
}

/// The metadata of a completion that only prolongs a replay.
pub(crate) fn replay_heartbeat() -> SdkMetadata {
    SdkMetadata {
        lang_flags: vec![Flag::ReplayHeartbeat as u32],
        ..SdkMetadata::default()
    }
}

/// Whether a completion only prolonged a replay.
pub(crate) fn is_replay_heartbeat(sdk: &SdkMetadata) -> bool {
    sdk.lang_flags.contains(&(Flag::ReplayHeartbeat as u32))
}

/// The switches of this version, all of them used by every new task.
const KNOWN: &[Flag] = &[Flag::JobOrder, Flag::UpdatesInPlace];

/// What history says of the SDK that wrote it.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    /// Switches of ours that history records; grows with answered tasks.
    recorded: Vec<u32>,
    /// Whether the last SDK that recorded itself is this version; changes with answered tasks.
    introduced: bool,
}

impl Flags {
    /// Takes in what an answered task recorded.
    pub(crate) fn record(&mut self, sdk: &SdkMetadata) {
        if !sdk.name.is_empty() || !sdk.version.is_empty() {
            self.introduced = sdk.name == SDK_NAME && sdk.version == SDK_VERSION;
        }
        for flag in &sdk.lang_flags {
            if !self.recorded.contains(flag) {
                self.recorded.push(*flag);
            }
        }
    }

    /// Whether the jobs of updates came in place in the slice whose completion was recorded last.
    ///
    /// Histories of other SDKs record none of our switches; they order updates by the same event.
    pub(crate) fn updates_in_place(&self) -> bool {
        let has = |flag: Flag| self.recorded.contains(&(flag as u32));
        has(Flag::UpdatesInPlace) || !has(Flag::JobOrder)
    }

    /// What the task that is answered now must record: only what history does not say yet.
    pub(crate) fn unrecorded(&self) -> SdkMetadata {
        let mut sdk = SdkMetadata::default();
        if !self.introduced {
            sdk.name = SDK_NAME.to_owned();
            sdk.version = SDK_VERSION.to_owned();
        }
        sdk.lang_flags = KNOWN
            .iter()
            .map(|flag| *flag as u32)
            .filter(|flag| !self.recorded.contains(flag))
            .collect();
        sdk
    }
}
