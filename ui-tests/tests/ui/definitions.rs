//! Where rustc says that something is defined is where an editor goes from a call of it: to the
//! user's own method, not to the attribute that generated what is called.

use std::path::Path;

use crate::{bless, cases::Case};

#[test]
fn what_is_generated_is_defined_where_the_user_wrote_its_method() {
    if bless::blessing() {
        return;
    }
    let cases = Case::all(Path::new("fail")).unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut seen = 0;
    for case in &cases {
        for place in places_after("function defined here", &case.text)
            .chain(places_after("method defined here", &case.text))
        {
            let code = code_at(place, &case.program);
            assert!(
                !code.starts_with('#'),
                "{}: defined at {place}, `{code}`",
                case.id()
            );
            seen += 1;
        }
    }
    assert!(seen >= 4, "there are {seen} such notes");
}

/// `fail/call/missing_argument.rs:20:8` of each note that ends so.
fn places_after<'a>(note: &'static str, text: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines()
        .zip(text.lines().skip(1))
        .filter(move |(line, _)| line.starts_with("note: ") && line.ends_with(note))
        .filter_map(|(_, next)| next.trim_start().strip_prefix("--> "))
        .filter(|place| place.starts_with("fail/"))
}

fn code_at(place: &str, program: &str) -> String {
    let mut parts = place.split(':').skip(1);
    let mut number = || -> usize {
        let number = parts.next().and_then(|part| part.parse().ok());
        number.expect("line and column follow")
    };
    let (line, column) = (number(), number());
    let line = program.lines().nth(line - 1).unwrap_or_default();
    line.chars().skip(column - 1).collect()
}
