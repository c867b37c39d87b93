//! Children and other running workflows.

use std::{marker::PhantomData, ops::Deref};

use crate::{
    Cancelled, Ctx, Workflow,
    data::EncodedArgs,
    definition::{BoxFuture, Via},
};

/// A child workflow about to start.
pub struct ChildCall<W>(PhantomData<fn() -> W>);
impl<W: Workflow> ChildCall<W> {
    #[doc(hidden)]
    pub fn new(_ctx: &Ctx, _args: EncodedArgs) -> Self {
        unimplemented!()
    }
}
/// The transport of handles inside workflows.
pub struct FromWorkflow {}
impl Via for FromWorkflow {
    type Signal = BoxFuture<Result<(), Cancelled>>;
    fn signal(&self, _name: &'static str, _args: EncodedArgs) -> Self::Signal {
        unimplemented!()
    }
}
/// A started child.
pub struct ChildHandle<W: Workflow> {
    methods: W::Methods<FromWorkflow>,
}
impl<W: Workflow> Deref for ChildHandle<W> {
    type Target = W::Methods<FromWorkflow>;
    fn deref(&self) -> &Self::Target {
        &self.methods
    }
}
/// Another running workflow.
pub struct ExternalHandle<W: Workflow> {
    methods: W::Methods<FromWorkflow>,
}
impl<W: Workflow> Deref for ExternalHandle<W> {
    type Target = W::Methods<FromWorkflow>;
    fn deref(&self) -> &Self::Target {
        &self.methods
    }
}
impl<W: Workflow> ExternalHandle<W> {
    #[doc(hidden)]
    pub fn new(_ctx: &Ctx, _id: String) -> Self {
        unimplemented!()
    }
}
