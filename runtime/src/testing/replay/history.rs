//! Histories as files: JSON and protobuf, told apart by their content.

use std::{borrow::Cow, fs, path::Path};

use super::{ReplayError, files};
use crate::wire::{history::History, json, protobuf};

impl History {
    /// Reads a history that `temporal workflow show -o json`, the Temporal UI or another SDK exported. Names of
    /// enums are in any of the styles that these have written: `EVENT_TYPE_TIMER_FIRED`, `TimerFired`, or
    /// numbers.
    ///
    /// ```no_run
    /// use durably::client::History;
    ///
    /// # fn example() -> durably::Result<()> {
    /// // From `temporal workflow show -w order-1 -o json > order.json`.
    /// let history = History::from_json(&std::fs::read_to_string("order.json")?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The text is not a history, with line and column; or its payloads are decoded, as the UI can export them.
    pub fn from_json(json: &str) -> Result<Self, ReplayError> {
        let history = json::history(json);
        let history = history.map_err(|error| ReplayError::unreadable(error.to_string()))?;
        Ok(Self::from_raw(history))
    }

    /// Reads a history in protobuf's binary encoding: the message `temporal.api.history.v1.History`.
    ///
    /// ```no_run
    /// use durably::client::History;
    ///
    /// # fn example() -> durably::Result<()> {
    /// let history = History::from_protobuf(&std::fs::read("order.binpb")?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The bytes are not such a message.
    pub fn from_protobuf(bytes: &[u8]) -> Result<Self, ReplayError> {
        let history = protobuf::history(bytes).map_err(|error| {
            let reason = format!("it is not a history in protobuf: {error}");
            ReplayError::unreadable(reason)
        })?;
        Ok(Self::from_raw(history))
    }

    /// Reads a file with a history, as JSON or protobuf. Its content decides which, not its name.
    ///
    /// ```no_run
    /// use durably::client::History;
    ///
    /// # fn example() -> durably::Result<()> {
    /// println!("{}", History::from_file("tests/histories/order.json")?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The file cannot be read, or is neither.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ReplayError> {
        let path = path.as_ref();
        read(path)
            .map_err(|reason| ReplayError::unreadable(format!("`{}`: {reason}", path.display())))
    }

    /// The history as JSON, the way `temporal workflow show -o json` writes it: other SDKs and
    /// [`from_json`](Self::from_json) read it. A time that JSON cannot say, outside of the years 1 to 9999, is written as
    /// the nearest one, and of a failure with more causes than protobuf can nest some are left out.
    ///
    /// Of a client with [codecs](crate::codec) it has what the server has, encoded: a replay of the file needs the same
    /// codecs. `History::from_raw(history.into_raw())` writes decoded values.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let history = client.handle("order-1").history().await?;
    /// std::fs::write("order.json", history.to_json())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_json(&self) -> String {
        json::write(self.stored())
    }

    /// The history in protobuf's binary encoding: a fraction of the size of its JSON, and read several times
    /// faster. Other SDKs and [`from_protobuf`](Self::from_protobuf) read it. Values are encoded as in
    /// [`to_json`](Self::to_json).
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let history = client.handle("order-1").history().await?;
    /// std::fs::write("order.binpb", history.to_protobuf())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_protobuf(&self) -> Vec<u8> {
        protobuf::write(&self.stored())
    }
}

/// Reads the history in a file.
///
/// # Errors
/// Why it cannot be read, without the path.
pub(super) fn read(path: &Path) -> Result<History, String> {
    let bytes = fs::read(path).map_err(|error| files::reason(path, &error))?;
    from_bytes(&bytes).map_err(|error| match error {
        ReplayError::Unreadable { reason } => reason,
        other => other.to_string(),
    })
}

