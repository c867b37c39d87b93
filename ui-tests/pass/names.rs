//! Names on the wire, names of Rust, and names that are keywords.
#![deny(warnings)]

use durably::prelude::*;

#[activity(name = "Bücher prüfen", start_to_close = "10s")]
pub async fn check_books(r#type: String, r#in: u32) -> Result<bool> {
    Ok(r#type.len() > r#in as usize)
}

#[activity(start_to_close = "10s")]
pub async fn r#move(from: u8, to: u8) -> u8 {
    to - from
}

#[derive(Default)]
pub struct Library {
    books: Vec<String>,
    open: bool,
}

#[workflow(name = "library/v2", task_queue = "library")]
impl Library {
    #[run]
    async fn r#loop(&mut self, ctx: &Ctx, r#where: String, self_service: bool) -> Result<usize> {
        self.open = self_service;
        ctx.wait_until(|| !self.open).await?;
        let checked = check_books::call(ctx, &r#where, 3).await?;
        let moved = r#move::call(ctx, 1, 2).await?;
        Ok(self.books.len() + usize::from(checked) + usize::from(moved))
    }

    /// A handle has a `cancel` of its own, so Rust calls it otherwise.
    #[signal(name = "cancel")]
    fn cancel_loan(&mut self, book: String) {
        self.books.retain(|kept| *kept != book);
    }

    #[signal]
    fn r#return(&mut self, r#struct: String, client: String, ctx_: String, id: String) {
        self.books.extend([r#struct, client, ctx_, id]);
    }

    /// Another kind of handler may have the name that a signal has on the wire.
    #[query(name = "cancel")]
    fn cancelled(&self) -> bool {
        !self.open
    }

    #[query(name = "book count?")]
    fn count(&self) -> usize {
        self.books.len()
    }

    #[update(name = "result")]
    fn set_result(&mut self, state: bool, view: u8, name: String, handle: Option<u8>) -> String {
        self.open = state;
        format!("{view} {name} {handle:?}")
    }

    #[update]
    async fn update(&mut self, ctx: &Ctx, this: u8, args: Vec<u8>, output: u8) -> Result<u8> {
        ctx.sleep(secs(this.into())).await?;
        Ok(output + args.into_iter().sum::<u8>())
    }
}

pub async fn librarian(client: &Client) -> Result<()> {
    let library = Library::start(client, "the town", true)
        .id("library")
        .await?;
    library.r#return("Ulysses", "x", "y", "z").await?;
    library.cancel_loan("Ulysses").await?;
    println!("{} {}", library.cancelled().await?, library.count().await?);
    library.set_result(false, 1, "name", None).await?;
    library.update(1, vec![2, 3], 4).await?;
    Ok(())
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "library")
        .workflow::<Library>()
        .activity::<check_books>()
        .activity::<r#move>()
}

fn main() {}

/// A helper called like the signals by name that every handle of a workflow sends.
#[derive(Default)]
pub struct Crossing {
    passed: u32,
}

#[workflow]
impl Crossing {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<bool> {
        ctx.wait_until(|| self.passed > 3).await?;
        Ok(self.signal())
    }

    #[signal]
    fn pass(&mut self) {
        self.passed += 1;
    }

    fn signal(&self) -> bool {
        self.passed.is_multiple_of(2)
    }
}

#[derive(Default)]
pub struct City;

#[workflow]
impl City {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let crossing = Crossing::child(ctx).start().await?;
        crossing.signal("pass", ()).await?;
        crossing.pass().await?;
        Ok(())
    }
}
