//! Heartbeats: the first goes out at once, the next ones at most once an interval, the last one
//! is never lost to a retry.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use durably_engine::Payload;
use futures::future::BoxFuture;

use super::cancel::{CancelReason, CancelSignal};

/// Share of the heartbeat timeout after which the next heartbeat goes out.
const SHARE: f64 = 0.8;
/// The interval when the activity has no heartbeat timeout.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);
/// The longest interval, so that a cancel request is seen in time.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// How often heartbeats of an activity with this heartbeat timeout are sent.
pub(crate) fn interval(timeout: Option<Duration>) -> Duration {
    match timeout {
        Some(timeout) => timeout.mul_f64(SHARE).min(LONGEST_INTERVAL),
        None => DEFAULT_INTERVAL,
    }
}

/// What the server says to a heartbeat.
pub(crate) enum Reply {
    /// The activity goes on.
    Alive,
    /// The activity should stop.
    Stop(CancelReason),
    /// No response: the server may have the details or not, and the next heartbeat repeats them.
    Lost,
    /// A codec could not transform the details, now.
    CodecFailed,
    /// The details can never be sent.
    Unsendable,
}

/// A heartbeat, as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Beat {
    /// Counts the calls of the activity.
    number: u64,
    pub(crate) details: Option<Payload>,
    /// It follows one whose details could not be sent, which is known by now: in its place, or the same
    /// once more.
    pub(crate) follows_fault: bool,
}

/// Sends one heartbeat.
pub(crate) type Send = Box<dyn Fn(Beat) -> BoxFuture<'static, Reply> + std::marker::Send + Sync>;

/// The heartbeats of one attempt.
pub(crate) struct Heart {
    send: Send,
    /// Held while a heartbeat is on its way, so that one has arrived before the next is sent.
    sending: tokio::sync::Mutex<()>,
    cancel: CancelSignal,
    throttle: Mutex<Throttle>,
}

impl Heart {
    /// `previous` are the details that the server has of earlier attempts.
    pub(crate) fn new(
        interval: Duration,
        previous: Option<Payload>,
        cancel: CancelSignal,
        send: Send,
    ) -> Arc<Self> {
        Arc::new(Self {
            send,
            sending: tokio::sync::Mutex::default(),
            cancel,
            throttle: Mutex::new(Throttle::new(interval, previous)),
        })
    }

    /// Takes a heartbeat in, and sends it as soon as the interval allows. Without details it repeats
    /// the last ones: the server would forget those. In place of details that cannot be sent the server
    /// gets those that it has, at once: without a heartbeat it would take the activity for dead.
    pub(crate) fn beat(
        self: &Arc<Self>,
        details: Option<Payload>,
        runtime: &tokio::runtime::Handle,
    ) {
        if self.throttle().note(details) == Sender::Needed {
            runtime.spawn(Self::pump(Arc::downgrade(self)));
        }
    }

    /// Ends the heartbeats; returns the details that the server has not confirmed.
    pub(crate) fn stop(&self) -> Option<Payload> {
        self.throttle().stop()
    }

    /// Ends the heartbeats as [`stop`](Self::stop) does, after the one that is on its way.
    pub(crate) async fn stop_after_sending(&self) -> Option<Payload> {
        let _sending = self.sending.lock().await;
        self.stop()
    }

