//! What README, the guide and the other pages name exists: chapters, links, files and commands.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{all_sources, root};

/// The pages that people read, by their paths in the repository.
const PAGES: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "bench/README.md",
    "docs/features.md",
    "docs/guide.md",
    "examples/README.md",
    "runtime/src/docs/changing_workflows.md",
    "runtime/src/docs/determinism.md",
];

/// Those of them that are pages of rustdoc.
const RUSTDOC_PAGES: [&str; 3] = [
    "docs/guide.md",
    "runtime/src/docs/changing_workflows.md",
    "runtime/src/docs/determinism.md",
];

#[test]
fn contents_of_the_guide_list_its_chapters() {
    let guide = read("docs/guide.md");
    let (contents, _) = guide.split_once("\n## ").expect("the guide has chapters");
    let listed: Vec<&str> = contents
        .lines()
        .filter_map(|line| line.split_once(". [")?.1.split_once(']'))
        .map(|(title, _)| title)
        .collect();
    assert_eq!(listed, chapters(&guide));
}

#[test]
fn links_of_pages_have_targets() {
    let mut links = 0;
    for page in PAGES {
        let text = read(page);
        let folder = Path::new(page).parent().expect("a file is in a folder");
        for link in after(&prose(&text), "](", ')') {
            links += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            if path.contains("://") || path.contains("::") {
                continue;
            }
            let target = match path {
                "" => page.into(),
                _ => folder.join(path),
            };
            let target = root().join(target);
            assert!(target.exists(), "{page} links to {link}");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).expect("a page is text");
                assert!(anchors(&text).contains(anchor), "{page} links to {link}");
            }
        }
    }
    assert!(links > 40, "the links were not found");
}

/// On a page that rustdoc shows, too, a path within the repository leads nowhere: such a link is a reference, whose
/// label is the path, and whose address is that of the file in the repository.
#[test]
fn pages_of_rustdoc_link_to_files_by_their_address_in_the_repository() {
    let manifest = read("Cargo.toml");
    let repository = after(&manifest, "repository = \"", '"');
    let repository = repository.first().expect("the workspace names it");
    let mut references = 0;
    for page in RUSTDOC_PAGES {
        let text = prose(&read(page));
        for link in after(&text, "](", ')') {
            let is_path = !["#", "://", "::"].iter().any(|it| link.contains(it));
            assert!(
                !is_path,
                "{page} links to {link}, which rustdoc does not find"
            );
        }
        let mut defined = BTreeSet::new();
        for line in text.lines().filter(|line| line.starts_with('[')) {
            let Some((label, address)) = line[1..].split_once("]: ") else {
                continue;
            };
            let kind = match root().join(label) {
                folder if folder.is_dir() => "tree",
                file => {
                    assert!(file.exists(), "{page} links to {label}");
                    "blob"
                }
            };
            assert_eq!(
                address,
                format!("{repository}/{kind}/main/{label}"),
                "{page}"
            );
            defined.insert(label.to_owned());
        }
        let used = after(&text, "][", ']');
        let used: BTreeSet<String> = used.into_iter().map(str::to_owned).collect();
        assert_eq!(used, defined, "{page}");
        references += used.len();
    }
    assert!(references > 10, "the references were not found");
}

#[test]
fn dashboards_and_alerts_name_metrics_that_exist() {
    let known = read("runtime/src/telemetry/metrics/names.rs");
    let mut metrics = 0;
    for file in ["dashboard.json", "alerts.yaml"] {
        let text = read(&format!("examples/telemetry/{file}"));
        for rest in text.split("temporal_").skip(1) {
            let is_of_name = |c: char| c.is_ascii_lowercase() || c == '_';
            let name = rest.split(|c| !is_of_name(c)).next().unwrap_or_default();
            let name = name.strip_suffix("_bucket").unwrap_or(name);
            assert!(
                known.contains(&format!("\"{name}\",")),
                "{file}: temporal_{name}"
            );
            metrics += 1;
        }
    }
    assert!(metrics > 15, "the metrics were not found");
}

