//! The sizes of what is sent, measured before it is sent and as the server measures it.
//!
//! A server terminates the run whose command is over a limit. A worker that measures first fails the workflow task
//! instead, which a worker with other code completes.

use std::fmt;

use durably_proto::{Message, api::common::v1 as common};

/// Size limits of a namespace, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SizeLimits {
    /// Of the arguments of one call, one result, one failure.
    pub(crate) payloads: usize,
    /// Of a memo.
    pub(crate) memo: usize,
}

/// The defaults of servers.
impl Default for SizeLimits {
    fn default() -> Self {
        Self {
            payloads: 2 * MEBIBYTE,
            memo: 2 * MEBIBYTE,
        }
    }
}

/// Size thresholds of a sender: it logs a warning above `warnings`, and refuses to send above `limits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SizeChecks {
    /// Warns above these; zero for never.
    pub(crate) warnings: SizeLimits,
    /// Refuses to send what is above these; none if the server is to refuse it.
    pub(crate) limits: Option<SizeLimits>,
}

impl SizeChecks {
    /// A client does not know the limits of the namespace; a server names what it refuses.
    pub(crate) const fn of_client() -> Self {
        Self {
            warnings: WARNINGS,
            limits: None,
        }
    }
}

/// The sizes at which servers warn.
pub(crate) const WARNINGS: SizeLimits = SizeLimits {
    payloads: 512 * KIBIBYTE,
    memo: 2 * KIBIBYTE,
};

/// The failure type of what is not sent because of its size.
pub(crate) const PAYLOADS_TOO_LARGE: &str = "PayloadsTooLarge";

/// The failure type of what a server refuses because of its size.
pub(crate) const MESSAGE_TOO_LARGE: &str = "MessageTooLarge";

/// The limit of gRPC servers for one message.
const MESSAGE: usize = 4 * MEBIBYTE;

const KIBIBYTE: usize = 1 << 10;
const MEBIBYTE: usize = 1 << 20;

/// Collects the parts of a message that are too large.
#[derive(Debug)]
pub(crate) struct Sizes {
    checks: SizeChecks,
    large: Vec<Part>,
    oversized: Vec<Part>,
}

/// A part of a message that is large.
#[derive(Debug)]
struct Part {
    what: String,
    bytes: usize,
    limit: usize,
    /// Its largest value, from 1, if it has several.
    largest: Option<(usize, usize)>,
}

/// The error text of a request that is over a size limit and was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Oversized(Box<str>);

impl Sizes {
    pub(crate) const fn new(checks: SizeChecks) -> Self {
        Self {
            checks,
            large: Vec::new(),
            oversized: Vec::new(),
        }
    }

    /// Whether a part of a message of so many bytes can be over no warning and no limit.
    pub(crate) fn has_no_part_over(&self, bytes: usize) -> bool {
        let SizeChecks { warnings, limits } = self.checks;
        let warnings = [warnings.payloads, warnings.memo].into_iter();
        let warnings = warnings.filter(|warning| *warning > 0);
        let limits = limits.into_iter();
        let limits = limits.flat_map(|it| [it.payloads, it.memo, MESSAGE]);
        warnings.chain(limits).all(|limit| bytes <= limit)
    }

    /// Measures payloads: arguments, a result, the values of a marker.
    pub(crate) fn payloads(
        &mut self,
        payloads: Option<&common::Payloads>,
        what: impl FnOnce() -> String,
    ) {
        let Some(payloads) = payloads else { return };
        let values = || payloads.payloads.iter().map(Message::encoded_len);
        let largest = || values().zip(1..).max_by_key(|(bytes, _)| *bytes);
        let several = payloads.payloads.len() > 1;
        self.part(
            payloads.encoded_len(),
            |limits| limits.payloads,
            || (what(), several.then(largest).flatten()),
        );
    }

    /// Measures what is not a list of payloads, by the same limit.
    pub(crate) fn bytes(&mut self, bytes: usize, what: impl FnOnce() -> String) {
        self.part(bytes, |limits| limits.payloads, || (what(), None));
    }

