//! Workflows and activities inside of functions, as tests have them.
#![deny(warnings)]

use durably::prelude::*;

pub async fn a_timer_fires(client: &Client) -> Result<()> {
    #[derive(Default)]
    struct Timer {
        fired: bool,
    }

    #[workflow]
    impl Timer {
        #[run]
        async fn run(&mut self, ctx: &Ctx) -> Result<bool> {
            ctx.sleep(secs(1)).await?;
            self.fired = true;
            Ok(self.fired)
        }

        #[query]
        fn fired(&self) -> bool {
            self.fired
        }
    }

    let worker = Worker::new(client, "timers")
        .workflow::<Timer>()
        .spawn()
        .await?;
    let timer = Timer::start(client).task_queue("timers").await?;
    assert!(timer.result().await?);
    worker.shutdown().await
}

/// The same names again, in another function.
pub async fn an_activity_answers(client: &Client) -> Result<String> {
    const QUEUE: &str = "answers";

    #[durably::data]
    struct Question {
        text: String,
    }

    #[activity(start_to_close = "10s")]
    async fn answer(question: Question) -> String {
        question.text.to_uppercase()
    }

    struct Timer {
        prefix: String,
    }

    #[workflow(task_queue = "answers")]
    impl Timer {
        #[init]
        fn new(prefix: String) -> Self {
            Self { prefix }
        }

        #[run]
        async fn run(&mut self, ctx: &Ctx) -> Result<String> {
            let text = self.prefix.clone();
            Ok(answer::call(ctx, Question { text }).await?)
        }
    }

    let worker = Worker::new(client, QUEUE)
        .workflow::<Timer>()
        .activity::<answer>()
        .spawn()
        .await?;
    let text = Timer::start(client, "why").result().await?;
    worker.shutdown().await?;
    Ok(text)
}

pub fn in_a_closure() -> impl Fn(&Client) -> Worker {
    |client| {
        struct Store(u8);

        #[activities]
        impl Store {
            #[activity(start_to_close = "1s")]
            fn read(&self) -> u8 {
                self.0
            }
        }

        Worker::new(client, "stores").activities(Store(1))
    }
}

fn main() {}
