//! Pairs the commands of this run with the events that history records, in order.

use std::collections::{BTreeSet, VecDeque};
use std::time::SystemTime;

use crate::machine::{
    AnyMachine, AnyOnce, Cancel, LocalActivity, Machine, Once, Outbox, Resolution, Step,
};
use crate::numbers::Numbers;
use crate::slab::Slab;
use crate::{
    Answer, CommandEvent, CommandSummary, EventId, LocalActivityMarked, LocalActivityResult,
    LocalRequest, Place, ScheduleLocalActivity, Seq, TaskCompletion,
};

/// The commands of a run: those whose events are to come, and those whose answers are.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    /// Issued by user code, and without an event in history so far; in the order in which they were issued.
    attempts: VecDeque<Attempt>,
    /// Open commands by number.
    machines: Slab<AnyMachine>,
    /// The events of each open command that are answered; ascending, because history is read in
    /// order. Closed commands stay until they are the oldest, or too many.
    by_event: VecDeque<(EventId, Seq)>,
    /// How many of those are of closed commands.
    closed: usize,
    /// The local activities that are not closed, by their number among the activities of the run; ascending.
    local: VecDeque<(u32, Seq)>,
    /// The numbers of those that may have to be requested from the worker.
    waiting: BTreeSet<u32>,
    /// Whether the last command that history records is the marker of a local activity.
    after_marker: bool,
    /// Children that have started after a request to cancel them failed; in the order of history.
    cancelled_early: Vec<Seq>,
    /// How many activities, local or not, the run has called; the numbers in markers of local ones.
    activities: u32,
    /// The numbers in the ids of activities: the same, unless history records higher ones.
    activity_ids: Numbers,
    /// The numbers in the ids of timers.
    timer_ids: Numbers,
}

/// So many events of closed commands are kept before they are removed.
const CLOSED: usize = 32;

#[derive(Debug)]
enum Attempt {
    /// A command of a machine. Void once the machine is gone: cancelled before it was sent.
    Machine(Seq, Step, Option<Place>),
    /// A command that nothing answers.
    Once(Box<AnyOnce>, Option<Place>),
}

impl Attempt {
    /// Whether it is a command of this machine, other than one that asks to stop.
    fn opens(&self, machine: Seq) -> bool {
        match self {
            Self::Machine(seq, Step::Open, _) => *seq == machine,
            Self::Machine(_, Step::Cancel, _) | Self::Once(..) => false,
        }
    }
}

/// The command that is recorded and the one that is attempted at one position.
#[derive(Debug)]
pub(crate) struct Conflict {
    pub(crate) recorded: Option<CommandSummary>,
    pub(crate) attempted: Option<CommandSummary>,
    pub(crate) place: Option<Place>,
}

impl Commands {
    /// User code opens a command; false if its number was used before.
    pub(crate) fn open(&mut self, seq: Seq, machine: AnyMachine, place: Option<Place>) -> bool {
        self.attempts
            .push_back(Attempt::Machine(seq, Step::Open, place));
        self.machines.insert(seq, machine)
    }

    /// Counts one more activity; returns the number of its id.
    pub(crate) fn number_activity(&mut self) -> u64 {
        self.activities += 1;
        self.activity_ids.next()
    }

    /// Counts one more timer; returns the number of its id.
    pub(crate) fn number_timer(&mut self) -> u64 {
        self.timer_ids.next()
    }

    /// Counts one more local activity; returns the number of its marker.
    fn number_local(&mut self) -> u32 {
        self.number_activity();
        self.activities
    }

    /// User code calls a local activity at workflow time `now`. Its command is issued at its end. False if its
    /// number was used before.
    pub(crate) fn open_local(
        &mut self,
        asked: Box<ScheduleLocalActivity>,
        now: Option<SystemTime>,
        place: Option<Place>,
    ) -> bool {
        let (seq, number) = (asked.seq, self.number_local());
        self.local.push_back((number, seq));
        self.waiting.insert(number);
        let machine = LocalActivity::new(asked, number, now, place);
        self.machines
            .insert(seq, AnyMachine::LocalActivity(machine))
    }