    /// Sends what is noted until nothing is left. It holds the heart only while it is busy with
    /// it, so an attempt that ends meanwhile ends the pump.
    async fn pump(heart: Weak<Self>) {
        loop {
            let Some(this) = heart.upgrade() else { return };
            let sending = this.sending.lock().await;
            let due = this.throttle().due(Instant::now());
            match due {
                Due::Now(beat) => {
                    let reply = (this.send)(beat.clone()).await;
                    this.throttle().sent(beat, &reply, Instant::now());
                    if let Reply::Stop(reason) = reply {
                        this.cancel.set(reason);
                    }
                }
                Due::At(when) => {
                    drop(sending);
                    drop(this);
                    tokio::time::sleep_until(when.into()).await;
                }
                Due::Nothing => return,
            }
        }
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a heartbeat needs a new pump to send it.
#[derive(Debug, PartialEq, Eq)]
enum Sender {
    Needed,
    Running,
}

/// What is to be done now.
#[derive(Debug, PartialEq)]
enum Due {
    Now(Beat),
    At(Instant),
    Nothing,
}

/// Decides when which heartbeat goes out.
struct Throttle {
    interval: Duration,
    /// The newest details that may be sent.
    details: Option<Payload>,
    /// The details that the server has confirmed.
    known: Option<Payload>,
    /// Later ones, which it may have: the response was lost.
    lost: Option<Payload>,
    /// The next heartbeat has the details that the server has, and is due at once.
    stands_in: bool,
    /// The last heartbeat whose details a codec could not transform.
    faulted: Option<u64>,
    /// The newest heartbeat is to be sent.
    pending: bool,
    /// The server has not confirmed the newest heartbeat.
    unconfirmed: bool,
    /// Counts heartbeats, so that one noted while another is on its way is not lost.
    number: u64,
    /// When the last heartbeat was sent.
    last: Option<Instant>,
    /// Somebody is sending, or waits to send.
    running: bool,
    /// The attempt is over; nothing is sent any more.
    stopped: bool,
}

impl Throttle {
    fn new(interval: Duration, previous: Option<Payload>) -> Self {
        Self {
            interval,
            known: previous.clone(),
            details: previous,
            lost: None,
            stands_in: false,
            faulted: None,
            pending: false,
            unconfirmed: false,
            number: 0,
            last: None,
            running: false,
            stopped: false,
        }
    }

    fn note(&mut self, details: Option<Payload>) -> Sender {
        if details.is_some() {
            self.details = details;
        }
        self.pending = true;
        self.unconfirmed = true;
        self.number += 1;
        if self.running || self.stopped {
            return Sender::Running;
        }
        self.running = true;
        Sender::Needed
    }

    fn due(&mut self, now: Instant) -> Due {
        if self.stopped || !(self.pending || self.stands_in) {
            self.running = false;
            return Due::Nothing;
        }
        let number = self.number;
        if self.stands_in {
            return Due::Now(Beat {
                number,
                details: self.stand_in(),
                follows_fault: true,
            });
        }
        match self.last.map(|last| last + self.interval) {
            Some(when) if when > now => Due::At(when),
            _ => Due::Now(Beat {
                number,
                details: self.details.clone(),
                follows_fault: self.faulted == Some(number),
            }),
        }
    }

    /// The newest details that the server has, as far as is known: it would forget them otherwise.
    fn stand_in(&self) -> Option<Payload> {
        self.lost.as_ref().or(self.known.as_ref()).cloned()
    }

    /// Takes in the reply to a heartbeat.
    fn sent(&mut self, beat: Beat, reply: &Reply, now: Instant) {
        self.last = Some(now);
        self.stands_in = false;
        let is_newest = beat.number == self.number;
        match reply {
            Reply::Alive | Reply::Stop(_) => {
                if is_newest && beat.details == self.details {
                    self.pending = false;
                    self.unconfirmed = false;
                }
                self.known = beat.details;
                self.lost = None;
            }
            Reply::Lost => self.lost = beat.details,
            Reply::CodecFailed => {
                // Only once: sent again by itself, it would keep an activity alive that no longer says so.
                self.stands_in = !beat.follows_fault && beat.details != self.stand_in();
                self.faulted = Some(beat.number);
            }
            Reply::Unsendable => {
                if self.lost == beat.details {
                    self.lost = None;
                }
                let stand_in = self.stand_in();
                self.stands_in = beat.details != stand_in;
                if is_newest && !self.stands_in {
                    self.pending = false;
                }
                if self.details == beat.details {
                    self.details = stand_in;
                }
            }
        }
    }

    fn stop(&mut self) -> Option<Payload> {
        self.stopped = true;
        self.details.take().filter(|_| self.unconfirmed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::span::secs;

    fn payload(text: &str) -> Option<Payload> {
        Some(Payload::json(text.as_bytes().to_vec()))
    }

    /// The details of a heartbeat are its number.
    fn beat(number: u64) -> Beat {
        Beat {
            number,
            details: payload(&number.to_string()),
            follows_fault: false,
        }
    }

    fn sent(throttle: &mut Throttle, number: u64, reply: Reply, now: Instant) {
        throttle.sent(beat(number), &reply, now);
    }

    /// In place of the heartbeat with this number.
    fn in_place(number: u64, details: Option<Payload>) -> Beat {
        Beat {
            number,
            details,
            follows_fault: true,
        }
    }

    #[test]
    fn the_interval_is_a_share_of_the_timeout_and_has_an_upper_end() {
        assert_eq!(interval(Some(secs(10))), secs(8));
        assert_eq!(interval(Some(secs(600))), secs(60));
        assert_eq!(interval(None), secs(30));
    }

    #[test]
    fn the_first_heartbeat_goes_out_at_once_and_the_next_waits_with_the_newest_details() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), None);

        assert_eq!(throttle.note(payload("1")), Sender::Needed);
        assert_eq!(throttle.due(start), Due::Now(beat(1)));
        sent(&mut throttle, 1, Reply::Alive, start);

        assert_eq!(throttle.note(payload("2")), Sender::Running);
        assert_eq!(throttle.note(payload("3")), Sender::Running);
        assert_eq!(throttle.due(start + secs(1)), Due::At(start + secs(8)));
        assert_eq!(throttle.due(start + secs(8)), Due::Now(beat(3)));
        sent(&mut throttle, 3, Reply::Alive, start + secs(8));
        assert_eq!(throttle.due(start + secs(8)), Due::Nothing);
        assert_eq!(throttle.note(payload("4")), Sender::Needed);
    }

    #[test]
    fn details_the_server_has_not_confirmed_are_left_for_the_failure() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), None);
        throttle.note(payload("1"));
        throttle.due(start);
        sent(&mut throttle, 1, Reply::Alive, start);
        throttle.note(payload("2"));
        assert_eq!(throttle.stop(), payload("2"));
        assert_eq!(throttle.due(start + secs(9)), Due::Nothing);
    }

    #[test]
    fn a_heartbeat_without_details_repeats_the_last_ones() {
        let throttle = || Throttle::new(secs(8), payload("of the previous attempt"));
        assert_eq!(throttle().stop(), None, "the server has these");

        let mut at_first = throttle();
        at_first.note(None);
        assert_eq!(at_first.stop(), payload("of the previous attempt"));

        let mut later = throttle();
        later.note(payload("1"));
        later.note(None);
        assert_eq!(later.stop(), payload("1"));
    }

    #[test]
    fn a_heartbeat_noted_while_another_is_on_its_way_is_kept() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), None);
        throttle.note(payload("1"));
        throttle.due(start);
        throttle.note(payload("2"));
        sent(&mut throttle, 1, Reply::Alive, start);
        assert_eq!(throttle.due(start + secs(1)), Due::At(start + secs(8)));
        assert_eq!(throttle.stop(), payload("2"));
    }

    #[test]
    fn a_lost_heartbeat_is_sent_again_after_the_interval() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), None);
        throttle.note(payload("1"));
        throttle.due(start);
        sent(&mut throttle, 1, Reply::Lost, start);
        assert_eq!(throttle.due(start + secs(1)), Due::At(start + secs(8)));
    }

    #[test]
    fn details_that_can_never_be_sent_are_replaced_once_by_those_that_the_server_has() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), payload("of the previous attempt"));
        throttle.note(payload("1"));
        throttle.due(start);
        sent(&mut throttle, 1, Reply::Unsendable, start);
        let alive = in_place(1, payload("of the previous attempt"));
        assert_eq!(throttle.due(start), Due::Now(alive.clone()));
        throttle.sent(alive, &Reply::Alive, start);
        assert_eq!(throttle.due(start + secs(9)), Due::Nothing);

        throttle.note(payload("2"));
        throttle.due(start + secs(9));
        sent(&mut throttle, 2, Reply::Alive, start + secs(9));
        throttle.note(payload("3"));
        throttle.due(start + secs(17));
        sent(&mut throttle, 3, Reply::Unsendable, start + secs(17));
        let alive = in_place(3, payload("2"));
        assert_eq!(throttle.due(start + secs(17)), Due::Now(alive));
        assert_eq!(
            throttle.stop(),
            payload("2"),
            "the failure cannot have the others either"
        );
    }

    #[test]
    fn a_stand_in_that_is_lost_is_sent_again_after_the_interval() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), payload("0"));
        throttle.note(payload("1"));
        throttle.due(start);
        sent(&mut throttle, 1, Reply::Unsendable, start);
        throttle.sent(in_place(1, payload("0")), &Reply::Lost, start);
        assert_eq!(throttle.due(start + secs(1)), Due::At(start + secs(8)));
        let again = Beat {
            details: payload("0"),
            ..beat(1)
        };
        assert_eq!(throttle.due(start + secs(8)), Due::Now(again));
    }

    #[test]
    fn a_stand_in_that_can_never_be_sent_is_not_sent_again() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), payload("0"));
        throttle.note(payload("1"));
        throttle.due(start);
        sent(&mut throttle, 1, Reply::Unsendable, start);
        throttle.sent(in_place(1, payload("0")), &Reply::Unsendable, start);
        assert_eq!(throttle.due(start + secs(9)), Due::Nothing);
    }

    #[test]
    fn details_whose_codec_fails_are_sent_again_after_the_interval() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), payload("0"));
        throttle.note(payload("1"));
        throttle.due(start);
        sent(&mut throttle, 1, Reply::CodecFailed, start);
        let alive = in_place(1, payload("0"));
        assert_eq!(throttle.due(start), Due::Now(alive.clone()));
        throttle.sent(alive, &Reply::Alive, start);
        assert_eq!(throttle.due(start + secs(1)), Due::At(start + secs(8)));

        let again = in_place(1, payload("1"));
        assert_eq!(throttle.due(start + secs(8)), Due::Now(again.clone()));
        throttle.sent(again.clone(), &Reply::CodecFailed, start + secs(8));
        assert_eq!(
            throttle.due(start + secs(8)),
            Due::At(start + secs(16)),
            "nothing stands in for it twice"
        );
        assert_eq!(throttle.due(start + secs(16)), Due::Now(again.clone()));
        throttle.sent(again, &Reply::Alive, start + secs(16));
        assert_eq!(throttle.due(start + secs(24)), Due::Nothing);
        assert_eq!(throttle.stop(), None);
    }

    #[test]
    fn details_whose_response_was_lost_stand_in_for_later_ones() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), payload("0"));
        throttle.note(payload("1"));
        throttle.due(start);
        sent(&mut throttle, 1, Reply::Lost, start);
        throttle.note(payload("2"));
        throttle.due(start + secs(8));
        sent(&mut throttle, 2, Reply::Unsendable, start + secs(8));
        let perhaps = in_place(2, payload("1"));
        assert_eq!(throttle.due(start + secs(8)), Due::Now(perhaps.clone()));

        throttle.sent(perhaps, &Reply::Unsendable, start + secs(8));
        let certain = in_place(2, payload("0"));
        assert_eq!(throttle.due(start + secs(8)), Due::Now(certain));
    }

    #[test]
    fn what_the_server_has_is_not_sent_in_place_of_itself() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), payload("1"));
        throttle.note(None);
        throttle.due(start);
        sent(&mut throttle, 1, Reply::Unsendable, start);
        assert_eq!(throttle.due(start), Due::Nothing);
    }

    #[test]
    fn details_noted_while_others_turn_out_unsendable_are_kept() {
        let start = Instant::now();
        let mut throttle = Throttle::new(secs(8), None);
        throttle.note(payload("1"));
        throttle.due(start);
        throttle.note(payload("2"));
        sent(&mut throttle, 1, Reply::Unsendable, start);
        let alive = in_place(2, None);
        assert_eq!(throttle.due(start), Due::Now(alive.clone()));
        throttle.sent(alive, &Reply::Alive, start);
        assert_eq!(throttle.due(start + secs(1)), Due::At(start + secs(8)));
        assert_eq!(throttle.due(start + secs(8)), Due::Now(beat(2)));
    }
}
