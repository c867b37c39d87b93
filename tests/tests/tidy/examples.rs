//! Examples: code that compiles shows every public item and every public method, on its own page.

use std::{collections::BTreeSet, fs};

use super::{
    public_items::{Crates, Shown},
    root,
    tokens::tokens,
};

/// Items without an example, because no code names them: they are the type parameter of the methods
/// that `#[workflow]` writes, and rustdoc lists them for links only.
const NEVER_NAMED: [&str; 3] = ["FromClient", "FromWorkflow", "Recorder"];

#[test]
fn public_items_and_methods_are_shown_in_examples() {
    let crates = Crates::read();
    let (mut items, mut methods) = (0, 0);
    let mut missing = Vec::new();
    let mut excepted = BTreeSet::new();
    for name in ["durably", "durably_server"] {
        for shown in crates.shown(name) {
            let item = shown.item;
            items += 1;
            methods += item.methods.len();
            if NEVER_NAMED.contains(&&*item.name) {
                excepted.insert(item.name.as_str());
            } else if !is_shown(&shown) {
                missing.push(format!("{}: no example of `{}`", item.place, item.name));
            }
            let page = examples(&item.page());
            for method in &item.methods {
                if !names_method(&page, &method.name, item.is_trait) {
                    let (place, name) = (&method.place, &method.name);
                    missing.push(format!("{place}: no example of `{}::{name}`", item.name));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(items > 150 && methods > 280, "the items were not found");
    assert_eq!(Vec::from_iter(excepted), NEVER_NAMED);
}

/// rustdoc compiles all examples of a crate as one, unless that fails: then it compiles each alone, which
/// takes minutes instead of seconds. A path from `crate` leads elsewhere in the one crate.
#[test]
fn examples_compile_as_one_crate() {
    let crates = Crates::read();
    let pages = ["README.md", "docs/guide.md"]
        .map(|page| fs::read_to_string(root().join(page)).expect("a page is text"));
    let shown = crates.shown("durably").into_iter();
    let docs = shown.map(|shown| shown.item.page() + &shown.module_docs);
    for docs in docs.chain(pages) {
        let code = examples(&docs);
        let has_path = tokens(&code)
            .windows(2)
            .any(|pair| pair[0].0 == "crate" && pair[1].0 == "::");
        assert!(!has_path, "an example names `crate::`:\n{code}");
    }
}

/// Whether the item's page has an example, or the page of a module that lists it names it in one.
fn is_shown(shown: &Shown<'_>) -> bool {
    let of_module = examples(&shown.module_docs);
    let mut named = tokens(&of_module).into_iter();
    named.any(|(token, _)| token == shown.item.name) || !examples(&shown.item.page()).is_empty()
}

/// Whether code calls a method or function of this name, or implements it.
fn names_method(code: &str, name: &str, of_trait: bool) -> bool {
    tokens(code).windows(2).any(|pair| match pair[0].0 {
        "." | "::" => pair[1].0 == name,
        "fn" => of_trait && pair[1].0 == name,
        _ => false,
    })
}

/// The lines that users see of the code that rustdoc compiles.
fn examples(docs: &str) -> String {
    let compiled = ["", "rust", "no_run", "should_panic"];
    let mut code = String::new();
    // Whether the block that this line belongs to is compiled.
    let mut block = None;
    for line in docs.lines().map(str::trim_start) {
        match (line.strip_prefix("```"), block) {
            (Some(info), None) => {
                block = Some(info.split(',').all(|word| compiled.contains(&word.trim())));
            }
            (Some(_), Some(_)) => block = None,
            (None, Some(true)) if line != "#" && !line.starts_with("# ") => {
                code.push_str(line);
                code.push('\n');
            }
            (None, _) => {}
        }
    }
    code
}

#[test]
fn an_example_is_code_that_compiles_and_is_seen() {
    let docs = "
        Calls `x.prose()`.
        ```no_run
        # x.hidden();
        x.shown::<u32>();
        // x.comment();
        #[attribute]
        ```
        ```text
        x.text();
        ```
        ```
        X::associated(\"x.string()\");
        fn implemented() {}
        ```
        ```ignore
        x.ignored();
        ```
        ```compile_fail
        x.wrong();
        ```
    ";
    let code = examples(docs);
    let named = |name: &&str| names_method(&code, name, false);
    let names = ["shown", "associated"];
    let others = [
        "prose",
        "hidden",
        "comment",
        "text",
        "string",
        "implemented",
        "ignored",
        "wrong",
    ];
    assert!(names.iter().all(named), "{code}");
    assert!(!others.iter().any(named), "{code}");
    assert!(names_method(&code, "implemented", true));
}
