//! `docs/features.md` lists every capability with the tests that show it, and those exist.

use std::fs;

use super::{
    pages::{after, anchors, read},
    root,
};

/// The capabilities of workflow and activity code, in their order.
fn ids() -> Vec<String> {
    let of = |letter: char, last: u32| (1..=last).map(move |number| format!("{letter}{number}"));
    let of_programs = ["C6", "C8", "D8"].map(ToOwned::to_owned);
    of('A', 24)
        .chain(of('B', 12))
        .chain(["D1".to_owned(), "D9".to_owned()])
        .chain(of('C', 5))
        .chain(of_programs)
        .collect()
}

/// The capabilities that a reader tries out, of which each has an example and histories that both servers record
/// alike.
fn is_shown_by_a_program(id: &str) -> bool {
    match id.split_at(1) {
        ("A", number) => number.parse::<u32>().is_ok_and(|number| number <= 19),
        ("B", _) => true,
        _ => id == "D1",
    }
}

/// The features of the page: id, and text below the title.
fn features(page: &str) -> Vec<(&str, &str)> {
    let features = page.split("\n### ").skip(1);
    let features = features.map(|feature| {
        let feature = feature.split("\n## ").next().expect("a text has a start");
        let (title, text) = feature.split_once('\n').expect("a feature has lines");
        let id = title.split(' ').next().expect("a title has an id");
        (id, text)
    });
    features.collect()
}

#[test]
fn every_feature_names_tests_that_exist() {
    let page = read("docs/features.md");
    let mut found = Vec::new();
    for (title, text) in features(&page) {
        found.push(title.to_owned());
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

#[test]
fn every_feature_has_its_chapter_an_example_and_compared_histories() {
    let page = read("docs/features.md");
    let headings = anchors(&read("docs/guide.md"));
    let programs = programs();
    let mut missing = Vec::new();
    for (id, text) in features(&page) {
        let about = text.split("\n- ").next().unwrap_or_default();
        let links = after(about, "](", ')');
        let chapters = links.iter().filter_map(|it| it.strip_prefix("guide.md#"));
        let chapters: Vec<_> = chapters.collect();
        let is_a_chapter = |it: &&str| headings.contains(*it);
        if chapters.is_empty() || !chapters.iter().all(is_a_chapter) {
            missing.push(format!("{id}: a chapter of the guide"));
        }
        let examples = links
            .iter()
            .filter_map(|it| it.strip_prefix("../examples/"));
        let examples: Vec<_> = examples.collect();
        if !examples
            .iter()
            .all(|it| programs.iter().any(|at| it.starts_with(at)))
        {
            missing.push(format!("{id}: an example that is a program: {examples:?}"));
        }
        if is_shown_by_a_program(id) {
            if examples.is_empty() {
                missing.push(format!("{id}: an example"));
            }
            if !text.contains("](../tests/tests/histories/") {
                missing.push(format!("{id}: compared histories"));
            }
        }
    }
    assert!(missing.is_empty(), "missing:\n{}", missing.join("\n"));
}

/// Where the examples are below `examples/`: files of the package there, and folders with more than one.
fn programs() -> Vec<String> {
    let manifest = read("examples/Cargo.toml");
    let files = after(&manifest, "\npath = \"", '"').into_iter();
    let files = files.map(|file| file.trim_end_matches("main.rs"));
    let folders = fs::read_dir(root().join("examples")).expect("the examples are in a folder");
    let folders = folders.filter_map(|entry| {
        let path = entry.expect("a folder is readable").path();
        let name = path.file_name()?.to_str()?.to_owned();
        path.join("Cargo.toml").exists().then(|| format!("{name}/"))
    });
    files.map(ToOwned::to_owned).chain(folders).collect()
}
