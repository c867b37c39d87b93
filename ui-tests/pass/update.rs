//! A hotel room, booked by updates; validators in each shape they may have.
#![deny(warnings)]

use std::{borrow::Cow, fmt};

use durably::prelude::*;

#[durably::data]
#[derive(Clone)]
pub struct Stay {
    guest: String,
    nights: u32,
}

#[derive(Debug)]
pub struct Booked {
    until: u32,
}

impl fmt::Display for Booked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "booked for {} nights", self.until)
    }
}

#[activity(start_to_close = "1m")]
pub async fn clean(room: u32) -> bool {
    room > 0
}

#[derive(Default)]
pub struct Room {
    stay: Option<Stay>,
    wishes: Vec<String>,
    closed: bool,
}

#[workflow(task_queue = "hotel")]
impl Room {
    #[run]
    async fn run(&mut self, ctx: &Ctx, room: u32) -> Result<u32> {
        ctx.wait_until(|| self.closed && ctx.handlers_finished())
            .await?;
        Ok(room)
    }

    #[update(validator = is_free)]
    fn book(&mut self, stay: Stay) -> u32 {
        let nights = stay.nights;
        self.stay = Some(stay);
        nights
    }

    fn is_free(&self, stay: &Stay) -> Result<(), Booked> {
        match &self.stay {
            Some(stay) => Err(Booked { until: stay.nights }),
            None if stay.nights == 0 => Err(Booked { until: 0 }),
            None => Ok(()),
        }
    }

    /// The validator may take a `String` as `&str`, a `Vec` as a slice, and the facts first.
    #[update(name = "wish", validator = may_wish)]
    async fn wish_for(&mut self, ctx: &Ctx, guest: String, wishes: Vec<String>) -> Result<usize> {
        ctx.sleep(secs(1)).await?;
        self.wishes
            .extend(wishes.into_iter().map(|wish| format!("{guest}: {wish}")));
        Ok(self.wishes.len())
    }

    fn may_wish(&self, view: &View, guest: &str, wishes: &[String]) -> Result<(), String> {
        match &self.stay {
            Some(stay) if stay.guest == guest && !wishes.is_empty() => Ok(()),
            _ => Err(format!("{} says no to {guest}", view.workflow_id())),
        }
    }

    #[update(validator = may_leave)]
    async fn leave(&mut self, ctx: &Ctx, room: u32) -> Result<Option<Stay>, Error> {
        let stay = self.stay.take();
        if !clean::call(ctx, room).await? {
            self.stay = stay;
            return Ok(None);
        }
        Ok(stay)
    }

    fn may_leave(&self, room: &u32) -> Result<(), Cow<'static, str>> {
        if *room == 13 {
            return Err(Cow::Borrowed("there is no such room"));
        }
        self.stay
            .as_ref()
            .map(|_| ())
            .ok_or_else(|| "nobody is here".into())
    }

    #[update(validator = only_once)]
    fn close(&mut self) {
        self.closed = true;
    }

    fn only_once(&self) -> Result<()> {
        if self.closed {
            bail!("closed already");
        }
        Ok(())
    }
}

pub async fn guest(client: &Client) -> Result<()> {
    let room = Room::handle(client, "room-12");
    let stay = Stay {
        guest: "Ann".into(),
        nights: 3,
    };
    room.book(stay).await?;
    let wish = room
        .wish_for("Ann", vec!["tea".into()])
        .id("wish-1")
        .accepted()
        .await?;
    println!("{} wishes", wish.result().await?);
    room.leave(12).await?;
    room.close().await?;
    Ok(())
}

fn main() {}
