//! The path of the runtime crate, by which expansions name its items.

use std::{env, fs, path::Path, sync::OnceLock};

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// The runtime crate's path: the option `crate = path`, or its name in Cargo.toml.
#[derive(Clone)]
pub(crate) enum CratePath {
    /// Read from Cargo.toml; may be respanned, since it resolves identically everywhere.
    Found(TokenStream),
    /// Written by the user; its tokens resolve by their own spans, so those must be kept.
    Written(TokenStream),
}

impl CratePath {
    /// Creates the path from the option `crate = path`.
    pub(crate) fn written(path: &syn::Path) -> Self {
        Self::Written(path.to_token_stream())
    }

    /// Reads the name from Cargo.toml; `::durably` if the manifest does not rename the crate.
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

    /// Respans the path to `span`: a single token with a macro span would make rustc point at macro
    /// code instead of the user's expression.
    ///
    /// A written path keeps its hygiene: `$crate` resolves to the crate of its `macro_rules!` by the
    /// token's span.
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

    /// Formats the path as text for serde's `crate` attribute; `None` for `$crate`, which resolves only
    /// as a token.
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

/// Finds the name to which a manifest renames its dependency `durably`, if it does.
///
/// Scans lines instead of parsing TOML: a parser would cost every build more than the few manifests
/// that need `crate = path` because their rename is formatted unusually.
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
