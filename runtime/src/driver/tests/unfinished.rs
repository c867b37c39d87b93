//! Handlers that run when their run is about to end: warned about once, abandoned or waited for, as declared.

use super::{replayed_events::logged_by, *};
use crate::{definition::Update, error::AppError};

/// Ends after a second; its handlers take longer.
#[derive(Default)]
struct Ends;
table!(Ends,
    run: |_, ctx, _| running(async move { Ok(ctx.sleep(secs(1)).await?) }),
    signals: &[
        on("notify", |_, ctx, _| running(async move { Ok(ctx.sleep(secs(7)).await?) })),
        Signal {
            name: "tidy",
            unfinished: Unfinished::Abandon,
            call: |_, ctx, _| running(async move { Ok(ctx.sleep(secs(8)).await?) }),
        },
    ],
    updates: &[
        Update {
            name: "deposit",
            unfinished: Unfinished::Warn,
            validate: None,
            call: |_, ctx, _| running(async move { Ok(ctx.sleep(secs(9)).await?) }),
        },
        Update {
            name: "archive",
            unfinished: Unfinished::Abandon,
            validate: None,
            call: |_, ctx, _| running(async move { Ok(ctx.sleep(secs(9)).await?) }),
        },
    ],
);

/// The warnings of a run that ends while each of its handlers runs.
fn warnings(replaying: bool) -> Vec<String> {
    let logged = logged_by(|| {
        let mut case = match replaying {
            true => Case::replayed::<Ends>(&[]),
            false => Case::begun::<Ends>(),
        };
        case.handle(Job::Signal {
            name: "notify".to_owned(),
            input: Vec::new(),
            header: Header::new(),
            identity: "ann@desk".to_owned(),
        });
        case.signal("tidy", ());
        for (id, name) in [("d-1", "deposit"), ("a-1", "archive")] {
            case.handle(update(id, name, (), replaying));
        }
        case.settle();
        assert_eq!(case.fire(5), ["done: null"]);
    });
    let fields = logged.chunk_by(|_, next| !next.contains("the workflow ended"));
    fields.map(|fields| fields.join(" ")).collect()
}

#[test]
fn a_handler_that_the_end_of_its_run_cuts_off_is_warned_about() {
    let warnings = warnings(false);
    let [signal, update] = &warnings[..] else {
        panic!("two handlers are unfinished: {warnings:?}");
    };
    for part in ["signal handler `notify` was running", "ann@desk"] {
        assert!(signal.contains(part), "{signal}");
    }
    for part in ["update handler `deposit` was running", "d-1"] {
        assert!(update.contains(part), "{update}");
    }
}

#[test]
fn a_replay_repeats_no_warning() {
    assert_eq!(warnings(true), [""; 0]);
}

/// Ends after a second, by its argument; the end waits for one of its handlers of each kind.
#[derive(Default)]
struct Waits {
    noted: u32,
}
table!(Waits,
    run: |_, ctx, mut args| {
        let how: String = args.next("how")?;
        running(async move {
            let slept = ctx.sleep(secs(1)).await;
            match &*how {
                "fail" => Err(AppError::new("Ended", "over").into()),
                "next" => Err(crate::ContinueAsNew::other::<Waits>(("complete",)).into()),
                _ => Ok(slept?),
            }
        })
    },
    signals: &[
        Signal {
            name: "clean",
            unfinished: Unfinished::Wait,
            call: |_, ctx, mut args| {
                let fails: bool = args.next("fails")?;
                running(async move {
                    ctx.shield().sleep(secs(7)).await?;
                    match fails {
                        true => Err(AppError::new("Dirty", "not clean").into()),
                        false => Ok(()),
                    }
                })
            },
        },
        on("break", |_, _, _| done::<()>(Err(AppError::new("Broken", "broken").into()))),
        on("note", |state, _, _| done({ state.with(|it| it.noted += 1); Ok(()) })),
        on("loiter", |_, ctx, _| running(async move { Ok(ctx.sleep(secs(3_600)).await?) })),
    ],
    updates: &[Update {
        name: "deposit",
        unfinished: Unfinished::Wait,
        validate: None,
        call: |state, ctx, _| running(async move {
            ctx.shield().sleep(secs(9)).await?;
            Ok(state.with(|it| it.noted))
        }),
    }],
);

