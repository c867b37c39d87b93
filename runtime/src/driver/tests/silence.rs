//! Events that workflow code emits through `tracing` are logged once.

use std::sync::{Arc, Mutex, PoisonError};

use tracing::{
    Dispatch, Event, Metadata, dispatcher,
    field::{Field, Visit},
};

use super::*;
use crate::telemetry::{
    log::{Events, Sink, heard},
    replayed::silent_if,
};

#[derive(Default)]
struct Talks(bool);
table!(Talks,
    init: |_, _| {
        tracing::info!("init");
        Ok(Talks::default())
    },
    run: |state, ctx, _| running(async move {
        tracing::info!("run");
        ctx.wait_until(move || state.with(|it| it.0)).await?;
        tracing::info!("end");
        Ok(())
    }),
    signals: &[("go", |state, _, _| {
        tracing::info!("signal");
        done({ state.with(|it| it.0 = true); Ok(()) })
    })],
    queries: &[("heard", |_, _, _| {
        tracing::info!("query");
        encode_result(&())
    })]
);

#[test]
fn a_run_that_is_not_replayed_is_heard() {
    let heard = listening(|| {
        let mut case = Case::begun::<Talks>();
        case.settle();
        case.signal("go", ());
        case.settle();
    });
    assert_eq!(heard, ["init", "run", "signal", "end"]);
}

#[test]
fn what_is_replayed_is_silent_and_what_comes_after_is_heard() {
    let heard = listening(|| {
        let mut case = Case::replayed::<Talks>(&[]);
        case.settle();
        case.query("heard", ()).expect("the query is known");
        case.replaying = false;
        case.tell(case.advance());
        case.signal("go", ());
        case.settle();
    });
    assert_eq!(heard, ["query", "signal", "end"]);
}

#[test]
fn the_sdk_repeats_no_warning_either_not_even_without_a_subscriber() {
    let mut said = 0;
    for replaying in [false, true, false] {
        silent_if(replaying, || heard(|| said += 1));
    }
    assert_eq!(said, 2);
}

/// What a subscriber hears meanwhile.
fn listening(code: impl FnOnce()) -> Vec<String> {
    let ear = Ear::default();
    dispatcher::with_default(&Dispatch::new(Events(ear.clone())), code);
    std::mem::take(&mut ear.0.lock().unwrap_or_else(PoisonError::into_inner))
}

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl Visit for Ear {
    fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push(format!("{value:?}"));
    }
}

impl Sink for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
}