#[test]
fn files_and_folders_that_pages_name_exist() {
    let mut paths = 0;
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = prose(&read(page));
        for path in text.split('`').skip(1).step_by(2) {
            let is_path =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-./".contains(c);
            let is_file = path.ends_with(".rs");
            if !path.chars().all(is_path) || !(is_file || path.contains('/')) {
                continue;
            }
            paths += 1;
            let is_there = |folder: &&str| root().join(folder).join(path).exists();
            assert!(FOLDERS.iter().any(is_there), "{page} names `{path}`");
        }
    }
    assert!(paths > 40, "the paths were not found");
}

/// What the paths of a page are relative to, when its text names the package.
const FOLDERS: [&str; 13] = [
    "",
    "macros/src",
    "runtime/src",
    "runtime/src/definition",
    "runtime/src/transport",
    "runtime/src/worker",
    "runtime/src/worker/workflow_task",
    "runtime",
    "runtime/engine/src",
    "runtime/proto",
    "server/src",
    "examples",
    "ui-tests",
];

#[test]
fn chapters_that_rustdoc_links_to_exist() {
    let mut links = 0;
    let sources = all_sources().into_iter();
    for path in sources.filter(|path| path.starts_with(root().join("runtime/src"))) {
        let text = fs::read_to_string(&path).expect("sources are text");
        for link in after(&text, "crate::guide", ')') {
            let Some((module, anchor)) = link.split_once('#') else {
                continue;
            };
            links += 1;
            let page = match module.trim_start_matches("::") {
                "" => read("docs/guide.md"),
                module => read(&format!("runtime/src/docs/{module}.md")),
            };
            assert!(
                anchors(&page).contains(anchor),
                "{}: {link}",
                path.display()
            );
        }
    }
    assert!(links > 0, "the links were not found");
}

#[test]
fn commands_of_pages_exist() {
    let mut commands = 0;
    let examples = all_sources().into_iter();
    let examples = examples.filter(|path| path.starts_with(root().join("examples")));
    let pages = PAGES.map(|page| root().join(page)).into_iter();
    for path in pages.chain(examples) {
        let text = fs::read_to_string(&path).expect("pages are text");
        for command in commands_of(&text) {
            commands += 1;
            if let Err(problem) = check(&command) {
                panic!("{}: `{command}`: {problem}", path.display());
            }
        }
    }
    assert!(commands > 20, "the commands were not found");
}

#[test]
fn wrong_commands_are_found() {
    for (wrong, problem) in [
        ("cargo run --example greetings", "no example `greetings`"),
        (
            "cargo run -p durably-sever -- --port 0",
            "no package `durably-sever`",
        ),
        (
            "cargo test -p durably-ui-tests --test clipy",
            "no test `clipy`",
        ),
        (
            "cargo run -p durably-example-codecs --bin decryption",
            "no program `decryption`",
        ),
        ("cargo tset --workspace", "`cargo tset`"),
        ("cargo test --workspaces", "`--workspaces`"),
        ("durably-server --prot 7233", "`--prot`"),
        (".ci/real-server begin", "`begin`"),
        (".ci/walk", "no file"),
    ] {
        let found = check(wrong).expect_err(wrong);
        assert!(found.contains(problem), "{wrong}: {found}");
    }
    let page =
        "Text with `BLESS=1 cargo\ntest x` and ```code```.\n```sh\ncargo run   # comment\n```\n";
    assert_eq!(commands_of(page), ["cargo run", "BLESS=1 cargo test x"]);
}

#[test]
fn the_full_check_runs_the_commands_of_readme() {
    let readme = read("README.md");
    let (_, section) = readme
        .split_once("\n## Try it\n")
        .expect("README has the section");
    let block = section.split("```").nth(1).expect("it has a block");
    let commands = block.lines().skip(1).filter(|line| !line.is_empty());
    let commands: Vec<&str> = commands
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
        .collect();
    assert_eq!(
        commands,
        ["cargo run --example greeting", "cargo test --workspace"]
    );
    // The script reads them from there.
    assert!(read(".ci/run").contains("awk '/^## Try it/ { section = 1 }"));
}

