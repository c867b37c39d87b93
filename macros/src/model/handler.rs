//! Handlers: checks one marked method of a workflow, its receiver, arguments and validator.

use proc_macro2::Ident;
use syn::{GenericParam, ImplItemFn, ReturnType, Type, Visibility};

use super::{
    arguments::{Arguments, Passing},
    name::{self, WireName},
    output, payload_type,
};
use crate::{
    diag::Errors,
    mistake::{OptionMistake, SignatureMistake, ValidatorMistake, nearest},
    syntax::{
        inherited_attributes::InheritedAttributes,
        marker::Marker,
        options::Options,
        signature::{self, Output, Parameter, Receiver, is_named, ungrouped},
    },
};

/// A run method, constructor, signal, query or update.
pub(crate) struct Handler {
    pub(crate) marker: Marker,
    pub(crate) ident: Ident,
    /// The visibility that the user wrote, which the call on handles repeats.
    pub(crate) vis: Visibility,
    pub(crate) wire: WireName,
    pub(crate) inherited: InheritedAttributes,
    pub(crate) is_async: bool,
    pub(crate) arguments: Arguments,
    pub(crate) output: Output,
    pub(crate) validator: Option<Validator>,
    /// Whether the handler serves every message that no other one does.
    pub(crate) is_dynamic: bool,
    /// The policy of a handler that runs when the run is about to end.
    pub(crate) unfinished: Unfinished,
}

/// The policy of an async handler that runs when its run is about to end.
#[derive(Clone, Copy)]
pub(crate) enum Unfinished {
    /// The run ends, with a warning in the log.
    Warn,
    /// The run ends.
    Abandon,
    /// The run ends after the handler.
    Wait,
}

/// The method that may reject an update.
pub(crate) struct Validator {
    /// The validator's name in the update's option, for error spans.
    pub(crate) ident: Ident,
    pub(crate) context: Option<Type>,
    /// The types of the validator's references to the arguments.
    pub(crate) parameters: Vec<Type>,
    pub(crate) output: Type,
}

/// The block of a handler.
pub(crate) struct Owner<'a> {
    pub(crate) ty: &'a Type,
    pub(crate) ident: &'a Ident,
    /// Whether the workflow is dynamic.
    pub(crate) is_dynamic: bool,
    /// All methods of the block with their marks, to find validators.
    pub(crate) methods: Vec<(&'a ImplItemFn, Option<Marker>)>,
}

impl Handler {
    /// Checks a marked method; `None` if nothing can be generated for it.
    pub(crate) fn of(
        marker: Marker,
        mut options: Options,
        method: &ImplItemFn,
        owner: &Owner<'_>,
        errors: &mut Errors,
    ) -> Option<Self> {
        let sig = &method.sig;
        let before_options = errors.count();
        let (wire, dynamic) = match marker {
            Marker::Run | Marker::Init => (WireName::rust(&sig.ident), None),
            _ => WireName::or_dynamic(&mut options, &sig.ident, marker, errors),
        };
        let passing = match (marker, dynamic) {
            (Marker::Run | Marker::Init, _) if owner.is_dynamic => Passing::All,
            (_, Some(_)) => Passing::NameAndAll,
            (_, None) => Passing::Each,
        };
        let unfinished = match marker {
            Marker::Signal | Marker::Update => unfinished(&mut options, sig, errors),
            _ => Unfinished::Warn,
        };
        let validator = match marker {
            Marker::Update => options.method("validator", errors).map(|keyed| keyed.value),
            _ => None,
        };
        options.finish(errors);
        let is_misnamed = dynamic.is_some() && errors.count() > before_options;
        let before = errors.count();
        check_shape(marker, method, errors);
        check_generics(marker, sig, errors);
        let parameters = signature::parameters(sig);
        let arguments = Arguments::of(&parameters, Some(owner.ty), marker, passing, errors);
        if let Some(arguments) = &arguments {
            arguments.check_passing(marker, &sig.ident, errors);
        }
        let output = match marker {
            Marker::Init => {
                check_constructed(method, owner, errors);
                Some(Output::Unit)
            }
            Marker::Signal => match Output::of(&sig.output) {
                Output::Value(_) => {
                    errors.on(&sig.output, SignatureMistake::SignalGivesValue);
                    None
                }
                allowed => output::of(allowed, Some(owner.ty), marker, errors),
            },
            // The missing `async` is reported already, and the user will write the output anew with it.
            Marker::Run if sig.asyncness.is_none() => None,
            _ => output::of(Output::of(&sig.output), Some(owner.ty), marker, errors),
        };
        name::check_type_method(
            &sig.ident,
            (!matches!(marker, Marker::Run | Marker::Init)).then_some((marker, &wire)),
            owner.ident,
            errors,
        );
        // A dynamic handler has no method on handles.
        if !matches!(marker, Marker::Run | Marker::Init) && dynamic.is_none() {
            name::check_handle_method(&sig.ident, marker, &wire, errors);
        }
        let arguments = arguments?;
        let validator = validator.and_then(|named| {
            Validator::of(named, &sig.ident, arguments.list.len(), owner, errors)
        });
        let handler = Self {
            marker,
            ident: sig.ident.clone(),
            vis: method.vis.clone(),
            wire,
            inherited: InheritedAttributes::of(&method.attrs),
            is_async: sig.asyncness.is_some(),
            arguments,
            output: output?,
            validator,
            is_dynamic: dynamic.is_some(),
            unfinished,
        };
        (errors.count() == before && !is_misnamed).then_some(handler)
    }

