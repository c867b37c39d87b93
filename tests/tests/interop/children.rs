//! Children, external signals and external cancels of the Python SDK: the histories are the same on both
//! servers, event by event.

use std::process::{Command, Stdio};

use durably::prelude::*;
use durably_tests::{World, process::tool};

/// What a Python worker and client record on a server, one line an event.
fn recorded(python: &str, world: &World) -> Result<Vec<String>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/children.py");
    let output = Command::new(python)
        .args([script, &world.address()])
        .stderr(Stdio::inherit())
        .output()?;
    assert!(output.status.success(), "children.py failed");
    let lines = String::from_utf8_lossy(&output.stdout);
    Ok(lines.lines().map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn children_signals_and_cancels_have_the_same_histories() -> Result<()> {
    let name = "children_signals_and_cancels_have_the_same_histories";
    let Some(python) = tool("DURABLY_PYTHON", name) else {
        return Ok(());
    };
    let Some(real) = World::real(name).await? else {
        return Ok(());
    };
    let embedded = World::embedded().await?;
    let expected = recorded(&python, &real)?;
    let found = recorded(&python, &embedded)?;
    let mut scenario = "";
    for (expected, found) in expected.iter().zip(&found) {
        if expected.starts_with("== ") {
            scenario = expected;
        }
        assert_eq!(
            expected, found,
            "{scenario}: real server above, embedded below"
        );
    }
    assert_eq!(expected.len(), found.len());
    Ok(())
}