fn from_bytes(bytes: &[u8]) -> Result<History, ReplayError> {
    if bytes.trim_ascii().is_empty() {
        return Err(ReplayError::unreadable("the file is empty"));
    }
    if let Some(text) = text(bytes)
        && is_json(&text)
    {
        return History::from_json(&text);
    }
    History::from_protobuf(bytes)
        .ok()
        .filter(|history| !history.is_empty())
        .ok_or_else(|| {
            ReplayError::unreadable(
                "the file is neither JSON nor a `temporal.api.history.v1.History` in protobuf's binary encoding",
            )
        })
}

/// The bytes as text. PowerShell's `>` writes UTF-16, and some editors a byte order mark.
fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let utf16 = |units: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = units.chunks_exact(2).map(|it| unit([it[0], it[1]]));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        text.ok().map(Cow::Owned)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => str::from_utf8(rest).ok().map(Cow::Borrowed),
    }
}

/// Whether the text is meant to be JSON. The first character is not enough: a protobuf message can begin with a
/// line feed and `{`, the tag and length of its first event, whose first byte is then no character of JSON.
fn is_json(text: &str) -> bool {
    let mut characters = text.chars().filter(|it| !it.is_ascii_whitespace());
    matches!(characters.next(), Some('{' | '['))
        && matches!(characters.next(), None | Some('"' | '{' | '}' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = include_str!("../../../../tests/histories/python_activities.json");

    fn reason(bytes: &[u8]) -> String {
        match from_bytes(bytes) {
            Err(ReplayError::Unreadable { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_encodings_are_told_apart_by_their_content() {
        let recorded = History::from_json(RECORDED).unwrap();
        let raw = recorded.clone().into_raw();
        for bytes in [
            recorded.to_json().into_bytes(),
            recorded.to_protobuf(),
            format!("\u{feff}\n{RECORDED}").into_bytes(),
            format!("\u{feff}{RECORDED}")
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
            format!("\u{feff}{RECORDED}")
                .encode_utf16()
                .flat_map(u16::to_be_bytes)
                .collect(),
        ] {
            assert_eq!(from_bytes(&bytes).unwrap().into_raw(), raw);
        }
    }

    /// The length of its first event is the character `{`, after whitespace.
    #[test]
    fn a_message_that_begins_like_json_is_read_as_protobuf() {
        let mut raw = History::from_json(RECORDED).unwrap().into_raw();
        raw.events.truncate(1);
        raw.events[0].attributes = None;
        let pad = |id: usize| "x".repeat(id);
        let length = |raw: &crate::raw::api::history::v1::History| {
            History::from_raw(raw.clone()).to_protobuf()[1]
        };
        for padding in 0..200 {
            raw.events[0].links = vec![crate::raw::api::common::v1::Link {
                variant: Some(crate::raw::api::common::v1::link::Variant::BatchJob(
                    crate::raw::api::common::v1::link::BatchJob {
                        job_id: pad(padding),
                    },
                )),
            }];
            if length(&raw) == b'{' {
                break;
            }
        }
        let bytes = History::from_raw(raw.clone()).to_protobuf();
        assert_eq!(&bytes[..2], b"\n{");
        assert_eq!(from_bytes(&bytes).unwrap().into_raw(), raw);
    }

    #[test]
    fn a_file_that_is_no_history_says_what_is_wrong() {
        assert_eq!(reason(b""), "the file is empty");
        assert_eq!(reason(b" \n"), "the file is empty");
        let neither = "the file is neither JSON nor a `temporal.api.history.v1.History` in protobuf's binary encoding";
        assert_eq!(reason(b"Progress:\n  ID  Time\n"), neither);
        assert_eq!(reason(&[0xff, 0xd8, 0xff, 0xe0]), neither);
        let cut = &RECORDED[..RECORDED.len() / 2];
        let line = cut.lines().count();
        let found = reason(cut.as_bytes());
        assert!(found.contains(&format!("at line {line} column")), "{found}");
        let protobuf = History::from_json(RECORDED).unwrap().to_protobuf();
        assert_eq!(reason(&protobuf[..protobuf.len() - 1]), neither);
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let error = History::from_file("no/such.json").unwrap_err().to_string();
        assert!(error.contains("`no/such.json`: "), "{error}");
    }
}
