//! A worker in Python, in a process of its own.

use std::process::{Child, Command, Stdio};

use durably::prelude::*;
use durably_tests::{World, process::tool, unique};

/// A worker in Python, and the queue that it has for itself.
pub(crate) struct PythonWorker {
    process: Child,
    pub(crate) queue: String,
}

impl PythonWorker {
    /// Starts a script; `None` if there is no Python, after a line that says that `test` is skipped.
    pub(crate) fn start(script: &str, world: &World, test: &str) -> Result<Option<Self>> {
        let Some(python) = tool("DURABLY_PYTHON", test) else {
            return Ok(None);
        };
        let queue = unique("python");
        let process = Command::new(python)
            .arg(format!("{}/interop/{script}", env!("CARGO_MANIFEST_DIR")))
            .args([world.address(), queue.clone()])
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Some(Self { process, queue }))
    }

    /// It ends with its input.
    pub(crate) async fn end(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        let ended = tokio::task::spawn_blocking(move || self.process.wait());
        assert!(ended.await.expect("waiting does not panic")?.success());
        Ok(())
    }
}

/// It does not outlive a test that fails.
impl Drop for PythonWorker {
    fn drop(&mut self) {
        let _ended = self.process.kill();
    }
}
