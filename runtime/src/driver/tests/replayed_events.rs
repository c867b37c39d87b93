//! Events that workflow code emits through `tracing` are logged once.

use std::sync::{Arc, Mutex, PoisonError};

use tracing::{
    Dispatch, Event, Metadata, dispatcher,
    field::{Field, Visit},
};

use super::*;
use crate::telemetry::{
    log::{Events, Sink, emit},
    replayed::suppressed_if,
};

#[derive(Default)]
struct Logs(bool);
table!(Logs,
    init: |_, _| {
        tracing::info!("init");
        Ok(Logs::default())
    },
    run: |state, ctx, _| running(async move {
        tracing::info!("run");
        ctx.wait_until(move || state.with(|it| it.0)).await?;
        tracing::info!("end");
        Ok(())
    }),
    signals: &[on("go", |state, _, _| {
        tracing::info!("signal");
        done({ state.with(|it| it.0 = true); Ok(()) })
    })],
    queries: &[("logged", |_, _, _| {
        tracing::info!("query");
        encode_result(&())
    })]
);

#[test]
fn the_events_of_a_run_that_is_not_replayed_are_logged() {
    let logged = logged_by(|| {
        let mut case = Case::begun::<Logs>();
        case.settle();
        case.signal("go", ());
        case.settle();
    });
    assert_eq!(logged, ["init", "run", "signal", "end"]);
}

#[test]
fn what_is_replayed_is_suppressed_and_what_comes_after_is_logged() {
    let logged = logged_by(|| {
        let mut case = Case::replayed::<Logs>(&[]);
        case.settle();
        case.query("logged", ()).expect("the query is known");
        case.replaying = false;
        case.handle(case.advance());
        case.signal("go", ());
        case.settle();
    });
    assert_eq!(logged, ["query", "signal", "end"]);
}

#[test]
fn the_sdk_repeats_no_warning_either_not_even_without_a_subscriber() {
    let mut emitted = 0;
    for replaying in [false, true, false] {
        suppressed_if(replaying, || emit(|| emitted += 1));
    }
    assert_eq!(emitted, 2);
}

/// The events that a subscriber receives from this code.
pub(super) fn logged_by(code: impl FnOnce()) -> Vec<String> {
    let collector = Collector::default();
    dispatcher::with_default(&Dispatch::new(Events(collector.clone())), code);
    std::mem::take(&mut collector.0.lock().unwrap_or_else(PoisonError::into_inner))
}

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<String>>>);

impl Visit for Collector {
    fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logged.push(format!("{value:?}"));
    }
}

impl Sink for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
}
