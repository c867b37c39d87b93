//! The public items of a crate: what the `pub use` and `pub mod` that begin at its root lead to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use super::{
    items::{CRATES, Impl, Item, ModulePath, Sources, join},
    paths::module_path,
    root, sources,
};

/// The sources of all [`CRATES`].
#[derive(Debug, Default)]
pub(super) struct Crates(Sources);

/// An item that users can name.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) item: &'a Item,
    /// What users read on the pages of the modules that list it.
    pub(super) module_docs: String,
}

impl Crates {
    pub(super) fn read() -> Self {
        let mut found = Vec::new();
        for (name, folder) in CRATES {
            let src = root().join(folder);
            let mut files = Vec::new();
            sources(&src, &mut files);
            files.sort();
            for file in files {
                let module = [vec![name.to_owned()], module_path(&src, &file)].concat();
                let text = fs::read_to_string(&file).expect("sources are text");
                found.push((module, file, text));
            }
        }
        Self::of(&found)
    }

    /// Reads files, each with the path of its module.
    fn of(files: &[(ModulePath, PathBuf, String)]) -> Self {
        let mut crates = Self::default();
        for (module, file, text) in files {
            crates.0.read_file(text, module, file);
        }
        for block in std::mem::take(&mut crates.0.impls) {
            crates.add_impl(block);
        }
        crates
    }

    /// The public items that users reach from the root of a crate.
    pub(super) fn shown(&self, name: &str) -> Vec<Shown<'_>> {
        let mut found = BTreeMap::new();
        self.visit(&[name.to_owned()], &mut BTreeSet::new(), &mut found);
        found
            .into_iter()
            .map(|(index, modules)| Shown {
                item: &self.0.items[index],
                module_docs: modules
                    .iter()
                    .map(|path| self.0.modules[path].docs.as_str())
                    .collect::<Vec<_>>()
                    .join("\n\n"),
            })
            .collect()
    }

    fn visit(
        &self,
        path: &[String],
        visited: &mut BTreeSet<ModulePath>,
        found: &mut BTreeMap<usize, BTreeSet<ModulePath>>,
    ) {
        let Some(module) = self.0.modules.get(path) else {
            return;
        };
        if !visited.insert(path.to_vec()) {
            return;
        }
        let public = |index: &&usize| self.0.items[**index].is_public;
        let mut items: Vec<usize> = module.items.iter().filter(public).copied().collect();
        let mut modules = Vec::new();
        for public_use in module.uses.iter().filter(|it| it.is_public) {
            self.resolve(&public_use.path, &mut items, &mut modules);
        }
        for item in items {
            found.entry(item).or_default().insert(path.to_vec());
        }
        for child in &module.public_modules {
            self.visit(&join(path, child), visited, found);
        }
        for module in modules {
            self.visit(&module, visited, found);
        }
    }

    /// Finds what a path from a crate on names; nothing for other crates.
    fn resolve(&self, path: &[String], items: &mut Vec<usize>, modules: &mut Vec<ModulePath>) {
        if self.0.modules.contains_key(path) {
            modules.push(path.to_vec());
        }
        let Some((name, parent)) = path.split_last() else {
            return;
        };
        let Some(module) = self.0.modules.get(parent) else {
            return;
        };
        let named = |index: &&usize| self.0.items[**index].name == *name;
        items.extend(module.items.iter().filter(named));
        for it in &module.uses {
            if it.name == *name && it.path != path {
                self.resolve(&it.path, items, modules);
            }
        }
    }

    /// Adds the methods of an `impl` to the type that its path names.
    fn add_impl(&mut self, block: Impl) {
        let mut items = Vec::new();
        self.resolve(&block.path, &mut items, &mut Vec::new());
        match items.first() {
            Some(index) => {
                let item = &mut self.0.items[*index];
                item.inner_docs.push_str(&block.docs);
                item.methods.extend(block.methods);
            }
            // A type that a macro writes is in no file.
            None => assert!(
                block.methods.is_empty(),
                "{}: no type `{}` was found",
                block.methods[0].place,
                block.path.join("::")
            ),
        }
    }
}

#[test]
fn items_are_found_by_the_paths_that_users_write() {
    let lib = r#"
        //! Docs of the crate.
        mod hidden_folder;
        pub mod open;
        pub use hidden_folder::{Exported, f as renamed};
        #[doc(hidden)]
        pub use hidden_folder::Unseen;
        pub(crate) use hidden_folder::Internal;
        /// A macro.
        #[macro_export]
        macro_rules! made { () => { pub struct NotRead; }; }
        #[cfg(test)]
        pub mod tests { pub struct Tested; }
    "#;
    let hidden_folder = r#"
        /// A type.
        pub struct Exported<T>(fn(T) -> T);
        pub struct Unseen;
        pub struct Internal;
        /// A function.
        pub const fn f() -> &'static str { "pub fn text() {}" }
        impl<T: Fn() -> bool> Exported<T> {
            /// A method.
            #[must_use]
            pub async fn method(self) {}
            pub(crate) fn internal() {}
            #[doc(hidden)]
            pub fn unseen() {}
            setters! { fn setter(to: u32) -> Self; }
        }
        impl<T> Clone for Exported<T> { fn clone(&self) -> Self {} }
        #[doc(hidden)]
        impl<T> Exported<T> { pub fn advice() {} }
    "#;
    let open = r#"
        use crate::Exported as Known;
        impl Known<u32> { pub fn elsewhere() {} }
        pub trait Open { fn provided(&self) {} }
        operations! {
            /// Failed.
            Failed { Io(u32), }
        }
    "#;
    let files = [
        (vec!["durably".to_owned()], lib),
        (
            vec!["durably".to_owned(), "hidden_folder".to_owned()],
            hidden_folder,
        ),
        (vec!["durably".to_owned(), "open".to_owned()], open),
    ];
    let files = files.map(|(module, text)| (module, PathBuf::new(), text.to_owned()));
    let crates = Crates::of(&files);
    let shown = crates.shown("durably").into_iter().map(|shown| {
        let methods: Vec<_> = shown.item.methods.iter().map(|it| &*it.name).collect();
        (&*shown.item.name, methods)
    });
    let expected = [
        ("made", vec![]),
        ("Exported", vec!["method", "setter", "elsewhere"]),
        ("f", vec![]),
        ("Open", vec!["provided"]),
        ("Failed", vec![]),
    ];
    assert_eq!(Vec::from_iter(shown), expected);
    let [root, ..] = &*crates.shown("durably") else {
        panic!("the root has items");
    };
    assert_eq!(root.module_docs, "Docs of the crate.\n");
    assert_eq!(root.item.docs, "A macro.\n");
}
