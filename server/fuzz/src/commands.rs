//! Commands of workers: good ones, ones that the run has nothing for, and damaged ones.

use durably_history::EventId;
use durably_proto::Message as _;
use durably_proto::api::command::v1::Command;
use durably_proto::api::protocol::v1::Message;
use durably_proto::wkt;

use crate::choices::Choices;
use crate::command;

/// Commands and messages, of which some are changed, and some do not belong together.
pub(crate) fn commands(choices: &mut Choices<'_>) -> (Vec<Command>, Vec<Message>) {
    let (mut commands, mut messages) = (Vec::new(), Vec::new());
    for _ in 0..choices.below(5) {
        let id = id(choices);
        let mut next = match choices.below(15) {
            0 | 1 => command::start_timer(&id, choices.number()),
            2 => command::cancel_timer(&id),
            3 | 4 => command::schedule_activity_with(&id, |activity| {
                activity.request_eager_execution = choices.once_in(4);
                activity.heartbeat_timeout = seconds(choices);
                activity.schedule_to_start_timeout = seconds(choices);
                activity.schedule_to_close_timeout = seconds(choices);
                activity.retry_policy = choices.once_in(2).then(|| command::attempts(3));
            }),
            5 => command::cancel_activity(event(choices).0),
            6..=8 => {
                let mut message = match choices.below(3) {
                    0 => command::accept(&id),
                    1 => command::respond(&id, "result"),
                    _ => command::reject(&id),
                };
                let next = command::protocol(&message.id);
                if let Some(body) = message.body.as_mut().filter(|_| choices.once_in(8)) {
                    choices.damage(&mut body.value);
                }
                messages.push(message);
                next
            }
            12 => command::start_child_with(&id, |child| {
                child.parent_close_policy = choices.below(5) as i32;
                child.workflow_run_timeout = seconds(choices);
                child.retry_policy = choices.once_in(2).then(|| command::attempts(3));
            }),
            13 => command::signal_external(&id),
            14 => command::cancel_external(&id),
            9 if choices.once_in(4) => command::complete("done"),
            10 if choices.once_in(4) => command::continue_as_new(|_| {}),
            _ if choices.once_in(8) => match choices.below(2) {
                0 => command::fail(command::failure("no", "No")),
                _ => command::cancel_workflow(),
            },
            _ => command::start_timer(&id, 5),
        };
        if choices.once_in(8) {
            let mut bytes = next.encode_to_vec();
            choices.damage(&mut bytes);
            next = Command::decode(&*bytes).unwrap_or(next);
        }
        commands.push(next);
    }
    (commands, messages)
}

/// The id of an event, rarely of none that there is.
pub(crate) fn event(choices: &mut Choices<'_>) -> EventId {
    EventId(match choices.once_in(8) {
        true => choices.number(),
        false => choices.below(40) as i64,
    })
}

/// A timeout, as absurd as it may be.
pub(crate) fn seconds(choices: &mut Choices<'_>) -> Option<wkt::Duration> {
    match choices.below(4) {
        0 => Some(command::seconds(choices.number())),
        1 => Some(command::seconds(3)),
        _ => None,
    }
}

/// The ids of what the stored run has pending, and others.
pub(crate) fn id(choices: &mut Choices<'_>) -> String {
    let known = [
        "t1",
        "t2",
        "waiting",
        "heartbeat",
        "failing",
        "u1",
        "u2",
        "sent",
        "admitted",
        "new",
        "",
    ];
    choices.one_of(&known).to_owned()
}
