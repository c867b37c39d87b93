//! Field masks of requests: the paths of the fields to change, spelled as clients spell them.

use std::collections::BTreeSet;

use durably_proto::wkt::FieldMask;

/// The paths of a mask in lower camel case, as in `retryPolicy.maximumAttempts`: the real server reads
/// `retry_policy.maximum_attempts` and `RetryPolicy.MaximumAttempts` as that, too.
pub fn paths(mask: &FieldMask) -> BTreeSet<String> {
    let paths = mask.paths.iter();
    paths
        .map(|path| {
            let names: Vec<_> = path.split('.').map(camel).collect();
            names.join(".")
        })
        .collect()
}

fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    for word in name.split('_') {
        let mut letters = word.chars();
        let Some(first) = letters.next() else {
            continue;
        };
        match camel.is_empty() {
            true => camel.extend(first.to_lowercase()),
            false => camel.extend(first.to_uppercase()),
        }
        camel.push_str(letters.as_str());
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_path_is_the_same() {
        for spelling in [
            "retry_policy.maximum_attempts",
            "retryPolicy.maximumAttempts",
            "RetryPolicy.MaximumAttempts",
        ] {
            let mask = FieldMask {
                paths: vec![spelling.to_owned()],
            };
            let expected = BTreeSet::from(["retryPolicy.maximumAttempts".to_owned()]);
            assert_eq!(paths(&mask), expected, "{spelling}");
        }
    }
}
