//! Token search: finds the paths among the tokens of a macro of unknown grammar.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;

/// `a::b::c`, or `a::b!`.
pub(super) struct LoosePath {
    segments: Vec<Ident>,
    /// Whether an exclamation mark follows.
    pub(super) is_macro: bool,
}

impl LoosePath {
    pub(super) fn written(&self) -> Vec<String> {
        self.segments.iter().map(ToString::to_string).collect()
    }

    /// Formats the path for messages.
    pub(super) fn name(&self) -> String {
        let mark = if self.is_macro { "!" } else { "" };
        self.written().join("::") + mark
    }
}

impl ToTokens for LoosePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.segments.iter().cloned().map(TokenTree::from));
    }
}

/// Finds all paths in the tokens, at any depth.
pub(super) fn paths(tokens: TokenStream) -> Vec<LoosePath> {
    let mut found = Vec::new();
    let mut rest = tokens.into_iter().peekable();
    let mut before_is_dot = false;
    while let Some(token) = rest.next() {
        let after_dot = std::mem::replace(&mut before_is_dot, is_punct(&token, '.'));
        match token {
            TokenTree::Group(group) => found.extend(paths(group.stream())),
            TokenTree::Ident(first) if !after_dot => {
                let mut segments = vec![first];
                let mut is_macro = false;
                loop {
                    let mut ahead = rest.clone();
                    match (ahead.next(), ahead.next(), ahead.next()) {
                        (Some(a), Some(b), Some(TokenTree::Ident(next)))
                            if is_punct(&a, ':') && is_punct(&b, ':') =>
                        {
                            segments.push(next);
                            rest = ahead;
                        }
                        (Some(mark), Some(TokenTree::Group(_)), _) => {
                            is_macro = is_punct(&mark, '!');
                            break;
                        }
                        _ => break,
                    }
                }
                found.push(LoosePath { segments, is_macro });
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_at_any_depth() {
        let tokens = "{ a: std::time::Instant::now(), [x.b::<u8>(), ::c::d!(e)] }";
        let tokens: TokenStream = tokens.parse().expect("these are tokens");
        let found: Vec<String> = paths(tokens).iter().map(LoosePath::name).collect();
        assert_eq!(
            found,
            ["a", "std::time::Instant::now", "x", "u8", "c::d!", "e"]
        );
    }
}
