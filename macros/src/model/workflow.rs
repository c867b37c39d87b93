//! Workflows: checks a block's one run method, its optional constructor, and its handlers.

use std::collections::BTreeSet;

use proc_macro2::Ident;
use quote::format_ident;
use syn::{
    Attribute, GenericArgument, GenericParam, ImplItem, ImplItemFn, ItemImpl, LitStr,
    PathArguments, Type, Visibility, parse_quote,
};

use super::{
    arguments::Arguments,
    generated_name::UsedNames,
    handler::{Handler, Owner},
    name::{self, UniqueNames},
    payload_type,
};
use crate::{
    crate_path::CratePath,
    determinism::{self, iteration::Iterated},
    diag::Errors,
    mistake::{BlockMistake, OptionMistake, PlacementMistake},
    rewrite::{self, AsyncMethod},
    syntax::{
        block::Block,
        incomplete,
        inherited_attributes::InheritedAttributes,
        marker::Marker,
        options::Options,
        signature::{is_named, parameters, ungrouped},
    },
};

/// A checked workflow type.
pub(crate) struct Workflow {
    pub(crate) root: CratePath,
    pub(crate) ty: Type,
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) task_queue: Option<LitStr>,
    pub(crate) versioning: Option<Versioning>,
    /// Whether the workflow runs every type that has none of its own.
    pub(crate) is_dynamic: bool,
    /// The generated type whose methods call the handlers.
    pub(crate) methods: Ident,
    /// The generated trait whose methods explain why async methods cannot be called on a value.
    pub(crate) async_methods: Ident,
    pub(crate) run: Handler,
    /// Whether the run method was refused: its generated functions then compile, without a body.
    pub(crate) is_placeholder: bool,
    pub(crate) init: Init,
    pub(crate) handlers: Vec<Handler>,
    /// Methods without a mark, which users may expect on handles.
    pub(crate) unmarked: Vec<Unmarked>,
    /// Generated functions that are omitted, because the block has methods of their names, which are
    /// reported.
    pub(crate) collisions: Vec<String>,
}

/// Which versions of a worker run the workflow once it has started.
#[derive(Clone, Copy)]
pub(crate) enum Versioning {
    Pinned,
    AutoUpgrade,
}

impl Versioning {
    fn of(options: &mut Options, errors: &mut Errors) -> Option<Self> {
        let written = options.text("versioning", errors)?;
        match written.value.value().as_str() {
            "pinned" => Some(Self::Pinned),
            "auto_upgrade" => Some(Self::AutoUpgrade),
            _ => {
                errors.at(written.at, OptionMistake::Versioning);
                None
            }
        }
    }
}

/// A method that no handle has: a helper, the run method, or a dynamic handler.
pub(crate) struct Unmarked {
    pub(crate) ident: Ident,
    pub(crate) conditions: Vec<Attribute>,
    /// How many arguments follow `self` and the context.
    pub(crate) arguments: usize,
    pub(crate) is_dynamic: bool,
}

impl Unmarked {
    /// Returns `None` for a function without `self`, and for a name that handles have.
    fn of(method: &ImplItemFn) -> Option<Self> {
        method.sig.receiver()?;
        (!name::is_callable_on_handles(&method.sig.ident)).then(|| Self {
            ident: method.sig.ident.clone(),
            conditions: InheritedAttributes::of(&method.attrs).conditions,
            arguments: Arguments::placeholder(&parameters(&method.sig)).list.len(),
            is_dynamic: false,
        })
    }

    /// Returns `None` for a name that handles have.
    fn of_dynamic(handler: &Handler) -> Option<Self> {
        (!name::is_callable_on_handles(&handler.ident)).then(|| Self {
            ident: handler.ident.clone(),
            conditions: handler.inherited.conditions.clone(),
            arguments: handler.arguments.list.len(),
            is_dynamic: true,
        })
    }
}

