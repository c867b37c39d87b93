//! The variant of an error enum that says nothing of itself but its `Debug`.

use std::{
    error::Error as StdError,
    fmt::{self, Write as _},
};

use super::AppError;

/// The name of the variant, as a derived `Debug` writes it; `None` for a struct.
///
/// Only the beginning of what `Debug` writes is looked at: the rest may be long.
pub(super) fn name(error: &(dyn StdError + 'static), type_name: &str) -> Option<String> {
    // The type is not known, so neither is what a struct would write.
    if type_name == AppError::PLAIN {
        return None;
    }
    let mut first = FirstWord {
        word: String::new(),
        next: String::new(),
    };
    // It stops what `Debug` writes, by an error.
    let _ = write!(first, "{error:?}");
    let FirstWord { word, next } = first;
    let is_variant = word.starts_with(char::is_uppercase)
        && word != type_name
        && (next.is_empty() || next.starts_with('(') || next.starts_with(" {"));
    is_variant.then_some(word)
}

/// Keeps the first word that is written, and the two characters after it.
struct FirstWord {
    word: String,
    next: String,
}

impl fmt::Write for FirstWord {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.next.is_empty() && (c.is_alphanumeric() || c == '_') {
                self.word.push(c);
            } else {
                self.next.push(c);
            }
            if self.next.len() > 1 {
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}
