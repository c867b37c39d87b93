use std::time::Duration;

use durably_engine::{
    CommandSummary, Ending, EngineError, Intent, Mismatch, ScheduleActivity, Seq,
};

use crate::case::{Code, Cx, End, Worker, World, sticky};

const CHARGE: Code = |cx| {
    Box::pin(async move {
        cx.activity("charge_card").await;
        End::Complete("1".to_owned())
    })
};
const SLEEP: Code = |cx| {
    Box::pin(async move {
        cx.sleep(30).await;
        End::Complete("1".to_owned())
    })
};
const NOTHING: Code = |_| Box::pin(async { End::Complete("1".to_owned()) });
const WAIT: Code = |cx| {
    Box::pin(async move {
        cx.signal().await;
        End::Complete("1".to_owned())
    })
};
const REFUND: Code = |cx| {
    Box::pin(async move {
        cx.activity("refund").await;
        End::Complete("1".to_owned())
    })
};

#[track_caller]
fn charge_as(cx: &Cx, id: &str) {
    cx.intend(Intent::ScheduleActivity(Box::new(ScheduleActivity {
        seq: Seq(1),
        activity_type: "charge_card".to_owned(),
        activity_id: Some(id.to_owned()),
        ..ScheduleActivity::default()
    })));
}

/// What `code` meets in a history that `CHARGE` wrote.
fn mismatch(code: Code) -> Mismatch {
    let mut world = World::new();
    let answer = Worker::new(CHARGE).handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.complete_activity();
    match Worker::new(code).handle(world.take_task()).unwrap_err() {
        EngineError::Mismatch(mismatch) => *mismatch,
        other => panic!("expected a mismatch, found {other}"),
    }
}

fn schedule(activity_type: &str, id: Option<&str>) -> Option<CommandSummary> {
    Some(CommandSummary::ScheduleActivity {
        activity_type: activity_type.to_owned(),
        activity_id: id.map(str::to_owned),
    })
}

#[test]
fn text_shows_recorded_and_attempted_side_by_side() {
    let mismatch = mismatch(SLEEP);
    let place = mismatch.place.expect("the worker gives a place");
    assert_eq!(
        mismatch.to_string(),
        format!(
            "replay mismatch in `Case` at event 5\n  \
             recorded:  start activity `charge_card`\n  \
             this run:  start timer (30s), at {place}\n  \
             The code took a different path than when this history was written. \
             Common causes: wall clock, random numbers, HashMap order, edited code.\n  \
             Guard a change of the code with `if ctx.patched(..)`: see \
             \"Changing the code of running workflows\",\n  \
             `durably::guide::changing_workflows` in `cargo doc --open`"
        )
    );
    assert_eq!(mismatch.differences(), []);
}

#[test]
fn another_activity_is_a_mismatch() {
    let mismatch = mismatch(REFUND);
    assert_eq!(mismatch.recorded, schedule("charge_card", None));
    assert_eq!(mismatch.attempted, schedule("refund", None));
    let [difference] = &mismatch.differences()[..] else {
        panic!("the type differs, and nothing else: {mismatch:?}");
    };
    assert_eq!(difference.field, "activity type");
    assert_eq!(difference.recorded, "charge_card");
    assert_eq!(difference.attempted, "refund");
}

#[test]
fn another_id_that_the_code_chose_is_a_mismatch_at_its_line() {
    let line = line!() + 3;
    let mismatch = mismatch(|cx| {
        Box::pin(async move {
            charge_as(&cx, "mine");
            cx.signal().await;
            End::Cancel
        })
    });
    assert_eq!(mismatch.recorded, schedule("charge_card", None));
    assert_eq!(mismatch.attempted, schedule("charge_card", Some("mine")));
    let fields = mismatch.differences();
    assert_eq!(fields.len(), 1);
    assert_eq!(fields[0].field, "activity id");
    let place = mismatch.place.expect("the worker gives a place");
    assert_eq!((place.file(), place.line()), (file!(), line));
}

#[test]
fn a_chosen_id_that_is_a_number_is_shown() {
    let mismatch = mismatch(|cx| {
        Box::pin(async move {
            charge_as(&cx, "42");
            cx.signal().await;
            End::Cancel
        })
    });
    assert_eq!(mismatch.attempted, schedule("charge_card", Some("42")));
    let [difference] = &mismatch.differences()[..] else {
        panic!("the id differs, and nothing else: {mismatch:?}");
    };
    assert_eq!(difference.field, "activity id");
    assert_eq!((&*difference.recorded, &*difference.attempted), ("", "42"));
}

#[test]
fn code_that_ends_where_history_goes_on_is_a_mismatch() {
    let mismatch = mismatch(NOTHING);
    assert_eq!(mismatch.recorded, schedule("charge_card", None));
    let end = CommandSummary::EndRun {
        ending: Ending::Completed,
        message: None,
    };
    assert_eq!(mismatch.attempted, Some(end));
}

#[test]
fn code_that_does_less_than_history_is_a_mismatch() {
    let mismatch = mismatch(WAIT);
    assert_eq!(mismatch.recorded, schedule("charge_card", None));
    assert_eq!((mismatch.attempted.clone(), mismatch.place), (None, None));
    let text = mismatch.to_string();
    assert!(text.contains("  this run:  no more commands\n"), "{text}");
}

#[test]
fn code_that_does_more_than_history_is_a_mismatch_where_the_next_task_begins() {
    let mut world = World::new();
    let answer = Worker::new(WAIT).handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.signal("go");
    let error = Worker::new(SLEEP).handle(world.take_task()).unwrap_err();
    let EngineError::Mismatch(mismatch) = error else {
        panic!("expected a mismatch, found {error}");
    };
    assert_eq!(mismatch.event.0, 6);
    assert_eq!(mismatch.recorded, None);
    let after = Duration::from_secs(30);
    assert_eq!(
        mismatch.attempted,
        Some(CommandSummary::StartTimer { after })
    );
}

#[test]
fn finished_history_is_replayed_to_its_end() {
    let (mut world, mut worker) = (World::new(), Worker::new(SLEEP));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.fire();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    Worker::new(SLEEP).handle(world.replay()).unwrap();
    let longer: Code = |cx| {
        Box::pin(async move {
            cx.sleep(30).await;
            cx.sleep(31).await;
            End::Cancel
        })
    };
    let error = Worker::new(longer).handle(world.replay()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("recorded:  complete the workflow\n  this run:  start timer (31s)"),
        "{error}"
    );
}
