//! Activity functions: parses the function under `#[activity]`, which has no body if it is `remote`.

use syn::{
    Attribute, Block, Signature, Token, Visibility,
    parse::{Parse, ParseStream},
};

/// A function with or without a body.
#[derive(Clone)]
pub(crate) struct ActivityFn {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Option<Block>,
}

impl Parse for ActivityFn {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        let body = if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            None
        } else {
            let content;
            let brace_token = syn::braced!(content in input);
            attrs.extend(content.call(Attribute::parse_inner)?);
            Some(Block {
                brace_token,
                stmts: content.call(Block::parse_within)?,
            })
        };
        Ok(Self {
            attrs,
            vis,
            sig,
            body,
        })
    }
}