/// A run that has begun; its timer is number 1.
fn waits(how: &str) -> Case {
    let mut case = Case::unborn::<Waits>();
    case.begin((how,)).expect("the run begins");
    case.settle();
    case
}

#[test]
fn every_end_but_that_by_nothing_waits_for_the_handlers_that_declare_it() {
    for (how, end) in [
        ("complete", "done: null"),
        ("fail", "failed: over"),
        ("next", "continue as Waits(\"complete\")"),
    ] {
        let mut case = waits(how);
        case.signal("clean", (false,));
        case.update("d-1", "deposit", ());
        assert_eq!(case.settle().len(), 2, "{how}");
        assert_eq!(case.fire(1), [""; 0], "{how}");
        assert_eq!(case.fire(2), [""; 0], "{how}");
        let ended = case.fire(3);
        assert_eq!(ended[0], "complete d-1: 0", "{how}");
        assert_eq!(ended[1..], [end], "{how}");
    }
}

#[test]
fn a_cancelled_run_ends_after_its_shielded_handlers() {
    let mut case = waits("complete");
    case.signal("clean", (false,));
    case.settle();
    let asked = case.cancel();
    assert_eq!(asked, ["cancel timer 1"]);
    assert_eq!(case.fire(2), ["cancelled"]);
}

#[test]
fn messages_that_arrive_while_the_end_is_held_are_handled() {
    let mut case = waits("complete");
    case.update("d-1", "deposit", ());
    case.settle();
    assert_eq!(case.fire(1), [""; 0]);
    case.signal("note", ());
    case.signal("loiter", ());
    case.signal("clean", (false,));
    assert_eq!(case.settle(), ["timer 3: 3600s", "timer 4: 7s"]);
    assert_eq!(case.fire(2), ["complete d-1: 1"]);
    let logged = logged_by(|| assert_eq!(case.fire(4), ["done: null"]));
    assert!(
        logged
            .concat()
            .contains("signal handler `loiter` was running"),
        "{logged:?}"
    );
}

#[test]
fn a_handler_that_fails_while_the_end_is_held_fails_the_run() {
    let mut case = waits("complete");
    case.signal("clean", (true,));
    case.settle();
    assert_eq!(case.fire(1), [""; 0]);
    assert_eq!(case.fire(2), ["failed: not clean"]);

    // The failure of the run method came first, and is the cause of what follows it.
    let mut case = waits("fail");
    case.signal("clean", (true,));
    case.settle();
    assert_eq!(case.fire(1), [""; 0]);
    assert_eq!(case.fire(2), ["failed: over"]);
}

#[test]
fn the_run_method_of_a_run_that_a_signal_has_failed_does_nothing_more() {
    let mut case = waits("complete");
    case.signal("clean", (false,));
    case.settle();
    case.signal("break", ());
    assert_eq!(case.settle(), ["cancel timer 1"]);
    assert_eq!(case.fire(2), ["failed: broken"]);
}

#[test]
fn the_stack_trace_has_what_the_end_waits_for() {
    let mut case = waits("complete");
    case.signal("clean", (false,));
    case.signal("loiter", ());
    case.settle();
    let trace = case.query("__stack_trace", ()).unwrap();
    assert!(!trace.contains("of the run waits"), "{trace}");
    case.fire(1);
    let trace = case.query("__stack_trace", ()).unwrap();
    let begin = "\"the completion of the run waits for signal handler `clean`\\n";
    assert!(trace.starts_with(begin), "{trace}");
}
