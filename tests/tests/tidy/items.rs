//! The items of source files, with their documentation.
//!
//! As [`paths`](super::paths) does, this reads as much of Rust as it needs: items, and the methods in
//! `impl` and `trait` blocks. Of what macros write it sees the setters of `setters!` and the enums of
//! `operations!`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    root,
    tokens::{is_doc, tokens_and_docs},
};

/// The crates whose items users see, by the names that paths have for them.
pub(super) const CRATES: [(&str, &str); 4] = [
    ("durably", "runtime/src"),
    ("durably_engine", "runtime/engine/src"),
    ("durably_macros", "macros/src"),
    ("durably_server", "server/src"),
];

/// A type, a trait, a function or a macro, with the methods that are on its page.
#[derive(Debug, Default)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) docs: String,
    pub(super) methods: Vec<Method>,
    /// The documentation of its `impl` blocks, fields and variants.
    pub(super) inner_docs: String,
    pub(super) is_trait: bool,
    pub(super) is_public: bool,
}

/// A method or function of a type or a trait.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) docs: String,
}

/// A file and a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Place(PathBuf, usize);

impl Item {
    /// What users read on the item's page.
    pub(super) fn page(&self) -> String {
        let methods = self.methods.iter().map(|method| method.docs.as_str());
        let parts = [self.docs.as_str(), &self.inner_docs].into_iter();
        parts.chain(methods).collect::<Vec<_>>().join("\n\n")
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.0.strip_prefix(root()).unwrap_or(&self.0);
        write!(f, "{}:{}", path.display(), self.1)
    }
}

#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) docs: String,
    /// Positions in the list of all items.
    pub(super) items: Vec<usize>,
    /// Child modules that users can name.
    pub(super) public_modules: Vec<String>,
    pub(super) uses: Vec<Use>,
}

#[derive(Debug)]
pub(super) struct Use {
    /// From a crate on.
    pub(super) path: Vec<String>,
    /// The name that it gets here.
    pub(super) name: String,
    pub(super) is_public: bool,
}

/// A module's path, its crate first.
pub(super) type ModulePath = Vec<String>;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) modules: BTreeMap<ModulePath, Module>,
    pub(super) items: Vec<Item>,
    /// Their types may be in files that are read later.
    pub(super) impls: Vec<Impl>,
}

impl Sources {
    /// Adds a file, which is the module of this path.
    pub(super) fn read_file(&mut self, text: &str, module: &[String], file: &Path) {
        let mut reader = Reader {
            tokens: tokens_and_docs(text),
            at: 0,
            file,
            sources: self,
        };
        reader.items(module);
    }
}

/// An `impl` block without a trait.
#[derive(Debug)]
pub(super) struct Impl {
    /// The path of its type, from a crate on.
    pub(super) path: Vec<String>,
    pub(super) docs: String,
    pub(super) methods: Vec<Method>,
}

pub(super) fn join(path: &[String], name: &str) -> ModulePath {
    let mut path = path.to_vec();
    path.push(name.to_owned());
    path
}

/// What stands in front of an item.
#[derive(Debug, Default)]
struct Front {
    docs: String,
    is_hidden: bool,
    is_test: bool,
    is_exported: bool,
    is_public: bool,
}

/// Walks the tokens of a file.
struct Reader<'a> {
    tokens: Vec<(&'a str, usize)>,
    at: usize,
    file: &'a Path,
    sources: &'a mut Sources,
}

