//! Calls of activities, children and other workflows, with what can be said at the call.
#![deny(warnings)]

use durably::{error::TimeoutKind, prelude::*, workflow::CancellationType};

#[activity(start_to_close = "1m")]
pub async fn translate(text: String, language: String) -> Result<String> {
    Ok(format!("{text} in {language}"))
}

#[activity]
pub async fn print(pages: Vec<String>, copies: u32) -> u32 {
    copies * pages.len() as u32
}

#[derive(Default)]
pub struct Chapter;

#[workflow(task_queue = "books")]
impl Chapter {
    #[run]
    async fn run(&mut self, ctx: &Ctx, title: String, pages: u32) -> Result<String> {
        let text = format!("{title}, {pages} pages");
        Ok(translate::call(ctx, text, "Latin").await?)
    }

    #[signal]
    fn hurry(&mut self) {}
}

#[derive(Default)]
pub struct Book {
    chapters: Vec<String>,
}

#[workflow(task_queue = "books")]
impl Book {
    #[run]
    async fn run(&mut self, ctx: &Ctx, title: String) -> Result<u32> {
        // Started now, awaited later; a reference, a `String` or a `&str` is a text.
        let blurb = translate::call(ctx, &title, String::from("Greek"))
            .summary("the blurb")
            .cancellation(CancellationType::TryCancel)
            .start();
        let chapter = Chapter::child(ctx, "One", 12)
            .id(format!("{title}-1"))
            .start()
            .await?;
        chapter.hurry().await?;
        self.chapters.push(Chapter::child(ctx, "Two", 9).await?);
        self.chapters.push(blurb.await?);
        Chapter::external(ctx, "elsewhere").hurry().await.ok();
        // The same activity by its name, for what is written in another language.
        let pages: u32 = ctx
            .activity("print", (self.chapters.clone(), 1))
            .task_queue("press")
            .start_to_close(mins(30))
            .await?;
        let copies = print::call(ctx, self.chapters.clone(), 2)
            .schedule_to_start(mins(1))
            .schedule_to_close(hours(1))
            .heartbeat(secs(30))
            .retry(Retry::attempts(5).backoff(1.5).not_for("NoPaper"))
            .await;
        match copies {
            Ok(copies) => Ok(pages + copies),
            Err(error) if error.timeout() == Some(TimeoutKind::ScheduleToStart) => Ok(pages),
            Err(error) => match error.app() {
                Some(app) if app.kind == "NoPaper" => Ok(0),
                _ => Err(error.into()),
            },
        }
    }
}

fn main() {}
