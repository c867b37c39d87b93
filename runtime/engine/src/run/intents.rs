//! Applies the intents of user code.

use super::{Run, Stage};
use crate::machine::{
    Activity, AnyMachine, AnyOnce, Child, ExternalCancel, ExternalSignal, MemoUpsert,
    SearchAttributeUpsert, SideEffectMarker, Timer,
};
use crate::payload::NULL;
use crate::{Command, ContinueAsNew, EndRun, EngineError, Header, Intent, Place, Seq};

impl Run {
    pub(super) fn apply_intent(
        &mut self,
        intent: Intent,
        place: Option<Place>,
    ) -> Result<(), EngineError> {
        match intent {
            Intent::StartTimer {
                seq,
                after,
                summary,
            } => {
                let number = self.commands.number_timer();
                let timer = AnyMachine::Timer(Timer::new(seq, number, after, summary));
                self.open("start timer", seq, timer, place)
            }
            Intent::SkipTimer => {
                self.commands.number_timer();
                Ok(())
            }
            Intent::ScheduleActivity(asked) => {
                let (seq, number) = (asked.seq, self.commands.number_activity());
                let activity = AnyMachine::Activity(Activity::new(asked, number));
                self.open("schedule activity", seq, activity, place)
            }
            Intent::StartChild(asked) => {
                let seq = asked.seq;
                let child = AnyMachine::Child(Child::new(asked));
                self.open("start child workflow", seq, child, place)
            }
            Intent::SignalExternal(asked) => {
                let seq = asked.seq;
                let signal = AnyMachine::ExternalSignal(ExternalSignal::new(asked));
                self.open("signal workflow", seq, signal, place)
            }
            Intent::CancelExternal(asked) => {
                let seq = asked.seq;
                let request = AnyMachine::ExternalCancel(ExternalCancel::new(asked));
                self.open("cancel workflow", seq, request, place)
            }
            Intent::CancelTimer { seq } => self.cancel("cancel timer", seq, String::new(), place),
            Intent::CancelActivity { seq } => match self.take_marker_of_cancelled(seq) {
                true => Ok(()),
                false => self.cancel("cancel activity", seq, String::new(), place),
            },
            Intent::CancelChild { seq, reason } => {
                self.cancel("cancel child workflow", seq, reason, place)
            }
            Intent::WithdrawExternal { seq } => {
                self.cancel("withdraw from workflow", seq, String::new(), place)
            }
            Intent::ScheduleLocalActivity(asked) => {
                let seq = asked.seq;
                let now = self.advance.map(|it| it.now);
                match self.commands.open_local(asked, now, place) {
                    true => Ok(()),
                    false => Err(EngineError::DuplicateCommand {
                        intent: "schedule local activity",
                        seq,
                    }),
                }
            }
            Intent::RecordSideEffect(effect) => {
                let marker = AnyOnce::SideEffectMarker(SideEffectMarker(effect));
                self.commands.attempt(marker, place);
                Ok(())
            }
            Intent::SetPatch { id, deprecated } => {
                let replaying = self.hand.stage != (Stage::Jobs { live: true });
                for once in self.patches.set(id, deprecated, replaying) {
                    self.commands.attempt(once, place);
                }
                Ok(())
            }
            Intent::UpsertSearchAttributes { attributes } => {
                merge(&mut self.carried.search_attributes, &attributes);
                let upsert = AnyOnce::SearchAttributeUpsert(SearchAttributeUpsert(attributes));
                self.commands.attempt(upsert, place);
                Ok(())
            }
            Intent::UpsertMemo { memo } => {
                merge(&mut self.carried.memo, &memo);
                let upsert = AnyOnce::MemoUpsert(MemoUpsert(memo));
                self.commands.attempt(upsert, place);
                Ok(())
            }
            Intent::AcceptUpdate { id } => {
                let step = self.updates.accept(id)?;
                self.commands.attempt(AnyOnce::UpdateStep(step), place);
                Ok(())
            }
            Intent::RejectUpdate { id, failure } => {
                let step = self.updates.reject(id, failure)?;
                self.commands.attempt(AnyOnce::UpdateStep(step), place);
                Ok(())
            }
            Intent::CompleteUpdate { id, result } => {
                let step = self.updates.complete(id, result)?;
                self.commands.attempt(AnyOnce::UpdateStep(step), place);
                Ok(())
            }
            Intent::EndRun(EndRun::ContinueAsNew(next)) => {
                let next = self.fill_in(next);
                self.end(EndRun::ContinueAsNew(next), place)
            }
            Intent::EndRun(end) => self.end(end, place),
        }
    }

    fn open(
        &mut self,
        intent: &'static str,
        seq: Seq,
        machine: AnyMachine,
        place: Option<Place>,
    ) -> Result<(), EngineError> {
        if self.commands.open(seq, machine, place) {
            Ok(())
        } else {
            Err(EngineError::DuplicateCommand { intent, seq })
        }
    }

    fn cancel(
        &mut self,
        intent: &'static str,
        seq: Seq,
        reason: String,
        place: Option<Place>,
    ) -> Result<(), EngineError> {
        if self.commands.cancel(seq, reason, place, &mut self.out) {
            Ok(())
        } else {
            Err(EngineError::UnknownCommand { intent, seq })
        }
    }

    /// The first end counts; its command is sent after all others of the slice.
    fn end(&mut self, end: EndRun, place: Option<Place>) -> Result<(), EngineError> {
        self.end.get_or_insert((end, place));
        Ok(())
    }

    /// The server does not take these over by itself.
    fn fill_in(&self, mut next: Box<ContinueAsNew>) -> Box<ContinueAsNew> {
        let carried = &self.carried;
        next.workflow_type
            .get_or_insert_with(|| self.names.workflow_type.clone());
        next.task_queue
            .get_or_insert_with(|| carried.task_queue.clone());
        next.memo.get_or_insert_with(|| carried.memo.clone());
        next.search_attributes
            .get_or_insert_with(|| carried.search_attributes.clone());
        if next.retry.is_none() {
            next.retry.clone_from(&carried.retry);
        }
        next
    }

    /// An activity or a child without a task queue of its own runs on the run's.
    pub(super) fn fill_in_task_queues(&self, commands: &mut [Command]) {
        for command in commands {
            let queue = match command {
                Command::ScheduleActivity(asked) => &mut asked.task_queue,
                Command::StartChild(asked) => &mut asked.task_queue,
                Command::StartTimer { .. }
                | Command::CancelTimer { .. }
                | Command::CancelActivity { .. }
                | Command::SignalExternal(_)
                | Command::CancelExternal(_)
                | Command::MarkLocalActivity { .. }
                | Command::MarkSideEffect { .. }
                | Command::MarkPatch { .. }
                | Command::UpsertPatches { .. }
                | Command::UpsertSearchAttributes { .. }
                | Command::UpsertMemo { .. }
                | Command::ProtocolMessage { .. }
                | Command::EndRun(_) => continue,
            };
            queue.get_or_insert_with(|| self.carried.task_queue.clone());
        }
    }
}

/// Applies changes as the server does: an empty value removes an entry.
fn merge(entries: &mut Header, changes: &Header) {
    for (name, value) in changes {
        if value.encoding() == NULL {
            entries.remove(name);
        } else {
            entries.insert(name.clone(), value.clone());
        }
    }
}