/// The source of the initial state.
pub(crate) enum Init {
    Default,
    /// The block's `#[init]`.
    Written(Box<Handler>),
    /// An `#[init]` with a reported mistake.
    Refused,
}

/// A checked impl block.
pub(crate) struct Checked {
    /// The block without marks, its async bodies rewritten.
    pub(crate) item: ItemImpl,
    /// The workflow, if it has a run method. Handlers with mistakes are omitted.
    pub(crate) workflow: Option<Workflow>,
    /// The async methods, which are callable only inside of the block's bodies.
    pub(crate) async_methods: Vec<AsyncMethod>,
    /// Signatures of the public async methods as the user wrote them, for rustdoc.
    pub(crate) written: Vec<ImplItemFn>,
    /// The fields that the methods iterate over.
    pub(crate) iterated: Vec<Iterated>,
}

/// Checks a block under `#[workflow]`.
pub(crate) fn check(options: Options, mut item: ItemImpl, errors: &mut Errors) -> Checked {
    drop_second_mark(&mut item, errors);
    let head = Head::of(options, &item, errors);
    let mut block = Block::split(item, Marker::is_of_workflow, errors);
    let iterated = determinism::check_block(&mut block.item, errors);
    let workflow = head.and_then(|head| head.complete(&mut block, errors));
    for index in &block.refused {
        if let ImplItem::Fn(method) = &mut block.item.items[*index]
            && payload_type::replace_unsized_types(&mut method.sig)
        {
            rewrite::blank(method);
        }
    }
    if block.item.trait_.is_some() || !matches!(ungrouped(&block.item.self_ty), Type::Path(_)) {
        // Unrewritten bodies would repeat the mistake in rustc's errors.
        rewrite::clear_bodies(&mut block.item);
        return Checked {
            item: block.item,
            workflow,
            async_methods: Vec::new(),
            written: Vec::new(),
            iterated: Vec::new(),
        };
    }
    let written = shown_async_methods(&block.item);
    let async_methods = rewrite::block(
        &mut block.item,
        workflow
            .as_ref()
            .map_or_else(CratePath::found, |workflow| workflow.root.clone()),
        &block.refused,
        errors,
    );
    Checked {
        item: block.item,
        workflow,
        async_methods,
        written,
        iterated,
    }
}

/// Copies the async methods that are not private, without their bodies.
fn shown_async_methods(block: &ItemImpl) -> Vec<ImplItemFn> {
    let methods = block.items.iter().filter_map(method_of);
    let shown = methods.filter(|method| {
        method.sig.asyncness.is_some() && !matches!(method.vis, Visibility::Inherited)
    });
    shown
        .map(|method| ImplItemFn {
            block: parse_quote!({ loop {} }),
            ..method.clone()
        })
        .collect()
}

/// Reports and removes a second block attribute: a block cannot also be a set of activities.
fn drop_second_mark(item: &mut ItemImpl, errors: &mut Errors) {
    item.attrs.retain(|attribute| match Marker::of(attribute) {
        Some(second @ (Marker::Workflow | Marker::Activities)) => {
            errors.on(
                attribute,
                PlacementMistake::TwoMarks(Marker::Workflow, second),
            );
            false
        }
        _ => true,
    });
}

/// The attribute's options and the block's type.
struct Head {
    root: CratePath,
    ty: Type,
    ident: Ident,
    name: String,
    task_queue: Option<LitStr>,
    versioning: Option<Versioning>,
    is_dynamic: bool,
}

