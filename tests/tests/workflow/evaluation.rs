//! The order in which a body evaluates what it awaits: that of the same body in a plain type.

use std::{
    cell::RefCell,
    fmt::Write as _,
    ops::{Index, IndexMut},
    rc::Rc,
};

use durably::prelude::*;
use durably_tests::{World, on_both_servers};

/// What happened, in order.
#[derive(Clone, Debug, Default)]
struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    fn note(&self, what: &str) {
        self.0.borrow_mut().push(what.to_owned());
    }

    /// An operand that waits: it notes its name before and after.
    async fn wait<T>(&self, ctx: &Ctx, name: &str, value: T) -> Result<T> {
        self.note(&format!("{name}.."));
        ctx.sleep(secs(0)).await?;
        self.note(name);
        Ok(value)
    }

    /// An operand that does not wait.
    fn now<T>(&self, name: &str, value: T) -> T {
        self.note(name);
        value
    }
}

/// A list of a type of its own, whose places are found by a call.
#[derive(Debug, Default)]
struct Shelf {
    books: [Noted; 3],
}

#[derive(Debug, Default)]
struct Noted {
    log: Log,
    n: u32,
}

impl Index<usize> for Shelf {
    type Output = Noted;
    fn index(&self, at: usize) -> &Noted {
        &self.books[at]
    }
}

impl IndexMut<usize> for Shelf {
    fn index_mut(&mut self, at: usize) -> &mut Noted {
        &mut self.books[at]
    }
}

impl Noted {
    fn set(&mut self, a: u32, b: u32) -> &mut Self {
        self.log.note(&format!("set {a} {b}"));
        self.n = a + b;
        self
    }
}

/// Notes when a temporary value is dropped.
struct Guard(Log, &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.note(&format!("drop {}", self.1));
    }
}

impl Guard {
    async fn wait(&self, ctx: &Ctx, n: u32) -> Result<u32> {
        self.0.wait(ctx, self.1, n).await
    }
}

fn call(log: &Log, state: &u32, a: u32, b: u32) -> u32 {
    log.note(&format!("call {state} {a} {b}"));
    a + b
}

/// The same body for a workflow and for a plain type, which the workflow runs beside it.
macro_rules! both {
    ($($body:tt)*) => {
        #[derive(Debug, Default)]
        struct Evaluation { log: Log, shelf: Shelf, list: Vec<u32>, text: String, n: u32 }

        #[derive(Debug, Default)]
        struct Plain { log: Log, shelf: Shelf, list: Vec<u32>, text: String, n: u32 }

        #[workflow]
        impl Evaluation {
            #[run]
            async fn run(&mut self, ctx: &Ctx) -> Result<(Vec<String>, Vec<String>)> {
                let mut plain = Plain::default();
                self.all(ctx).await?;
                plain.all(ctx).await?;
                let both = (self.log.0.take(), plain.log.0.take());
                Ok(both)
            }

            $($body)*
        }

        impl Plain { $($body)* }
    };
}

