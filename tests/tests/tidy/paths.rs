//! Paths of a source file: every `crate::`, `super::` and `self::` path, made absolute.
//!
//! No parser of Rust is among the dependencies, so this one reads as much of the language as paths
//! need: it follows inline modules and use trees, and leaves out what stands under `#[cfg(test)]`,
//! because a test may set its subject up with whatever stands above it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::tokens::tokens;

/// Where a file or folder is in its crate: `src/a/b.rs` and `src/a/b/mod.rs` are both `a::b`.
pub(super) fn module_path(src: &Path, file: &Path) -> Vec<String> {
    let relative = file.strip_prefix(src).expect("it is in the crate");
    let mut path: Vec<String> = relative
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let is_index = |last: &String| ["mod", "lib", "main"].contains(&last.as_str());
    if file.extension().is_some() && path.last().is_some_and(is_index) {
        path.pop();
    }
    path
}

/// One file, as far as imports go.
pub(super) struct Source {
    pub(super) file: PathBuf,
    pub(super) module: Vec<String>,
    /// Absolute paths in the crate that the file names, with their lines.
    pub(super) paths: Vec<(Vec<String>, usize)>,
    /// Modules in files of their own that exist for tests only.
    pub(super) test_modules: Vec<Vec<String>>,
}

impl Source {
    pub(super) fn read(src: &Path, file: PathBuf) -> Self {
        let text = fs::read_to_string(&file).expect("sources are text");
        let module = module_path(src, &file);
        let mut reader = Reader::new(&text, &module);
        reader.read();
        Self {
            paths: reader.paths,
            test_modules: reader.test_modules,
            module,
            file,
        }
    }

    /// The module directly in the folder that the file belongs to.
    pub(super) fn child_of(&self, folder: &[String]) -> String {
        match self.module.get(folder.len()) {
            Some(child) => child.clone(),
            None => {
                let stem = self.file.file_stem().expect("a file has a name");
                stem.to_string_lossy().into_owned()
            }
        }
    }
}

/// Walks the tokens of a file.
struct Reader<'a> {
    tokens: Vec<(&'a str, usize)>,
    at: usize,
    /// The module at this place, inline ones included, each with the depth of its braces.
    module: Vec<String>,
    inline: Vec<usize>,
    depth: usize,
    paths: Vec<(Vec<String>, usize)>,
    test_modules: Vec<Vec<String>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, module: &[String]) -> Self {
        Self {
            tokens: tokens(text),
            at: 0,
            module: module.to_vec(),
            inline: Vec::new(),
            depth: 0,
            paths: Vec::new(),
            test_modules: Vec::new(),
        }
    }

    fn token(&self, ahead: usize) -> &'a str {
        self.tokens
            .get(self.at + ahead)
            .map_or("", |(token, _)| *token)
    }

    fn read(&mut self) {
        while self.at < self.tokens.len() {
            match self.token(0) {
                "#" if self.is_ahead(&["#", "[", "cfg", "(", "test", ")", "]"]) => {
                    self.at += 7;
                    self.skip_test_item();
                }
                "mod" if self.token(2) == "{" => {
                    self.module.push(self.token(1).to_owned());
                    self.inline.push(self.depth);
                    self.depth += 1;
                    self.at += 3;
                }
                "{" => {
                    self.depth += 1;
                    self.at += 1;
                }
                "}" => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.inline.last() == Some(&self.depth) {
                        self.inline.pop();
                        self.module.pop();
                    }
                    self.at += 1;
                }
                "crate" | "super" | "self" if self.token(1) == "::" => self.path(),
                _ => self.at += 1,
            }
        }
    }

    fn is_ahead(&self, expected: &[&str]) -> bool {
        (0..)
            .zip(expected)
            .all(|(ahead, token)| self.token(ahead) == *token)
    }

    /// Skips what stands behind `#[cfg(test)]`, and remembers a module in a file of its own.
    fn skip_test_item(&mut self) {
        let begin = self.at;
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            let token = self.token(0);
            self.at += 1;
            match token {
                "{" | "[" | "(" => depth += 1,
                "}" | "]" | ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && matches!(token, "}" | ";") {
                break;
            }
        }
        let item = &self.tokens[begin..self.at];
        if let [.., ("mod", _), (name, _), (";", _)] = item {
            let mut module = self.module.clone();
            module.push((*name).to_owned());
            self.test_modules.push(module);
        }
    }

    /// Reads a path that begins at `crate`, `super` or `self`.
    fn path(&mut self) {
        let mut base = self.module.clone();
        let first = self.token(0);
        match first {
            "crate" => base.clear(),
            "super" => _ = base.pop(),
            _ => {}
        }
        self.at += 1;
        while self.token(0) == "::" && self.token(1) == "super" {
            base.pop();
            self.at += 2;
        }
        self.tree(base);
    }

    /// Reads the rest of a path, which may open into a use tree.
    fn tree(&mut self, mut path: Vec<String>) {
        while self.token(0) == "::" {
            let line = self.tokens.get(self.at).map_or(0, |(_, line)| *line);
            self.at += 1;
            match self.token(0) {
                "{" => {
                    self.at += 1;
                    while !matches!(self.token(0), "}" | "") {
                        match self.token(0) {
                            "," => self.at += 1,
                            "self" | "*" => {
                                self.paths.push((path.clone(), line));
                                self.at += 1;
                            }
                            _ => self.branch(path.clone()),
                        }
                    }
                    self.at += 1;
                    return;
                }
                name if is_name(name) => {
                    path.push(name.to_owned());
                    self.at += 1;
                }
                "*" => {
                    self.at += 1;
                    break;
                }
                // The generics of a type.
                _ => break,
            }
        }
        let line = self
            .tokens
            .get(self.at.saturating_sub(1))
            .map_or(0, |(_, line)| *line);
        self.paths.push((path, line));
    }

    fn branch(&mut self, mut path: Vec<String>) {
        path.push(self.token(0).to_owned());
        self.at += 1;
        self.tree(path);
        if self.token(0) == "as" {
            self.at += 2;
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[test]
fn paths_are_found_wherever_rust_lets_them_stand() {
    let text = r##"
        use crate::{a::{self, B as C}, d, e::*};
        // use crate::comment::Path;
        /* crate::comment /* nested */ crate::comment */
        pub(crate) fn f<'a>(_: &'a str) -> crate::inline::Path<'a> {
            let _ = ("crate::text", r#"crate::"raw""#, b"\"crate::bytes", '"', '\'', '\\');
            $crate::by_macro::call(super::sibling::g(super::super::uncle))
        }
        mod inner {
            use super::Own;
            use super::super::sibling;
        }
        #[cfg(test)]
        mod tests { use crate::tested::Thing; }
        #[cfg(test)]
        mod contract;
        use self::child::Child;
    "##;
    let mut reader = Reader::new(text, &["here".to_owned(), "deep".to_owned()]);
    reader.read();
    let found: Vec<String> = reader
        .paths
        .iter()
        .map(|(path, _)| path.join("::"))
        .collect();
    let expected = [
        "a",
        "a::B",
        "d",
        "e",
        "inline::Path",
        "by_macro::call",
        "here::sibling::g",
        "uncle",
        "here::deep::Own",
        "here::sibling",
        "here::deep::child::Child",
    ];
    assert_eq!(found, expected);
    assert_eq!(reader.test_modules, [["here", "deep", "contract"]]);
    assert_eq!(reader.paths[4].1, 5, "the line");
}
