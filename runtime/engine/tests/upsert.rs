use durably_engine::{Command, EndRun, EngineError, Intent, Payload};

use crate::case::{Code, Cx, End, Worker, World, commands, sticky, task};

fn number(number: u8) -> Payload {
    Payload::json(number.to_string().into_bytes())
}

fn search(cx: &Cx, name: &str, value: Payload) {
    let attributes = [(name.to_owned(), value)].into();
    cx.intend(Intent::UpsertSearchAttributes { attributes });
}

fn memo(cx: &Cx, name: &str, value: Payload) {
    let memo = [(name.to_owned(), value)].into();
    cx.intend(Intent::UpsertMemo { memo });
}

const UPSERTS: Code = |cx| {
    Box::pin(async move {
        search(&cx, "Customer", number(1));
        memo(&cx, "note", number(2));
        cx.sleep(1).await;
        search(&cx, "Amount", number(3));
        search(&cx, "Customer", Payload::null());
        cx.sleep(1).await;
        End::ContinueAsNew
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

fn mismatch(world: &mut World, code: Code) -> (Option<String>, Option<String>) {
    let error = Worker::new(code).handle(world.take_task()).unwrap_err();
    let EngineError::Mismatch(mismatch) = error else {
        panic!("expected a mismatch, found {error}");
    };
    let text =
        |command: Option<_>| command.map(|it: durably_engine::CommandSummary| it.to_string());
    (text(mismatch.recorded), text(mismatch.attempted))
}

#[test]
fn each_change_is_a_command_and_replay_goes_on_after_it() {
    let mut world = World::new();
    let mut worker = Worker::new(UPSERTS);
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(
        commands(&answer),
        ["search Customer", "memo note", "start timer 1"]
    );
    world.answer(&answer);
    world.fire();
    let second = ["search Amount", "search Customer", "start timer 2"];
    let task = world.take_task();
    let replayed = Worker::new(UPSERTS).handle(task.clone()).unwrap();
    assert_eq!(commands(&replayed), second);
    let answer = worker.handle(sticky(&task)).unwrap();
    assert_eq!(commands(&answer), second);
}

#[test]
fn the_next_run_begins_with_what_is_left() {
    let mut world = history_of(UPSERTS);
    let answer = Worker::new(UPSERTS).handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.fire();
    let answer = Worker::new(UPSERTS).handle(world.take_task()).unwrap();
    let Command::EndRun(EndRun::ContinueAsNew(next)) = &task(&answer).commands[0] else {
        panic!("the run continues as new");
    };
    let attributes = next
        .search_attributes
        .as_ref()
        .expect("they are taken over");
    assert_eq!(attributes.get("Amount"), Some(&number(3)));
    assert_eq!(attributes.get("Customer"), None);
    let memo = next.memo.as_ref().expect("it is taken over");
    assert_eq!(memo.get("note"), Some(&number(2)));
}

#[test]
fn changes_that_code_no_longer_makes_are_mismatches() {
    const SEARCH: Code = |cx| {
        Box::pin(async move {
            search(&cx, "Customer", number(1));
            cx.sleep(1).await;
            End::Cancel
        })
    };
    const MEMO: Code = |cx| {
        Box::pin(async move {
            memo(&cx, "note", number(1));
            cx.sleep(1).await;
            End::Cancel
        })
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        mismatch(&mut history_of(SEARCH), MEMO),
        (text("upsert search attributes"), text("upsert memos"))
    );
    assert_eq!(
        mismatch(&mut history_of(MEMO), SEARCH),
        (text("upsert memos"), text("upsert search attributes"))
    );
}
