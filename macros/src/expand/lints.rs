//! Lints that would have another signature than the one that the macros ask for, and lints about
//! what an async method of a workflow is rewritten to.

use syn::{Attribute, ImplItem, ItemImpl, parse_quote};

use crate::{
    model::workflow::{Init, Workflow},
    rewrite::AsyncMethod,
};

/// For a marked method or function: its arguments are owned, its receiver a reference, its `async`
/// says where it runs.
pub(super) fn prescribed() -> Attribute {
    parse_quote! {
        #[allow(
            clippy::needless_pass_by_ref_mut,
            clippy::needless_pass_by_value,
            clippy::trivially_copy_pass_by_ref,
            clippy::unused_async,
            clippy::unused_self
        )]
    }
}

/// Allows them, before what the user says of lints, on the methods of a workflow that have a prescribed signature, and on its async ones.
pub(crate) fn allow(workflow: &Workflow, async_methods: &[AsyncMethod], block: &mut ItemImpl) {
    let validators = workflow
        .handlers
        .iter()
        .filter_map(|it| it.validator.as_ref());
    let init = match &workflow.init {
        Init::Written(init) => Some(&init.ident),
        Init::Default | Init::Refused => None,
    };
    let marked = workflow.handlers.iter().chain([&workflow.run]);
    let prescribed_names: Vec<_> = marked
        .map(|handler| &handler.ident)
        .chain(init)
        .chain(validators.map(|validator| &validator.ident))
        .collect();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let name = &method.sig.ident;
        let split = async_methods
            .iter()
            .find(|it| it.ident == *name || it.body == *name);
        let is_body = split.is_some_and(|it| it.body == *name);
        let is_prescribed = prescribed_names.contains(&split.map_or(name, |it| &it.ident));
        if is_prescribed {
            method.attrs.insert(0, prescribed());
        }
        if is_prescribed && split.is_some() && !is_body {
            // The table calls the method with the body.
            method.attrs.insert(0, parse_quote!(#[allow(dead_code)]));
        }
        // A wait holds the state, which stays on the run's thread; a closure takes `self` anew.
        if split.is_some() {
            let rewritten = parse_quote! {
                #[allow(
                    clippy::future_not_send,
                    clippy::shadow_reuse,
                    clippy::shadow_same,
                    clippy::shadow_unrelated
                )]
            };
            method.attrs.insert(0, rewritten);
        }
    }
}
