use durably_engine::{EngineError, Intent, ScheduleActivity, Seq};

use crate::case::{Code, End, Worker, World, sticky};

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

/// What `code` meets in a history that `CHARGE` wrote.
fn mismatch(code: Code) -> String {
    let mut world = World::new();
    let answer = Worker::new(CHARGE).handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.complete_activity();
    match Worker::new(code).handle(world.take_task()).unwrap_err() {
        EngineError::Mismatch(mismatch) => mismatch.to_string(),
        other => panic!("expected a mismatch, found {other}"),
    }
}

#[test]
fn text_shows_recorded_and_attempted_side_by_side() {
    assert_eq!(
        mismatch(SLEEP),
        "replay mismatch in `Case` at event 5\n  \
         recorded:  start activity `charge_card`\n  \
         this run:  start timer (30s)\n  \
         The code took a different path than when this history was written. \
         Common causes: wall clock, random numbers, HashMap order, edited code.\n  \
         Guard a change of the code with `if ctx.patched(\"…\")`: see \
         \"Changing the code of running workflows\",\n  \
         https://docs.rs/durably/latest/durably/guide/changing_workflows/"
    );
}

#[test]
fn another_activity_is_a_mismatch() {
    let text = mismatch(REFUND);
    assert!(
        text.contains(
            "recorded:  start activity `charge_card`\n  this run:  start activity `refund`"
        ),
        "{text}"
    );
}

#[test]
fn another_id_that_the_code_chose_is_a_mismatch() {
    let text = mismatch(|cx| {
        Box::pin(async move {
            cx.intend(Intent::ScheduleActivity(Box::new(ScheduleActivity {
                seq: Seq(1),
                activity_type: "charge_card".to_owned(),
                activity_id: Some("mine".to_owned()),
                ..ScheduleActivity::default()
            })));
            cx.signal().await;
            End::Cancel
        })
    });
    assert!(
        text.contains("recorded:  start activity `charge_card`\n  this run:  start activity `charge_card` with id `mine`"),
        "{text}"
    );
}

#[test]
fn code_that_ends_where_history_goes_on_is_a_mismatch() {
    let text = mismatch(NOTHING);
    assert!(
        text.contains(
            "recorded:  start activity `charge_card`\n  this run:  complete the workflow"
        ),
        "{text}"
    );
}

#[test]
fn code_that_does_less_than_history_is_a_mismatch() {
    let text = mismatch(WAIT);
    assert!(
        text.contains("recorded:  start activity `charge_card`\n  this run:  nothing more"),
        "{text}"
    );
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
    assert_eq!(mismatch.recorded, "nothing more in this task");
    assert_eq!(mismatch.attempted, "start timer (30s)");
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
