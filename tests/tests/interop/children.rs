//! Children, external signals and external cancels of the Python SDK: the histories are the same on both
//! servers, event by event.

use std::{collections::BTreeMap, process::Command};

use durably::prelude::*;
use durably_tests::{
    World,
    process::{output, python},
    recording::{Entry, Recordings},
};

const PROGRAM: &str = "children.py";

/// What a Python worker and client record on a server, for each scenario one line an event. All
/// scenarios, if none is named.
async fn recorded(
    mut program: Command,
    world: &World,
    scenarios: &[String],
) -> BTreeMap<String, Vec<String>> {
    program.arg(world.address()).args(scenarios);
    let mut recorded = BTreeMap::<_, Vec<_>>::new();
    let mut scenario = None;
    for line in output(program).await.lines() {
        match line.strip_prefix("== ") {
            Some(name) => scenario = Some(recorded.entry(name.to_owned()).or_default()),
            None => scenario
                .as_mut()
                .expect("a scenario has a headline")
                .push(line.to_owned()),
        }
    }
    recorded
}

#[tokio::test(flavor = "multi_thread")]
async fn children_signals_and_cancels_have_the_same_histories() -> Result<()> {
    let name = "children_signals_and_cancels_have_the_same_histories";
    if python(PROGRAM).is_none() {
        return Ok(());
    }
    let Some(real) = World::real(name).await? else {
        return Ok(());
    };
    let embedded = World::embedded().await?;
    let mut recordings = BTreeMap::<_, Recordings>::new();
    let mut differing = Vec::new();
    for _ in 0..Recordings::ATTEMPTS {
        let program = || python(PROGRAM).expect("there was one");
        let mut expected = recorded(program(), &real, &differing).await;
        for (scenario, found) in recorded(program(), &embedded, &differing).await {
            let expected = expected.remove(&scenario).unwrap_or_default();
            let scenario = recordings.entry(scenario).or_default();
            let entries = |lines: Vec<String>| lines.into_iter().map(Entry::from).collect();
            scenario.add(entries(expected), entries(found));
        }
        assert!(expected.is_empty(), "not run on our server: {expected:?}");
        differing = recordings
            .iter()
            .filter(|(_, recordings)| !recordings.agree())
            .map(|(scenario, _)| scenario.clone())
            .collect();
        if differing.is_empty() {
            break;
        }
    }
    assert!(!recordings.is_empty(), "no scenario was recorded");
    for (scenario, recordings) in &recordings {
        recordings.assert_agree(scenario);
    }
    Ok(())
}
