//! Names: checks wire names for duplicates, and Rust names for collisions with generated methods.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt as _;

use crate::{
    diag::Errors,
    mistake::{BlockMistake, NameMistake, OptionMistake},
    syntax::{
        marker::Marker,
        options::{Keyed, Options},
    },
};

/// Methods of handles, which would hide a generated method of the same name.
const OF_HANDLES: [&str; 16] = [
    "id",
    "run_id",
    "first_run_id",
    "result",
    "cancel",
    "cancel_with_reason",
    "terminate",
    "reset",
    "describe",
    "history",
    "untyped",
    "clone",
    "deref",
    "into",
    "try_into",
    "to_owned",
];

/// Methods that handles have through the generated ones, which a generated method would hide.
const OF_TRANSPORTS: [&str; 1] = ["signal"];

/// Associated functions that `#[workflow]` adds to the type.
const OF_TYPES: [&str; 6] = [
    "start",
    "handle",
    "child",
    "external",
    "schedule",
    "continue_as_new",
];

/// A wire name: the name under which the server knows a type or handler.
#[derive(Clone)]
pub(crate) struct WireName {
    pub(crate) text: String,
    /// The span of the option `name`, or of the Rust name.
    pub(crate) at: Span,
}

impl WireName {
    /// The Rust name, of what the server knows by no name.
    pub(crate) fn rust(ident: &Ident) -> Self {
        Self {
            text: ident.unraw().to_string(),
            at: ident.span(),
        }
    }

    /// Takes the option `dynamic`, or else the name; returns the span of `dynamic` too.
    pub(crate) fn or_dynamic(
        options: &mut Options,
        ident: &Ident,
        marker: Marker,
        errors: &mut Errors,
    ) -> (Self, Option<Span>) {
        let dynamic = options.flag("dynamic", errors);
        if dynamic.is_some()
            && let Some(name) = options.text("name", errors)
        {
            errors.at(name.key, OptionMistake::DynamicName(marker));
        }
        match dynamic {
            Some(_) => (Self::rust(ident), dynamic),
            None => (Self::of(options, ident, marker, errors), None),
        }
    }

    /// Takes the option `name = ".."`; defaults to the Rust name.
    pub(crate) fn of(
        options: &mut Options,
        ident: &Ident,
        marker: Marker,
        errors: &mut Errors,
    ) -> Self {
        let name = match options.text("name", errors) {
            Some(Keyed { at, value, .. }) => Self {
                text: value.value(),
                at,
            },
            None => Self {
                text: ident.unraw().to_string(),
                at: ident.span(),
            },
        };
        let of_sdk = marker == Marker::Query
            && ["__stack_trace", "__enhanced_stack_trace"].contains(&name.text.as_str());
        if name.text.starts_with("__temporal_") || of_sdk {
            errors.at(name.at, NameMistake::ReservedWireName(&name.text));
        }
        name
    }
}

/// The wire names of each kind, to find duplicates.
#[derive(Default)]
pub(crate) struct UniqueNames {
    named: BTreeMap<(Marker, String), Span>,
    /// The dynamic one of each kind.
    dynamic: BTreeMap<Marker, Span>,
}

impl UniqueNames {
    /// Adds a name, or reports a duplicate.
    pub(crate) fn add(
        &mut self,
        marker: Marker,
        name: &WireName,
        owner: &Ident,
        errors: &mut Errors,
    ) {
        let key = (marker, name.text.clone());
        match self.named.get(&key) {
            None => {
                self.named.insert(key, name.at);
            }
            Some(first) => {
                errors.at(
                    name.at,
                    NameMistake::DeclaredTwice(marker, &name.text, owner),
                );
                errors.at(*first, NameMistake::FirstDeclared);
            }
        }
    }
}

impl UniqueNames {
    /// Adds a dynamic one, or reports a second.
    pub(crate) fn add_dynamic(
        &mut self,
        marker: Marker,
        name: &WireName,
        owner: &Ident,
        errors: &mut Errors,
    ) {
        match self.dynamic.get(&marker) {
            None => {
                self.dynamic.insert(marker, name.at);
            }
            Some(first) => {
                errors.at(name.at, BlockMistake::SecondDynamic(marker, owner));
                errors.at(*first, BlockMistake::FirstDynamic(marker));
            }
        }
    }
}

/// Reports a handler whose Rust name every handle has already.
pub(crate) fn check_handle_method(
    method: &Ident,
    marker: Marker,
    wire: &WireName,
    errors: &mut Errors,
) {
    if is_of_handles(method) {
        let name = method.unraw().to_string();
        errors.at(
            method.span(),
            NameMistake::HiddenByHandle {
                name: &name,
                marker,
                wire: &wire.text,
            },
        );
    }
}

/// Whether every handle has a method of this name.
fn is_of_handles(method: &Ident) -> bool {
    OF_HANDLES.contains(&method.unraw().to_string().as_str())
}

/// Whether a handle can be called by this name although no handler has it.
pub(crate) fn is_callable_on_handles(method: &Ident) -> bool {
    is_of_handles(method) || OF_TRANSPORTS.contains(&method.unraw().to_string().as_str())
}

/// Whether `#[workflow]` generates a function of this name.
pub(crate) fn is_of_types(method: &Ident) -> bool {
    OF_TYPES.contains(&method.unraw().to_string().as_str())
}

/// Reports a method that `#[workflow]` generates too. `handler` is its mark and wire name.
pub(crate) fn check_type_method(
    method: &Ident,
    handler: Option<(Marker, &WireName)>,
    owner: &Ident,
    errors: &mut Errors,
) {
    if is_of_types(method) {
        let name = method.unraw().to_string();
        errors.at(
            method.span(),
            NameMistake::GeneratedToo {
                name: &name,
                owner,
                handler: handler.map(|(marker, wire)| (marker, wire.text.as_str())),
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use quote::ToTokens as _;
    use syn::{ImplItem, Item, Visibility, ext::IdentExt as _};

    use super::{OF_HANDLES, OF_TRANSPORTS};

    /// The public methods of a type in a file of the runtime.
    fn methods(file: &str, ty: &str) -> Vec<String> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src");
        let text = fs::read_to_string(sources.join(file)).expect("the file is in the repository");
        let file = syn::parse_file(&text).expect("the file is Rust");
        let of_type = file.items.into_iter().filter_map(|item| match item {
            Item::Impl(block) if block.trait_.is_none() => {
                let name = block.self_ty.to_token_stream().into_iter().next()?;
                (name.to_string() == ty).then_some(block.items)
            }
            _ => None,
        });
        let names: Vec<_> = of_type
            .flatten()
            .filter_map(|item| match item {
                ImplItem::Fn(method)
                    if matches!(method.vis, Visibility::Public(_))
                        && method.sig.receiver().is_some() =>
                {
                    Some(method.sig.ident.unraw().to_string())
                }
                _ => None,
            })
            .collect();
        assert!(!names.is_empty(), "{ty} has no public methods");
        names
    }

    #[test]
    fn the_methods_of_all_handles_are_reserved() {
        for (file, handle) in [
            ("client/handle/mod.rs", "Handle"),
            ("workflow/child_handle.rs", "ChildHandle"),
            ("workflow/external.rs", "ExternalHandle"),
        ] {
            for method in methods(file, handle) {
                assert!(
                    OF_HANDLES.contains(&method.as_str()),
                    "`{handle}::{method}` would hide a handler of its name"
                );
            }
        }
        assert_eq!(
            methods("workflow/external.rs", "FromWorkflow"),
            OF_TRANSPORTS
        );
    }
}
