//! A worker: drives the engine as its contract says, and runs [`Code`].

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use durably_engine::{
    Advance, ChildOutcome, Completion, EndRun, EngineError, FailureInfo, FailureRecord, Intent,
    Job, LocalActivityEnd, LocalActivityResult, LocalActivityTask, LocalRequest, Payload, Run,
    Task, UpdateRequest,
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
    /// The builds that completed replayed tasks, each once.
    pub(crate) versions: Vec<Option<String>>,
    /// Whether each slice was a replay.
    pub(crate) replayed: Vec<bool>,
    /// Local activities that run. `slow` ends with the next task, `hang` and `stubborn` when they are cancelled,
    /// others at once.
    pub(crate) running: Vec<LocalActivityTask>,
    /// What the engine requested about local activities.
    pub(crate) requests: Vec<String>,
}

fn hangs(task: &LocalActivityTask) -> bool {
    matches!(task.activity_type.as_str(), "hang" | "stubborn") && !task.cancelled
}

/// The end of a local activity: `fail` fails, the first two attempts of `flaky` back off, `stubborn` does so
/// although it is cancelled, others complete.
fn result(task: LocalActivityTask) -> LocalActivityResult {
    let cancelled = || {
        let info = FailureInfo::Canceled {
            details: Vec::new(),
        };
        LocalActivityEnd::Failed(FailureRecord::new("stopped", info))
    };
    let end = match (task.activity_type.as_str(), task.attempt) {
        ("stubborn", _) => LocalActivityEnd::Backoff {
            failure: application("not yet"),
            pause: Duration::from_secs(60),
        },
        _ if task.cancelled => cancelled(),
        ("fail", _) => LocalActivityEnd::Failed(application("no")),
        ("flaky", attempt @ 1..=2) => LocalActivityEnd::Backoff {
            failure: application("not yet"),
            pause: Duration::from_secs(60 * u64::from(attempt)),
        },
        _ => LocalActivityEnd::Completed(vec![Payload::json(b"3".to_vec())]),
    };
    let first = SystemTime::UNIX_EPOCH + Duration::from_secs(500);
    LocalActivityResult {
        seq: task.seq,
        attempt: task.attempt,
        took: Duration::from_millis(250),
        first_scheduled: task.first_scheduled.unwrap_or(first),
        end,
    }
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
            versions: Vec::new(),
            replayed: Vec::new(),
            running: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// How often the code took a side effect's value from outside.
    pub(crate) fn taken(&self) -> u64 {
        self.cx.0.borrow().taken
    }

    /// Handles one task from its beginning to its answer.
    pub(crate) fn handle(&mut self, task: Task) -> Result<Completion, EngineError> {
        self.run.handle_task(task)?;
        let slow = std::mem::take(&mut self.running);
        let (mut ends, running) = slow.into_iter().partition::<Vec<_>, _>(|it| !hangs(it));
        self.running = running;
        loop {
            while let Some(job) = self.run.poll_job() {
                self.jobs.extend(same_on_replay(&job));
                self.handle_job(job);
                self.issue();
            }
            if !self.run.is_live() || self.run.has_ended() {
                break;
            }
            for request in self.run.take_local_requests() {
                self.requests.push(match request {
                    LocalRequest::Run(task) => {
                        let what = format!("run {}, attempt {}", task.activity_type, task.attempt);
                        if hangs(&task) || task.activity_type == "slow" {
                            self.running.push(*task);
                        } else {
                            ends.push(*task);
                        }
                        what
                    }
                    LocalRequest::Cancel { seq } => {
                        let at = self.running.iter().position(|it| it.seq == seq);
                        if let Some(at) = at {
                            let mut task = self.running.remove(at);
                            task.cancelled = true;
                            ends.push(task);
                        }
                        format!("cancel {seq}")
                    }
                    LocalRequest::Abandon { seq } => {
                        self.running.retain(|it| it.seq != seq);
                        format!("abandon {seq}")
                    }
                });
            }
            // The last one first, so that they do not end in the order in which they were called.
            let Some(task) = ends.pop() else { break };
            self.run.resolve_local(result(task));
        }
        self.run.finish()
    }

    fn handle_job(&mut self, job: Job) {
        let mut state = self.cx.0.borrow_mut();
        match job {
            Job::Advance(advance) => {
                self.replayed.push(advance.replaying);
                state.replaying = advance.replaying;
                state.now = Some(advance.now);
            }
            Job::WorkerVersion(version) => {
                self.versions.push(version.map(|it| it.build_id));
            }
            Job::SideEffectMarked(effect) => {
                state.known.insert(effect.id, effect.data);
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
/// before they are issued, that versions of workers are those which history records, and that rejected updates leave
/// no trace. Everything else must agree.
fn same_on_replay(job: &Job) -> Option<String> {
    Some(match job.clone() {
        Job::PatchMarked { .. } | Job::SideEffectMarked(_) | Job::WorkerVersion(_) => return None,
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
