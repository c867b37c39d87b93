use durably_engine::{CommandEvent, EngineError, Event, EventId, EventKind};

use crate::case::{Code, End, Worker, World, commands, sticky};

const OLD: Code = |cx| {
    Box::pin(async move {
        cx.sleep(1).await;
        End::Complete("old".to_owned())
    })
};

const PATCHED: Code = |cx| {
    Box::pin(async move {
        let new = cx.patched("p");
        cx.sleep(1).await;
        End::Complete(if new { "new" } else { "old" }.to_owned())
    })
};

const DEPRECATED: Code = |cx| {
    Box::pin(async move {
        cx.deprecate_patch("p");
        cx.sleep(1).await;
        End::Complete("new".to_owned())
    })
};

/// A history of `code`, up to the moment its timer fires.
fn history_of(code: Code) -> World {
    let mut world = World::new();
    let answer = Worker::new(code).handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.fire();
    world
}

fn end_of(mut world: World, code: Code) -> Result<Vec<String>, EngineError> {
    Ok(commands(&Worker::new(code).handle(world.take_task())?))
}

#[test]
fn first_run_of_patched_code_writes_a_marker_and_the_list_of_patches() {
    let mut world = World::new();
    let answer = Worker::new(PATCHED).handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["patch p", "patches p", "start timer 1"]);
}

#[test]
fn deprecated_patch_writes_a_marker_that_says_so() {
    let mut world = World::new();
    let answer = Worker::new(DEPRECATED).handle(world.take_task()).unwrap();
    assert_eq!(
        commands(&answer),
        ["patch p, deprecated", "patches p", "start timer 1"]
    );
}

#[test]
fn replay_takes_the_branch_that_history_took() {
    assert_eq!(
        end_of(history_of(PATCHED), PATCHED).unwrap(),
        ["complete new"]
    );
    assert_eq!(end_of(history_of(OLD), PATCHED).unwrap(), ["complete old"]);
    assert_eq!(
        end_of(history_of(PATCHED), DEPRECATED).unwrap(),
        ["complete new"]
    );
    assert_eq!(
        end_of(history_of(OLD), DEPRECATED).unwrap(),
        ["complete new"]
    );
    assert_eq!(
        end_of(history_of(DEPRECATED), PATCHED).unwrap(),
        ["complete new"]
    );
}

#[test]
fn deprecated_marker_may_be_passed_over() {
    assert_eq!(
        end_of(history_of(DEPRECATED), OLD).unwrap(),
        ["complete old"]
    );
}

#[test]
fn marker_that_is_not_deprecated_may_not() {
    let error = end_of(history_of(PATCHED), OLD).unwrap_err();
    let EngineError::Mismatch(mismatch) = error else {
        panic!("expected a mismatch, found {error}");
    };
    let recorded = mismatch.recorded.map(|command| command.to_string());
    assert_eq!(recorded.as_deref(), Some("patch `p`"));
    let attempted = mismatch.attempted.map(|command| command.to_string());
    assert_eq!(attempted.as_deref(), Some("start timer (1s)"));
}

#[test]
fn histories_without_the_list_of_patches_replay() {
    let mut world = history_of(PATCHED);
    world.history.retain(|event| {
        !matches!(
            event.kind,
            EventKind::Command(CommandEvent::SearchAttributesUpserted { .. })
        )
    });
    renumber(&mut world.history);
    assert_eq!(end_of(world, PATCHED).unwrap(), ["complete new"]);
}

#[test]
fn patch_set_again_writes_nothing() {
    let (mut world, mut worker) = (
        World::new(),
        Worker::new(|cx| {
            Box::pin(async move {
                cx.patched("p");
                cx.signal().await;
                cx.patched("p");
                cx.patched("q");
                cx.signal().await;
                End::Cancel
            })
        }),
    );
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["patch p", "patches p"]);
    world.answer(&answer);
    world.signal("go");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["patch q", "patches p q"]);
}

/// Closes the gap that a removed event left: ids, and what points at them.
fn renumber(history: &mut [Event]) {
    for (at, event) in history.iter_mut().enumerate() {
        event.id = EventId(at as i64 + 1);
        if let EventKind::Answer { opened, .. } = &mut event.kind {
            *opened = EventId(opened.0 - 1);
        }
    }
}