both! {
    async fn all(&mut self, ctx: &Ctx) -> Result<()> {
        let log = self.log.clone();
        let log = &log;
        self.list = vec![0; 4];
        for book in &mut self.shelf.books {
            book.log = log.clone();
        }

        log.note("-- assignment: the value, then the place");
        self.list[log.wait(ctx, "index", 1).await?] = log.now("value", 2);
        self.list[log.wait(ctx, "index", 1).await?] = log.wait(ctx, "value", 2).await?;
        self.shelf[log.wait(ctx, "index", 1).await?].n = log.wait(ctx, "value", 3).await?;
        self.n = log.wait(ctx, "value", self.n + 1).await?;
        (self.list[log.wait(ctx, "left", 0).await?], self.n) =
            (log.wait(ctx, "first", 1).await?, log.wait(ctx, "second", 2).await?);
        self.n = 1;
        self.list[log.wait(ctx, "index", 1).await?] = { self.n += 1; self.n };

        log.note("-- compound assignment of a number: the operand, then the place");
        self.list[log.wait(ctx, "index", 1).await?] += log.wait(ctx, "operand", 2).await?;
        self.list[log.wait(ctx, "index", 1).await?] += log.now("operand", 2);
        self.n -= log.wait(ctx, "operand", 1).await?;

        log.note("-- calls: the place, then the arguments");
        self.list.insert(log.wait(ctx, "index", 1).await?, log.wait(ctx, "item", 2).await?);
        self.shelf[log.wait(ctx, "index", 2).await?].set(log.wait(ctx, "a", 1).await?, log.now("b", 2)).n += 1;
        self.shelf[log.wait(ctx, "index", 2).await?].set(log.now("a", 1), log.now("b", 2));
        self.n = call(log, &self.list[1], log.now("a", 1), log.wait(ctx, "b", 2).await?);
        self.n = call(log, &self.n, log.wait(ctx, "a", 1).await?, log.now("b", 2));
        let mut local = 1;
        self.list.insert(local, { local += 1; log.wait(ctx, "item", local as u32).await? });
        log.note(&format!("{:?} {local}", self.list));

        log.note("-- places that are looked at");
        let n = self.shelf[log.wait(ctx, "index", 1).await?].n + self.shelf[log.wait(ctx, "other", 2).await?].n;
        let shared = &self.shelf[log.wait(ctx, "index", 1).await?];
        log.note(&format!("{n} {}", shared.n));
        if self.list[log.wait(ctx, "left", 0).await?] == log.wait(ctx, "right", 0).await? {
            log.note("equal");
        }
        match self.shelf[log.wait(ctx, "index", 1).await?].n {
            n if n == log.now("guard", 9) => log.note("nine"),
            _ => log.note("other"),
        }

        log.note("-- operands, from left to right");
        let sum = log.wait(ctx, "a", 1).await? + log.now("b", 2) * log.wait(ctx, "c", 3).await?;
        let tuple = (log.wait(ctx, "a", 1).await?, log.now("b", 2), log.wait(ctx, "c", 3).await?);
        let array = [log.now("a", 1), log.wait(ctx, "b", 2).await?, self.n];
        let and = log.wait(ctx, "a", false).await? && log.wait(ctx, "b", true).await?;
        let or = log.wait(ctx, "a", true).await? || log.wait(ctx, "b", true).await?;
        let shelf = Noted { n: log.wait(ctx, "n", 1).await?, log: log.now("log", log.clone()) };
        let range = log.wait(ctx, "from", 1).await?..log.wait(ctx, "to", 2).await?;
        log.note(&format!("{sum} {tuple:?} {array:?} {and} {or} {} {range:?}", shelf.n));

        log.note("-- macros");
        let text = format!("{} {} {}", self.n, log.now("a", 1), log.wait(ctx, "b", 2).await?);
        write!(self.text, "{text} {} {}", log.wait(ctx, "a", 1).await?, log.wait(ctx, "b", 2).await?)?;
        assert_eq!(self.n, log.wait(ctx, "right", self.n).await?);
        log.note(&self.text);

        log.note("-- jumps");
        let found = 'found: {
            if self.n > 0 {
                break 'found log.wait(ctx, "value", 7).await?;
            }
            log.wait(ctx, "not here", 8).await?
        };
        let n = 'outer: loop {
            while log.wait(ctx, "condition", true).await? {
                if self.n > 0 {
                    break 'outer log.wait(ctx, "result", found).await?;
                }
            }
        };
        log.note(&n.to_string());

        log.note("-- temporaries live to the end of their statement, as with a plain await");
        self.n = Guard(log.clone(), "guard").wait(ctx, 1).await? + log.wait(ctx, "b", 2).await?;
        let kept = &Guard(log.clone(), "kept");
        match Guard(log.clone(), "scrutinee").wait(ctx, 1).await? {
            1 => log.note("arm"),
            _ => log.note("not here"),
        }
        if let Ok(n) = Guard(log.clone(), "if").wait(ctx, 1).await {
            log.note(&format!("then {n}"));
        }
        self.list[Guard(log.clone(), "index").wait(ctx, 1).await? as usize] = 2;
        kept.wait(ctx, 1).await?;
        Ok(())
    }
}

/// Arrays in arrays, with an index that awaits after another one. There is no plain type beside it:
/// rustc 1.95 does not keep the first index of such a place across the await, and writes to a wrong
/// element or outside of the array.
#[derive(Debug, Default)]
struct Grid {
    log: Log,
    cells: [[u32; 2]; 2],
}

#[workflow]
impl Grid {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(Vec<String>, [[u32; 2]; 2])> {
        let log = self.log.clone();
        self.cells[log.now("i", 1)][log.wait(ctx, "j", 0).await?] = log.now("value", 2);
        self.cells[log.wait(ctx, "i", 0).await?][log.wait(ctx, "j", 1).await?] =
            log.wait(ctx, "value", 3).await?;
        Ok((log.0.take(), self.cells))
    }
}

on_both_servers! {
    a_body_evaluates_what_it_awaits_in_the_order_of_plain_rust
    awaited_indices_of_arrays_find_their_element
}

async fn awaited_indices_of_arrays_find_their_element(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Grid>().spawn().await?;
    let handle = Grid::start(&world.client).task_queue(&world.queue).await?;
    let (log, cells) = handle.result().await?;
    assert_eq!(cells, [[0, 3], [2, 0]]);
    let first = ["value", "i", "j..", "j"];
    let second = ["value..", "value", "i..", "i", "j..", "j"];
    assert_eq!(log, [&first[..], &second].concat());
    worker.shutdown().await
}

async fn a_body_evaluates_what_it_awaits_in_the_order_of_plain_rust(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Evaluation>().spawn().await?;
    let handle = Evaluation::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let (lent, plain) = handle.result().await?;
    assert!(plain.len() > 100, "{plain:#?}");
    for (at, (lent, plain)) in lent.iter().zip(&plain).enumerate() {
        assert_eq!(lent, plain, "at {at} of {plain:#?}");
    }
    assert_eq!(lent.len(), plain.len());
    worker.shutdown().await
}