    /// Requests the local activities that do not run; `now` is workflow time.
    pub(crate) fn request_local(&mut self, now: Option<SystemTime>) -> Vec<LocalRequest> {
        let mut requests = Vec::new();
        for number in std::mem::take(&mut self.waiting) {
            let waiting = self.local_of(number).and_then(|seq| self.local_mut(seq));
            requests.extend(waiting.and_then(|it| it.request(now)));
        }
        requests
    }

    /// Whether the worker runs the local activity, and the run waits for it.
    pub(crate) fn awaits_local(&self, seq: Seq) -> bool {
        matches!(self.machines.get(seq), Some(AnyMachine::LocalActivity(it)) if it.is_running())
    }

    /// Takes the end of a local activity that ran, after user code was polled so often; none if the run has gone
    /// on without it.
    pub(crate) fn end_local(
        &mut self,
        result: LocalActivityResult,
        settled: u64,
    ) -> Option<Resolution> {
        let seq = result.seq;
        let resolution = self.local_mut(seq)?.end(result, settled)?;
        self.attempt_local(seq);
        Some(resolution)
    }

    /// Takes the marker of a local activity; none if no activity waits for it.
    pub(crate) fn find_local(&mut self, marked: LocalActivityMarked) -> Option<(Seq, Resolution)> {
        let number = marked.number;
        let seq = self.local_of(number)?;
        let call = self.local_mut(seq).filter(|call| call.awaits(&marked))?;
        let resolution = call.find(marked);
        self.waiting.remove(&number);
        self.attempt_local(seq);
        Some((seq, resolution))
    }

    /// The number of a local activity that ends at once when it is cancelled.
    pub(crate) fn number_of_cancelled_local(&self, seq: Seq) -> Option<u32> {
        let AnyMachine::LocalActivity(it) = self.machines.get(seq)? else {
            return None;
        };
        it.ends_when_cancelled().then(|| it.number())
    }

    /// Attempts the marker of a local activity that has ended, and its timer if it is tried again.
    fn attempt_local(&mut self, seq: Seq) {
        let Some(machine) = self.local_mut(seq) else {
            return;
        };
        let (place, backs_off) = (machine.place(), machine.backs_off());
        let attempts = &mut self.attempts;
        attempts.push_back(Attempt::Machine(seq, Step::Open, place));
        if backs_off {
            attempts.push_back(Attempt::Machine(seq, Step::Open, place));
            let (number, timer) = (self.number_local(), self.number_timer());
            self.local.push_back((number, seq));
            if let Some(machine) = self.local_mut(seq) {
                machine.renumber(number, timer);
            }
        }
    }

    /// Pairs the marker of a local activity with its attempt. Other SDKs take the ends of several at once, so their
    /// order among the other commands is not compared.
    fn record_local(
        &mut self,
        id: EventId,
        event: CommandEvent,
        number: u32,
    ) -> Result<(), Conflict> {
        let event = match self.local_of(number) {
            None => event,
            Some(seq) => match self.machines.get_mut(seq) {
                None => event,
                Some(machine) => match machine.record(Step::Open, id, event) {
                    Ok(()) => {
                        let done = machine.is_done();
                        self.remove_attempt(|attempts| attempts.position(|it| it.opens(seq)));
                        if done {
                            self.close(seq);
                        }
                        return Ok(());
                    }
                    Err(event) => event,
                },
            },
        };
        let (attempted, place) = match self.attempts.front() {
            Some(Attempt::Machine(seq, step, place)) => {
                let machine = self.machines.get(*seq);
                (machine.map(|it| it.summary(*step)), *place)
            }
            Some(Attempt::Once(once, place)) => (Some(once.summary()), *place),
            None => (None, None),
        };
        let mut conflict = Conflict {
            recorded: Some(CommandSummary::from(&event)),
            attempted,
            place,
        };
        // The call of the marker's number is what the marker is compared with, wherever its attempt stands. One that
        // has not ended has no attempt, and says more than none.
        let call = self.local_of(number).and_then(|seq| self.local_mut(seq));
        if let Some(call) = call
            && (conflict.attempted.is_none() || call.has_ended())
        {
            conflict.attempted = Some(call.summary(Step::Open));
            conflict.place = call.place();
        }
        Err(conflict)
    }

