//! A set of activities: the marked methods of a struct with shared dependencies.

use proc_macro2::Ident;
use quote::format_ident;
use syn::{ItemImpl, Type, Visibility, ext::IdentExt as _};

use super::{
    activity::Activity, generated_name::UsedNames, name::UniqueNames, workflow::type_name,
};
use crate::{
    crate_path::CratePath,
    diag::Errors,
    mistake::{BlockMistake, NameMistake, PlacementMistake, SignatureMistake},
    syntax::{block::Block, incomplete, marker::Marker, options::Options, signature::Receiver},
};

/// A checked set of activities.
pub(crate) struct Activities {
    pub(crate) root: CratePath,
    pub(crate) ty: Type,
    pub(crate) ident: Ident,
    /// The generated type whose methods call the activities.
    pub(crate) stub: Ident,
    pub(crate) methods: Vec<Method>,
}

/// One activity of the set.
pub(crate) struct Method {
    pub(crate) activity: Activity,
    /// The visibility that the user wrote, which the call on the stub repeats.
    pub(crate) vis: Visibility,
    /// The generated type that implements `Activity`, named like the method.
    pub(crate) kind: Ident,
    /// The method's index in the block; its body gets a guard.
    pub(crate) index: usize,
    /// Whether the method takes `&self`; an associated function does not.
    pub(crate) takes_self: bool,
}

/// Checks a block under `#[activities]`; returns the block without marks.
pub(crate) fn check(
    mut options: Options,
    item: ItemImpl,
    errors: &mut Errors,
) -> (ItemImpl, Option<Activities>) {
    let root = options
        .path("crate", errors)
        .map_or_else(CratePath::found, |path| CratePath::written(&path));
    options.finish(errors);
    let ty = (*item.self_ty).clone();
    let ident = if let Some((_, of_trait, _)) = &item.trait_ {
        errors.on(of_trait, PlacementMistake::TraitBlock(Marker::Activities));
        None
    } else {
        type_name(&ty, &item.generics, Marker::Activities, errors)
    };
    let mut block = Block::split(item, |marker| marker == Marker::Activity, errors);
    let Some(ident) = ident else {
        return (block.item, None);
    };
    if block.marked.is_empty() && !block.item.items.iter().any(incomplete::is_incomplete) {
        errors.on(&ident, BlockMistake::NoActivities(&ident));
    }
    let used_names = UsedNames::of(&block.item, &root);
    let mut unique_names = UniqueNames::default();
    let mut methods = Vec::new();
    for marked in std::mem::take(&mut block.marked) {
        let method = block.method(marked.index);
        let before = errors.count();
        let receiver = Receiver::of(&method.sig);
        if let (Receiver::Exclusive(_) | Receiver::Other(_), Some(tokens)) =
            (&receiver, receiver.tokens())
        {
            errors.on(tokens, SignatureMistake::ActivityReceiver);
        }
        let activity = Activity::of(
            marked.options,
            &method.sig,
            &method.attrs,
            Some(&ty),
            errors,
        );
        let Some(activity) = activity.filter(|_| errors.count() == before) else {
            continue;
        };
        if is_of_stubs(&method.sig.ident) {
            errors.on(
                &method.sig.ident,
                NameMistake::StubMethod(&method.sig.ident),
            );
            continue;
        }
        if activity.inherited.conditions.is_empty() {
            match activity.is_dynamic {
                true => {
                    unique_names.add_dynamic(Marker::Activity, &activity.wire, &ident, errors);
                }
                false => unique_names.add(Marker::Activity, &activity.wire, &ident, errors),
            }
        }
        methods.push(Method {
            vis: method.vis.clone(),
            kind: used_names.unused_name(activity.ident.clone()),
            index: marked.index,
            takes_self: receiver.tokens().is_some(),
            activity,
        });
    }
    let activities = Activities {
        root,
        stub: used_names.unused_name(format_ident!("{}Stub", ident)),
        ty,
        ident,
        methods,
    };
    (block.item, Some(activities))
}

/// The setters that every stub has, whose names an activity cannot have; the runtime documents them in
/// `options/setters.rs`.
pub(crate) const STUB_OPTIONS: [(&str, Takes); 7] = [
    ("start_to_close", Takes::ClosingTimeout),
    ("schedule_to_close", Takes::ClosingTimeout),
    ("schedule_to_start", Takes::Duration),
    ("heartbeat", Takes::Duration),
    ("retry", Takes::Retry),
    ("priority", Takes::Priority),
    ("task_queue", Takes::Text),
];

/// The argument of a setter.
pub(crate) enum Takes {
    /// A duration; the stub's calls have the timeout that Temporal needs.
    ClosingTimeout,
    Duration,
    Retry,
    Priority,
    Text,
}

fn is_of_stubs(method: &Ident) -> bool {
    let is_named = |option: &str| method.unraw() == option;
    is_named("stub") || STUB_OPTIONS.iter().any(|(option, _)| is_named(option))
}
