//! Workflow state: checks the fields of a struct or enum under `#[workflow]` for nondeterminism.

use syn::{Data, DeriveInput, Field, Fields};

use crate::{determinism, diag::Errors, mistake::PlacementMistake, syntax::options::Options};

/// Checks the fields and removes our marks from them.
pub(crate) fn check(options: Options, item: &mut DeriveInput, errors: &mut Errors) {
    for key in options.keys() {
        errors.at(key.span(), PlacementMistake::OptionOfBlock(key.to_string()));
    }
    match &mut item.data {
        Data::Struct(data) => check_fields(&mut data.fields, errors),
        Data::Enum(data) => {
            for variant in &mut data.variants {
                check_fields(&mut variant.fields, errors);
            }
        }
        Data::Union(data) => errors.on(data.union_token, PlacementMistake::WorkflowOnOther),
    }
}

fn check_fields(fields: &mut Fields, errors: &mut Errors) {
    for Field { attrs, ty, .. } in fields.iter_mut() {
        if !determinism::lift_permits(attrs, errors) {
            determinism::check_type(ty, errors);
        }
    }
}