impl Head {
    fn of(mut options: Options, item: &ItemImpl, errors: &mut Errors) -> Option<Self> {
        let name = options.text("name", errors);
        let dynamic = options.flag("dynamic", errors);
        if let (Some(name), Some(_)) = (&name, dynamic) {
            errors.at(name.key, OptionMistake::DynamicName(Marker::Workflow));
        }
        let task_queue = options.text("task_queue", errors);
        let versioning = Versioning::of(&mut options, errors);
        let root = options
            .path("crate", errors)
            .map_or_else(CratePath::found, |path| CratePath::written(&path));
        options.finish(errors);
        if let Some((_, of_trait, _)) = &item.trait_ {
            errors.on(of_trait, PlacementMistake::TraitBlock(Marker::Workflow));
            return None;
        }
        let ident = type_name(&item.self_ty, &item.generics, Marker::Workflow, errors)?;
        Some(Self {
            root,
            ty: (*item.self_ty).clone(),
            name: name.map_or_else(
                || syn::ext::IdentExt::unraw(&ident).to_string(),
                |name| name.value.value(),
            ),
            task_queue: task_queue.map(|queue| queue.value),
            versioning,
            is_dynamic: dynamic.is_some(),
            ident,
        })
    }

    fn complete(self, block: &mut Block, errors: &mut Errors) -> Option<Workflow> {
        let (mut run, mut init) = (Singles::default(), Singles::default());
        let mut handlers = Vec::new();
        let mut placeholder = None;
        let mut unique_names = UniqueNames::default();
        let used_names = UsedNames::of(&block.item, &self.root);
        let marked = std::mem::take(&mut block.marked);
        let mut refused = BTreeSet::new();
        let owner = Owner {
            ty: &self.ty,
            ident: &self.ident,
            is_dynamic: self.is_dynamic,
            methods: block
                .item
                .items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| {
                    let marked = marked.iter().find(|marked| marked.index == index);
                    Some((method_of(item)?, marked.map(|marked| marked.marker)))
                })
                .collect(),
        };
        let is_marked: Vec<usize> = marked.iter().map(|marked| marked.index).collect();
        for marked in marked {
            let method = block.method(marked.index);
            let handler = Handler::of(marked.marker, marked.options, method, &owner, errors);
            let handler = handler.filter(|handler| is_unconditional(handler, errors));
            if handler.is_none() {
                refused.insert(marked.index);
            }
            match marked.marker {
                Marker::Run => {
                    if run.first.is_none() {
                        placeholder = Some(Handler::placeholder(marked.marker, method, &owner));
                    }
                    run.add(marked.marker, method.sig.ident.clone(), handler, errors);
                }
                Marker::Init => init.add(marked.marker, method.sig.ident.clone(), handler, errors),
                _ => {
                    if let Some(handler) = handler {
                        // Different `cfg`s may exclude each other; rustc reports them if they do not.
                        if handler.inherited.conditions.is_empty() {
                            let (marker, wire) = (handler.marker, &handler.wire);
                            match handler.is_dynamic {
                                true => unique_names.add_dynamic(marker, wire, &self.ident, errors),
                                false => unique_names.add(marker, wire, &self.ident, errors),
                            }
                        }
                        handlers.push(handler);
                    }
                }
            }
        }
        for (index, item) in block.item.items.iter().enumerate() {
            if let Some(method) = method_of(item)
                && !is_marked.contains(&index)
            {
                name::check_type_method(&method.sig.ident, None, &self.ident, errors);
            }
        }
        let unmarked = owner
            .methods
            .iter()
            .filter(|(_, marker)| matches!(marker, None | Some(Marker::Run | Marker::Init)));
        let unmarked = unmarked.filter_map(|(method, _)| Unmarked::of(method));
        let dynamic = handlers
            .iter()
            .filter(|handler: &&Handler| handler.is_dynamic);
        let unmarked = unmarked.chain(dynamic.filter_map(Unmarked::of_dynamic));
        let unmarked = unmarked.collect();
        let methods = owner.methods.iter().map(|(method, _)| &method.sig.ident);
        block.refused = refused;
        let collisions = methods
            .filter(|method| name::is_of_types(method))
            .map(ToString::to_string)
            .collect();
        // A half-typed item may be the run method.
        if run.first.is_none() && !block.item.items.iter().any(incomplete::is_incomplete) {
            errors.on(&self.ident, BlockMistake::NoRun(&self.ident));
        }
        let is_placeholder = run.handler.is_none();
        let run = run.handler.or(placeholder)?;
        let init = match (init.first, init.handler) {
            (None, _) => Init::Default,
            (Some(_), None) => Init::Refused,
            (Some(_), Some(init)) => {
                if !is_placeholder {
                    check_same_arguments(&run, &init, errors);
                }
                Init::Written(Box::new(init))
            }
        };
        Some(Workflow {
            methods: used_names.unused_name(format_ident!("{}Methods", self.ident)),
            // The trait stands among the user's types; its unconventional case avoids collisions. rustc
            // prints the name first where a type has two blocks, so it tells what to do about them.
            async_methods: format_ident!(
                "{}_has_one_workflow_block_with_all_its_methods",
                self.ident
            ),
            root: self.root,
            ty: self.ty,
            ident: self.ident,
            name: self.name,
            task_queue: self.task_queue,
            versioning: self.versioning,
            is_dynamic: self.is_dynamic,
            run,
            is_placeholder,
            init,
            handlers,
            unmarked,
            collisions,
        })
    }
}

