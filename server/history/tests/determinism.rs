//! The same inputs write the same history, byte for byte.

use durably_proto::Message;

use crate::case::Case;
use crate::command::{continue_as_new, failure, schedule_activity, start_timer};

fn story() -> Vec<u8> {
    let mut case = Case::start();
    case.work_sticky(vec![
        schedule_activity("1"),
        schedule_activity("2"),
        start_timer("3", 2),
    ]);
    let activity = case.start_activity();
    case.fail_activity(&activity, failure("once", "Once"));
    case.ring();
    case.ring();
    let activity = case.start_activity();
    case.complete_activity(&activity);
    case.signal("go on");
    case.work(vec![continue_as_new(|_| {})]);
    let next = case.next_run();
    let (first, second) = (case.events(), next.events());
    first
        .iter()
        .chain(&second)
        .flat_map(Message::encode_to_vec)
        .collect()
}

#[test]
fn the_same_inputs_write_the_same_history_byte_for_byte() {
    assert_eq!(story(), story());
}
