use super::*;
use crate::workflow::Patch;

#[derive(Default)]
struct Patched;
table!(Patched, run: |_, ctx, _| running(async move {
    let before = ctx.patched(Patch::new("fast"));
    ctx.sleep(secs(1)).await?;
    Ok((before, ctx.patched(Patch::new("fast")), ctx.patched(Patch::new("late"))))
}));

#[test]
fn a_new_run_takes_the_new_path_and_records_it_once() {
    let (mut case, asked) = Case::started::<Patched>();
    assert_eq!(asked, ["patch fast", "timer 1: 1s"]);
    assert_eq!(case.fire(1), ["patch late", "done: [true,true,true]"]);
}

#[test]
fn a_replayed_run_takes_the_path_that_history_tells() {
    let mut case = Case::replayed::<Patched>(&["fast"]);
    assert_eq!(case.settle(), ["patch fast", "timer 1: 1s"]);
    assert_eq!(case.fire(1), ["done: [true,true,false]"]);
}

#[test]
fn an_answer_given_in_replay_stays_the_same_afterwards() {
    let mut case = Case::replayed::<Patched>(&[]);
    assert_eq!(case.settle(), ["timer 1: 1s"]);
    case.replaying = false;
    case.pass(secs(1));
    assert_eq!(case.fire(1), ["patch late", "done: [false,false,true]"]);
}

#[derive(Default)]
struct Deprecates;
table!(Deprecates, run: |_, ctx, _| running(async move { ctx.deprecate_patch(Patch::new("fast")); Ok(()) }));

#[test]
fn a_deprecated_patch_is_recorded_as_such() {
    let (_, asked) = Case::started::<Deprecates>();
    assert_eq!(asked, ["deprecated patch fast", "done: null"]);
}
