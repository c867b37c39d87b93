//! A worker: drives the engine as its contract says, and runs [`Code`].

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use durably_engine::{
    Advance, ChildOutcome, Completion, EndRun, EngineError, Intent, Job, Payload, Run, Task,
    UpdateRequest,
};

use super::{Code, Cx, End, application};

/// One cached run.
pub(crate) struct Worker {
    pub(crate) run: Run,
    code: Code,
    cx: Cx,
    /// The code of the run and of its handlers; none once it came to its end.
    threads: Vec<Pin<Box<dyn Future<Output = ()>>>>,
    /// Every job, but for what differs between a replay and the first time.
    pub(crate) jobs: Vec<String>,
    /// How children ended.
    pub(crate) outcomes: Vec<ChildOutcome>,
    /// Whether each slice was a replay.
    pub(crate) replayed: Vec<bool>,
}

impl Worker {
    pub(crate) fn new(code: Code) -> Self {
        Self {
            run: Run::new(),
            code,
            cx: Cx::default(),
            threads: Vec::new(),
            jobs: Vec::new(),
            outcomes: Vec::new(),
            replayed: Vec::new(),
        }
    }

    /// Handles one task from its beginning to its answer.
    pub(crate) fn handle(&mut self, task: Task) -> Result<Completion, EngineError> {
        self.run.handle_task(task)?;
        while let Some(job) = self.run.poll_job() {
            self.jobs.extend(same_on_replay(&job));
            self.handle_job(job);
            self.issue();
        }
        self.run.finish()
    }

    fn handle_job(&mut self, job: Job) {
        let mut state = self.cx.0.borrow_mut();
        match job {
            Job::Advance(advance) => {
                self.replayed.push(advance.replaying);
                state.replaying = advance.replaying;
            }
            Job::PatchMarked { id } => {
                state.patches.entry(id).or_insert(true);
            }
            Job::Start(_) => {
                drop(state);
                let cx = self.cx.clone();
                let code = (self.code)(self.cx.clone());
                self.threads
                    .push(Box::pin(async move { end(&cx, code.await) }));
            }
            Job::Signal { name, .. } => state.signals.push_back(name),
            Job::TimerFired { seq } => {
                state.timers.insert(seq);
            }
            Job::ActivityResolved { seq, outcome } => {
                state.activities.insert(seq, outcome);
            }
            Job::ChildStarted { seq, started } => {
                state.started.insert(seq, started);
            }
            Job::ChildResolved { seq, outcome } => {
                self.outcomes.push(outcome.clone());
                state.children.insert(seq, outcome);
            }
            Job::ExternalResolved { seq, outcome } => {
                state.externals.insert(seq, outcome);
            }
            Job::CancelRequested { .. } => state.cancelled = true,
            Job::Update(request) => {
                drop(state);
                self.update(request);
            }
            Job::Query { id, name, .. } => {
                let answer = match name.as_str() {
                    "said" => Ok(Payload::json(state.said.clone().into_bytes())),
                    _ => Err(application("no such query")),
                };
                drop(state);
                self.run.answer(id, answer);
            }
            Job::Settle => {
                drop(state);
                self.settle();
            }
            _ => {}
        }
    }

    /// Three updates: `now` completes at once, `slow` after a timer, `bad` is rejected.
    fn update(&mut self, request: UpdateRequest) {
        let (cx, id) = (self.cx.clone(), request.id);
        if request.name == "bad" && !request.replaying {
            let failure = application("rejected");
            return cx.intend(Intent::RejectUpdate { id, failure });
        }
        cx.intend(Intent::AcceptUpdate { id: id.clone() });
        self.threads.push(Box::pin(async move {
            if request.name == "slow" {
                cx.sleep(5).await;
            }
            let result = Ok(vec![Payload::json(b"\"done\"".to_vec())]);
            cx.intend(Intent::CompleteUpdate { id, result });
        }));
    }

    fn settle(&mut self) {
        let mut poll = Context::from_waker(Waker::noop());
        loop {
            let moves = self.cx.0.borrow().moves;
            self.threads
                .retain_mut(|thread| thread.as_mut().poll(&mut poll) == Poll::Pending);
            if self.cx.0.borrow().moves == moves {
                return;
            }
        }
    }

    fn issue(&mut self) {
        loop {
            let next = self.cx.0.borrow_mut().intents.pop_front();
            match next {
                Some((intent, place)) => self.run.issue(intent, Some(place)),
                None => return,
            }
        }
    }
}

fn end(cx: &Cx, end: End) {
    cx.intend(Intent::EndRun(match end {
        End::Complete(result) => EndRun::Complete(vec![Payload::json(result.into_bytes())]),
        End::Fail(message) => EndRun::Fail(application(&message).into()),
        End::Cancel => EndRun::Cancel(Vec::new()),
        End::ContinueAsNew => EndRun::ContinueAsNew(Box::default()),
    }));
}

/// A job as text, without what tells a replay from the first time: that markers of patches are known
/// before they are issued, and that rejected updates leave no trace. Everything else must agree.
fn same_on_replay(job: &Job) -> Option<String> {
    Some(match job.clone() {
        Job::PatchMarked { .. } => return None,
        Job::Update(request) if request.name == "bad" => return None,
        Job::Advance(Advance {
            now,
            history_length,
            ..
        }) => format!("Advance to {now:?} at {history_length}"),
        Job::Update(mut request) => {
            request.replaying = false;
            format!("{request:?}")
        }
        other => format!("{other:?}"),
    })
}
