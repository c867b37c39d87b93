//! Options that contradict each other, refused before a server meets them.

use std::fmt;

/// Options contradict each other.
///
/// Of a call in a workflow: the workflow task fails with this text, so the run waits until the code is corrected.
#[derive(Debug)]
pub(crate) struct InvalidOptions {
    /// Whose options they are.
    of: String,
    /// What is wrong, one sentence each.
    pub(super) wrong: Vec<String>,
}

impl InvalidOptions {
    /// Refuses the options of `of` if something is wrong, a sentence each.
    ///
    /// # Errors
    /// All that is wrong at once.
    pub(crate) fn check(of: impl fmt::Display, wrong: Vec<String>) -> Result<(), Self> {
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(Self {
                of: of.to_string(),
                wrong,
            }),
        }
    }
}

impl fmt::Display for InvalidOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "options of {}: {}", self.of, self.wrong.join("; "))
    }
}
