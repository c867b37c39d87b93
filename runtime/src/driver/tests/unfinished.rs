//! Handlers that run when their run ends: warned about once, unless they declare that they may.

use super::{replayed_events::logged_by, *};
use crate::definition::Update;

/// Ends after a second; its handlers take longer.
#[derive(Default)]
struct Ends;
table!(Ends,
    run: |_, ctx, _| running(async move { Ok(ctx.sleep(secs(1)).await?) }),
    signals: &[
        ("notify", |_, ctx, _| running(async move { Ok(ctx.sleep(secs(7)).await?) })),
        ("tidy", |_, ctx, _| abandonable(async move { Ok(ctx.sleep(secs(8)).await?) })),
    ],
    updates: &[
        Update {
            name: "deposit",
            validate: None,
            call: |_, ctx, _| running(async move { Ok(ctx.sleep(secs(9)).await?) }),
        },
        Update {
            name: "archive",
            validate: None,
            call: |_, ctx, _| abandonable(async move { Ok(ctx.sleep(secs(9)).await?) }),
        },
    ],
);

fn abandonable(body: impl Future<Output = Result<()>> + 'static) -> Result<Called> {
    match running(body)? {
        Called::Running(body) => Ok(Called::Abandonable(body)),
        other => Ok(other),
    }
}

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
