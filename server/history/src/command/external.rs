//! What the commands to other workflows have in common.

use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;

use crate::command::bad_command::BadCommand;
use crate::input::RunNamespace;

/// Checks that a command stays in the run's namespace; the real server's default allows no other.
pub(crate) fn check_namespace(named: &str, own: &RunNamespace) -> Result<(), String> {
    match named.is_empty() || named == &*own.name {
        true => Ok(()),
        false => Err("cross namespace commands are not allowed".to_owned()),
    }
}

/// Checks that one more of a kind may be pending.
pub(crate) fn check_pending(
    pending: usize,
    limit: usize,
    what: &str,
    cause: Cause,
) -> Result<(), BadCommand> {
    match pending < limit {
        true => Ok(()),
        false => Err(BadCommand::new(
            cause,
            format!(
                "the number of {what}, {pending}, has reached the per-workflow limit of {limit}"
            ),
        )),
    }
}

/// Whether a run id of a command is one: a hyphenated UUID, or one of the other forms that the real
/// server's parser reads.
pub(crate) fn is_run_id(id: &str) -> bool {
    let bare = id
        .strip_prefix("urn:uuid:")
        .or_else(|| id.strip_prefix('{').and_then(|id| id.strip_suffix('}')))
        .unwrap_or(id);
    let groups: Vec<_> = bare.split('-').map(str::len).collect();
    let is_hyphenated = groups == [8, 4, 4, 4, 12];
    let is_plain = bare.len() == 32 && bare == id;
    let mut digits = bare.bytes().filter(|byte| *byte != b'-');
    (is_hyphenated || is_plain) && digits.all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::is_run_id;

    #[test]
    fn run_ids_are_uuids() {
        for id in [
            "01a228c5-b457-7b77-995d-126a784f5e0b",
            "01A228C5-B457-7B77-995D-126A784F5E0B",
            "urn:uuid:01a228c5-b457-7b77-995d-126a784f5e0b",
            "{01a228c5-b457-7b77-995d-126a784f5e0b}",
            "01a228c5b4577b77995d126a784f5e0b",
        ] {
            assert!(is_run_id(id), "{id}");
        }
        for id in [
            "nope",
            "01a228c5-b457-7b77-995d-126a784f5e0",
            "01a228c5-b457-7b77-995d-126a784f5e0g",
            "-",
        ] {
            assert!(!is_run_id(id), "{id}");
        }
    }
}
