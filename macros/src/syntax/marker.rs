//! Markers: recognises and removes the attributes of this crate.

use std::fmt;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::Attribute;

/// An attribute of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Marker {
    Workflow,
    Run,
    Init,
    Signal,
    Query,
    Update,
    Activity,
    Activities,
    Data,
    Failure,
    Main,
    AllowNondeterminism,
}

impl Marker {
    const ALL: [(&'static str, Self); 12] = [
        ("workflow", Self::Workflow),
        ("run", Self::Run),
        ("init", Self::Init),
        ("signal", Self::Signal),
        ("query", Self::Query),
        ("update", Self::Update),
        ("activity", Self::Activity),
        ("activities", Self::Activities),
        ("data", Self::Data),
        ("failure", Self::Failure),
        ("main", Self::Main),
        ("allow_nondeterminism", Self::AllowNondeterminism),
    ];

    /// Recognises an attribute of this crate.
    ///
    /// A path counts by its last segment: `#[durably::signal]` and a re-export are marks too.
    pub(crate) fn of(attribute: &Attribute) -> Option<Self> {
        let last = attribute.path().segments.last()?;
        Self::named(&last.ident.to_string())
    }

    /// Whether the mark belongs on a method of a `#[workflow]` block.
    pub(crate) fn is_of_workflow(self) -> bool {
        matches!(
            self,
            Self::Run | Self::Init | Self::Signal | Self::Query | Self::Update
        )
    }

    /// Whether the marked item has a wire name.
    pub(crate) fn is_named(self) -> bool {
        matches!(
            self,
            Self::Workflow | Self::Signal | Self::Query | Self::Update | Self::Activity
        )
    }

    /// Returns the attribute's name without `#[..]`, as in "signal `submit`".
    pub(crate) fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, marker)| *marker == self)
            .map_or("", |(word, _)| word)
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            // The options of a derive mark nothing, and stand where another macro may see them.
            .find(|(known, marker)| *known == word && *marker != Self::Failure)
            .map(|(_, marker)| *marker)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data | Self::Main => write!(f, "#[durably::{}]", self.word()),
            _ => write!(f, "#[{}]", self.word()),
        }
    }
}

/// Removes our marks from tokens that syn cannot parse, so that editors still see the item.
pub(crate) fn strip(tokens: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if is_mark(&kept, &group) => {
                kept.pop();
            }
            TokenTree::Group(group) if holds_mark(group.stream()) => {
                let mut inner = Group::new(group.delimiter(), strip(group.stream()));
                inner.set_span(group.span());
                kept.push(TokenTree::Group(inner));
            }
            other => kept.push(other),
        }
    }
    kept.into_iter().collect()
}

/// Whether a group contains a mark. Other groups are kept as they are: a rebuilt group has one span for
/// both delimiters, where the user's has two.
fn holds_mark(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(index, token)| match token {
        TokenTree::Group(group) => is_mark(&tokens[..index], group) || holds_mark(group.stream()),
        _ => false,
    })
}

fn is_mark(before: &[TokenTree], group: &Group) -> bool {
    let after_hash = matches!(before.last(), Some(TokenTree::Punct(hash)) if hash.as_char() == '#');
    let path_end = group
        .stream()
        .into_iter()
        .take_while(|token| matches!(token, TokenTree::Ident(_) | TokenTree::Punct(_)))
        .take_while(|token| !matches!(token, TokenTree::Punct(p) if p.as_char() == '='))
        .filter_map(|token| match token {
            TokenTree::Ident(ident) => Some(ident.to_string()),
            _ => None,
        })
        .last();
    after_hash
        && group.delimiter() == Delimiter::Bracket
        && path_end.is_some_and(|word| Marker::named(&word).is_some())
}
