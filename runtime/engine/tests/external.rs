use durably_engine::{
    Command, CommandSummary, EngineError, ExternalFault, ExternalOutcome, Target,
};

use crate::case::{Code, End, Worker, World, commands, sticky, task};

fn ship(child: bool) -> Target {
    Target {
        namespace: "default".to_owned(),
        workflow_id: "ship-7".to_owned(),
        run_id: String::new(),
        child,
    }
}

const SIGNAL: Code = |cx| {
    Box::pin(async move {
        let seq = cx.send_signal("hold", ship(false));
        End::Complete(format!("{:?}", cx.delivered(seq).await))
    })
};
const CANCEL: Code = |cx| {
    Box::pin(async move {
        let seq = cx.request_cancel(ship(false));
        End::Complete(format!("{:?}", cx.delivered(seq).await))
    })
};

#[test]
fn signal_is_sent_and_delivered() {
    let (mut world, mut worker) = (World::new(), Worker::new(SIGNAL));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["signal hold to ship-7"]);
    let Command::SignalExternal(asked) = &task(&answer).commands[0] else {
        panic!("the command signals a workflow");
    };
    assert_eq!(asked.target, ship(false));
    world.answer(&answer);
    world.deliver_signal(Ok(()));
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete Delivered"]);
}

#[test]
fn signal_that_reaches_nobody_fails_with_the_cause() {
    for fault in [ExternalFault::NotFound, ExternalFault::SignalLimit] {
        let (mut world, mut worker) = (World::new(), Worker::new(SIGNAL));
        let answer = worker.handle(world.take_task()).unwrap();
        world.answer(&answer);
        world.deliver_signal(Err(fault));
        let answer = worker.handle(sticky(&world.take_task())).unwrap();
        assert_eq!(
            commands(&answer),
            [format!("complete {:?}", ExternalOutcome::Failed(fault))]
        );
    }
}

#[test]
fn request_to_cancel_is_sent_and_delivered_or_fails() {
    for how in [Ok(()), Err(ExternalFault::NotFound)] {
        let (mut world, mut worker) = (World::new(), Worker::new(CANCEL));
        let answer = worker.handle(world.take_task()).unwrap();
        assert_eq!(commands(&answer), ["cancel ship-7: enough"]);
        world.answer(&answer);
        world.deliver_cancel(how);
        let answer = worker.handle(sticky(&world.take_task())).unwrap();
        let outcome = ExternalOutcome::from(how);
        assert_eq!(commands(&answer), [format!("complete {outcome:?}")]);
    }
}

#[test]
fn withdrawn_before_sent_they_leave_no_command_and_are_cancelled() {
    const SIGNAL: Code = |cx| {
        Box::pin(async move {
            let seq = cx.send_signal("hold", ship(false));
            cx.withdraw(seq);
            End::Complete(format!("{:?}", cx.delivered(seq).await))
        })
    };
    const CANCEL: Code = |cx| {
        Box::pin(async move {
            let seq = cx.request_cancel(ship(false));
            cx.withdraw(seq);
            End::Complete(format!("{:?}", cx.delivered(seq).await))
        })
    };
    for code in [SIGNAL, CANCEL] {
        let answer = Worker::new(code).handle(World::new().take_task()).unwrap();
        assert_eq!(commands(&answer), ["complete Cancelled"]);
    }
}

#[test]
fn withdrawn_after_they_were_sent_they_are_delivered() {
    const CODE: Code = |cx| {
        Box::pin(async move {
            let signal = cx.send_signal("hold", ship(true));
            let cancel = cx.request_cancel(ship(false));
            cx.signal().await;
            cx.withdraw(signal);
            cx.withdraw(cancel);
            let both = (cx.delivered(signal).await, cx.delivered(cancel).await);
            End::Complete(format!("{both:?}"))
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(CODE));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(
        commands(&answer),
        ["signal hold to child ship-7", "cancel ship-7: enough"]
    );
    world.answer(&answer);
    world.signal("go");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
    world.answer(&answer);
    world.deliver_signal(Ok(()));
    world.deliver_cancel(Ok(()));
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete (Delivered, Delivered)"]);
}

/// What `code` meets in a history that `first` wrote.
fn mismatch(first: Code, code: Code) -> String {
    let mut world = World::new();
    let answer = Worker::new(first).handle(world.take_task()).unwrap();
    world.answer(&answer);
    match Worker::new(code).handle(world.take_task()).unwrap_err() {
        EngineError::Mismatch(mismatch) => {
            let differences = mismatch.differences();
            let [difference] = &differences[..] else {
                panic!("one field differs: {mismatch:?}");
            };
            difference.field.to_owned()
        }
        other => panic!("expected a mismatch, found {other}"),
    }
}

#[test]
fn another_name_id_or_relation_is_a_mismatch() {
    let other_name: Code = |cx| {
        Box::pin(async move {
            let seq = cx.send_signal("release", ship(false));
            End::Complete(format!("{:?}", cx.delivered(seq).await))
        })
    };
    let other_id: Code = |cx| {
        Box::pin(async move {
            let workflow_id = "ship-8".to_owned();
            let seq = cx.request_cancel(Target {
                workflow_id,
                ..ship(false)
            });
            End::Complete(format!("{:?}", cx.delivered(seq).await))
        })
    };
    let child: Code = |cx| {
        Box::pin(async move {
            let seq = cx.send_signal("hold", ship(true));
            End::Complete(format!("{:?}", cx.delivered(seq).await))
        })
    };
    assert_eq!(mismatch(SIGNAL, other_name), "signal");
    assert_eq!(mismatch(CANCEL, other_id), "workflow id");
    assert_eq!(mismatch(SIGNAL, child), "relation");
}

#[test]
fn summaries_read_as_sentences() {
    let signal = |child| CommandSummary::SignalWorkflow {
        signal: "hold".to_owned(),
        workflow_id: "ship-7".to_owned(),
        child,
    };
    let cancel = CommandSummary::CancelWorkflow {
        workflow_id: "ship-7".to_owned(),
        child: false,
    };
    assert_eq!(
        signal(false).to_string(),
        "send signal `hold` to workflow `ship-7`"
    );
    assert_eq!(
        signal(true).to_string(),
        "send signal `hold` to child workflow `ship-7`"
    );
    assert_eq!(
        cancel.to_string(),
        "request cancellation of workflow `ship-7`"
    );
}
