//! Typed errors: generates the encoding of an error as a failure, and the decoding.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Member, spanned::Spanned as _};

use super::{
    allow_lints, call::payload_of_argument, data::serde_path, import_dispatch_traits, local,
};
use crate::{
    crate_path::CratePath,
    model::failure::{Failure, Retry, Shape, Shapes, Variant},
};

/// Implements `durably::error::TypedError`.
pub(crate) fn expand(failure: &Failure) -> TokenStream {
    let Failure {
        ident,
        name,
        shapes,
        root,
    } = failure;
    let (to, from) = (local("to"), local("from"));
    let (write, read, parts) = match shapes {
        Shapes::Struct(shape) => {
            let part = Part::of(shape, ident.to_string(), 0, 0, root);
            let (write, read, fields) = (part.write(&to), part.read(&from), part.fields());
            (
                quote!(let Self #fields = self; #write),
                quote!(#read ::core::option::Option::Some(Self #fields)),
                vec![part],
            )
        }
        Shapes::Enum(variants) => of_variants(ident, variants, &to, &from, root),
    };
    let (serde, alias) = serde_path(ident, root);
    let structs: TokenStream = parts.iter().filter_map(|it| it.structs(&serde)).collect();
    let alias = (!structs.is_empty()).then_some(alias);
    let (allow_lints, plain) = (allow_lints(), import_dispatch_traits(root));
    let at = ident.span();
    let private = root.at(at);
    let private = quote_spanned!(at=> #private::__private);
    quote! {
        #allow_lints
        const _: () = {
            #plain
            #[allow(unused_imports)]
            use #root::__private::{
                CauseByDeref as _, CauseByDerive as _, CauseByError as _, CauseByRecord as _,
                CauseBySource as _,
            };
            #alias
            #structs
            impl #private::TypedError for #ident {
                const NAME: &'static str = #name;

                fn __write(&self, #to: &mut #root::__private::FailureWriter) {
                    #write
                }

                fn __read(#from: &#root::__private::FailureReader<'_>) -> ::core::option::Option<Self> {
                    #read
                }
            }
        };
    }
}

/// Implements the trait for a refused type, so that calls which name the type compile.
pub(crate) fn placeholder(ident: &Ident, root: &CratePath) -> TokenStream {
    let (name, allow_lints) = (ident.to_string(), allow_lints());
    quote! {
        #allow_lints
        impl #root::__private::TypedError for #ident {
            const NAME: &'static str = #name;
            fn __write(&self, _: &mut #root::__private::FailureWriter) {
                ::core::unreachable!()
            }
            fn __read(_: &#root::__private::FailureReader<'_>) -> ::core::option::Option<Self> {
                ::core::unreachable!()
            }
        }
    }
}

