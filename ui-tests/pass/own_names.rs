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

/// Types, modules and functions of the user's that are called like what could be generated.
mod greetings {
    use durably::prelude::*;

    #[durably::data]
    #[derive(Clone, Default)]
    pub struct GreetingMethods {
        pub by_post: bool,
    }

    pub struct GreetingInside;
    pub struct GreetingHandle;
    pub trait AsyncMethodsOfGreeting {}

    #[durably::data]
    #[derive(Clone, Default)]
    pub struct ShopStub(pub u64);

    pub mod mail {
        #[durably::data]
        #[derive(Clone, Default)]
        pub struct Letter(pub String);
    }

    /// A type in lower case, and `mail` a module: an activity of their names hides neither.
    #[allow(non_camel_case_types)]
    type stamp = u64;

    pub struct Shop;

    #[activities]
    impl Shop {
        #[activity(start_to_close = "1s")]
        pub async fn mail(&self, letter: mail::Letter) -> mail::Letter {
            letter
        }
        #[activity(start_to_close = "1s")]
        pub fn stamp(&self, cents: stamp) -> Result<stamp> {
            Ok(cents)
        }
        #[activity(start_to_close = "1s")]
        pub fn str(&self, stub: ShopStub) -> String {
            stub.0.to_string()
        }
        #[activity(start_to_close = "1s")]
        pub fn r#type(&self) -> ShopStub {
            ShopStub(1)
        }
    }

    #[derive(Default)]
    pub struct Greeting {
        methods: GreetingMethods,
    }

    #[workflow(task_queue = "greetings")]
    impl Greeting {
        #[run]
        pub async fn run(&mut self, ctx: &Ctx, methods: GreetingMethods) -> Result<ShopStub> {
            self.set(methods);
            let shop = Shop::stub(ctx);
            let letter = shop.mail(mail::Letter::default()).await?;
            let cents: stamp = shop.stamp(letter.0.len() as u64).await?;
            shop.str(ShopStub(cents)).await?;
            Ok(shop.r#type().await?)
        }
        #[signal]
        pub fn set(&mut self, methods: GreetingMethods) {
            self.methods = methods;
        }
        #[query]
        pub fn methods(&self) -> GreetingMethods {
            self.methods.clone()
        }
        /// A helper whose name every handle has.
        pub fn result(&self) -> GreetingInside {
            GreetingInside
        }
    }
}

async fn greet(client: &durably::Client) -> durably::Result<u64> {
    let methods = greetings::GreetingMethods { by_post: true };
    let greeting = greetings::Greeting::start(client, methods.clone()).await?;
    greeting.set(methods).await?;
    let _ = greetings::GreetingHandle;
    assert!(greeting.methods().await?.by_post);
    Ok(greeting.result().await?.0)
}

fn main() {
    let _ = (audience, greet);
}

/// A module without a prelude, which has a `Sized` of its own.
#[no_implicit_prelude]
pub mod bare {
    pub struct Sized;

    #[derive(::std::default::Default)]
    pub struct Sign {
        changed: u32,
    }

    #[::durably::workflow]
    impl Sign {
        #[run]
        async fn run(&mut self, ctx: &::durably::Ctx, wanted: u32) -> ::durably::Result<u32> {
            ctx.wait_until(|| self.changed >= wanted).await?;
            ::std::result::Result::Ok(self.next(1))
        }

        #[signal]
        fn change(&mut self) {
            self.changed += 1;
        }

        fn next(&self, by: u32) -> u32 {
            self.changed + by
        }
    }
}