impl<'a> Reader<'a> {
    fn token(&self, ahead: usize) -> &'a str {
        self.tokens
            .get(self.at + ahead)
            .map_or("", |(token, _)| *token)
    }

    fn place(&self) -> Place {
        let line = self.tokens.get(self.at).map_or(0, |(_, line)| *line);
        Place(self.file.to_owned(), line)
    }

    /// Reads the items of a module up to its end.
    fn items(&mut self, path: &[String]) {
        self.sources.modules.entry(path.to_vec()).or_default();
        while !matches!(self.token(0), "" | "}") {
            let front = self.front(path);
            self.item(path, front);
        }
        self.at += 1;
    }

    /// Reads documentation, attributes, visibility and the words before the word that says what an
    /// item is.
    fn front(&mut self, path: &[String]) -> Front {
        let mut front = Front::default();
        loop {
            match self.token(0) {
                line if line.starts_with("//!") => {
                    let module = self.sources.modules.entry(path.to_vec()).or_default();
                    module.docs.push_str(&doc_line(line));
                    self.at += 1;
                }
                line if is_doc(line) => {
                    front.docs.push_str(&doc_line(line));
                    self.at += 1;
                }
                "#" => {
                    self.at += 1 + usize::from(self.token(1) == "!");
                    let attribute = self.group();
                    match attribute.as_slice() {
                        ["doc", "(", "hidden", ")"] => front.is_hidden = true,
                        ["cfg", "(", "test", ")"] => front.is_test = true,
                        ["macro_export"] => front.is_exported = true,
                        _ => {}
                    }
                }
                "pub" => {
                    self.at += 1;
                    match self.token(0) {
                        "(" => _ = self.group(),
                        _ => front.is_public = true,
                    }
                }
                "async" | "unsafe" | "default" => self.at += 1,
                "const" if self.token(1) == "fn" => self.at += 1,
                _ => return front,
            }
        }
    }

    /// Reads one item, if one stands here.
    fn item(&mut self, path: &[String], front: Front) {
        let is_public = front.is_public && !front.is_hidden;
        match self.token(0) {
            _ if front.is_test => self.skip_item(),
            "mod" => {
                let name = self.token(1).to_owned();
                let child = join(path, &name);
                if is_public {
                    let module = self.sources.modules.entry(path.to_vec()).or_default();
                    module.public_modules.push(name);
                }
                let module = self.sources.modules.entry(child.clone()).or_default();
                module.docs.push_str(&front.docs);
                let is_inline = self.token(2) == "{";
                self.at += 3;
                if is_inline {
                    self.items(&child);
                }
            }
            "use" => {
                self.at += 1;
                self.use_tree(path, Vec::new(), is_public);
                self.skip_item();
            }
            "struct" | "enum" | "union" | "type" | "static" | "const" | "fn" => {
                let place = self.place();
                let name = self.token(1).to_owned();
                let begin = self.at;
                self.skip_item();
                let inner = &self.tokens[begin..self.at];
                let inner = inner.iter().filter(|(token, _)| is_doc(token));
                let item = Item {
                    name,
                    place,
                    docs: front.docs,
                    inner_docs: inner.map(|(line, _)| doc_line(line)).collect(),
                    is_public,
                    ..Item::default()
                };
                self.add(path, item);
            }
            "trait" => {
                let place = self.place();
                let name = self.token(1).to_owned();
                self.skip_to_block();
                let methods = self.methods(true);
                let item = Item {
                    name,
                    place,
                    docs: front.docs,
                    methods,
                    is_trait: true,
                    is_public,
                    ..Item::default()
                };
                self.add(path, item);
            }
            "impl" => self.impl_block(path, front),
            "macro_rules" => {
                let place = self.place();
                let name = self.token(2).to_owned();
                self.skip_item();
                // An exported macro stands at the root, wherever it is written.
                if front.is_exported && !front.is_hidden {
                    let item = Item {
                        name,
                        place,
                        docs: front.docs,
                        is_public: true,
                        ..Item::default()
                    };
                    self.add(&path[..1], item);
                }
            }
            "operations" if self.token(1) == "!" => self.operations(path),
            _ => self.skip_item(),
        }
    }

    /// Reads the enums that the macro `operations` writes.
    fn operations(&mut self, path: &[String]) {
        self.at += 3;
        while !matches!(self.token(0), "" | "}") {
            let front = self.front(path);
            let place = self.place();
            let name = self.token(0).to_owned();
            self.skip_item();
            let item = Item {
                name,
                place,
                docs: front.docs,
                is_public: true,
                ..Item::default()
            };
            self.add(path, item);
        }
        self.at += 1;
    }

    fn add(&mut self, path: &[String], item: Item) {
        let index = self.sources.items.len();
        self.sources.items.push(item);
        let module = self.sources.modules.entry(path.to_vec()).or_default();
        module.items.push(index);
    }

    /// Reads an `impl`, and keeps the methods of one that implements no trait.
    fn impl_block(&mut self, path: &[String], front: Front) {
        self.at += 1;
        if self.token(0) == "<" {
            self.skip_generics();
        }
        let mut type_path = Vec::new();
        let mut is_of_trait = false;
        loop {
            match self.token(0) {
                "{" | "where" | "" => break,
                "<" => {
                    self.skip_generics();
                    continue;
                }
                "for" => is_of_trait = true,
                "::" => {}
                name => type_path.push(name.to_owned()),
            }
            self.at += 1;
        }
        self.skip_to_block();
        let methods = self.methods(false);
        if !is_of_trait && !front.is_hidden {
            self.sources.impls.push(Impl {
                path: absolute(path, type_path),
                docs: front.docs,
                methods,
            });
        }
    }

    /// Reads the public methods of the block that begins here.
    fn methods(&mut self, all_are_public: bool) -> Vec<Method> {
        let mut methods = Vec::new();
        self.at += 1;
        while !matches!(self.token(0), "" | "}") {
            let front = self.front(&[]);
            let is_public = (front.is_public || all_are_public) && !front.is_hidden;
            match self.token(0) {
                "fn" if is_public && !front.is_test => {
                    methods.push(Method {
                        name: self.token(1).to_owned(),
                        place: self.place(),
                        docs: front.docs,
                    });
                    self.skip_item();
                }
                "setters" => {
                    self.at += 3;
                    while !matches!(self.token(0), "" | "}") {
                        methods.push(Method {
                            name: self.token(1).to_owned(),
                            place: self.place(),
                            docs: String::new(),
                        });
                        self.skip_item();
                    }
                    self.at += 1;
                }
                _ => self.skip_item(),
            }
        }
        self.at += 1;
        methods
    }

    /// Reads a use tree; what it names is made a path from a crate on.
    fn use_tree(&mut self, module: &[String], mut path: Vec<String>, is_public: bool) {
        loop {
            match self.token(0) {
                "{" => {
                    self.at += 1;
                    while !matches!(self.token(0), "" | "}") {
                        self.use_tree(module, path.clone(), is_public);
                        if self.token(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "::" => self.at += 1,
                "," | "}" | ";" | "as" | "" => break,
                name => {
                    path.push(name.to_owned());
                    self.at += 1;
                }
            }
        }
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if self.token(0) == "as" {
            name = self.token(1).to_owned();
            self.at += 2;
        }
        let it = Use {
            path: absolute(module, path),
            name,
            is_public,
        };
        let module = self.sources.modules.entry(module.to_vec()).or_default();
        module.uses.push(it);
    }

    /// Skips generics, in which `->` may stand.
    fn skip_generics(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.token(0) {
                "<" => depth += 1,
                "-" if self.token(1) == ">" => self.at += 1,
                ">" => depth -= 1,
                "" => return,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// Reads the group in brackets that begins here; returns what is inside.
    fn group(&mut self) -> Vec<&'a str> {
        let begin = self.at + 1;
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            match self.token(0) {
                "{" | "[" | "(" => depth += 1,
                "}" | "]" | ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        let inside = self.tokens.get(begin..self.at.saturating_sub(1));
        let inside = inside.unwrap_or_default();
        inside.iter().map(|(token, _)| *token).collect()
    }

    /// Skips to the block of a trait or an `impl`.
    fn skip_to_block(&mut self) {
        while !matches!(self.token(0), "{" | "") {
            self.at += 1;
        }
    }

    /// Skips the rest of an item: up to its `;`, or past its block.
    fn skip_item(&mut self) {
        loop {
            match self.token(0) {
                "" | "}" => return,
                ";" => {
                    self.at += 1;
                    return;
                }
                "{" => {
                    _ = self.group();
                    return;
                }
                "(" | "[" => _ = self.group(),
                _ => self.at += 1,
            }
        }
    }
}

/// A path of a use tree, from its crate on.
fn absolute(module: &[String], path: Vec<String>) -> Vec<String> {
    let first = path.first().map(String::as_str);
    match first {
        Some("crate") => {
            let mut absolute = module[..1].to_vec();
            absolute.extend_from_slice(&path[1..]);
            absolute
        }
        Some("self") => [module, &path[1..]].concat(),
        Some("super") => {
            let up = path.iter().take_while(|name| *name == "super").count();
            let base = &module[..module.len().saturating_sub(up)];
            [base, &path[up..]].concat()
        }
        Some(name) if CRATES.iter().any(|(it, _)| *it == name) => path,
        // A child of the module, or a crate of others', which resolves to nothing.
        _ => [module, &path].concat(),
    }
}

fn doc_line(token: &str) -> String {
    let line = &token[3..];
    format!("{}\n", line.strip_prefix(' ').unwrap_or(line))
}
