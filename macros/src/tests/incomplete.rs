//! Incomplete code, as an editor expands it: names still resolve, and completion still works.

use proc_macro2::TokenStream;

use super::{laid_out, mistakes};
use crate::entry::{self, Macro};

fn expand(of: Macro, options: &str, item: &str) -> TokenStream {
    entry::expand(of, tokens(options), tokens(item))
}

fn tokens(code: &str) -> TokenStream {
    code.parse().expect("its brackets are balanced")
}

/// Compares as tokens: an expansion is not laid out while it holds what cannot be read.
fn holds(code: &TokenStream, part: &str) -> bool {
    code.to_string().contains(&tokens(part).to_string())
}

/// A workflow of which one method is replaced.
fn workflow_with(method: &str) -> TokenStream {
    let block = format!(
        "impl Greeting {{
            #[run]
            async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<usize> {{
                self.pause(ctx).await?;
                Ok(self.names.len())
            }}
            {method}
            #[query]
            fn names(&self) -> Vec<String> {{ self.names.clone() }}
            async fn pause(&self, ctx: &Ctx) -> Result<()> {{ ctx.sleep(secs(1)).await }}
        }}"
    );
    expand(entry::workflow, "", &block)
}

#[track_caller]
fn knows_the_rest(code: &TokenStream) {
    for known in [
        "fn start(",
        "fn continue_as_new(",
        "fn names(&self,",
        "fn names(&self) -> Vec<String> { self.names.clone() }",
    ] {
        let known = known.replace('(', " (");
        let known: String = known.split_whitespace().collect();
        let code: String = code.to_string().split_whitespace().collect();
        assert!(code.contains(&known), "no {known} in {code}");
    }
}

const HALF_TYPED_BODIES: [&str; 14] = [
    "ctx.",
    "self.",
    "self.names.",
    "let x =",
    "let x: = 3;",
    "let x = 3 self.names.clear();",
    "greet::call(ctx, name)..await?;",
    "if self.names.",
    "match self.names.first() { Some(x) => }",
    "ctx.wait_until(|| self.)",
    "for name in self.names { ctx. }",
    "self.names.push(ctx.)",
    "ctx.sleep(secs(1)).await? self.names.clear();",
    "let Some(x) = self.names.first() else",
];

#[test]
fn a_half_typed_body_stays_for_the_editor_and_leaves_the_workflow_known() {
    for body in HALF_TYPED_BODIES {
        let method = format!("async fn submit(&mut self, ctx: &Ctx, name: String) {{ {body} }}");
        let code = workflow_with(&format!("/// Submits.\n#[signal] {method}"));
        assert!(holds(&code, "compile_error"), "{body}");
        knows_the_rest(&code);
        let text = code.to_string();
        assert!(text.contains("fn submit (& self , name"), "{body}: {text}");
        let (for_rustc, for_editor) = text
            .split_once("cfg (rust_analyzer)")
            .expect("what cannot be read is for the editor alone");
        let block = tokens(&format!("{{ {body} }}")).to_string();
        assert!(!for_rustc.contains(&block), "{body}");
        assert!(for_editor.contains(&tokens(&method).to_string()), "{body}");
        assert!(!for_editor.contains("signal"), "{body}");
    }
}

#[test]
fn a_half_typed_run_leaves_the_workflow_startable() {
    let code = expand(
        entry::workflow,
        "",
        "impl Greeting {
            #[run]
            async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<usize> { ctx. }
            #[query]
            fn names(&self) -> Vec<String> { self.names.clone() }
        }",
    );
    knows_the_rest(&code);
    assert!(holds(&code, "{ ctx. }"));
}

#[test]
fn a_half_typed_signature_takes_nothing_away_from_the_others() {
    for method in [
        "#[signal] fn submit(&mut self, name: ) { self.names.push(name); }",
        "#[signal] fn submit(&mut self, name: Vec<) { self.names.push(name); }",
        "#[signal] fn submit(&mut self, name: &) { }",
        "#[signal] fn submit(&mut self) -> { }",
        "#[signal] fn submit(&mut self",
        "#[signal] fn submit",
        "#[signal] fn",
        "#[signal] async",
        "#[update(validator = check)] fn (&mut self) {}",
        "const LIMIT: usize = ;",
        "pub",
    ] {
        let method = match method.matches('(').count() == method.matches(')').count() {
            true => method.to_owned(),
            false => format!("{method})"),
        };
        let code = workflow_with(&method);
        assert!(holds(&code, "compile_error"), "{method}");
        knows_the_rest(&code);
        let unmarked = match method.split_once(']') {
            Some((_, rest)) => rest,
            None => method.as_str(),
        };
        assert!(holds(&code, unmarked), "{method}: {code}");
    }
}

