//! Pages of lists that are ordered by a name.

use super::visibility::page_size;
use crate::error::{Error, ListError};

/// Prefix of tokens, so that junk and tokens of lists of executions are refused, not taken for names.
const AFTER: &str = "after ";

/// A page, and the token of the next one; an empty token ends the list.
#[derive(Debug, PartialEq)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Vec<u8>,
}

/// The page behind `token` of items in the order of their names. Adding or removing an item between two requests neither
/// skips nor repeats another item.
pub(super) fn page<T>(
    items: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> &str,
    requested: i32,
    token: &[u8],
) -> Result<Page<T>, Error> {
    let after = place_of(token)?;
    let behind = |item: &T| after.is_none_or(|after| name(item) > after);
    let mut rest = items.into_iter().filter(behind);
    let items: Vec<T> = rest.by_ref().take(page_size(requested)).collect();
    let has_more = rest.next().is_some();
    let next = match items.last() {
        Some(last) if has_more => format!("{AFTER}{}", name(last)).into_bytes(),
        Some(_) | None => Vec::new(),
    };
    Ok(Page { items, next })
}

fn place_of(token: &[u8]) -> Result<Option<&str>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    let text = str::from_utf8(token).ok();
    match text.and_then(|text| text.strip_prefix(AFTER)) {
        Some(name) => Ok(Some(name)),
        None => Err(ListError::BadPageToken.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn of(names: &[&'static str], size: i32, token: &[u8]) -> Page<&'static str> {
        page(names.iter().copied(), |name| *name, size, token).expect("the token is valid")
    }

    #[test]
    fn pages_of_any_size_are_the_list() {
        for size in [-1, 0, 1, 2, 4, 5, 6] {
            let (mut token, mut found) = (Vec::new(), Vec::new());
            loop {
                let page = of(&NAMES, size, &token);
                assert!(size <= 0 || page.items.len() <= usize::try_from(size).unwrap_or_default());
                found.extend(page.items);
                token = page.next;
                if token.is_empty() {
                    break;
                }
            }
            assert_eq!(found, NAMES, "{size}");
        }
    }

    #[test]
    fn a_name_that_is_gone_is_a_place() {
        let first = of(&NAMES, 2, b"");
        assert_eq!(first.items, ["a", "b"]);
        assert_eq!(of(&["a", "c", "d"], 9, &first.next).items, ["c", "d"]);
    }

    #[test]
    fn junk_is_refused() {
        for token in [&b"junk"[..], b"\xff\xfe", b"\0", b"after", b"{}"] {
            let refused = page(NAMES, |name| *name, 1, token);
            assert!(
                matches!(refused, Err(Error::Invalid(text)) if text == "Invalid NextPageToken.")
            );
        }
    }
}
