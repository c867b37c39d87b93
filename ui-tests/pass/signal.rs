//! A game that players join and leave: signal handlers, plain and async, that may fail the game.
#![deny(warnings)]

use std::collections::BTreeSet;

use durably::prelude::*;

#[activity(start_to_close = "5s")]
pub async fn welcome(player: String) -> Result<u32> {
    Ok(u32::try_from(player.len())?)
}

#[derive(Default)]
pub struct Game {
    players: BTreeSet<String>,
    scores: Vec<(String, u32)>,
    started_at: Option<i64>,
    over: bool,
}

#[workflow(task_queue = "games")]
impl Game {
    #[run]
    async fn run(&mut self, ctx: &Ctx, seats: usize) -> Result<Vec<(String, u32)>> {
        ctx.wait_until(|| self.players.len() == seats || self.over)
            .timeout(mins(10))
            .await?;
        ctx.wait_until(|| self.over && ctx.handlers_finished())
            .await?;
        Ok(std::mem::take(&mut self.scores))
    }

    /// Takes a seat, once.
    #[signal]
    fn join(&mut self, view: &View, player: String) {
        self.started_at
            .get_or_insert_with(|| view.now().unix_seconds());
        self.players.insert(player);
    }

    /// Greets the player, and keeps what the greeting gave.
    #[signal(name = "greet-player")]
    async fn greet(&mut self, ctx: &Ctx, player: String) -> Result<()> {
        let score = welcome::call(ctx, &player).await?;
        self.scores.push((player, score));
        Ok(())
    }

    /// A cheat ends the game for all.
    #[signal]
    fn report_cheat(&mut self, player: String, proof: Option<Vec<u8>>) -> Result<()> {
        if proof.is_some() {
            return Err(AppError::new("Cheat", player).non_retryable().into());
        }
        Ok(())
    }

    #[signal]
    async fn finish_in(&mut self, ctx: &Ctx, seconds: u64) {
        let ended = ctx.sleep(secs(seconds)).await;
        self.over = ended.is_ok();
    }

    #[signal]
    fn scores(&mut self, scores: Vec<(String, u32)>, replace: bool) {
        if replace {
            self.scores.clear();
        }
        self.scores.extend(scores);
    }
}

#[derive(Default)]
pub struct Referee;

#[workflow(task_queue = "games")]
impl Referee {
    #[run]
    async fn run(&mut self, ctx: &Ctx, game: String) -> Result<()> {
        let game = Game::external(ctx, &game);
        game.greet("the referee").await?;
        game.report_cheat("Bob", None).await?;
        game.finish_in(60).await?;
        Ok(())
    }
}

pub async fn play(client: &Client) -> Result<usize> {
    let game = Game::start(client, 2)
        .id("game-1")
        .with_signal(|game| game.join("Ann"))
        .await?;
    let bob = String::from("Bob");
    game.join(&bob).await?;
    game.scores(vec![(bob, 3)], false).await?;
    Ok(game.result().await?.len())
}

fn main() {}
