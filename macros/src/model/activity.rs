//! Activities: checks one function, or one method of a set.

use std::time::Duration;

use proc_macro2::{Ident, Span};
use syn::{Attribute, LitStr, Signature, Type, Visibility};

use super::{
    arguments::{Arguments, Passing},
    handler::check_generics,
    name::WireName,
    output,
};
use crate::{
    diag::Errors,
    mistake::{OptionMistake, SignatureMistake},
    syntax::{
        activity_fn::ActivityFn,
        inherited_attributes::InheritedAttributes,
        marker::Marker,
        options::{Keyed, Options},
        signature::{self, Output},
    },
};

/// A checked activity.
pub(crate) struct Activity {
    pub(crate) ident: Ident,
    pub(crate) wire: WireName,
    pub(crate) declared: Declared,
    pub(crate) inherited: InheritedAttributes,
    pub(crate) is_async: bool,
    /// Whether the activity serves every type that has none of its own.
    pub(crate) is_dynamic: bool,
    pub(crate) arguments: Arguments,
    pub(crate) output: Output,
}

/// The scheduling options that the attribute declares.
pub(crate) struct Declared {
    pub(crate) start_to_close: Option<Millis>,
    pub(crate) schedule_to_close: Option<Millis>,
    pub(crate) schedule_to_start: Option<Millis>,
    pub(crate) heartbeat: Option<Millis>,
    /// The span of the key `heartbeat`.
    heartbeat_at: Option<Span>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) task_queue: Option<LitStr>,
    /// The key `remote`, on a function.
    pub(crate) remote: Option<Span>,
}

/// A duration in milliseconds, as expansions write it.
#[derive(Clone, Copy)]
pub(crate) struct Millis(pub(crate) u64);

impl Declared {
    /// Whether the declared timeouts suffice for a call.
    pub(crate) fn has_timeout(&self) -> bool {
        self.start_to_close.is_some() || self.schedule_to_close.is_some()
    }
}

/// Checks a function under `#[activity]`.
pub(crate) fn function(
    options: Options,
    function: &ActivityFn,
    errors: &mut Errors,
) -> Option<Activity> {
    if let Some(receiver) = function.sig.receiver() {
        errors.on(
            receiver,
            match function.body {
                Some(_) => SignatureMistake::MethodActivity,
                None => SignatureMistake::TraitActivity,
            },
        );
        return None;
    }
    let activity = Activity::of(options, &function.sig, &function.attrs, None, errors)?;
    match (&function.body, activity.declared.remote) {
        (None, None) => errors.on(&function.sig, SignatureMistake::BodyMissing),
        (Some(_), Some(remote)) => errors.at(remote, SignatureMistake::RemoteBody),
        _ => return Some(activity),
    }
    None
}

/// Stands in for a function with a reported mistake, so that its calls compile without further errors.
pub(crate) struct Placeholder {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) inherited: InheritedAttributes,
    pub(crate) arguments: Arguments,
    pub(crate) output: Output,
}

/// Creates the placeholder of a refused function; `None` for a method, whose impl block cannot
/// hold a type, and for a generic function.
pub(crate) fn placeholder(function: &ActivityFn) -> Option<Placeholder> {
    let sig = &function.sig;
    if sig.receiver().is_some() || sig.generics.type_params().next().is_some() {
        return None;
    }
    let mut reported = Errors::new();
    let output = output::of(
        Output::of(&sig.output),
        None,
        Marker::Activity,
        &mut reported,
    );
    reported.discard();
    Some(Placeholder {
        ident: sig.ident.clone(),
        vis: function.vis.clone(),
        inherited: InheritedAttributes::of(&function.attrs),
        arguments: Arguments::placeholder(&signature::parameters(sig)),
        output: output.unwrap_or(Output::Unit),
    })
}

impl Activity {
    /// Checks options and signature; `None` if nothing can be generated.
    pub(crate) fn of(
        mut options: Options,
        sig: &Signature,
        attrs: &[Attribute],
        owner: Option<&Type>,
        errors: &mut Errors,
    ) -> Option<Self> {
        let before_options = errors.count();
        let (wire, dynamic) =
            WireName::or_dynamic(&mut options, &sig.ident, Marker::Activity, errors);
        let is_misnamed = dynamic.is_some() && errors.count() > before_options;
        let passing = match dynamic {
            Some(_) => Passing::All,
            None => Passing::Each,
        };
        let mut declared = timeouts(&mut options, errors);
        if owner.is_none() {
            declared.remote = options.flag("remote", errors);
        }
        options.finish(errors);
        let before = errors.count();
        if let (Some(at), Some(_)) = (declared.remote, dynamic) {
            errors.at(at, SignatureMistake::DynamicRemote);
        }
        check_generics(Marker::Activity, sig, errors);
        if let Some(unsafety) = &sig.unsafety {
            errors.on(unsafety, SignatureMistake::NotCallable(Marker::Activity));
        }
        if let Some(abi) = &sig.abi {
            errors.on(abi, SignatureMistake::NotCallable(Marker::Activity));
        }
        let parameters = signature::parameters(sig);
        let arguments = Arguments::of(&parameters, owner, Marker::Activity, passing, errors);
        if let Some(arguments) = &arguments {
            arguments.check_passing(Marker::Activity, &sig.ident, errors);
        }
        let output = output::of(Output::of(&sig.output), owner, Marker::Activity, errors);
        let arguments = arguments?;
        if let (Some(heartbeat), None, None) =
            (&declared.heartbeat_at, &arguments.context, declared.remote)
        {
            errors.at(*heartbeat, SignatureMistake::HeartbeatWithoutContext);
        }
        let activity = Self {
            ident: sig.ident.clone(),
            wire,
            declared,
            inherited: InheritedAttributes::of(attrs),
            is_async: sig.asyncness.is_some(),
            is_dynamic: dynamic.is_some(),
            arguments,
            output: output?,
        };
        (errors.count() == before && !is_misnamed).then_some(activity)
    }
}

fn timeouts(options: &mut Options, errors: &mut Errors) -> Declared {
    let start_to_close = options.duration("start_to_close", errors);
    let schedule_to_close = options.duration("schedule_to_close", errors);
    let schedule_to_start = options.duration("schedule_to_start", errors);
    let heartbeat = options.duration("heartbeat", errors);
    for (part, name, whole, whole_name) in [
        (
            &start_to_close,
            "start_to_close",
            &schedule_to_close,
            "schedule_to_close",
        ),
        (
            &schedule_to_start,
            "schedule_to_start",
            &schedule_to_close,
            "schedule_to_close",
        ),
        (&heartbeat, "heartbeat", &start_to_close, "start_to_close"),
    ] {
        if let (Some(part), Some(whole)) = (part, whole)
            && part.value > whole.value
        {
            errors.at(part.key, OptionMistake::LongerThanWhole(name, whole_name));
        }
    }
    let millis = |given: &Option<Keyed<Duration>>| {
        let millis = given.as_ref()?.value.as_millis();
        Some(Millis(u64::try_from(millis).unwrap_or(u64::MAX)))
    };
    Declared {
        start_to_close: millis(&start_to_close),
        schedule_to_close: millis(&schedule_to_close),
        schedule_to_start: millis(&schedule_to_start),
        heartbeat: millis(&heartbeat),
        heartbeat_at: heartbeat.map(|given| given.key),
        max_attempts: options
            .count("max_attempts", errors)
            .map(|given| given.value),
        task_queue: options.text("task_queue", errors).map(|given| given.value),
        remote: None,
    }
}
