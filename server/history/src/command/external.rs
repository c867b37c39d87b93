//! Checks that all commands to other workflows share.

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
    let (bare, may_be_plain) = match (id.get(..URN.len()), id.strip_prefix('{')) {
        (Some(urn), _) if urn.eq_ignore_ascii_case(URN) => (&id[URN.len()..], false),
        (_, Some(braced)) => (braced.strip_suffix('}').unwrap_or(id), false),
        (_, None) => (id, true),
    };
    match bare.len() {
        32 if may_be_plain => bare.bytes().all(|byte| byte.is_ascii_hexdigit()),
        36 => bare.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        }),
        _ => false,
    }
}

/// Read in any case.
const URN: &str = "urn:uuid:";

#[cfg(test)]
mod tests {
    use super::is_run_id;

    #[test]
    fn run_ids_are_uuids() {
        for id in [
            "01a228c5-b457-7b77-995d-126a784f5e0b",
            "01A228C5-B457-7B77-995D-126A784F5E0B",
            "urn:uuid:01a228c5-b457-7b77-995d-126a784f5e0b",
            "URN:UUID:01a228c5-b457-7b77-995d-126a784f5e0b",
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
            "--------------------------------",
            "01a228c5-b457-7b77-995d126a784f5e0b",
            "{01a228c5b4577b77995d126a784f5e0b}",
            "{01a228c5-b457-7b77-995d-126a784f5e0b",
            "urn:uuid:01a228c5b4577b77995d126a784f5e0b",
        ] {
            assert!(!is_run_id(id), "{id}");
        }
    }
}
