//! Lint levels: allows lints against signatures that the macros require, and against rewritten bodies.

use syn::{Attribute, ImplItem, ItemImpl, parse_quote};

use crate::{
    model::workflow::{Init, Workflow},
    rewrite::AsyncMethod,
};

/// Allows lints against required signatures: arguments are owned, the receiver is a reference, and
/// `async` decides where a handler runs.
pub(super) fn required_signature() -> Attribute {
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

/// Allows lints on methods with a required signature and on async methods of a workflow. Each `allow`
/// precedes the user's attributes, which can override it.
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
            method.attrs.insert(0, required_signature());
        }
        if is_prescribed && split.is_some() && !is_body {
            // The definition table calls the body's method, so this one may be unused.
            method.attrs.insert(0, parse_quote!(#[allow(dead_code)]));
        }
        // Futures hold the state, which never leaves the run's thread; nested bodies shadow its variable.
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
