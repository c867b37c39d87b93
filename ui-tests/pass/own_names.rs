//! A slide show whose own types are called as the SDK's are: `View`, `Ctx`, `Result`, `Error`.
#![deny(warnings)]

/// What a slide shows; nothing here is the SDK's.
mod slides {
    use std::fmt;

    #[durably::data]
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct View {
        pub slide: u32,
    }

    #[durably::data]
    #[derive(Clone, Debug, Default)]
    pub struct Ctx {
        pub speaker: String,
    }

    #[derive(Debug)]
    pub struct Error;

    impl fmt::Display for Error {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no such slide")
        }
    }

    impl std::error::Error for Error {}

    pub type Result<T> = std::result::Result<T, Error>;

    #[derive(Debug, Clone, Copy, PartialEq)]
    pub enum Option {
        None,
        Some(u32),
    }
}

use slides::{Ctx, Error, Option, Result, View};

#[durably::activity(start_to_close = "10s")]
async fn render(view: View, ctx: Ctx) -> Result<usize> {
    match view.slide {
        0 => Err(Error),
        n => Ok(ctx.speaker.len() + n as usize),
    }
}

struct Show {
    view: View,
    last: Option,
}

#[durably::workflow(task_queue = "shows")]
impl Show {
    #[init]
    fn new(view: View, _slides: u32) -> Self {
        Self {
            view,
            last: Option::None,
        }
    }

    #[run]
    async fn run(&mut self, ctx: &durably::Ctx, view: View, slides: u32) -> Result<usize> {
        let speaker = Ctx {
            speaker: "Ann".into(),
        };
        let mut pixels = 0;
        while self.view.slide < slides {
            let shown = render::call(ctx, self.view.clone(), speaker.clone()).await;
            pixels += shown.map_err(|_| Error)?;
            ctx.sleep(durably::secs(1)).await.map_err(|_| Error)?;
            self.last = Option::Some(self.view.slide);
            self.view.slide += 1;
        }
        Ok(pixels + view.slide as usize)
    }

    #[signal]
    fn jump(&mut self, view: View) {
        self.view = view;
    }

    #[update(validator = check)]
    fn show(&mut self, sdk: &durably::View, ctx: Ctx, view: View) -> Result<String> {
        self.view = view;
        Ok(format!("{} shows {}", ctx.speaker, sdk.workflow_id()))
    }

    fn check(&self, ctx: &Ctx, view: &View) -> Result<()> {
        match self.last {
            Option::Some(last) if last > view.slide && ctx.speaker.is_empty() => Err(Error),
            Option::Some(_) | Option::None => Ok(()),
        }
    }

    #[query]
    fn view(&self) -> View {
        self.view.clone()
    }
}

async fn audience(client: &durably::Client) -> durably::Result<View> {
    let show = Show::start(client, View::default(), 12).await?;
    show.jump(View { slide: 3 }).await?;
    show.show(Ctx::default(), View { slide: 4 }).await?;
    Ok(show.view().await?)
}

fn main() {
    let _ = audience;
}
