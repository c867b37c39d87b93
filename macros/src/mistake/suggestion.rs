//! Suggestions for unknown option keys, by edit distance and by the names of other SDKs.

/// Finds the known key nearest to an unknown one, if any is near enough.
pub(crate) fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let elsewhere = FOREIGN_KEYS
        .iter()
        .filter(|(word, _)| *word == key)
        .find_map(|(_, ours)| known.iter().find(|known| *known == ours));
    if let Some(ours) = elsewhere {
        return Some(ours);
    }
    let contained = known
        .iter()
        .filter(|known| key.contains(**known) || known.contains(key))
        .max_by_key(|known| known.len());
    let close = known
        .iter()
        .map(|known| (distance(key, known), known))
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known);
    close.or(contained).copied()
}

/// Names of options in other SDKs and Temporal's documentation, with ours.
const FOREIGN_KEYS: [(&str, &str); 14] = [
    ("timeout", "start_to_close"),
    ("schedule_timeout", "schedule_to_close"),
    ("retry", "max_attempts"),
    ("retries", "max_attempts"),
    ("max_retries", "max_attempts"),
    ("attempts", "max_attempts"),
    ("maximum_attempts", "max_attempts"),
    ("retry_policy", "max_attempts"),
    ("queue", "task_queue"),
    ("type", "name"),
    ("versioning_behavior", "versioning"),
    ("type_name", "name"),
    ("rename", "name"),
    ("retry_after", "next_retry_delay"),
];

/// Computes the Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let replaced = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_key_finds_the_one_that_was_meant() {
        let known = ["name", "start_to_close", "schedule_to_close", "heartbeat"];
        assert_eq!(
            nearest("start_to_close_timeout", &known),
            Some("start_to_close")
        );
        assert_eq!(nearest("heartbeet", &known), Some("heartbeat"));
        assert_eq!(nearest("nmae", &known), Some("name"));
        assert_eq!(nearest("priority", &known), None);
    }

    #[test]
    fn a_key_of_another_sdk_finds_ours_where_it_is_known() {
        assert_eq!(
            nearest("timeout", &["name", "start_to_close"]),
            Some("start_to_close")
        );
        assert_eq!(nearest("retries", &["max_attempts"]), Some("max_attempts"));
        assert_eq!(nearest("retries", &["name"]), None);
    }
}