    pub(crate) fn memo(&mut self, memo: Option<&common::Memo>, what: impl FnOnce() -> String) {
        let bytes = memo.map_or(0, Message::encoded_len);
        self.part(bytes, |limits| limits.memo, || (what(), None));
    }

    /// Measures the message itself, whose parts were measured before.
    pub(crate) fn message(&mut self, bytes: usize, what: impl FnOnce() -> String) {
        if bytes <= MESSAGE || self.checks.limits.is_none() || !self.oversized.is_empty() {
            return;
        }
        let mut what = what();
        self.large.sort_by_key(|part| std::cmp::Reverse(part.bytes));
        for (part, before) in self.large.iter().take(3).zip([" with ", ", ", ", "]) {
            what += &format!("{before}{} ({})", part.what, Bytes(part.bytes));
        }
        self.oversized.push(Part {
            what,
            bytes,
            limit: MESSAGE,
            largest: None,
        });
    }

    fn part(
        &mut self,
        bytes: usize,
        limit: fn(&SizeLimits) -> usize,
        describe: impl FnOnce() -> (String, Option<(usize, usize)>),
    ) {
        let over = |limits: Option<&SizeLimits>| limits.map(limit).filter(|limit| bytes > *limit);
        let error = over(self.checks.limits.as_ref());
        let warning = over(Some(&self.checks.warnings)).filter(|limit| *limit > 0);
        let (to, limit) = match (error, warning) {
            (Some(limit), _) => (&mut self.oversized, limit),
            (None, Some(limit)) => (&mut self.large, limit),
            (None, None) => return,
        };
        let (what, largest) = describe();
        to.push(Part {
            what,
            bytes,
            limit,
            largest,
        });
    }

    /// What a warning says of each part that is sent all the same.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        self.large.iter().map(ToString::to_string)
    }

    /// The large parts, for the error of a server that refuses them without naming them.
    pub(crate) fn summary(&self) -> Option<String> {
        let parts: Vec<_> = self
            .large
            .iter()
            .map(|part| format!("{}{}", part.what, part.size()))
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Why the message is not sent, if it is not.
    pub(crate) fn oversized(&self) -> Option<Oversized> {
        let parts: Vec<_> = self.oversized.iter().map(ToString::to_string).collect();
        (!parts.is_empty()).then(|| {
            let text = parts.join("; ");
            Oversized(format!("{text}. {REMEDY}").into())
        })
    }
}

/// Ends the error; the rest of the text says what is too large.
const REMEDY: &str = "Keep large values in a store of your own and pass what names them, or use the codec `ClaimCheck`";

impl Part {
    fn size(&self) -> String {
        let largest = self.largest.map_or_else(String::new, |(bytes, number)| {
            format!(", {} of it in value {number}", Bytes(bytes))
        });
        format!(" of {}{largest}", Bytes(self.bytes))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, size, limit) = (&self.what, self.size(), Bytes(self.limit));
        write!(f, "{what}{size} over the limit of {limit}")
    }
}