#[test]
fn readme_shows_an_error_as_the_compiler_prints_it() {
    let readme = read("README.md");
    let (_, block) = readme
        .split_once("```text\nerror: ")
        .expect("README shows an error");
    let (message, _) = block.split_once("\n  --> ").expect("it has a place");
    let lines: Vec<&str> = message.lines().map(str::trim).collect();
    let message = lines.join("<br>");
    assert!(read("docs/diagnostics.md").contains(&message), "{message}");
}

#[test]
fn chapters_and_methods_that_texts_name_exist() {
    let guide = read("docs/guide.md");
    let chapters = chapters(&guide);
    let modules = read("runtime/src/guide.rs");
    let start = read("runtime/src/client/start/mod.rs");
    let mut named = 0;
    for path in texts() {
        let text = fs::read_to_string(&path).expect("texts are text");
        let text = text_of(&text);
        for chapter in after(&text, "see \"", '"') {
            named += 1;
            assert!(
                chapters.contains(&chapter),
                "{} names the chapter \"{chapter}\", which docs/guide.md does not have",
                path.display()
            );
        }
        for prefix in ["durably/latest/durably/guide/", "durably::guide::"] {
            for module in after(&text, prefix, '/') {
                named += 1;
                let is_name = |c: char| c.is_alphanumeric() || c == '_';
                let module = module.split(|c| !is_name(c)).next().unwrap_or_default();
                assert!(
                    modules.contains(&format!("pub mod {module} ")),
                    "{} names `durably::guide::{module}`, which does not exist",
                    path.display()
                );
            }
        }
        for option in after(&text, "where the workflow is started: `.", '(') {
            named += 1;
            assert!(
                ['(', '<']
                    .iter()
                    .any(|next| start.contains(&format!("fn {option}{next}"))),
                "{} names `.{option}(..)`, which a start does not have",
                path.display()
            );
        }
    }
    assert!(named >= 4, "the texts were not found");
}

/// What the programs print: sources, blessed texts, and what is shown to readers.
fn texts() -> Vec<PathBuf> {
    let mut found = all_sources();
    for folder in ["runtime/src/texts", "runtime/clippy", "docs"] {
        let entries = fs::read_dir(root().join(folder)).expect("the tree is readable");
        found.extend(entries.flatten().map(|entry| entry.path()));
    }
    found.push(root().join("README.md"));
    found.retain(|path| !path.starts_with(root().join("tests")) && path.is_file());
    found
}

/// A source's texts as they are shown: without the breaks and the escapes of literals.
fn text_of(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    for (at, part) in source.split("\\\n").enumerate() {
        text.push_str(if at == 0 { part } else { part.trim_start() });
    }
    text.replace("\\\"", "\"")
}

pub(super) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn chapters(page: &str) -> Vec<&str> {
    page.lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect()
}

