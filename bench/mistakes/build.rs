//! The programs that compile, as modules in a list.

#[path = "../../ui-tests/tests/ui/cases/mod.rs"]
#[allow(dead_code, reason = "the ui-tests also compare and bless them")]
mod cases;
#[path = "../src/mistakes/programs.rs"]
mod programs;

use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=programs");
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    let out = Path::new(&out);
    let mut programs = programs::all(Path::new("programs"));
    // The compiler refuses those whose `main` is private.
    programs.retain(|program| program.text.contains("\npub fn main() {\n"));
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    let mut list = String::new();
    for program in &programs {
        program.write(out);
        let path = out.join(&program.name).with_extension("rs");
        list += &format!("    {} = {path:?};\n", program.name);
    }
    fs::write(out.join("programs.rs"), format!("programs! {{\n{list}}}\n"))
        .expect("cargo made the folder");
}