    /// Creates the placeholder of a refused method, so that calls of its generated functions compile.
    pub(crate) fn placeholder(marker: Marker, method: &ImplItemFn, owner: &Owner<'_>) -> Self {
        let sig = &method.sig;
        let mut reported = Errors::new();
        let is_generic = type_parameters(sig).next().is_some();
        let output = Some(Output::of(&sig.output)).filter(|_| !is_generic);
        let output = output.and_then(|it| output::of(it, Some(owner.ty), marker, &mut reported));
        reported.discard();
        Self {
            marker,
            ident: sig.ident.clone(),
            vis: method.vis.clone(),
            wire: WireName::rust(&sig.ident),
            inherited: InheritedAttributes::of(&method.attrs),
            is_async: true,
            arguments: Arguments::placeholder(&signature::parameters(sig)),
            output: output.unwrap_or(Output::Unit),
            validator: None,
            is_dynamic: false,
            unfinished: Unfinished::Warn,
        }
    }
}

impl Validator {
    /// Finds the validator in the update's block and checks it.
    fn of(
        ident: Ident,
        update: &Ident,
        arguments: usize,
        owner: &Owner<'_>,
        errors: &mut Errors,
    ) -> Option<Self> {
        let Some((method, marker)) = owner.methods.iter().find(|(m, _)| m.sig.ident == ident)
        else {
            let plain = owner.methods.iter().filter(|(_, marker)| marker.is_none());
            let names: Vec<String> = plain.map(|(m, _)| m.sig.ident.to_string()).collect();
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let near = nearest(&ident.to_string(), &known);
            errors.at(ident.span(), ValidatorMistake::NotFound(&ident, near));
            return None;
        };
        if ident == *update {
            errors.at(ident.span(), ValidatorMistake::Itself(&ident));
            return None;
        }
        if let Some(marker) = marker {
            errors.at(ident.span(), ValidatorMistake::Marked(&ident, *marker));
            return None;
        }
        let before = errors.count();
        let sig = &method.sig;
        if let Some(parameter) = type_parameters(sig).next() {
            errors.on(parameter, ValidatorMistake::Generic);
        }
        if let Some(unsafety) = &sig.unsafety {
            errors.on(unsafety, ValidatorMistake::NotPlain);
        }
        if let Some(asyncness) = &sig.asyncness {
            errors.on(asyncness, ValidatorMistake::Async);
        }
        match Receiver::of(sig) {
            Receiver::Shared(_) => {}
            receiver => match receiver.tokens() {
                Some(tokens) => errors.on(tokens, ValidatorMistake::Receiver),
                None => errors.on(&sig.ident, ValidatorMistake::Receiver),
            },
        }
        let output = match &sig.output {
            ReturnType::Default => {
                errors.on(&sig.ident, ValidatorMistake::GivesNothing);
                None
            }
            ReturnType::Type(_, ty) if matches!(ungrouped(ty), Type::ImplTrait(_)) => {
                errors.on(ty, ValidatorMistake::GivesNothing);
                None
            }
            ReturnType::Type(_, ty) => Some(payload_type::without_self(ty, owner.ty)),
        };
        let parameters = signature::parameters(sig);
        let with_context = parameters.len() == arguments + 1;
        if parameters.len() != arguments && !with_context {
            errors.on(
                &sig.ident,
                ValidatorMistake::Arguments {
                    update: arguments,
                    validator: parameters.len(),
                },
            );
        }
        let first = parameters.first().and_then(Parameter::reference);
        let view_is_missing =
            with_context && first.is_some_and(|first| !is_named(&first.elem, "View"));
        for (index, parameter) in parameters.iter().enumerate() {
            match parameter.reference() {
                None => errors.on(&parameter.ty, ValidatorMistake::TakesReferences),
                Some(reference) => {
                    if index > 0 && view_is_missing && is_named(&reference.elem, "View") {
                        errors.on(reference, ValidatorMistake::ViewLast);
                    }
                    if let Some(exclusive) = &reference.mutability {
                        errors.on(exclusive, ValidatorMistake::LooksOnly);
                    }
                }
            }
        }
        let context = parameters
            .first()
            .filter(|_| with_context)
            .and_then(|first| first.reference())
            .map(|reference| (*reference.elem).clone());
        if errors.count() > before {
            return None;
        }
        Some(Self {
            ident,
            context,
            parameters: parameters
                .iter()
                .skip(usize::from(with_context))
                .map(|parameter| payload_type::without_self(&parameter.ty, owner.ty))
                .collect(),
            output: output?,
        })
    }
}

