//! `docs/features.md` lists every capability with the tests that show it, and those exist.

use std::fs;

use super::{pages::read, root};

/// The capabilities of workflow and activity code, in their order.
fn ids() -> Vec<String> {
    let of = |letter: char, last: u32| (1..=last).map(move |number| format!("{letter}{number}"));
    let of_files = ["C6", "D8"].map(ToOwned::to_owned);
    of('A', 24)
        .chain(of('B', 12))
        .chain(["D1".to_owned(), "D9".to_owned()])
        .chain(of('C', 5))
        .chain(of_files)
        .collect()
}

#[test]
fn every_feature_names_tests_that_exist() {
    let page = read("docs/features.md");
    let mut found = Vec::new();
    for feature in page.split("\n### ").skip(1) {
        let feature = feature.split("\n## ").next().expect("a text has a start");
        let (title, text) = feature.split_once('\n').expect("a feature has lines");
        found.push(
            title
                .split(' ')
                .next()
                .expect("a title has an id")
                .to_owned(),
        );
        // Lines of a list go on until the next item.
        let items: Vec<&str> = text.split("\n- ").skip(1).collect();
        let is_open = items.iter().any(|item| item.starts_with("Open: "));
        let mut tests = 0;
        for item in items.iter().filter(|item| !item.starts_with("Open: ")) {
            let (_, path) = item.split_once("](").expect("an item begins with a link");
            let (path, names) = path.split_once(')').expect("a link has an end");
            let path = root().join("docs").join(path);
            let source = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{title}: {}: {error}", path.display()));
            for name in names.split('`').skip(1).step_by(2) {
                let is_test = source.contains(&format!("fn {name}("));
                assert!(is_test, "{title}: {} has no {name}", path.display());
                tests += 1;
            }
        }
        assert!(
            tests > 0 || is_open,
            "{title}: no tests, and nothing is open"
        );
    }
    assert_eq!(found, ids());
}
