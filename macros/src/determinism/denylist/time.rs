//! Clocks, and waits that history does not record.

use super::Group;

pub(super) const GROUPS: &[Group] = &[
    Group {
        instead: "`ctx.now()`",
        functions: &[
            "std::time/SystemTime::now",
            "std::time/SystemTime::elapsed",
            "std::time/Instant::now",
            "std::time/Instant::elapsed",
            "tokio::time/Instant::now",
            "tokio::time/Instant::elapsed",
            "chrono/Utc::now",
            "chrono/Local::now",
            "time/OffsetDateTime::now_utc",
            "time/OffsetDateTime::now_local",
            "time/UtcDateTime::now",
            "jiff/Timestamp::now",
            "jiff/Zoned::now",
        ],
        ..Group::EMPTY
    },
    Group {
        why: UNKNOWN,
        instead: "`ctx.sleep(..).await?`",
        functions: &[
            "std/thread::sleep",
            "std/thread::park_timeout",
            "tokio/time::sleep",
            "tokio/time::sleep_until",
            "async_std/task::sleep",
            "smol/Timer::after",
            "futures_timer/Delay::new",
        ],
        ..Group::EMPTY
    },
    Group {
        why: UNKNOWN,
        instead: "`ctx.wait_until(..).timeout(..)`, or `race(.., ctx.sleep(..))`",
        functions: &["tokio/time::timeout", "tokio/time::timeout_at"],
        ..Group::EMPTY
    },
    Group {
        why: UNKNOWN,
        instead: "`ctx.sleep(..).await?` in a loop",
        functions: &["tokio/time::interval", "tokio/time::interval_at"],
        ..Group::EMPTY
    },
];

const UNKNOWN: &str =
    "is a wait that history does not know, so replaying the workflow would diverge";