/// The anchors of a page's headings, as GitHub and rustdoc make them.
pub(super) fn anchors(page: &str) -> BTreeSet<String> {
    let page = prose(page);
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
            title
                .chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

/// A page without its blocks of code.
fn prose(page: &str) -> String {
    let mut in_block = false;
    let lines = page.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// The commands of a page or of a source's comments: lines of shell blocks, then code in the text.
fn commands_of(text: &str) -> Vec<String> {
    let text: String = text
        .lines()
        .map(|line| line.trim_start_matches("//! ").trim_end().to_owned() + "\n")
        .collect();
    let blocks = text.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
    let lines = lines.map(|line| {
        line.split(" #")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    });
    let prose = prose(&text);
    let spans = prose.split('`').skip(1).step_by(2);
    let spans = spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
    lines
        .chain(spans)
        .filter(|line| !program_of(line).is_empty())
        .collect()
}

/// The words of a command of this repository from its program on; none for another text.
fn program_of(command: &str) -> Vec<&str> {
    let is_variable = |word: &&str| word.contains('=') && !word.starts_with('-');
    let words: Vec<&str> = command.split(' ').skip_while(is_variable).collect();
    let is_ours =
        |word: &&&str| ["cargo", "durably-server"].contains(*word) || word.starts_with(".ci/");
    match words.first().filter(is_ours) {
        Some(_) => words,
        None => Vec::new(),
    }
}

/// Whether a command names programs, packages, targets and options that exist.
fn check(command: &str) -> Result<(), String> {
    let words = program_of(command);
    match words.as_slice() {
        ["cargo", rest @ ..] => check_cargo(rest),
        ["durably-server", rest @ ..] => check_server(rest),
        [script, rest @ ..] => {
            let text = fs::read_to_string(root().join(script))
                .map_err(|_| format!("no file `{script}`"))?;
            let unknown = rest
                .iter()
                .find(|word| !text.contains(&format!("\n{word})")));
            unknown.map_or(Ok(()), |word| Err(format!("`{script}` has no `{word}`")))
        }
        [] => Ok(()),
    }
}

fn check_cargo(words: &[&str]) -> Result<(), String> {
    // Miri runs cargo's own commands.
    let words = words.strip_prefix(&["+nightly", "miri"]).unwrap_or(words);
    let Some((subcommand, options)) = words.split_first() else {
        return Ok(());
    };
    if ![
        "build", "clippy", "doc", "fmt", "package", "publish", "run", "test",
    ]
    .contains(subcommand)
    {
        return Err(format!(
            "`cargo {subcommand}` is not a command of these pages"
        ));
    }
    let split = options.iter().position(|word| *word == "--");
    let (options, arguments) = options.split_at(split.unwrap_or(options.len()));
    let mut package = "";
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value = || options.next().copied().unwrap_or_default();
        match *option {
            "-p" => {
                package = value();
                folder_of(package)?;
            }
            "--manifest-path" => {
                let manifest = value();
                if !root().join(manifest).is_file() {
                    return Err(format!("there is no `{manifest}`"));
                }
            }
            "--example" => exists(
                "example",
                value(),
                &read("examples/Cargo.toml"),
                "name = \"",
            )?,
            "--test" => {
                let (folder, test) = (folder_of(package)?.join("tests"), value());
                let files = [format!("{test}.rs"), format!("{test}/main.rs")];
                if !files.iter().any(|file| folder.join(file).exists()) {
                    return Err(format!("no test `{test}` in {package}"));
                }
            }
            "--bin" => {
                let program = value();
                let file = format!("src/bin/{program}.rs");
                if !folder_of(package)?.join(file).exists() {
                    return Err(format!("no program `{program}` in {package}"));
                }
            }
            "--all" | "--all-features" | "--lib" | "--no-deps" | "--open" | "--release"
            | "--workspace" => {}
            option if option.starts_with('-') => return Err(format!("`{option}` is not checked")),
            _ => {}
        }
    }
    match (package, arguments) {
        ("durably-server", ["--", arguments @ ..]) => check_server(arguments),
        _ => Ok(()),
    }
}

fn check_server(arguments: &[&str]) -> Result<(), String> {
    let program = read("server/src/main.rs");
    let mut options = arguments.iter().filter(|word| word.starts_with('-'));
    let unknown = options.find(|option| !program.contains(&format!("\"{option}\"")));
    unknown.map_or(Ok(()), |option| {
        Err(format!("`durably-server` has no `{option}`"))
    })
}

/// The folder of a package of the workspace.
fn folder_of(package: &str) -> Result<PathBuf, String> {
    let workspace = read("Cargo.toml");
    let members = after(&workspace, "    \"", '"')
        .into_iter()
        .map(|member| root().join(member));
    members
        .filter(|folder| folder.join("Cargo.toml").exists())
        .find(|folder| {
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
            manifest.contains(&format!("\nname = \"{package}\"\n"))
        })
        .ok_or_else(|| format!("no package `{package}`"))
}

/// Whether the text has the name after the prefix; a name in capitals stands for any.
fn exists(what: &str, name: &str, text: &str, prefix: &str) -> Result<(), String> {
    match name == "NAME" || text.contains(&format!("{prefix}{name}\"")) {
        true => Ok(()),
        false => Err(format!("no {what} `{name}`")),
    }
}

/// What stands between `prefix` and `end`, wherever it does.
pub(super) fn after<'a>(text: &'a str, prefix: &str, end: char) -> Vec<&'a str> {
    text.split(prefix)
        .skip(1)
        .map(|rest| rest.split([end, '\n']).next().unwrap_or_default())
        .collect()
}