#[test]
fn what_rust_analyzer_has_closed_is_code_like_any_other() {
    for body in [
        "ctx.__ra_fixup;",
        "self.__ra_fixup",
        "let x = __ra_fixup;",
        "greet::call(ctx, __ra_fixup).await?;",
        "match __ra_fixup {}",
        "ctx.wait_until(|| self.__ra_fixup).await;",
        "if __ra_fixup {}",
        "greet::__ra_fixup",
    ] {
        let code = workflow_with(&format!(
            "#[signal] async fn submit(&mut self, ctx: &Ctx, name: String) {{ {body} }}"
        ));
        assert_eq!(mistakes(&code), Vec::<String>::new(), "{body}");
        knows_the_rest(&code);
        assert!(code.to_string().contains("__ra_fixup"), "{body}");
    }
}

#[test]
fn half_typed_options_leave_everything_callable() {
    for options in [
        "task_",
        "task_queue =",
        "task_queue = ,",
        "task_queue",
        "= \"x\"",
        "name =",
    ] {
        let code = expand(
            entry::workflow,
            options,
            "impl Greeting {
                #[run] async fn run(&mut self, ctx: &Ctx) { self.pause(ctx) }
                #[query] fn names(&self) -> Vec<String> { self.names.clone() }
            }",
        );
        assert!(!mistakes(&code).is_empty(), "{options}");
        knows_the_rest(&code);
    }
    for options in ["nam", "name =", "name", "validator ="] {
        let code = workflow_with(&format!(
            "#[update({options})] fn submit(&mut self, name: String) -> usize {{ self.names.len() }}"
        ));
        assert!(!mistakes(&code).is_empty(), "{options}");
        knows_the_rest(&code);
        assert!(holds(&code, "-> usize { self.names.len() }"), "{options}");
    }
    for options in [
        "start_",
        "start_to_close",
        "start_to_close =",
        "start_to_close = \"",
        "max_attempts = ",
    ] {
        let Ok(options) = options.parse::<TokenStream>() else {
            continue;
        };
        let greet = tokens("async fn greet(name: String) -> String { name }");
        let code = entry::expand(entry::activity, options, greet);
        assert!(!mistakes(&code).is_empty());
        assert!(laid_out(code).contains("pub fn call("));
    }
}

#[test]
fn a_half_typed_activity_can_still_be_called() {
    let function = "async fn greet(name: String) -> String { name. }";
    let code = expand(entry::activity, "start_to_close = \"1s\"", function);
    assert!(holds(&code, "pub fn call"));
    assert!(
        code.to_string()
            .ends_with(&format!("{} }} ;", tokens(function)))
    );
    let method = "async fn save(&self, row: String) -> usize { self.rows. }";
    let code = expand(
        entry::activities,
        "",
        &format!("impl Shop {{ #[activity] {method} #[activity] fn count(&self) -> u8 {{ 1 }} }}"),
    );
    assert!(code.to_string().contains("fn save (& self , row"));
    assert!(code.to_string().contains("fn count (& self"));
    assert!(holds(&code, method));
}

#[test]
fn a_half_typed_main_is_still_there() {
    let code = expand(entry::main, "", "async fn main() { let client = }");
    assert!(code.to_string().contains(":: block_on (main ())"));
    assert!(holds(&code, "{ let client = }"));
}

#[test]
fn code_of_another_kind_is_kept_without_marks() {
    let code = expand(
        entry::workflow,
        "",
        "trait Greets { #[signal] fn submit(&mut self) { self. } }",
    );
    assert!(holds(&code, "fn submit(&mut self) { self. }"));
    assert!(!holds(&code, "signal"));
}
