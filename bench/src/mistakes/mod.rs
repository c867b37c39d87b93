//! A count of the mistakes in `../ui-tests/fail`, and of some that show at run time only, on both
//! sides: caught at compile time, caught at run time, or silent. Each is a program for the peer in
//! `mistakes/programs`, compiled and, if it compiles, run; `mistakes/expected.tsv` says what is
//! expected, and a difference fails the count.

#[path = "../../../ui-tests/tests/ui/cases/mod.rs"]
#[allow(dead_code, reason = "the ui-tests also bless them")]
mod cases;
mod compiled;
mod expected;
mod observed;
mod ours;
mod programs;
mod tally;

use cases::Case;
use compiled::Compiled;
use expected::{Expectation, Expected, Mistake};
use std::{collections::BTreeMap, path::Path};
use tally::Tally;

/// Our cases by `topic/name`.
type Cases = BTreeMap<String, Case>;

/// Prints the table. Fails if something is not as `expected.tsv` says.
pub fn count() {
    let cases = Case::all(Path::new("../ui-tests/fail")).expect("the ui-tests can be read");
    let cases: Cases = cases.into_iter().map(|case| (case.id(), case)).collect();
    let Expected {
        mistakes,
        uncounted,
        mut differences,
    } = expected::read(&cases);
    let compiled = compiled::all();
    let server = crate::command::real_server();
    let said = observed::all(&server.address);
    drop(server);

    let mut tally = Tally::default();
    for mistake in &mistakes {
        let caught = catch(mistake, &compiled, &said);
        if let Err(difference) = &caught {
            differences.push(format!("{}: {difference}", mistake.program));
        }
        tally.add(mistake, &cases, compiled.get(&mistake.program));
    }
    print!("\n{tally}\nnot made with the official SDK: {uncounted} cases of ui-tests/fail\n");
    for difference in &differences {
        println!("not as expected.tsv says: {difference}");
    }
    assert!(differences.is_empty(), "{} differences", differences.len());
}

/// Compares what was seen with what is expected.
fn catch(mistake: &Mistake, compiled: &compiled::All, said: &observed::All) -> Result<(), String> {
    if matches!(mistake.peer, Expectation::NotApplicable(_)) {
        return Ok(());
    }
    let seen = match compiled.get(&mistake.program) {
        None => return Err("there is no such program".to_owned()),
        Some(Compiled::Refused(errors)) => (Expectation::Compile, errors.first.clone()),
        Some(Compiled::Accepted) => said
            .get(&mistake.program)
            .cloned()
            .ok_or("it was not run")?,
    };
    if seen.0 == mistake.peer && seen.1.contains(&mistake.says) {
        Ok(())
    } else {
        Err(format!("{} `{}`", seen.0, seen.1))
    }
}
