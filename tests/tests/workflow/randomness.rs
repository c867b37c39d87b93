//! Random numbers and ids: each run has its own, and a replay repeats them.

use std::slice;

use durably::prelude::*;
use durably_tests::{World, eventually, on_both_servers, unique};
use rand::{RngExt, seq::SliceRandom};

/// What was drawn in all ways.
#[durably::data]
#[derive(Clone, Debug, PartialEq)]
struct Draws {
    number: u64,
    is_heads: bool,
    id: String,
    /// In the order of their times.
    timed_ids: [String; 2],
    rolls: Vec<u32>,
    cards: Vec<u32>,
    named: u64,
}

fn draws(ctx: &Ctx) -> Draws {
    let mut rng = ctx.rng();
    let mut cards: Vec<u32> = (0..52).collect();
    cards.shuffle(&mut rng);
    Draws {
        number: ctx.random(),
        is_heads: ctx.random(),
        id: ctx.uuid().to_string(),
        timed_ids: [(); 2].map(|()| ctx.uuid7().to_string()),
        rolls: (0..20).map(|_| rng.random_range(1..=6)).collect(),
        cards,
        named: ctx.rng_named("lottery").random(),
    }
}

#[derive(Default)]
struct Game {
    drawn: Vec<Draws>,
    rounds: usize,
}

#[workflow]
impl Game {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<Draws>> {
        self.drawn.push(draws(ctx));
        ctx.wait_until(|| self.rounds > 0).await?;
        self.drawn.push(draws(ctx));
        Ok(self.drawn.clone())
    }

    #[signal]
    fn play(&mut self) {
        self.rounds += 1;
    }

    #[query]
    fn drawn(&self) -> Vec<Draws> {
        self.drawn.clone()
    }
}

/// Draws a winner, and then a number.
mod before {
    use super::*;

    #[derive(Default)]
    pub(super) struct Lottery {
        drawn: Option<(u64, u64)>,
        closed: bool,
    }

    #[workflow]
    impl Lottery {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<(u64, u64)> {
            let winner = ctx.rng_named("winner").random();
            let drawn = (winner, ctx.random());
            self.drawn = Some(drawn);
            ctx.wait_until(|| self.closed).await?;
            Ok(drawn)
        }

        #[signal]
        pub(super) fn close(&mut self) {
            self.closed = true;
        }

        #[query]
        pub(super) fn drawn(&self) -> Option<(u64, u64)> {
            self.drawn
        }
    }
}

/// Draws another number before.
mod after {
    use super::*;

    #[derive(Default)]
    pub(super) struct Lottery {
        closed: bool,
    }

    #[workflow]
    impl Lottery {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<(u64, u64)> {
            let _another: u64 = ctx.random();
            let winner = ctx.rng_named("winner").random();
            let drawn = (winner, ctx.random());
            ctx.wait_until(|| self.closed).await?;
            Ok(drawn)
        }

        #[signal]
        pub(super) fn close(&mut self) {
            self.closed = true;
        }
    }
}

on_both_servers! {
    random_numbers_and_ids_are_those_of_the_run_in_each_replay
    numbers_of_a_name_stay_when_other_code_draws
}

async fn random_numbers_and_ids_are_those_of_the_run_in_each_replay(world: &World) -> Result<()> {
    let first = world.worker().workflow::<Game>().spawn().await?;
    let start = || {
        let start = Game::start(&world.client).id(unique("game"));
        start.task_queue(&world.queue)
    };
    let (one, other) = (start().await?, start().await?);
    let drawn = async |game: &Handle<Game>| {
        let drawn = eventually("the first draws", || async {
            game.drawn().await.ok()?.into_iter().next()
        });
        drawn.await
    };
    let (of_one, of_other) = (drawn(&one).await, drawn(&other).await);
    for draws in [&of_one, &of_other] {
        assert_eq!(&draws.id[14..15], "4", "{}", draws.id);
        for id in &draws.timed_ids {
            assert_eq!(&id[14..15], "7", "{id}");
        }
        assert!(draws.timed_ids.is_sorted(), "{:?}", draws.timed_ids);
        assert!(draws.rolls.iter().all(|roll| (1..=6).contains(roll)));
        let mut cards = draws.cards.clone();
        assert!(!cards.is_sorted(), "{cards:?}");
        cards.sort_unstable();
        assert_eq!(cards, (0..52).collect::<Vec<_>>());
        assert_ne!(draws.number, draws.named);
    }
    // Each run has numbers of its own.
    assert_ne!(of_one.number, of_other.number);
    assert_ne!(of_one.id, of_other.id);
    assert_ne!(of_one.timed_ids, of_other.timed_ids);
    assert_ne!(of_one.cards, of_other.cards);
    assert_ne!(of_one.named, of_other.named);
    first.shutdown().await?;

    let second = world.worker().workflow::<Game>().spawn().await?;
    assert_eq!(one.drawn().await?, slice::from_ref(&of_one));
    one.play().await?;
    let drawn = one.result().await?;
    assert_eq!(drawn[0], of_one);
    // The sequences go on where the replay ended.
    assert_ne!(drawn[1].number, of_one.number);
    assert_ne!(drawn[1].named, of_one.named);
    assert_ne!(drawn[1].id, of_one.id);
    assert!(drawn[1].timed_ids[0] > of_one.timed_ids[1]);
    other.play().await?;
    assert_eq!(other.result().await?[0], of_other);
    second.shutdown().await
}

async fn numbers_of_a_name_stay_when_other_code_draws(world: &World) -> Result<()> {
    let first = world.worker().workflow::<before::Lottery>().spawn().await?;
    let lottery = before::Lottery::start(&world.client)
        .id(unique("lottery"))
        .task_queue(&world.queue)
        .await?;
    let (winner, number) = eventually("the draw", || async { lottery.drawn().await.ok()? }).await;
    first.shutdown().await?;
    let second = world.worker().workflow::<after::Lottery>().spawn().await?;
    lottery.close().await?;
    let (same, other) = lottery.result().await?;
    assert_eq!(same, winner);
    assert_ne!(other, number);
    second.shutdown().await
}