impl fmt::Display for Oversized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `2.9 MiB (3000012 bytes)`, or `2 MiB`.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0;
        let (unit, name) = match bytes {
            MEBIBYTE.. => (MEBIBYTE, "MiB"),
            KIBIBYTE.. => (KIBIBYTE, "KiB"),
            _ => return write!(f, "{bytes} bytes"),
        };
        if bytes.is_multiple_of(unit) {
            return write!(f, "{} {name}", bytes / unit);
        }
        write!(
            f,
            "{:.1} {name} ({bytes} bytes)",
            bytes as f64 / unit as f64
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(bytes: &[usize]) -> common::Payloads {
        let payload = |bytes: &usize| common::Payload {
            data: vec![0; *bytes],
            ..Default::default()
        };
        common::Payloads {
            payloads: bytes.iter().map(payload).collect(),
        }
    }

    fn checked(limits: Option<SizeLimits>) -> Sizes {
        let warnings = SizeLimits {
            payloads: 100,
            memo: 10,
        };
        Sizes::new(SizeChecks { warnings, limits })
    }

    const LIMITS: SizeLimits = SizeLimits {
        payloads: 2_048,
        memo: 20,
    };

    fn parts(sizes: &Sizes) -> (Vec<String>, Option<String>) {
        let oversized = sizes.oversized().map(|it| it.to_string());
        (sizes.warnings().collect(), oversized)
    }

    #[test]
    fn a_part_is_measured_as_the_server_does() {
        let mut sizes = checked(Some(LIMITS));
        // Two bytes each for the tag and the length of the value, and the same for the data in it.
        sizes.payloads(Some(&payloads(&[96])), || "small".to_owned());
        assert_eq!(parts(&sizes), (vec![], None));
        sizes.payloads(Some(&payloads(&[97])), || "the result".to_owned());
        let warning = "the result of 101 bytes over the limit of 100 bytes";
        assert_eq!(parts(&sizes), (vec![warning.to_owned()], None));
    }

    #[test]
    fn what_is_over_the_limit_is_named_with_its_largest_value() {
        let mut sizes = checked(Some(LIMITS));
        sizes.payloads(Some(&payloads(&[1, 3_000, 2])), || {
            "the arguments of activity `charge`".to_owned()
        });
        sizes.memo(None, || unreachable!("there is none"));
        let (warnings, oversized) = parts(&sizes);
        assert_eq!(warnings, [""; 0]);
        let expected = "the arguments of activity `charge` of 2.9 KiB (3017 bytes), 2.9 KiB (3003 bytes) of it in value \
             2 over the limit of 2 KiB. ";
        assert_eq!(oversized, Some(format!("{expected}{REMEDY}")));
    }

    #[test]
    fn a_message_within_all_of_them_has_no_part_over_one() {
        for (limits, warnings, most) in [
            (Some(LIMITS), (100, 10), 10),
            (Some(LIMITS), (100, 0), 20),
            (Some(SizeLimits::default()), (0, 0), 2 * MEBIBYTE),
            (None, (100, 0), 100),
        ] {
            let (payloads, memo) = warnings;
            let warnings = SizeLimits { payloads, memo };
            let sizes = Sizes::new(SizeChecks { warnings, limits });
            assert!(sizes.has_no_part_over(most), "{sizes:?}");
            assert!(!sizes.has_no_part_over(most + 1), "{sizes:?}");
        }
    }

    #[test]
    fn without_limits_there_are_only_warnings_and_zero_is_for_none() {
        let mut sizes = checked(None);
        sizes.payloads(Some(&payloads(&[3_000])), || "the arguments".to_owned());
        assert!(sizes.oversized().is_none());
        let summary = "the arguments of 2.9 KiB (3006 bytes)";
        assert_eq!(sizes.summary().as_deref(), Some(summary));
        sizes.message(MESSAGE + 1, || unreachable!("the server is to refuse it"));
        let mut silent = Sizes::new(SizeChecks {
            warnings: SizeLimits {
                payloads: 0,
                memo: 0,
            },
            limits: None,
        });
        silent.payloads(Some(&payloads(&[3_000])), || "the arguments".to_owned());
        assert_eq!(silent.summary(), None);
    }

    #[test]
    fn a_message_of_many_parts_names_the_largest() {
        let mut sizes = checked(Some(SizeLimits::default()));
        for (bytes, name) in [(200, "a"), (400, "b"), (300, "c"), (500, "d")] {
            sizes.bytes(bytes, || name.to_owned());
        }
        sizes.message(MESSAGE, || unreachable!("it is not too large"));
        sizes.message(MESSAGE + 1, || "the response".to_owned());
        let expected = "the response with d (500 bytes), b (400 bytes), c (300 bytes) of 4.0 MiB (4194305 bytes) over \
             the limit of 4 MiB. ";
        let oversized = sizes.oversized().map(|it| it.to_string());
        assert_eq!(oversized, Some(format!("{expected}{REMEDY}")));
    }
}
