//! The book pairs what this run attempts with what history records, in order.

use std::collections::VecDeque;

use crate::machine::{AnyMachine, AnyOnce, Cancel, Machine, Once, Outbox, Step};
use crate::slab::Slab;
use crate::{Answer, CommandEvent, EventId, Seq, TaskCompletion, mismatch};

/// Commands that wait for their events, and commands whose events wait for their answers.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Attempted and not yet found in history, in the order of attempts.
    attempts: VecDeque<Attempt>,
    /// Open commands by number.
    machines: Slab<AnyMachine>,
    /// Which open command left which event; ascending, because history is read in order.
    by_event: VecDeque<(EventId, Seq)>,
}

#[derive(Debug)]
enum Attempt {
    /// A command of a machine. Void once the machine is gone: cancelled before it was sent.
    Machine(Seq, Step),
    /// A command that nothing answers.
    Once(Box<AnyOnce>),
}

/// What is recorded and what is attempted at one place.
#[derive(Debug)]
pub(crate) struct Conflict {
    pub(crate) recorded: String,
    pub(crate) attempted: String,
}

impl Book {
    /// User code opens a command; false if its number was used before.
    pub(crate) fn open(&mut self, seq: Seq, machine: AnyMachine) -> bool {
        self.attempts.push_back(Attempt::Machine(seq, Step::Open));
        self.machines.insert(seq, machine)
    }

    /// User code cancels a command; false if it was never opened.
    pub(crate) fn cancel(&mut self, seq: Seq, out: &mut Outbox) -> bool {
        let Some(machine) = self.machines.get_mut(seq) else {
            return seq.0 < self.machines.end();
        };
        if machine.cancel(out) == Cancel::Command {
            self.attempts.push_back(Attempt::Machine(seq, Step::Cancel));
        }
        if machine.is_done() {
            self.machines.remove(seq);
        }
        true
    }

    /// User code attempts what nothing answers.
    pub(crate) fn attempt(&mut self, once: AnyOnce) {
        self.attempts.push_back(Attempt::Once(Box::new(once)));
    }

    /// Pairs the event of a command with the next attempt.
    pub(crate) fn record(&mut self, id: EventId, mut event: CommandEvent) -> Result<(), Conflict> {
        loop {
            let conflict = match self.attempts.front_mut() {
                None if may_be_passed_over(&event) => return Ok(()),
                None => "nothing more".to_owned(),
                Some(Attempt::Machine(seq, step)) => {
                    let (seq, step) = (*seq, *step);
                    let Some(machine) = self.machines.get_mut(seq) else {
                        self.attempts.pop_front();
                        continue;
                    };
                    match machine.record(step, id, event) {
                        Ok(()) => {
                            let done = machine.is_done();
                            self.attempts.pop_front();
                            match step {
                                _ if done => self.close(seq),
                                Step::Open => self.by_event.push_back((id, seq)),
                                Step::Cancel => {}
                            }
                            return Ok(());
                        }
                        Err(other) if may_be_passed_over(&other) => return Ok(()),
                        Err(other) => {
                            event = other;
                            machine.describe(step)
                        }
                    }
                }
                Some(Attempt::Once(once)) => {
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
                    once.describe()
                }
            };
            return Err(Conflict {
                recorded: mismatch::describe(&event),
                attempted: conflict,
            });
        }
    }

    /// Everything attempted must have been found.
    pub(crate) fn expect_no_more(&mut self) -> Result<(), Conflict> {
        while let Some(attempt) = self.attempts.front() {
            let attempted = match attempt {
                Attempt::Machine(seq, step) => {
                    let open = self.machines.get(*seq);
                    open.map(|machine| machine.describe(*step))
                }
                Attempt::Once(once) if once.is_optional() => None,
                Attempt::Once(once) => Some(once.describe()),
            };
            if let Some(attempted) = attempted {
                return Err(Conflict {
                    recorded: "nothing more in this task".to_owned(),
                    attempted,
                });
            }
            self.attempts.pop_front();
        }
        Ok(())
    }

    /// Gives the answer of a command to its machine; returns it if none waits for it.
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
            self.by_event.remove(at);
            self.machines.remove(seq);
        }
        Ok(())
    }

    /// Everything attempted in the slice that ends now, as commands; they wait for their events.
    pub(crate) fn send(&mut self, out: &mut TaskCompletion) {
        self.attempts.retain_mut(|attempt| match attempt {
            Attempt::Machine(seq, step) => match self.machines.get_mut(*seq) {
                Some(machine) => {
                    out.commands.push(machine.command(*step));
                    true
                }
                None => false,
            },
            Attempt::Once(once) => {
                once.send(out);
                once.leaves_event()
            }
        });
    }

    /// Gives memory back that a burst took.
    pub(crate) fn shrink(&mut self) {
        self.attempts.shrink_to(self.attempts.len() + 4);
        self.by_event.shrink_to(self.by_event.len() + 4);
        self.machines.shrink();
    }

    fn close(&mut self, seq: Seq) {
        self.by_event.retain(|(_, open)| *open != seq);
        self.machines.remove(seq);
    }
}

/// What the engine itself writes and other versions may have written otherwise.
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
