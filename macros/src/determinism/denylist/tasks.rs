//! Tasks and threads, and combinators that poll in an order of their own.

use super::Group;

pub(super) const GROUPS: &[Group] = &[
    Group {
        why: "leaves the one thread on which a workflow runs in order, so replaying it would diverge",
        instead: "`ctx.spawn(..)`, or an activity",
        functions: &[
            "std/thread::spawn",
            "std/thread::scope",
            "std/thread::Builder::new",
            "/tokio::spawn",
            "tokio/task::spawn",
            "tokio/task::spawn_local",
            "tokio/task::spawn_blocking",
            "tokio/task::block_in_place",
            "tokio::task/JoinSet::new",
            "tokio::task/LocalSet::new",
            "tokio::runtime/Runtime::new",
            "tokio::runtime/Handle::current",
            "tokio/runtime::Builder::new_multi_thread",
            "tokio/runtime::Builder::new_current_thread",
            "/rayon::spawn",
            "/rayon::join",
            "/rayon::scope",
            "async_std/task::spawn",
            "/smol::spawn",
        ],
        ..Group::EMPTY
    },
    Group {
        why: "blocks the thread on which this and other workflows run",
        instead: "`.await`",
        functions: &[
            "futures/executor::block_on",
            "futures_lite/future::block_on",
            "async_std/task::block_on",
            "/pollster::block_on",
            "/smol::block_on",
        ],
        ..Group::EMPTY
    },
    Group {
        why: "leaves it to a scheduler when the workflow goes on, which history does not know",
        instead: "`ctx.wait_until(..).await?`",
        functions: &[
            "std/thread::park",
            "std/thread::yield_now",
            "tokio/task::yield_now",
        ],
        macros: &["futures/pending", "futures_util/pending"],
        ..Group::EMPTY
    },
    Group {
        why: "polls its branches in a random order, so replaying the workflow would diverge",
        instead: "`race(..)`, which polls in the order written,",
        functions: &["futures_lite/future::race"],
        macros: &["tokio/select", "futures/select", "futures_util/select"],
        ..Group::EMPTY
    },
    Group {
        why: "polls its streams in a random order, so replaying the workflow would diverge",
        instead: "`futures::stream::select(..)`, which takes turns,",
        macros: &["futures/stream_select", "futures_util/stream_select"],
        ..Group::EMPTY
    },
    Group {
        why: "may begin with another branch at each poll, so its order hangs on how often it is polled",
        instead: "`join(..)`, which polls in the order written,",
        macros: &["tokio/join"],
        ..Group::EMPTY
    },
    Group {
        why: "may begin with another branch at each poll, so its order hangs on how often it is polled",
        instead: "`try_join(..)`, which polls in the order written,",
        macros: &["tokio/try_join"],
        ..Group::EMPTY
    },
];
