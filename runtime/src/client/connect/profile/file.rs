//! The file of profiles.

use std::{fmt, io, ops::Range, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};

use super::{Profile, wrong};
use crate::error::ConnectError;

const DEFAULT_PROFILE: &str = "default";

/// The profile in the file. Without a file, and without the profile `default` in it, it is empty.
pub(super) fn read(file: Option<&Path>, name: Option<&str>) -> Result<Profile, ConnectError> {
    let chosen = name.unwrap_or(DEFAULT_PROFILE);
    let found = match file.map(|file| (file, std::fs::read_to_string(file))) {
        Some((file, Ok(text))) => parse(file, &text, chosen)?,
        Some((file, Err(error))) if error.kind() != io::ErrorKind::NotFound => {
            let file = file.display();
            return Err(wrong(format!("`{file}` cannot be read: {error}")));
        }
        Some((_, Err(_))) | None => ConfigFile::default(),
    };
    match (found.chosen, name) {
        (Some(profile), _) => Ok(profile),
        (None, None) => Ok(Profile::default()),
        (None, Some(name)) => {
            let mut known = found.names;
            known.sort();
            let known = match known.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has `{}`", known.join("`, `")),
            };
            let file = match file {
                Some(file) => format!("`{}`", file.display()),
                None => "the configuration".to_owned(),
            };
            Err(wrong(format!("{file} has no profile `{name}`: {known}")))
        }
    }
}

fn parse(file: &Path, text: &str, profile: &str) -> Result<ConfigFile, ConnectError> {
    let fault = |error: toml::de::Error, key: fn(&str) -> Option<&str>| {
        let place = error.span().map(|span| place(text, span, key));
        let file = file.display();
        let place = place.map_or_else(|| file.to_string(), |place| format!("{file}, {place}"));
        wrong(format!("{place}: {}", without_value(error.message())))
    };
    // Where the file is no TOML, what stands before a `=` may be a part of a secret.
    let document = toml::Deserializer::parse(text).map_err(|error| fault(error, |_| None))?;
    let parsed = ForProfile(profile).deserialize(document);
    parsed.map_err(|error| fault(error, key))
}

/// The line, and the key in it.
fn place(text: &str, span: Range<usize>, key: fn(&str) -> Option<&str>) -> String {
    let before = text.bytes().take(span.start);
    let line = before.filter(|byte| *byte == b'\n').count();
    let number = line + 1;
    match text.lines().nth(line).and_then(key) {
        Some(key) => format!("line {number}, `{key}`"),
        None => format!("line {number}"),
    }
}

fn key(line: &str) -> Option<&str> {
    line.split_once('=').map(|(key, _)| key.trim())
}

/// What serde says of a value of a wrong type has the value, which may be a key: its kind is enough.
fn without_value(message: &str) -> String {
    let message = message.trim_end();
    let parts = message
        .strip_prefix("invalid type: ")
        .and_then(|rest| rest.rsplit_once(", expected "));
    let Some((found, expected)) = parts else {
        return message.to_owned();
    };
    let kind = found.split(['"', '`']).next().unwrap_or_default();
    format!("invalid type: {}, expected {expected}", kind.trim())
}

/// What a file says: the chosen profile, if it has it, and the names of all.
#[derive(Default)]
struct ConfigFile {
    chosen: Option<Profile>,
    names: Vec<String>,
}

/// Reads a file for one profile. The others may be for other programs, and have keys that only those know.
#[derive(Clone, Copy)]
struct ForProfile<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for ForProfile<'_> {
    type Value = ConfigFile;

    fn deserialize<D: Deserializer<'de>>(self, file: D) -> Result<ConfigFile, D::Error> {
        file.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ForProfile<'_> {
    type Value = ConfigFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of profiles")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut tables: A) -> Result<ConfigFile, A::Error> {
        let mut file = ConfigFile::default();
        while let Some(key) = tables.next_key::<TopLevel>()? {
            match key {
                TopLevel::Profile => file = tables.next_value_seed(Profiles(self.0))?,
            }
        }
        Ok(file)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum TopLevel {
    Profile,
}

/// The table of profiles.
struct Profiles<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Profiles<'_> {
    type Value = ConfigFile;

    fn deserialize<D: Deserializer<'de>>(self, profiles: D) -> Result<ConfigFile, D::Error> {
        profiles.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Profiles<'_> {
    type Value = ConfigFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table for each profile")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut profiles: A) -> Result<ConfigFile, A::Error> {
        let mut file = ConfigFile::default();
        while let Some(name) = profiles.next_key::<String>()? {
            match name == self.0 {
                true => file.chosen = Some(profiles.next_value()?),
                false => profiles.next_value::<IgnoredAny>().map(drop)?,
            }
            file.names.push(name);
        }
        Ok(file)
    }
}
