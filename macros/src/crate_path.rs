//! Where expansions find the runtime crate.

use std::{env, fs, path::Path, sync::OnceLock};

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// The path of the runtime crate: `crate = path`, or the name it has in Cargo.toml.
#[derive(Clone)]
pub(crate) enum CratePath {
    /// By us: the same in every place.
    Found(TokenStream),
    /// By the user: its tokens mean what they mean where they were written.
    Written(TokenStream),
}

impl CratePath {
    /// What the user says.
    pub(crate) fn written(path: &syn::Path) -> Self {
        Self::Written(path.to_token_stream())
    }

    /// What Cargo says, and `::durably` where it says nothing.
    pub(crate) fn found() -> Self {
        static RENAMED: OnceLock<Option<String>> = OnceLock::new();
        let renamed = RENAMED.get_or_init(|| {
            let folder = env::var_os("CARGO_MANIFEST_DIR")?;
            let manifest = fs::read_to_string(Path::new(&folder).join("Cargo.toml")).ok()?;
            rename_in(&manifest)
        });
        let name = Ident::new(renamed.as_deref().unwrap_or("durably"), Span::call_site());
        Self::Found(quote!(::#name))
    }

    /// The path at another place: rustc points at macro code as soon as one token of an expression
    /// is placed there.
    ///
    /// A path that was written keeps what its tokens mean: `$crate` is the crate of the
    /// `macro_rules!` that wrote it only as long as its span says so.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        let place = |token: TokenTree| match self {
            Self::Found(_) => placed(token, span),
            Self::Written(_) => {
                let meaning = token.span();
                placed(token, meaning.located_at(span))
            }
        };
        self.tokens().clone().into_iter().map(place).collect()
    }

    /// The path as text, for serde's `crate` attribute; `None` if no text can say it.
    pub(crate) fn to_text(&self) -> Option<String> {
        let is_dollar_crate =
            |token: TokenTree| matches!(token, TokenTree::Ident(word) if word == "$crate");
        let tokens = self.tokens();
        match tokens.clone().into_iter().any(is_dollar_crate) {
            true => None,
            false => Some(tokens.to_string().replace(' ', "")),
        }
    }

    fn tokens(&self) -> &TokenStream {
        match self {
            Self::Found(tokens) | Self::Written(tokens) => tokens,
        }
    }
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens().to_tokens(tokens);
    }
}

fn placed(mut token: TokenTree, at: Span) -> TokenTree {
    token.set_span(at);
    token
}

/// The name under which a manifest depends on `durably`, if it gives it another one.
///
/// Reads lines instead of TOML: a manifest that says it in a way this does not see needs
/// `crate = path`, and a TOML parser in every build would cost more than that.
fn rename_in(manifest: &str) -> Option<String> {
    let mut table = "";
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            table = header.trim_end_matches(']').trim();
            continue;
        }
        let compact = line.replace([' ', '\t'], "");
        if compact == "package=\"durably\"" {
            let (parent, name) = table.rsplit_once('.')?;
            return parent.ends_with("dependencies").then(|| ident_of(name));
        }
        if table.ends_with("dependencies")
            && compact.contains("package=\"durably\"")
            && let Some((name, _)) = compact.split_once('=')
        {
            return Some(ident_of(name));
        }
    }
    None
}

fn ident_of(dependency: &str) -> String {
    dependency.trim_matches('"').replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::rename_in;

    #[test]
    fn an_inline_rename_is_found() {
        let manifest = "[package]\nname = \"app\"\n[dependencies]\nserde = \"1\"\nmy-flow = { package = \"durably\", version = \"1\" }\n";
        assert_eq!(rename_in(manifest).as_deref(), Some("my_flow"));
    }

    #[test]
    fn a_table_rename_is_found() {
        let manifest = "[dev-dependencies.flow]\nversion = \"1\"\npackage = \"durably\"\n";
        assert_eq!(rename_in(manifest).as_deref(), Some("flow"));
    }

    #[test]
    fn a_plain_dependency_is_no_rename() {
        let manifest = "[package]\nname = \"durably\"\n[dependencies]\ndurably = \"1\"\n";
        assert_eq!(rename_in(manifest), None);
    }
}
