//! A customer's loyalty card, for years: continue-as-new with the state that it has.
#![deny(warnings)]

use durably::{ContinueAsNew, prelude::*};

#[durably::data]
#[derive(Clone, Debug, Default)]
pub struct Card {
    points: u64,
    level: Level,
    #[serde(skip)]
    seen: usize,
    ended: bool,
}

#[durably::data]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Level {
    #[default]
    Bronze,
    Gold,
}

#[workflow(task_queue = "loyalty")]
impl Card {
    #[init]
    fn new(card: Option<Card>, _name: String) -> Self {
        card.unwrap_or_default()
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx, _card: Option<Card>, name: String) -> Result<u64> {
        ctx.wait_until(|| self.ended || ctx.continue_as_new_suggested() || self.seen > 1_000)
            .await?;
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        if self.ended {
            return Ok(self.points);
        }
        if self.level == Level::Gold {
            return Err(self.as_gold(name).into());
        }
        Self::continue_as_new(Some(self.clone()), name).into()
    }

    fn as_gold(&self, name: String) -> ContinueAsNew {
        ContinueAsNew::other::<GoldCard>((self.points, name))
            .task_queue("gold")
            .run_timeout(days(365))
            .memo("from", "a loyalty card")
    }

    #[signal]
    fn earn(&mut self, points: u64) {
        self.points += points;
        self.seen += 1;
        if self.points > 10_000 {
            self.level = Level::Gold;
        }
    }

    #[signal]
    fn end(&mut self) {
        self.ended = true;
    }

    #[query]
    fn card(&self) -> Card {
        self.clone()
    }
}

#[derive(Default)]
pub struct GoldCard;

#[workflow(task_queue = "gold")]
impl GoldCard {
    #[run]
    async fn run(&mut self, ctx: &Ctx, points: u64, name: String) -> Result<u64> {
        ctx.sleep(days(365)).await?;
        let again = Self::continue_as_new(points / 2, name).retry(Retry::attempts(3));
        match points {
            0 => Ok(0),
            _ => again.into(),
        }
    }
}

fn main() {}
