//! `self` in every place of an async method where it may stand.
#![deny(warnings)]

use std::fmt::Write as _;

use durably::prelude::*;

#[activity(start_to_close = "1s")]
async fn greet(name: String) -> String {
    name
}

#[derive(Debug, Default)]
struct Everywhere {
    names: Vec<String>,
    n: usize,
}

macro_rules! own_dsl {
    ($value:expr => $list:expr) => {
        $list.push($value)
    };
}

#[workflow]
impl Everywhere {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        // Two branches that both use it.
        let a = async {
            ctx.sleep(secs(1)).await?;
            self.n += 1;
            Ok::<_, Error>(())
        };
        let b = async {
            ctx.sleep(secs(2)).await?;
            self.n += 2;
            Ok::<_, Error>(())
        };
        let (x, y) = join(a, b).await;
        x?;
        y?;
        // Calls built from borrowed arguments borrow nothing while they are awaited.
        let all = join_all(self.names.iter().map(|name| greet::call(ctx, name))).await;
        self.n += all.len();
        // What is awaited goes into a place of the state.
        for name in self.names.clone() {
            self.n += greet::call(ctx, name).await?.len();
        }
        self.names.push(greet::call(ctx, "Bob").await?);
        self.names
            .insert(self.n / 9, greet::call(ctx, format!("{}", self.n)).await?);
        self.note(greet::call(ctx, "Ann").await?, self.n);
        // Inline captures, nested macros, macros that are no list of expressions.
        let prefix = "x";
        let mut text = format!("{self:?} {prefix} {} {}", format!("{self:?}").len(), self.n,);
        write!(text, "{self:?}")?;
        assert!(matches!(self.names.first(), Some(first) if !first.is_empty() && self.n > 0));
        let zeros = vec![self.n; 3];
        own_dsl!(text => self.names);
        // Helpers: async, by path, recursive, on a shared receiver, and plain.
        self.helper(ctx).await?;
        Self::helper(self, ctx).await?;
        Everywhere::helper(self, ctx).await?;
        let (first, second) = join(self.helper(ctx), self.reader(ctx)).await;
        first?;
        self.n += second?;
        self.n = Self::plain(self.n);
        // Closures that run at once, and patterns.
        let n = self.n;
        self.names
            .iter_mut()
            .for_each(|name| name.push_str(&n.to_string()));
        let longest = self.names.iter().map(|name| name.len() + self.n).max();
        let Self { names, .. } = self;
        names.push(String::from("pattern"));
        while let Some(name) = self.names.pop() {
            ctx.sleep(secs(name.len() as u64)).await?;
        }
        match self.n {
            0 => ctx.sleep(secs(1)).await?,
            _ if self.names.is_empty() => self.n += 1,
            _ => {}
        }
        // Conditions, also in a race and with a timeout.
        match race(ctx.wait_until(|| self.n > 3), ctx.sleep(secs(9))).await {
            Either::First(_) => self.n = 1,
            Either::Second(_) => self.n = 2,
        }
        if !ctx.wait_until(|| self.n > 30).timeout(secs(9)).await? {
            self.n = 0;
        }
        // A block that outlives this statement.
        let background = {
            let ctx2 = ctx.clone();
            ctx.spawn(async move {
                ctx2.sleep(secs(1)).await?;
                self.n += 1;
                ctx2.wait_until(|| self.n > 1).await?;
                Ok::<_, Error>(self.n)
            })
        };
        let _ = background.await;
        // A block that does not mention the state is left alone.
        let pause = async { ctx.sleep(secs(1)).await };
        pause.await?;
        let later = async |seconds: u64| ctx.sleep(secs(seconds)).await;
        later(3).await?;
        Ok(format!("{zeros:?} {longest:?} {}", self.names.len()))
    }

    async fn helper(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        self.n += 1;
        if self.n < 3 {
            Box::pin(self.helper(ctx)).await?;
        }
        Ok(())
    }

    async fn reader(&self, ctx: &Ctx) -> Result<usize> {
        ctx.wait_until(|| self.n > 1).await?;
        let all: usize = self.names.iter().map(|name| name.len() + self.n).sum();
        Ok(format!("{self:?}").len() + all)
    }

    fn note(&mut self, name: String, n: usize) {
        self.names.push(format!("{name} {n}"));
    }

    fn plain(n: usize) -> usize {
        n + 1
    }
}

fn main() {}
