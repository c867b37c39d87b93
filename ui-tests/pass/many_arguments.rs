//! A loan: as many arguments as a form has fields.
#![deny(warnings)]

use durably::prelude::*;

#[activity(start_to_close = "1m")]
#[allow(clippy::too_many_arguments)]
pub async fn score(
    name: String,
    age: u8,
    income: u64,
    debts: Vec<u64>,
    city: Option<String>,
    married: bool,
    children: u8,
    rate: f64,
    history: [u16; 3],
) -> Result<f64> {
    let place = city.map_or(0, |city| city.len());
    let people = f64::from(children + u8::from(married) + age);
    let left = income as f64 - debts.iter().sum::<u64>() as f64;
    Ok(left * rate / people + (name.len() + place + history.len()) as f64)
}

#[derive(Default)]
pub struct Loan {
    papers: Vec<(String, u32, char, Option<i8>)>,
}

#[workflow(task_queue = "loans")]
impl Loan {
    #[run]
    #[expect(clippy::too_many_arguments, reason = "the form has so many")]
    async fn run(
        &mut self,
        ctx: &Ctx,
        name: String,
        age: u8,
        income: u64,
        debts: Vec<u64>,
        city: Option<String>,
        married: bool,
        children: u8,
        rate: f64,
    ) -> Result<bool> {
        let history = [1, 2, 3];
        let scored = score::call(
            ctx, &name, age, income, debts, &city, married, children, rate, history,
        );
        let score = scored.await?;
        ctx.wait_until(|| self.papers.len() > 2).await?;
        Ok(score > 0.5)
    }

    #[signal]
    fn paper(&mut self, title: String, pages: u32, grade: char, shelf: Option<i8>) {
        self.papers.push((title, pages, grade, shelf));
    }

    #[update(validator = has_papers)]
    async fn amend(
        &mut self,
        ctx: &Ctx,
        mut at: usize,
        title: String,
        mut pages: u32,
        grade: char,
    ) -> Result<Option<(String, u32)>> {
        ctx.sleep(secs(1)).await?;
        at = at.min(self.papers.len() - 1);
        pages += 1;
        self.papers[at] = (title, pages, grade, None);
        Ok(self
            .papers
            .last()
            .map(|(title, pages, ..)| (title.clone(), *pages)))
    }

    fn has_papers(&self, _: &usize, _: &str, pages: &u32, _: &char) -> Result<(), String> {
        match self.papers.is_empty() || *pages == 0 {
            true => Err("there are no papers".into()),
            false => Ok(()),
        }
    }
}

pub async fn apply(client: &Client) -> Result<bool> {
    let loan = Loan::start(client, "Ann", 33, 40_000, vec![100], None, true, 2, 0.3).await?;
    loan.paper("passport", 2, 'a', Some(-1)).await?;
    loan.amend(0, "passport", 3, 'b').await?;
    Ok(loan.result().await?)
}

fn main() {}
