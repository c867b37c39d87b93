//! A crawler: helpers in the block and beside it, async ones, recursive ones, traits.
#![deny(warnings)]

use std::{cmp::Reverse, collections::BTreeSet, fmt};

use durably::prelude::*;

#[activity(start_to_close = "30s")]
pub async fn links(page: String) -> Result<Vec<String>> {
    Ok(vec![format!("{page}/a"), format!("{page}/b")])
}

#[derive(Debug, Default)]
pub struct Crawl {
    seen: BTreeSet<String>,
    broken: Vec<String>,
}

#[workflow(task_queue = "crawl")]
impl Crawl {
    const DEPTH: u32 = 3;

    #[run]
    async fn run(&mut self, ctx: &Ctx, start: String) -> Result<Vec<String>> {
        self.visit(ctx, start, Self::DEPTH).await?;
        let (broken, _) = join(self.recheck(ctx), Self::idle(ctx)).await;
        if !broken? {
            Crawl::polite(self, ctx).await;
        }
        Ok(self.report())
    }

    /// Recursion needs a box, as it does in any async fn.
    async fn visit(&mut self, ctx: &Ctx, page: String, depth: u32) -> Result<()> {
        if depth == 0 || !self.remember(&page) {
            return Ok(());
        }
        match links::call(ctx, &page).await {
            Ok(found) => {
                for page in found {
                    Box::pin(self.visit(ctx, page, depth - 1)).await?;
                }
            }
            Err(_) => self.broken.push(page),
        }
        Ok(())
    }

    async fn recheck(&self, ctx: &Ctx) -> Result<bool> {
        for page in self.broken.clone() {
            if links::call(ctx, page).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn polite(&mut self, ctx: &Ctx) {
        if ctx.sleep(secs(self.broken.len() as u64)).await.is_ok() {
            self.broken.clear();
        }
    }

    /// Without `self`, an async method is an ordinary function.
    async fn idle(ctx: &Ctx) -> bool {
        ctx.sleep(secs(1)).await.is_ok()
    }

    fn remember(&mut self, page: &str) -> bool {
        self.seen.insert(page.to_owned())
    }

    #[query]
    fn longest(&self) -> Option<String> {
        self.by_length().next().cloned()
    }
}

/// Methods that need no mark may stand in a block of their own.
impl Crawl {
    fn by_length(&self) -> impl Iterator<Item = &String> {
        let mut pages: Vec<&String> = self.seen.iter().collect();
        pages.sort_by_key(|page| Reverse(page.len()));
        pages.into_iter()
    }

    fn report(&self) -> Vec<String> {
        self.by_length()
            .map(|page| format!("{page} {self}"))
            .collect()
    }
}

impl fmt::Display for Crawl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pages, {} broken", self.seen.len(), self.broken.len())
    }
}

fn main() {
    let mut crawl = Crawl::default();
    assert!(crawl.remember("x") && crawl.longest().is_some());
}
