//! Workflows as users write them.

use super::*;
use crate::prelude::*;

#[activity(start_to_close = "10s")]
async fn welcome(greeting: String, name: String) -> String {
    format!("{greeting}, {name}!")
}

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    greetings: Vec<String>,
    finished: bool,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
        loop {
            ctx.wait_until(|| self.finished || !self.names.is_empty())
                .await?;
            let Some(name) = self.names.pop() else {
                return Ok(self.greetings.clone());
            };
            self.greetings
                .push(welcome::call(ctx, "Hello", name).await?);
        }
    }

    #[signal]
    fn submit_greeting(&mut self, name: String) {
        self.names.push(name);
    }

    #[signal(name = "stop")]
    fn finish(&mut self) {
        self.finished = true;
    }

    #[query]
    fn greetings(&self) -> Vec<String> {
        self.greetings.clone()
    }
}

#[test]
fn the_greeting_greets_until_it_is_told_to_finish() {
    let (mut case, asked) = Case::started::<Greeting>();
    assert_eq!(asked, [""; 0]);
    case.signal("submit_greeting", ("Ada",));
    assert_eq!(case.settle(), [r#"activity 1: welcome("Hello", "Ada")"#]);
    case.signal("submit_greeting", ("Bob",));
    let trace = case.query("__stack_trace", ()).unwrap();
    assert!(
        trace.contains("tests/surface.rs:29:"),
        "the user's line, not the macro's: {trace}"
    );
    assert!(
        trace.starts_with("\"`Greeting`\\n    at "),
        "the run method comes first: {trace}"
    );
    assert_eq!(
        case.complete(1, "Hello, Ada!"),
        [r#"activity 2: welcome("Hello", "Bob")"#]
    );
    assert_eq!(case.query("greetings", ()), Ok(r#"["Hello, Ada!"]"#.into()));
    case.signal("stop", ());
    assert_eq!(
        case.complete(2, "Hello, Bob!"),
        [r#"done: ["Hello, Ada!","Hello, Bob!"]"#]
    );
}

#[derive(Default)]
struct Stock {
    taken: u32,
    log: Vec<String>,
}

#[workflow]
impl Stock {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        let (slow, _) = join(self.take(ctx, 2), async {
            ctx.sleep(secs(9)).await?;
            self.log.push("slept".into());
            Ok::<_, Cancelled>(())
        })
        .await;
        slow?;
        Ok(self.taken)
    }

    async fn take(&mut self, ctx: &Ctx, count: u32) -> Result<()> {
        for _ in 0..count {
            ctx.sleep(secs(1)).await?;
            self.taken += 1;
        }
        Ok(())
    }

    #[update(validator = check)]
    async fn order(&mut self, ctx: &Ctx, count: u32) -> Result<u32> {
        self.take(ctx, count).await?;
        Ok(self.taken)
    }

    fn check(&self, count: &u32) -> Result<(), String> {
        match *count > 2 {
            true => Err(format!("{count} are too many")),
            false => Ok(()),
        }
    }

    #[query]
    fn log(&self) -> Vec<String> {
        self.log.clone()
    }
}

#[test]
fn branches_helpers_and_handlers_share_the_state() {
    let (mut case, asked) = Case::started::<Stock>();
    assert_eq!(asked, ["timer 1: 1s", "timer 2: 9s"]);
    assert_eq!(
        case.update("u1", "order", (3,)),
        ["reject u1: 3 are too many"]
    );
    assert_eq!(case.update("u2", "order", (1,)), ["accept u2"]);
    assert_eq!(case.settle(), ["timer 3: 1s"]);
    assert_eq!(case.fire(1), ["timer 4: 1s"]);
    assert_eq!(case.fire(3), ["complete u2: 2"]);
    assert_eq!(case.fire(2), [""; 0]);
    assert_eq!(case.query("log", ()), Ok(r#"["slept"]"#.into()));
    assert_eq!(case.fire(4), ["done: 3"]);
}

#[derive(Default)]
struct CallsPlainly;

#[workflow]
impl CallsPlainly {
    #[run]
    async fn run(&mut self) -> String {
        welcome("Hello".into(), "Ada".into()).await
    }
}

#[test]
fn an_activity_called_as_a_plain_function_fails_the_task() {
    let text = Case::begun::<CallsPlainly>().failing();
    assert!(
        text.contains(
            "activity `welcome` was called as a plain function inside a workflow; \
             use `welcome::call(ctx, ..)`"
        ),
        "{text}"
    );
}

#[derive(Default)]
struct Hides;

macro_rules! hidden_wait {
    ($future:expr) => {
        $future.await
    };
}

#[workflow]
impl Hides {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let later = ctx.sleep(secs(1));
        hidden_wait!(later)?;
        Ok(())
    }
}

#[test]
fn an_await_hidden_in_a_macro_fails_the_task_with_its_place() {
    let text = Case::begun::<Hides>().failing();
    assert!(text.contains("kept `self` while suspended"), "{text}");
    assert!(text.contains("tests/surface.rs:"), "{text}");
}

#[workflow]
impl Rounds {
    #[init]
    fn new(view: &View, left: u32) -> Self {
        assert_eq!(view.workflow_id(), "test-1");
        Self { left }
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.sleep(secs(1)).await?;
        match self.left {
            0 => Ok(0),
            left => Self::continue_as_new(left - 1).into(),
        }
    }
}

struct Rounds {
    left: u32,
}

#[test]
fn init_takes_the_arguments_and_continue_as_new_passes_them_on() {
    let mut case = Case::unborn::<Rounds>();
    case.begin((2,)).expect("the run begins");
    assert_eq!(case.settle(), ["timer 1: 1s"]);
    assert_eq!(case.fire(1), ["continue as Rounds(1)"]);
}
