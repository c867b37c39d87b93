//! What a command has answered, and what of it can be compared.

use std::{fmt, process::Output};

use serde_json::{Deserializer, Value};

/// What a command has answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    has_succeeded: bool,
    /// The JSON of the standard output; its text where it is none.
    output: Result<Vec<Value>, String>,
    errors: String,
}

impl Answer {
    pub(super) fn new(output: Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let values: Result<Vec<_>, _> = Deserializer::from_str(&text).into_iter().collect();
        Self {
            has_succeeded: output.status.success(),
            output: values.map_err(|_| text),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        self.to_string().contains(text)
    }

    /// The first field of this name, at any depth.
    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        let values = self.output.as_ref().ok()?;
        values.iter().find_map(|value| field(value, name))
    }

    /// The answer with those values only, and those items of a list, that contain a text.
    pub(super) fn only(mut self, text: &str) -> Self {
        if let Ok(values) = &mut self.output {
            for value in values.iter_mut() {
                if let Value::Array(items) = value {
                    items.retain(|item| item.to_string().contains(text));
                }
            }
            values.retain(|value| value.to_string().contains(text));
        }
        self
    }

    /// The answer with its lists sorted.
    pub(super) fn sorted(mut self) -> Self {
        if let Ok(values) = &mut self.output {
            values.iter_mut().for_each(sort);
        }
        self
    }

    /// The answer without what differs from run to run, and without these fields.
    pub(super) fn comparable(self, ignored: &[&str]) -> Self {
        let output = self.output.map(|mut values| {
            for value in &mut values {
                clean(value, ignored);
            }
            values
        });
        Self {
            has_succeeded: self.has_succeeded,
            output: output.map_err(|text| masked(&text)),
            errors: masked(&self.errors),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.output {
            Ok(values) => {
                for value in values {
                    writeln!(f, "{value:#}")?;
                }
            }
            Err(text) => f.write_str(text)?,
        }
        f.write_str(&self.errors)?;
        match self.has_succeeded {
            true => Ok(()),
            false => writeln!(f, "(failed)"),
        }
    }
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => fields
            .get(name)
            .or_else(|| fields.values().find_map(|value| field(value, name))),
        Value::Array(values) => values.iter().find_map(|value| field(value, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn clean(value: &mut Value, ignored: &[&str]) {
    match value {
        Value::Object(fields) => {
            let all = std::mem::take(fields).into_iter();
            for (name, mut value) in all.filter(|(name, _)| !ignored.contains(&&**name)) {
                match RANDOM.contains(&&*name) {
                    true => value = Value::from("<random>"),
                    false => clean(&mut value, ignored),
                }
                // Ids are names of fields, too.
                fields.insert(masked(&name), value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| clean(value, ignored)),
        Value::String(text) => *text = masked(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn sort(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(sort),
        Value::Array(values) => {
            values.iter_mut().for_each(sort);
            values.sort_by_key(Value::to_string);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A text with placeholders for times, fractions of seconds, ids and addresses.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut word = String::new();
    for letter in text.chars() {
        match letter.is_alphanumeric() || "-:.+".contains(letter) {
            true => word.push(letter),
            false => {
                // `workflow trace` shows how long everything took.
                let is_bracketed = masked.ends_with('(') && letter == ')';
                masked.push_str(&match is_bracketed && is_duration(&word) {
                    true => "<measured>".to_owned(),
                    false => masked_word(&word),
                });
                word.clear();
                masked.push(letter);
            }
        }
    }
    masked.push_str(&masked_word(&word));
    masked
}

fn masked_word(word: &str) -> String {
    if word.starts_with("127.0.0.1:") {
        return "<address>".to_owned();
    }
    let seconds = word.strip_suffix('s').filter(|it| it.contains('.'));
    if seconds.is_some_and(|it| it.parse::<f64>().is_ok()) {
        return "<seconds>".to_owned();
    }
    let mut text = word.to_owned();
    while let Some((start, end)) = time(&text) {
        text.replace_range(start..end, "<time>");
    }
    while let Some(start) = uuid(&text) {
        text.replace_range(start..start + UUID, "<id>");
    }
    text
}

/// Whether it is a number of seconds, minutes or milliseconds: `253ms`, `1m2s`.
fn is_duration(word: &str) -> bool {
    word.starts_with(|it: char| it.is_ascii_digit())
        && word.ends_with('s')
        && word
            .chars()
            .all(|it| it.is_ascii_digit() || "ms".contains(it))
}

/// Where a time of this century begins and ends.
fn time(text: &str) -> Option<(usize, usize)> {
    const SECONDS: &[u8] = b"2000-00-00T00:00:00";
    let is_time = |part: &[u8]| {
        part.starts_with(b"20")
            && part.iter().zip(SECONDS).all(|(byte, shape)| {
                byte.is_ascii_digit() == shape.is_ascii_digit()
                    && (byte.is_ascii_digit() || byte == shape)
            })
    };
    let bytes = text.as_bytes();
    let start = bytes.windows(SECONDS.len()).position(is_time)?;
    let fraction = &bytes[start + SECONDS.len()..];
    let is_more = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'Z');
    let length = fraction.iter().take_while(is_more).count();
    Some((start, start + SECONDS.len() + length))
}

/// Where a UUID begins.
fn uuid(text: &str) -> Option<usize> {
    let is_uuid = |part: &[u8]| {
        part.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    text.as_bytes().windows(UUID).position(is_uuid)
}

/// The length of a UUID.
const UUID: usize = 36;
/// Fields whose values are random, or a matter of time, or count what differs from server to server: the bytes of their stores.
const RANDOM: &[&str] = &[
    "taskId",
    "taskToken",
    "nextPageToken",
    "conflictToken",
    "requestId",
    "historySizeBytes",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_ids_are_masked() {
        let text = "at 2026-01-02T03:04:05.6Z: 7b9c4a4e-8f15-4d8a-9d43-6a8d0c0c7b11-2 took 0.25s of 10s on 127.0.0.1:7233 (253ms) (maps)";
        assert_eq!(
            masked(text),
            "at <time>: <id>-2 took <seconds> of 10s on <address> (<measured>) (maps)"
        );
    }
}
