//! All programs that compile, as one program, because linking the SDK takes longer than compiling
//! them: `bench-mistakes NAME` runs one. The count of mistakes compiles those that the compiler
//! refuses, as examples.

macro_rules! programs {
    ($($name:ident = $file:literal;)*) => {
        $(#[path = $file] mod $name;)*

        fn main() {
            let wanted = std::env::args().nth(1).unwrap_or_default();
            match wanted.as_str() {
                $(stringify!($name) => $name::main(),)*
                // Without a name: which names there are.
                _ => print!("{}", concat!($(stringify!($name), "\n"),*)),
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/programs.rs"));
