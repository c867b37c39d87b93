//! A `main` that gives a text.

#[durably::main]
async fn main() -> String {
    "done".to_owned()
}
