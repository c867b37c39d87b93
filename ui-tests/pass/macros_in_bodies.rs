//! A chat that formats, asserts and matches: macros in the bodies of workflows.
#![deny(warnings)]

use std::fmt::Write as _;

use durably::prelude::*;

#[activity(start_to_close = "10s")]
pub async fn post(room: String, text: String) -> Result<u64> {
    Ok((room.len() + text.len()) as u64)
}

#[derive(Debug, Default)]
pub struct Chat {
    lines: Vec<String>,
    muted: Vec<String>,
    posted: u64,
}

/// A macro of the user's own, for logging.
macro_rules! note {
    ($list:expr, $($text:tt)+) => { $list.push(format!($($text)+)) };
}

macro_rules! shout {
    ($text:literal) => {
        concat!($text, "!")
    };
}

#[workflow(task_queue = "chats")]
impl Chat {
    #[run]
    async fn run(&mut self, ctx: &Ctx, room: String) -> Result<String> {
        let width = 8;
        loop {
            ctx.wait_until(|| matches!(self.lines.len(), 1..)).await?;
            let line = self.lines.remove(0);
            debug_assert!(
                !line.is_empty(),
                "{room} has an empty line after {}",
                self.posted
            );
            if matches!(line.as_str(), "bye" | "quit") {
                break;
            }
            let text = format!(
                "{room:>width$}: {line} ({:?}, {n})",
                self.muted,
                n = self.posted
            );
            self.posted += post::call(ctx, &room, text).await?;
            // An await in the arguments of a formatting macro.
            note!(self.muted, "{} {}", line, self.posted);
            let told = format!("{}", post::call(ctx, &room, shout!("posted")).await?);
            assert_ne!(told, "", "{self:?}");
            let both = vec![post::call(ctx, "a", "b").await?, self.posted];
            let zeros = vec![0_u8; both.len()];
            assert_eq!(zeros.len(), 2, "as many as {both:?}");
        }
        self.without_awaits(ctx).await?;
        self.without_awaits_shared(ctx).await?;
        let mut text = String::new();
        writeln!(text, "{} posted in {room}", self.posted)?;
        write!(&mut text, "{:?}", self.muted)?;
        let Some(first) = self.muted.first() else {
            unreachable!("{self:?} has no line");
        };
        text += first;
        match self.posted {
            0 => todo_like(&text),
            n if n > 1_000_000 => bail!("{n} is too much for {}", self.muted.len()),
            _ => Ok(text),
        }
    }

    async fn step(&mut self, ctx: &Ctx, n: u64) -> Result<u64> {
        ctx.sleep(secs(1)).await?;
        self.posted += n;
        Ok(self.posted)
    }

    /// Arguments that use the state, none of which awaits in the macro call.
    async fn without_awaits(&mut self, ctx: &Ctx) -> Result<()> {
        let steps = vec![self.step(ctx, 1), Self::step(self, ctx, 2)];
        let steps = try_join_all(steps).await?;
        try_join_all(vec![ctx.wait_until(|| self.posted > 2)]).await?;
        join_all(vec![async { self.posted += steps[0] }]).await;
        Ok(())
    }

    /// The same where `self` is shared.
    async fn without_awaits_shared(&self, ctx: &Ctx) -> Result<()> {
        try_join_all(vec![ctx.wait_until(|| self.posted > 2)]).await?;
        join_all(vec![async { self.lines.len() }]).await;
        Ok(())
    }

    #[signal]
    fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    #[query]
    fn summary(&self) -> String {
        format!("{self:#?} {0} {0:?}", self.posted)
    }
}

fn todo_like(text: &str) -> Result<String> {
    Err(AppError::new("Silent", format_args!("{text} ").to_string()).into())
}

fn main() {}