/// The method of a mark that is allowed once per block.
#[derive(Default)]
struct Singles {
    first: Option<Ident>,
    handler: Option<Handler>,
}

impl Singles {
    fn add(&mut self, marker: Marker, ident: Ident, handler: Option<Handler>, errors: &mut Errors) {
        match &self.first {
            None => {
                self.first = Some(ident);
                self.handler = handler;
            }
            Some(first) => {
                errors.at(ident.span(), BlockMistake::SecondOf(marker));
                errors.at(first.span(), BlockMistake::FirstOf(marker));
            }
        }
    }
}

/// Reports a `cfg` on the run method or constructor, which every build needs.
fn is_unconditional(handler: &Handler, errors: &mut Errors) -> bool {
    let (Marker::Run | Marker::Init) = handler.marker else {
        return true;
    };
    let condition = handler.inherited.conditions.first();
    if let Some(condition) = condition {
        errors.on(condition, BlockMistake::Conditional(handler.marker));
    }
    condition.is_none()
}

/// Checks that run method and constructor take the same arguments; one of the two may take none.
fn check_same_arguments(run: &Handler, init: &Handler, errors: &mut Errors) {
    let (of_run, of_init) = (run.arguments.types(), init.arguments.types());
    if !of_run.is_empty() && !of_init.is_empty() && of_run != of_init {
        errors.at(
            init.ident.span(),
            BlockMistake::DifferentArguments {
                run: &of_run.join(", "),
                init: &of_init.join(", "),
            },
        );
    }
}

/// Returns the name of a block's type, which must be a plain one without parameters.
pub(crate) fn type_name(
    ty: &Type,
    generics: &syn::Generics,
    marker: Marker,
    errors: &mut Errors,
) -> Option<Ident> {
    if let Some(parameter) = generics.params.first() {
        let mistake = match parameter {
            GenericParam::Lifetime(_) => PlacementMistake::BorrowingType(marker),
            _ => PlacementMistake::GenericType(marker),
        };
        errors.on(parameter, mistake);
        return None;
    }
    match ungrouped(ty) {
        Type::Path(path) if path.qself.is_none() && !is_named(ty, "Self") => {
            let last = path.path.segments.last()?;
            if !last.arguments.is_none() {
                let mistake = match &last.arguments {
                    PathArguments::AngleBracketed(given)
                        if matches!(given.args.first(), Some(GenericArgument::Lifetime(_))) =>
                    {
                        PlacementMistake::BorrowingType(marker)
                    }
                    _ => PlacementMistake::GenericType(marker),
                };
                errors.on(&last.arguments, mistake);
                return None;
            }
            Some(last.ident.clone())
        }
        other => {
            errors.on(other, PlacementMistake::UnnamedType(marker));
            None
        }
    }
}

fn method_of(item: &ImplItem) -> Option<&ImplItemFn> {
    match item {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    }
}
