//! The skipped time of a run, in its core.

use durably_proto::api::common::v1::TimeSkippingConfig;
use durably_proto::wkt;

use crate::snapshot::message::{counter, nanos, required, time, timeout};
use crate::time::to_proto;
use crate::virtual_time::{FastForward, VirtualTime};

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct VirtualTimeMessage {
    #[prost(message, optional, tag = "1")]
    config: Option<TimeSkippingConfig>,
    #[prost(message, optional, tag = "2")]
    skipped: Option<wkt::Duration>,
    #[prost(message, optional, tag = "3")]
    initial: Option<wkt::Duration>,
    #[prost(int32, tag = "4")]
    skips: i32,
    /// Absent without a fast-forward.
    #[prost(sfixed64, optional, tag = "5")]
    target: Option<i64>,
    #[prost(bool, tag = "6")]
    reached: bool,
}

impl From<&VirtualTime> for VirtualTimeMessage {
    fn from(time: &VirtualTime) -> Self {
        Self {
            config: time.config.clone(),
            skipped: Some(to_proto(time.skipped)),
            initial: Some(to_proto(time.initial)),
            skips: time.skips,
            target: nanos(time.fast_forward.map(|it| it.target)),
            reached: time.fast_forward.is_some_and(|it| it.reached),
        }
    }
}

impl VirtualTimeMessage {
    pub(super) fn restore(message: Option<Self>) -> Result<Option<Box<VirtualTime>>, String> {
        let Some(message) = message else {
            return Ok(None);
        };
        let duration = |field, value| {
            let value = required(field, timeout(field, value)?)?;
            match u64::try_from(value.as_nanos()) {
                Ok(_) => Ok(value),
                Err(_) => Err(format!("{field} is out of range: {value:?}")),
            }
        };
        let reached = message.reached;
        let fast_forward = time(message.target).map(|target| FastForward { target, reached });
        Ok(Some(Box::new(VirtualTime {
            config: message.config,
            skipped: duration("the skipped time", message.skipped)?,
            initial: duration("the time skipped before its start", message.initial)?,
            skips: counter("the number of skips", message.skips, i32::MAX)?,
            fast_forward,
        })))
    }
}
