//! The first state of a run: made from its arguments, from the facts of the run, or of both.
#![deny(warnings)]

use durably::{Time, prelude::*};

#[durably::data]
#[derive(Clone)]
pub struct Basket {
    customer: String,
    items: Vec<String>,
}

/// The arguments become the state, so `run` need not take them.
pub struct Checkout {
    basket: Basket,
    opened: Time,
    attempt: u32,
    paid: bool,
}

#[workflow(task_queue = "shop")]
impl Checkout {
    #[init]
    fn open(view: &View, basket: Basket, express: bool) -> Self {
        let mut items = basket.items;
        if express {
            items.push("express".into());
        }
        Self {
            basket: Basket { items, ..basket },
            opened: view.now(),
            attempt: view.attempt(),
            paid: false,
        }
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Option<u64>> {
        if !ctx.wait_until(|| self.paid).timeout(hours(2)).await? {
            return Ok(None);
        }
        let open_for = ctx.now().duration_since(self.opened)?;
        Ok(Some(open_for.as_secs()))
    }

    #[signal]
    fn pay(&mut self, customer: String) {
        self.paid = customer == self.basket.customer;
    }

    #[query]
    fn items(&self) -> Vec<String> {
        self.basket.items.clone()
    }

    #[query]
    fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// Both take them: the state keeps what handlers need, the run has the rest.
pub struct Vote {
    left: u32,
    yes: u32,
}

#[workflow(task_queue = "shop")]
impl Vote {
    #[init]
    fn new(voters: u32, _question: String) -> Vote {
        assert!(voters > 0, "a vote needs voters");
        Vote {
            left: voters,
            yes: 0,
        }
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx, voters: u32, question: String) -> Result<String> {
        ctx.wait_until(|| self.left == 0).await?;
        Ok(format!("{question}: {} of {voters}", self.yes))
    }

    #[update]
    fn cast(&mut self, yes: bool) -> u32 {
        self.yes += u32::from(yes);
        self.left -= 1;
        self.left
    }
}

/// Takes nothing but the facts.
pub struct Stamp(String);

#[workflow(task_queue = "shop")]
impl Stamp {
    #[init]
    fn new(view: &View) -> Self {
        Self(format!("{} in {}", view.workflow_id(), view.namespace()))
    }

    #[run]
    async fn run(&mut self) -> String {
        self.0.clone()
    }
}

fn main() {}
