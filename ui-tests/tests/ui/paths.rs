//! The paths in what rustc prints: those of items that only expansions may name are of no use to users.

use std::path::Path;

use crate::{bless, cases::Case};

#[test]
fn no_text_names_a_private_item() {
    if bless::blessing() {
        return;
    }
    let cases = Case::all(Path::new("fail")).unwrap_or_else(|wrong| panic!("{wrong}"));
    let named: Vec<String> = cases
        .iter()
        .flat_map(|case| case.text.lines().map(|line| (case.id(), line)))
        .filter(|(_, line)| line.contains("durably::__private"))
        .map(|(id, line)| format!("{id}: {line}"))
        .collect();
    assert!(named.is_empty(), "{}", named.join("\n"));
}