fn of_variants<'a>(
    of: &Ident,
    variants: &'a [Variant],
    to: &Ident,
    from: &Ident,
    root: &'a CratePath,
) -> (TokenStream, TokenStream, Vec<Part<'a>>) {
    if variants.is_empty() {
        let none = quote!(::core::option::Option::None);
        return (quote!(match *self {}), none, Vec::new());
    }
    let (mut writes, mut reads) = (TokenStream::new(), TokenStream::new());
    let mut parts = Vec::new();
    for (index, Variant { ident, name, shape }) in variants.iter().enumerate() {
        // The name of the variant is the first detail.
        let part = Part::of(shape, format!("{of}::{ident}"), index, 1, root);
        let (write, read, fields) = (part.write(to), part.read(from), part.fields());
        writes.extend(quote!(Self::#ident #fields => { #to.variant(#name); #write }));
        reads.extend(quote!(#name => { #read ::core::option::Option::Some(Self::#ident #fields) }));
        parts.push(part);
    }
    let variant = local("variant");
    let read = quote! {
        let #variant = #from.variant()?;
        match &*#variant {
            #reads
            _ => ::core::option::Option::None,
        }
    };
    (quote!(match self { #writes }), read, parts)
}

/// The code of a struct or of a variant.
struct Part<'a> {
    shape: &'a Shape,
    /// Its path in the texts of errors.
    path: String,
    /// The locals of the fields that are data.
    data: Vec<Ident>,
    cause: Ident,
    /// The structs that serde writes and reads, if the fields have names.
    written: Ident,
    read: Ident,
    is_named: bool,
    /// The first detail that holds data.
    first: usize,
    root: &'a CratePath,
}

impl<'a> Part<'a> {
    fn of(shape: &'a Shape, path: String, index: usize, first: usize, root: &'a CratePath) -> Self {
        let data = (0..shape.data.len()).map(|field| local(&format!("field_{field}")));
        let is_named = matches!(
            shape.data.first().map(|it| &it.member),
            Some(Member::Named(_))
        );
        Self {
            shape,
            path,
            data: data.collect(),
            cause: local("cause"),
            written: format_ident!("__Written{index}"),
            read: format_ident!("__Read{index}"),
            is_named,
            first,
            root,
        }
    }

    /// The pattern that binds the locals, and the expression that is made of them.
    fn fields(&self) -> TokenStream {
        let data = self
            .shape
            .data
            .iter()
            .map(|field| &field.member)
            .zip(&self.data);
        let cause = self
            .shape
            .cause
            .iter()
            .map(|field| (&field.member, &self.cause));
        let fields = data
            .chain(cause)
            .map(|(member, local)| quote!(#member: #local));
        quote!({ #(#fields),* })
    }

    fn write(&self, to: &Ident) -> TokenStream {
        let (root, locals, written) = (self.root, &self.data, &self.written);
        let data: TokenStream = match self.is_named {
            true => {
                let members = self.shape.data.iter().map(|field| &field.member);
                let path = &self.path;
                quote!(#to.fields(#path, &#written { #(#members: #locals),* });)
            }
            false => {
                let fields = self.shape.data.iter().zip(locals);
                let one = fields.map(|(field, local)| {
                    let payload = payload_of_argument(&field.ty, root);
                    quote!(#to.value(#payload, #local);)
                });
                one.collect()
            }
        };
        let cause = self
            .cause()
            .map(|(conversions, local)| quote!(#to.cause(#conversions, #local);));
        let retry = match self.shape.retry {
            Retry::Policy => None,
            Retry::Never => Some(quote!(#to.non_retryable();)),
            Retry::AfterMillis(millis) => Some(quote!(#to.next_retry_delay_millis(#millis);)),
            Retry::LikeCause => Some(quote!(#to.retry_like_cause();)),
        };
        quote!(#data #cause #retry)
    }

    fn read(&self, from: &Ident) -> TokenStream {
        let (root, read, first) = (self.root, &self.read, self.first);
        let data: TokenStream = match self.is_named {
            true => {
                let members = self.shape.data.iter().zip(&self.data);
                let members = members.map(|(field, local)| {
                    let member = &field.member;
                    quote!(#member: #local)
                });
                quote!(let #read { #(#members),* } = #from.fields(#first)?;)
            }
            false => {
                let fields = self.shape.data.iter().zip(&self.data).enumerate();
                let one = fields.map(|(index, (field, local))| {
                    let payload = payload_of_argument(&field.ty, root);
                    let index = first + index;
                    quote!(let #local = #from.value(#payload, #index)?;)
                });
                one.collect()
            }
        };
        let cause = self
            .cause()
            .map(|(conversions, local)| quote!(let #local = #from.cause(#conversions)?;));
        quote!(#data #cause)
    }

    fn cause(&self) -> Option<(TokenStream, &Ident)> {
        let ty = &self.shape.cause.as_ref()?.ty;
        let at = ty.span();
        let root = self.root.at(at);
        let conversions =
            quote_spanned!(at=> (&&&&&#root::__private::Spelled::<#ty>::HERE).cause());
        Some((conversions, &self.cause))
    }

    /// The structs of fields with names. An assertion for each field precedes them, so that our message
    /// about one without serde's traits comes first.
    fn structs(&self, serde: &str) -> Option<TokenStream> {
        if !self.is_named {
            return None;
        }
        let root = self.root;
        let (written, read) = (&self.written, &self.read);
        let fields = &self.shape.data;
        let asserted = fields.iter().filter(|field| field.serde.is_empty());
        let assertions = asserted.map(|field| {
            let ty = &field.ty;
            let at = ty.span();
            let root = root.at(at);
            quote_spanned!(at=> let _ = <#ty as #root::__private::Serialisable<#root::__private::BySerde>>::payload;)
        });
        let (references, values) = fields
            .iter()
            .map(|field| {
                let (serde, member, ty) = (&field.serde, &field.member, &field.ty);
                (
                    quote!(#(#serde)* #member: &'failure #ty,),
                    quote!(#(#serde)* #member: #ty,),
                )
            })
            .collect::<(TokenStream, TokenStream)>();
        let assertions: TokenStream = assertions.collect();
        let check = (!assertions.is_empty()).then(|| quote!(const _: fn() = || { #assertions };));
        Some(quote! {
            #check
            #[derive(#root::data::serde::Serialize)]
            #[serde(crate = #serde)]
            struct #written<'failure> { #references }
            #[derive(#root::data::serde::Deserialize)]
            #[serde(crate = #serde)]
            struct #read { #values }
        })
    }
}
