//! The table: how many mistakes of each topic are caught when, by each side.

use super::{
    Cases,
    compiled::Compiled,
    expected::{Expectation, Mistake},
    ours,
};
use std::{collections::BTreeMap, fmt};

#[derive(Default)]
pub struct Tally {
    topics: BTreeMap<String, Row>,
    total: Row,
    both_refuse: Quality,
}

#[derive(Default)]
struct Row {
    ours: Caught,
    peer: Caught,
}

#[derive(Default)]
struct Caught {
    compile: usize,
    run: usize,
    silent: usize,
    not_applicable: usize,
}

/// How good the messages are for the mistakes that both compilers refuse.
#[derive(Default)]
struct Quality {
    mistakes: usize,
    ours: Messages,
    peer: Messages,
}

#[derive(Default)]
struct Messages {
    at_the_macro: usize,
    errors: usize,
}

impl Tally {
    pub fn add(&mut self, mistake: &Mistake, cases: &Cases, peer: Option<&Compiled>) {
        let topic = self.topics.entry(mistake.topic().to_owned()).or_default();
        for row in [topic, &mut self.total] {
            row.ours.add(&mistake.ours);
            row.peer.add(&mistake.peer);
        }
        if mistake.ours == Expectation::Compile
            && let Some(Compiled::Refused(errors)) = peer
        {
            self.both_refuse.mistakes += 1;
            self.both_refuse
                .ours
                .add(&ours::errors(&cases[&mistake.name]));
            self.both_refuse.peer.add(errors);
        }
    }
}

impl Caught {
    fn add(&mut self, what: &Expectation) {
        match what {
            Expectation::Compile => self.compile += 1,
            Expectation::Run => self.run += 1,
            Expectation::Silent => self.silent += 1,
            Expectation::NotApplicable(_) => self.not_applicable += 1,
        }
    }
}

impl Messages {
    fn add(&mut self, errors: &super::compiled::Errors) {
        self.at_the_macro += usize::from(errors.at_the_macro);
        self.errors += errors.count;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| | mistakes | durably: compile | run | silent | official: compile | run | silent \
             | not applicable |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        for (topic, row) in &self.topics {
            row.write(f, topic)?;
        }
        self.total.write(f, "**all**")?;
        let Quality {
            mistakes,
            ours,
            peer,
        } = &self.both_refuse;
        writeln!(
            f,
            "\n| mistakes that both refuse to compile: {mistakes} | durably | official |"
        )?;
        writeln!(f, "|---|---:|---:|")?;
        writeln!(
            f,
            "| first error points at the macro on the whole block | {} | {} |",
            ours.at_the_macro, peer.at_the_macro
        )?;
        writeln!(
            f,
            "| errors altogether | {} | {} |",
            ours.errors, peer.errors
        )
    }
}

impl Row {
    fn write(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let Self { ours, peer } = self;
        let mistakes = peer.compile + peer.run + peer.silent + peer.not_applicable;
        writeln!(
            f,
            "| {name} | {mistakes} | {} | {} | {} | {} | {} | {} | {} |",
            ours.compile,
            ours.run,
            ours.silent,
            peer.compile,
            peer.run,
            peer.silent,
            peer.not_applicable
        )
    }
}
