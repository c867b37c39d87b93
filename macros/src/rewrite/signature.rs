//! Signatures of async methods: whether they can be rewritten, and how.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{
    ImplItemFn, Lifetime, ReturnType, Signature, TypeImplTrait, TypeMacro, TypeReference,
    visit::{self, Visit},
};

use crate::{
    diag::Errors,
    mistake::BodyMistake,
    syntax::signature::{Receiver, Reference},
};

/// Reports mistakes that prevent the rewriting of an async method; returns whether its signature can
/// still be rewritten, so that its calls compile.
pub(super) fn check(method: &ImplItemFn, errors: &mut Errors) -> bool {
    match Receiver::of(&method.sig) {
        Receiver::Exclusive(receiver) | Receiver::Shared(receiver) => {
            check_lifetimes(method, &receiver, errors)
        }
        Receiver::None | Receiver::Other(_) => {
            errors.on(method.sig.receiver(), BodyMistake::AsyncReceiver);
            false
        }
    }
}

pub(super) fn has_opaque_type(output: &ReturnType) -> bool {
    struct Opaque(bool);
    impl Visit<'_> for Opaque {
        fn visit_type_impl_trait(&mut self, _: &TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut opaque = Opaque(false);
    opaque.visit_return_type(output);
    opaque.0
}

/// Whether a method has type parameters: each instantiation of one condition in the source is then a
/// condition of its own.
pub(super) fn is_generic(signature: &Signature) -> bool {
    struct Anonymous(bool);
    impl Visit<'_> for Anonymous {
        fn visit_type_impl_trait(&mut self, _: &TypeImplTrait) {
            self.0 = true;
        }
        // A macro may expand to such a type.
        fn visit_type_macro(&mut self, _: &TypeMacro) {
            self.0 = true;
        }
    }
    let generics = &signature.generics;
    let mut anonymous = Anonymous(false);
    anonymous.visit_signature(signature);
    anonymous.0
        || generics.type_params().next().is_some()
        || generics.const_params().next().is_some()
}

/// Reports outputs that borrow from `self`, whose lifetime ends with the body. Returns whether the
/// signature has the same meaning without the receiver.
fn check_lifetimes(method: &ImplItemFn, receiver: &Reference, errors: &mut Errors) -> bool {
    if let Some(lifetime) = &receiver.lifetime {
        errors.on(lifetime, BodyMistake::NamedLifetime);
    }
    let ReturnType::Type(_, ty) = &method.sig.output else {
        return true;
    };
    struct Elided(Vec<TokenStream>);
    impl Visit<'_> for Elided {
        fn visit_type_reference(&mut self, reference: &TypeReference) {
            match reference.lifetime {
                None => self.0.push(reference.to_token_stream()),
                Some(_) => visit::visit_type_reference(self, reference),
            }
        }
        fn visit_lifetime(&mut self, lifetime: &Lifetime) {
            if lifetime.ident == "_" {
                self.0.push(lifetime.to_token_stream());
            }
        }
    }
    let mut elided = Elided(Vec::new());
    elided.visit_type(ty);
    if let Some(first) = elided.0.first()
        && receiver.lifetime.is_none()
    {
        errors.on(first, BodyMistake::BorrowedFromSelf);
    }
    elided.0.is_empty()
}