/// Takes the option `unfinished`.
fn unfinished(options: &mut Options, sig: &syn::Signature, errors: &mut Errors) -> Unfinished {
    let Some(policy) = options.text("unfinished", errors) else {
        return Unfinished::Warn;
    };
    let declared = match policy.value.value().as_str() {
        "warn" => return Unfinished::Warn,
        "abandon" => Unfinished::Abandon,
        "wait" => Unfinished::Wait,
        _ => {
            errors.at(policy.at, OptionMistake::UnfinishedPolicy);
            return Unfinished::Warn;
        }
    };
    if sig.asyncness.is_none() {
        errors.at(policy.key, OptionMistake::NeverUnfinished);
    }
    declared
}

/// Checks `async` and the receiver.
fn check_shape(marker: Marker, method: &ImplItemFn, errors: &mut Errors) {
    let sig = &method.sig;
    let receiver = Receiver::of(sig);
    let mut refuse = |mistake: SignatureMistake| match receiver.tokens() {
        Some(tokens) => errors.on(tokens, mistake),
        None => errors.on(&sig.ident, mistake),
    };
    match (marker, &receiver) {
        (Marker::Run, Receiver::Shared(_) | Receiver::Exclusive(_)) => {}
        (Marker::Run, _) => refuse(SignatureMistake::RunReceiver),
        (Marker::Init, Receiver::None) => {}
        (Marker::Init, _) => refuse(SignatureMistake::InitReceiver),
        (Marker::Query, Receiver::Shared(_)) => {}
        (Marker::Query, Receiver::Exclusive(_)) => refuse(SignatureMistake::QueryExclusive),
        (Marker::Query, _) => refuse(SignatureMistake::QueryReceiver),
        (_, Receiver::Exclusive(_)) => {}
        (_, Receiver::Shared(_)) if sig.asyncness.is_some() => {}
        _ => refuse(SignatureMistake::HandlerReceiver(marker)),
    }
    match (marker, &sig.asyncness) {
        (Marker::Run, None) => errors.on(sig.fn_token, SignatureMistake::RunNotAsync),
        (Marker::Query, Some(asyncness)) => errors.on(asyncness, SignatureMistake::QueryAsync),
        (Marker::Init, Some(asyncness)) => errors.on(asyncness, SignatureMistake::InitAsync),
        _ => {}
    }
    if marker == Marker::Query && matches!(Output::of(&sig.output), Output::Unit) {
        errors.on(&sig.ident, SignatureMistake::QueryGivesNothing);
    }
    if let Some(unsafety) = &sig.unsafety {
        errors.on(unsafety, SignatureMistake::NotCallable(marker));
    }
    if let Some(abi) = &sig.abi {
        errors.on(abi, SignatureMistake::NotCallable(marker));
    }
}

/// A handler has one payload format, so it has no type parameters.
pub(crate) fn check_generics(marker: Marker, sig: &syn::Signature, errors: &mut Errors) {
    for parameter in type_parameters(sig) {
        errors.on(parameter, SignatureMistake::GenericMethod(marker));
    }
}

fn type_parameters(sig: &syn::Signature) -> impl Iterator<Item = &GenericParam> {
    let parameters = sig.generics.params.iter();
    parameters.filter(|parameter| !matches!(parameter, GenericParam::Lifetime(_)))
}

fn check_constructed(method: &ImplItemFn, owner: &Owner<'_>, errors: &mut Errors) {
    if method.sig.receiver().is_some() {
        return;
    }
    match &method.sig.output {
        ReturnType::Type(_, ty)
            if is_named(ty, "Self") || is_named(ty, &owner.ident.to_string()) => {}
        ReturnType::Type(_, ty) => errors.on(ungrouped(ty), SignatureMistake::InitGives),
        ReturnType::Default => errors.on(&method.sig.ident, SignatureMistake::InitGives),
    }
}
