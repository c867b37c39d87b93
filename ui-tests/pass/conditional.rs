//! Handlers that exist in some builds only, that are deprecated, and their documentation.
#![deny(warnings, missing_docs)]

use durably::prelude::*;

/// Counts calls.
#[derive(Default)]
pub struct Meter {
    calls: u64,
    #[cfg(any())]
    trace: Vec<NoSuchType>,
}

/// A meter that runs until it is read often enough.
#[workflow(task_queue = "meters")]
impl Meter {
    /// Runs until `limit` calls were counted.
    #[run]
    async fn run(&mut self, ctx: &Ctx, limit: u64) -> Result<u64> {
        ctx.wait_until(|| self.calls >= limit).await?;
        #[cfg(any())]
        self.trace.clear();
        #[cfg_attr(all(), cfg(any()))]
        for line in self.trace.iter() {
            drop(line);
        }
        Ok(self.calls)
    }

    /// Counts one call.
    #[signal]
    #[deprecated(since = "2.0.0", note = "say how many: `count`")]
    #[doc(hidden)]
    pub fn count_one(&mut self) {
        self.calls += 1;
    }

    /// Counts some calls.
    #[signal]
    pub fn count(&mut self, calls: u64) {
        self.calls += calls;
    }

    #[doc = "Only where there is a debugger."]
    #[cfg(debug_assertions)]
    #[query]
    pub fn debug(&self) -> String {
        format!("{} calls", self.calls)
    }

    #[cfg(not(debug_assertions))]
    #[query(name = "debug")]
    /// The same, in a release.
    pub fn debug_short(&self) -> u64 {
        self.calls
    }

    #[cfg_attr(any(), update(name = "never"))]
    /// A helper in this build.
    #[allow(clippy::unused_self)]
    pub fn twice(&self, calls: u64) -> u64 {
        calls * 2
    }

    #[cfg(not(any(windows, target_os = "none")))]
    #[expect(clippy::needless_pass_by_value, reason = "arguments are owned")]
    #[update(validator = check_label)]
    /// Labels it.
    pub fn label(&mut self, label: String) -> usize {
        label.len()
    }

    #[cfg(not(any(windows, target_os = "none")))]
    fn check_label(&self, label: &str) -> Result<(), &'static str> {
        if label.is_empty() {
            Err("which label?")
        } else {
            Ok(())
        }
    }
}

/// Calls the old one on purpose.
#[allow(deprecated)]
pub async fn old(meter: &Handle<Meter>) -> Result<()> {
    meter.count_one().await?;
    Ok(())
}

/// Calls the new one.
pub async fn new(meter: &Handle<Meter>) -> Result<usize> {
    meter.count(3).await?;
    #[cfg(debug_assertions)]
    println!("{}", meter.debug().await?);
    Ok(meter.label("kitchen").await?)
}

/// Only in some builds.
#[cfg_attr(all(), activity(start_to_close = "10s"))]
pub async fn read_meter(meter: String) -> usize {
    meter.len()
}

fn main() {
    assert_eq!(Meter::default().twice(2), 4);
}
