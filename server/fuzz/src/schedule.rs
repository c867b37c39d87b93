//! The times of schedules: what is accepted is accepted again as the server stores it, with the same times,
//! which come one after the other.
//!
//! An input is a time of eight bytes, one byte that says what follows, and that: cron strings, one a line,
//! or a `ScheduleSpec` message.

use durably_history::Time;
use durably_history::schedule::Spec;
use durably_proto::Message;
use durably_proto::api::schedule::v1::ScheduleSpec;

pub fn run(input: &[u8]) {
    let Some((time, rest)) = input.split_first_chunk() else {
        return;
    };
    let Some(spec) = spec(rest) else { return };
    let Ok(spec) = Spec::new(spec) else { return };
    let again = Spec::new(spec.canonical().clone()).expect("a stored schedule is accepted");
    assert_eq!(spec.canonical(), again.canonical());
    let mut time = Time::from_unix_nanos(i64::from_le_bytes(*time));
    for _ in 0..STEPS {
        let next = spec.next_after(time, "seed");
        assert_eq!(next, again.next_after(time, "seed"));
        let Ok(Some(next)) = next else { return };
        // Times are whole seconds.
        let seconds = |time: Time| time.as_unix_nanos().div_euclid(1_000_000_000);
        assert!(
            seconds(next.nominal) > seconds(time),
            "{next:?} is not after {time:?}"
        );
        assert!(next.actual >= next.nominal, "{next:?}");
        time = next.nominal;
    }
}

fn spec(input: &[u8]) -> Option<ScheduleSpec> {
    let (kind, rest) = input.split_first()?;
    if kind % 2 == 1 {
        return ScheduleSpec::decode(rest).ok();
    }
    let text = str::from_utf8(rest).ok()?;
    Some(ScheduleSpec {
        cron_string: text.lines().take(MOST_LINES).map(str::to_owned).collect(),
        ..ScheduleSpec::default()
    })
}

/// Enough to go through a leap year's February, few enough for a target that is called often.
const STEPS: usize = 8;
const MOST_LINES: usize = 8;
