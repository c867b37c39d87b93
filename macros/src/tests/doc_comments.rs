//! Doc comments: generated functions repeat the user's.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, ImplItem, Item, Lit, Meta, Type};

use crate::entry;

/// Collects the doc lines of `Type::function` in an expansion.
fn docs(code: &TokenStream, of: &str, function: &str) -> Vec<String> {
    let file: syn::File = syn::parse2(code.clone()).expect("an expansion is items");
    let mut found = Vec::new();
    search(&file.items, of, function, &mut found);
    match found.pop() {
        Some(docs) if found.is_empty() => docs,
        _ => panic!("there is not one `{of}::{function}`"),
    }
}

fn search(items: &[Item], of: &str, function: &str, found: &mut Vec<Vec<String>>) {
    for item in items {
        match item {
            Item::Const(scope) => {
                if let syn::Expr::Block(block) = &*scope.expr {
                    let items = block
                        .block
                        .stmts
                        .iter()
                        .filter_map(|statement| match statement {
                            syn::Stmt::Item(item) => Some(item.clone()),
                            _ => None,
                        });
                    search(&items.collect::<Vec<_>>(), of, function, found);
                }
            }
            Item::Impl(block) if block.trait_.is_none() && is_of(&block.self_ty, of) => {
                found.extend(block.items.iter().filter_map(|item| match item {
                    ImplItem::Fn(method) if method.sig.ident == function => {
                        Some(method.attrs.iter().filter_map(line).collect())
                    }
                    _ => None,
                }));
            }
            _ => {}
        }
    }
}

fn is_of(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == name))
}

fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(doc) = &attribute.meta else {
        return None;
    };
    match &doc.value {
        syn::Expr::Lit(syn::ExprLit {
            lit: Lit::Str(text),
            ..
        }) if doc.path.is_ident("doc") => Some(text.value().trim().to_owned()),
        _ => None,
    }
}

#[test]
fn a_handler_is_documented_on_every_handle_as_the_user_did() {
    let code = entry::expand(
        entry::workflow,
        quote!(),
        quote! {
            impl Greeting {
                /// Greets until it is told to finish.
                ///
                /// # Errors
                /// If nobody is there.
                #[run]
                async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<usize> { Ok(1) }
                /// Ask for one more.
                #[signal]
                fn submit(&mut self, name: String) {}
                #[query]
                /// The greetings
                #[doc = "so far."]
                fn greetings(&self) -> usize { 1 }
                #[update]
                async fn rename(&mut self, ctx: &Ctx, to: String) -> usize { 1 }
            }
        },
    );
    assert_eq!(
        docs(&code, "GreetingMethods", "submit"),
        ["Ask for one more."]
    );
    assert_eq!(
        docs(&code, "GreetingMethods", "greetings"),
        ["The greetings", "so far."]
    );
    assert_eq!(
        docs(&code, "GreetingMethods", "rename"),
        ["The update `rename` of [`Greeting`]."]
    );
    for function in ["start", "child"] {
        let docs = docs(&code, "Greeting", function);
        assert_eq!(docs[1], "", "a summary of its own comes first");
        assert_eq!(
            docs[2..],
            [
                "Greets until it is told to finish.",
                "",
                "# Errors",
                "If nobody is there."
            ]
        );
    }
    // The user's own methods keep theirs.
    assert_eq!(docs(&code, "Greeting", "submit"), ["Ask for one more."]);
}

#[test]
fn an_activity_is_documented_on_its_call_and_on_its_stub_as_the_user_did() {
    let code = entry::expand(
        entry::activity,
        quote!(),
        quote! {
            /// Charges a card.
            async fn charge(card: String) {}
        },
    );
    assert_eq!(
        docs(&code, "charge", "call"),
        [
            "Calls this activity from a workflow.",
            "",
            "Charges a card."
        ]
    );
    let code = entry::expand(
        entry::activities,
        quote!(),
        quote! {
            impl Shop {
                /// Takes an item off the shelf.
                #[activity]
                async fn reserve(&self, item: String) {}
            }
        },
    );
    assert_eq!(
        docs(&code, "ShopStub", "reserve"),
        ["Takes an item off the shelf."]
    );
    assert_eq!(
        docs(&code, "Shop", "reserve"),
        ["Takes an item off the shelf."]
    );
}
