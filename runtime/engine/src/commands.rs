//! Pairs the commands of this run with the events that history records, in order.

use std::collections::VecDeque;

use crate::machine::{AnyMachine, AnyOnce, Cancel, Machine, Once, Outbox, Step};
use crate::slab::Slab;
use crate::{Answer, CommandEvent, CommandSummary, EventId, Place, Seq, TaskCompletion};

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
    /// How many commands of those are closed.
    closed: usize,
}

/// So many closed commands are kept before they are removed.
const CLOSED: usize = 32;

#[derive(Debug)]
enum Attempt {
    /// A command of a machine. Void once the machine is gone: cancelled before it was sent.
    Machine(Seq, Step, Option<Place>),
    /// A command that nothing answers.
    Once(Box<AnyOnce>, Option<Place>),
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
        if machine.cancel(reason, out) == Cancel::Command {
            self.attempts
                .push_back(Attempt::Machine(seq, Step::Cancel, place));
        }
        if machine.is_done() {
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
        if machine.is_done() {
            self.close(seq);
        }
        Ok(())
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
    }

    /// Closes a command that left an event.
    fn close(&mut self, seq: Seq) {
        self.machines.remove(seq);
        self.closed += 1;
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