    fn remove_attempt(
        &mut self,
        find: impl FnOnce(&mut std::collections::vec_deque::Iter<'_, Attempt>) -> Option<usize>,
    ) {
        if let Some(at) = find(&mut self.attempts.iter()) {
            self.attempts.remove(at);
        }
    }

    fn local_of(&self, number: u32) -> Option<Seq> {
        let at = self
            .local
            .binary_search_by_key(&number, |(number, _)| *number);
        Some(self.local[at.ok()?].1)
    }

    fn local_mut(&mut self, seq: Seq) -> Option<&mut LocalActivity> {
        let AnyMachine::LocalActivity(it) = self.machines.get_mut(seq)? else {
            return None;
        };
        Some(it)
    }

    /// User code cancels a command; false if it was never opened.
    pub(crate) fn cancel(
        &mut self,
        seq: Seq,
        reason: String,
        place: Option<Place>,
        out: &mut Outbox,
    ) -> bool {
        let Some(machine) = self.machines.get_mut(seq) else {
            return seq.0 < self.machines.end();
        };
        let cancel = machine.cancel(reason, out);
        let done = machine.is_done();
        if let AnyMachine::LocalActivity(cancelled) = machine
            && !cancelled.is_waiting()
        {
            self.waiting.remove(&cancelled.number());
        }
        match cancel {
            Cancel::Quiet => {}
            Cancel::Command => {
                let attempt = Attempt::Machine(seq, Step::Cancel, place);
                self.attempts.push_back(attempt);
            }
            Cancel::Open => {
                let attempt = Attempt::Machine(seq, Step::Open, place);
                self.attempts.push_back(attempt);
            }
            Cancel::Retract => {
                self.remove_attempt(|attempts| attempts.rposition(|it| it.opens(seq)));
            }
        }
        if done {
            self.machines.remove(seq);
        }
        true
    }

    /// User code issues a command that nothing answers.
    pub(crate) fn attempt(&mut self, once: AnyOnce, place: Option<Place>) {
        self.attempts
            .push_back(Attempt::Once(Box::new(once), place));
    }

    /// Pairs the event of a command with the next attempt.
    pub(crate) fn record(&mut self, id: EventId, mut event: CommandEvent) -> Result<(), Conflict> {
        self.after_marker = matches!(event, CommandEvent::LocalActivityMarked(_));
        if let CommandEvent::LocalActivityMarked(marked) = &event {
            let number = marked.number;
            return self.record_local(id, event, number);
        }
        if let CommandEvent::TimerStarted { timer_id, .. } = &event {
            self.timer_ids.record(timer_id);
        }
        if let CommandEvent::ActivityScheduled(scheduled) = &event {
            self.activity_ids.record(&scheduled.activity_id);
        }
        loop {
            let (attempted, place) = match self.attempts.front_mut() {
                None if may_be_passed_over(&event) => return Ok(()),
                None => (None, None),
                Some(Attempt::Machine(seq, step, place)) => {
                    let (seq, step, place) = (*seq, *step, *place);
                    let Some(machine) = self.machines.get_mut(seq) else {
                        self.attempts.pop_front();
                        continue;
                    };
                    match machine.record(step, id, event) {
                        Ok(()) => {
                            let done = machine.is_done();
                            let answered = step == Step::Open || machine.answers_cancel();
                            self.attempts.pop_front();
                            match step {
                                Step::Open if done => self.machines.remove(seq),
                                Step::Cancel if done => self.close(seq),
                                Step::Open | Step::Cancel if answered => {
                                    self.by_event.push_back((id, seq));
                                }
                                Step::Open | Step::Cancel => {}
                            }
                            return Ok(());
                        }
                        Err(other) if may_be_passed_over(&other) => return Ok(()),
                        Err(other) => {
                            event = other;
                            (Some(machine.summary(step)), place)
                        }
                    }
                }
                Some(Attempt::Once(once, place)) => {
                    if once.left(&event) {
                        self.attempts.pop_front();
                        return Ok(());
                    }
                    if may_be_passed_over(&event) {
                        return Ok(());
                    }
                    if once.is_optional() {
                        self.attempts.pop_front();
                        continue;
                    }
                    (Some(once.summary()), *place)
                }
            };
            return Err(Conflict {
                recorded: Some(CommandSummary::from(&event)),
                attempted,
                place,
            });
        }
    }

    /// Whether the last command that history records is the marker of a local activity.
    pub(crate) fn is_after_marker(&self) -> bool {
        self.after_marker
    }

    /// Fails if a command has no event in history.
    pub(crate) fn expect_no_more(&mut self) -> Result<(), Conflict> {
        while let Some(attempt) = self.attempts.front() {
            let (attempted, place) = match attempt {
                Attempt::Machine(seq, step, place) => {
                    let open = self.machines.get(*seq);
                    (open.map(|machine| machine.summary(*step)), *place)
                }
                Attempt::Once(once, _) if once.is_optional() => (None, None),
                Attempt::Once(once, place) => (Some(once.summary()), *place),
            };
            if attempted.is_some() {
                return Err(Conflict {
                    recorded: None,
                    attempted,
                    place,
                });
            }
            self.attempts.pop_front();
        }
        Ok(())
    }

    /// Passes the answer of a command to its machine; returns it if no machine waits for it.
    pub(crate) fn resolve(
        &mut self,
        opened: EventId,
        answer: Answer,
        out: &mut Outbox,
    ) -> Result<(), Answer> {
        let Ok(at) = self.by_event.binary_search_by_key(&opened, |(id, _)| *id) else {
            return Err(answer);
        };
        let (_, seq) = self.by_event[at];
        let Some(machine) = self.machines.get_mut(seq) else {
            return Err(answer);
        };
        machine.resolve(answer, out)?;
        if let AnyMachine::LocalActivity(next_attempt) = machine
            && next_attempt.is_waiting()
        {
            self.waiting.insert(next_attempt.number());
        }
        if let AnyMachine::Child(child) = machine
            && child.was_cancelled_early()
        {
            self.cancelled_early.push(seq);
        }
        if machine.is_done() {
            self.close(seq);
        }
        Ok(())
    }

    /// Issues the requests to cancel children again that failed because the child had not started; if not
    /// `repeats`, user code may do so. The commands precede those of user code, which is polled next.
    pub(crate) fn repeat_cancel_requests(&mut self, repeats: bool) {
        for seq in std::mem::take(&mut self.cancelled_early) {
            if let Some(AnyMachine::Child(child)) = self.machines.get_mut(seq)
                && repeats
                && child.repeat_cancel_request()
            {
                let attempt = Attempt::Machine(seq, Step::Cancel, None);
                self.attempts.push_back(attempt);
            }
        }
    }

    /// Adds the commands that were issued in the slice that ends now; their events are to come.
    pub(crate) fn send(&mut self, out: &mut TaskCompletion) {
        self.attempts.retain_mut(|attempt| match attempt {
            Attempt::Machine(seq, step, _) => match self.machines.get_mut(*seq) {
                Some(machine) => {
                    out.commands.push(machine.command(*step));
                    true
                }
                None => false,
            },
            Attempt::Once(once, _) => {
                once.send(out);
                once.leaves_event()
            }
        });
    }

    /// Frees memory that a burst took.
    pub(crate) fn shrink(&mut self) {
        if self.closed * 2 >= self.by_event.len() {
            self.forget_closed();
        }
        self.attempts.shrink_to(self.attempts.len() + 4);
        self.by_event.shrink_to(self.by_event.len() + 4);
        self.machines.shrink();
        self.local.shrink_to(self.local.len() + 4);
    }

    /// Closes a command that left an event.
    fn close(&mut self, seq: Seq) {
        self.closed += self.machines.get(seq).map_or(0, Machine::events);
        self.machines.remove(seq);
        let machines = &self.machines;
        let is_closed = |(_, seq): &(u32, Seq)| machines.get(*seq).is_none();
        while self.local.front().is_some_and(is_closed) {
            self.local.pop_front();
        }
        while let Some((_, oldest)) = self.by_event.front()
            && self.machines.get(*oldest).is_none()
        {
            self.by_event.pop_front();
            // Not counted are those that user code cancelled without a command.
            self.closed = self.closed.saturating_sub(1);
        }
        if self.closed > CLOSED && self.closed * 2 > self.by_event.len() {
            self.forget_closed();
        }
    }

    fn forget_closed(&mut self) {
        let machines = &self.machines;
        self.by_event
            .retain(|(_, seq)| machines.get(*seq).is_some());
        self.closed = 0;
    }
}

/// Whether the engine itself writes the event, and other versions may have written it otherwise.
const fn may_be_passed_over(event: &CommandEvent) -> bool {
    matches!(
        event,
        CommandEvent::PatchMarked {
            deprecated: true,
            ..
        } | CommandEvent::SearchAttributesUpserted {
            only_change_version: true
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Child;
    use crate::{ChildAnswer, ChildId, ChildInitiated, StartChild};

    /// Starts a child by this event.
    fn start(commands: &mut Commands, seq: u32, initiated: i64) {
        let asked = StartChild {
            seq: Seq(seq),
            id: ChildId::Chosen("child".to_owned()),
            ..StartChild::default()
        };
        let child = AnyMachine::Child(Child::new(Box::new(asked)));
        assert!(commands.open(Seq(seq), child, None));
        let event = CommandEvent::ChildInitiated(ChildInitiated {
            workflow_id: "child".to_owned(),
            workflow_type: String::new(),
        });
        commands.record(EventId(initiated), event).unwrap();
    }

    #[test]
    fn cancelled_children_are_forgotten_behind_an_open_command() {
        let (mut commands, mut out) = (Commands::default(), Outbox::default());
        start(&mut commands, 0, 1);
        for number in 1..1000 {
            let (seq, initiated) = (Seq(number), EventId(10 * i64::from(number)));
            start(&mut commands, number, initiated.0);
            let mut answer = |commands: &mut Commands, event, answer| {
                commands.resolve(event, answer, &mut out).unwrap();
            };
            let started = ChildAnswer::Started {
                started: EventId(initiated.0 + 1),
                run_id: String::new(),
            };
            answer(&mut commands, initiated, Answer::Child(Box::new(started)));
            assert!(commands.cancel(seq, String::new(), None, &mut Outbox::default()));
            let requested = EventId(initiated.0 + 2);
            let event = CommandEvent::ExternalCancelInitiated {
                workflow_id: "child".to_owned(),
                child: true,
            };
            commands.record(requested, event).unwrap();
            answer(&mut commands, requested, Answer::ExternalCancel(Ok(())));
            let details = Vec::new();
            let canceled = Box::new(ChildAnswer::Canceled { details });
            answer(&mut commands, initiated, Answer::Child(canceled));
        }
        assert!(commands.by_event.len() <= 2 * CLOSED + 2);
    }
}
