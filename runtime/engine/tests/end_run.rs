use durably_engine::{Command, EndRun};

use crate::case::{Code, End, Worker, World, commands, sticky, task};

fn first_answer(code: Code) -> durably_engine::Completion {
    Worker::new(code).handle(World::new().take_task()).unwrap()
}

#[test]
fn every_way_to_end_is_a_command() {
    let complete = first_answer(|_| Box::pin(async { End::Complete("7".to_owned()) }));
    let fail = first_answer(|_| Box::pin(async { End::Fail("broken".to_owned()) }));
    let cancel = first_answer(|_| Box::pin(async { End::Cancel }));
    assert_eq!(commands(&complete), ["complete 7"]);
    assert_eq!(commands(&fail), ["fail: broken"]);
    assert_eq!(commands(&cancel), ["cancel"]);
    assert!(task(&complete).ends_run && task(&fail).ends_run && task(&cancel).ends_run);
}

#[test]
fn next_run_takes_over_what_the_server_would_not() {
    let answer = first_answer(|_| Box::pin(async { End::ContinueAsNew }));
    let Command::EndRun(EndRun::ContinueAsNew(next)) = &task(&answer).commands[0] else {
        panic!("the run continues as new");
    };
    assert_eq!(next.workflow_type.as_deref(), Some("Case"));
    assert_eq!(next.task_queue.as_deref(), Some("queue"));
    assert_eq!(next.memo.as_ref().map(|memo| memo.len()), Some(1));
}

#[test]
fn end_of_the_run_is_the_last_command_whatever_is_issued_after_it() {
    let (mut world, mut worker) = (
        World::new(),
        Worker::new(|cx| {
            Box::pin(async move {
                cx.signal().await;
                End::Complete("1".to_owned())
            })
        }),
    );
    world.signal("go");
    world.update("u1", "now");
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(
        commands(&answer),
        [
            "message u1/request/accept",
            "message u1/request/complete",
            "complete 1"
        ]
    );
}

#[test]
fn cancel_request_reaches_the_code_which_may_end_otherwise() {
    let (mut world, mut worker) = (
        World::new(),
        Worker::new(|cx| {
            Box::pin(async move {
                cx.cancelled().await;
                cx.activity("clean up").await;
                End::Cancel
            })
        }),
    );
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.request_cancel();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["start activity clean up"]);
    world.answer(&answer);
    world.complete_activity();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["cancel"]);
}

#[test]
fn sdk_is_recorded_once() {
    let (mut world, mut worker) = (
        World::new(),
        Worker::new(|cx| {
            Box::pin(async move {
                cx.sleep(1).await;
                End::Cancel
            })
        }),
    );
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(task(&answer).sdk.name, "durably");
    assert_eq!(task(&answer).sdk.lang_flags, [1, 3, 4]);
    assert_eq!(task(&answer).sdk.core_flags, [2, 3]);
    world.answer(&answer);
    world.fire();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(task(&answer).sdk, durably_engine::SdkMetadata::default());
}
