//! The table of results: ours, theirs (or the target), and the ratio that favours us above 1.

use std::fmt;

#[derive(Default)]
pub struct Table(Vec<Row>);

struct Row {
    what: String,
    ours: f64,
    theirs: String,
    ratio: f64,
}

impl Table {
    pub fn lower_is_better(&mut self, what: &str, ours: f64, theirs: f64) {
        self.push(what, ours, number(theirs), theirs / ours);
    }

    pub fn higher_is_better(&mut self, what: &str, ours: f64, theirs: f64) {
        self.push(what, ours, number(theirs), ours / theirs);
    }

    pub fn at_least(&mut self, what: &str, ours: f64, target: f64) {
        self.push(
            what,
            ours,
            format!("target {}", number(target)),
            ours / target,
        );
    }

    pub fn at_most(&mut self, what: &str, ours: f64, target: f64) {
        self.push(
            what,
            ours,
            format!("target {}", number(target)),
            target / ours,
        );
    }

    fn push(&mut self, what: &str, ours: f64, theirs: String, ratio: f64) {
        println!("{what}: {} / {theirs}", number(ours));
        self.0.push(Row {
            what: what.to_owned(),
            ours,
            theirs,
            ratio,
        });
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| measure | durably | official SDK | better by |")?;
        writeln!(f, "|---|---:|---:|---:|")?;
        for row in &self.0 {
            let (ours, theirs) = (number(row.ours), &row.theirs);
            writeln!(
                f,
                "| {} | {ours} | {theirs} | {:.1}x |",
                row.what, row.ratio
            )?;
        }
        Ok(())
    }
}

fn number(n: f64) -> String {
    if n >= 100.0 {
        format!("{n:.0}")
    } else {
        format!("{n:.2}")
    }
}
