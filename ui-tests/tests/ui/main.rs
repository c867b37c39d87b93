//! What the compiler says of the mistakes in `fail/<topic>/*.md`.
//!
//! `UI=word,other cargo test -p durably-ui-tests` compiles the cases whose `topic/name` contains one of the words;
//! `TRYBUILD=overwrite` blesses their texts and writes `docs/diagnostics.md` anew.

mod bless;
mod cases;
mod definitions;
mod diagnostics;
mod paths;
mod said;

use std::{
    env,
    panic::{self, AssertUnwindSafe},
};

use self::bless::Run;

#[test]
fn ui() {
    let mut run = Run::prepare(env::var("UI").unwrap_or_default());
    let tests = trybuild::TestCases::new();
    for program in run.programs() {
        tests.compile_fail(program);
    }
    // It compiles them when it is dropped, and panics then.
    let compared = panic::catch_unwind(AssertUnwindSafe(|| drop(tests)));
    if bless::blessing() {
        // A program without a mistake is no reason to lose what the compiler says of the others.
        run.bless();
        diagnostics::write();
    }
    if let Err(failed) = compared {
        panic::resume_unwind(failed);
    }
}
