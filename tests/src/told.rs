//! What code of tests and the SDK tell `tracing`, kept for tests to look at.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::Debug,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// The subscriber of the process of the tests.
pub struct Told;

type Lines = Mutex<BTreeMap<String, Vec<String>>>;

/// What code of tests told, a line each, by the field `id` of the span around it.
static LINES: Lines = Mutex::new(BTreeMap::new());
/// The warnings and errors of the SDK about workflows, a line each, by their ids.
static WARNINGS: Lines = Mutex::new(BTreeMap::new());
/// What code of tests told inside of spans of the SDK, a line each with those spans, by the workflow.
static IN_SPANS: Lines = Mutex::new(BTreeMap::new());
static SPANS: Mutex<Vec<Span>> = Mutex::new(Vec::new());

struct Span {
    metadata: &'static Metadata<'static>,
    /// The index of the span that it is in.
    parent: Option<usize>,
    fields: Fields,
}

thread_local! {
    static ENTERED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

impl Told {
    /// Installs the subscriber, once for all tests.
    pub fn listen() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            tracing::subscriber::set_global_default(Self).expect("no other test installs one");
        });
    }

    /// Takes what was told in spans with the field `id`.
    pub fn of(id: &str) -> Vec<String> {
        locked(&LINES).remove(id).unwrap_or_default()
    }

    /// Takes what code of tests told about a workflow and its activities, each line with the spans of the SDK that it
    /// is in: `workflow{run_id="1"}:signal{signal="go"}: went n=7`.
    pub fn in_spans(workflow_id: &str) -> Vec<String> {
        locked(&IN_SPANS).remove(workflow_id).unwrap_or_default()
    }

    /// The warnings and errors of the SDK about a workflow so far, each with its fields.
    pub fn warnings(workflow_id: &str) -> Vec<String> {
        locked(&WARNINGS)
            .get(workflow_id)
            .cloned()
            .unwrap_or_default()
    }
}

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_of_test(metadata) || *metadata.level() <= Level::WARN
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let metadata = span.metadata();
        let line = format!("span {}{}", metadata.name(), fields.text);
        let id = fields.id.clone();
        locked(&LINES).entry(id).or_default().push(line);
        let parent = match (span.parent(), span.is_root()) {
            (Some(parent), _) => Some(index(parent)),
            (None, true) => None,
            (None, false) => innermost(),
        };
        let mut spans = locked(&SPANS);
        spans.push(Span {
            metadata,
            parent,
            fields,
        });
        id_of(spans.len() - 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let span = innermost();
        if is_of_test(metadata) {
            tell_in_spans(span, &fields);
        }
        match span {
            Some(span) if is_of_test(metadata) => tell(span, &fields.text),
            _ => eprintln!("{} {}{}", metadata.level(), metadata.target(), fields.text),
        }
        if !fields.workflow_id.is_empty() {
            let line = fields.text.trim_start().to_owned();
            locked(&WARNINGS)
                .entry(fields.workflow_id)
                .or_default()
                .push(line);
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(index(span)));
    }

    fn exit(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| {
            let at = entered.iter().rposition(|it| *it == index(span));
            at.map(|at| entered.remove(at))
        });
    }
}

/// Whether code of the binary of the tests told it.
fn is_of_test(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("main::")
}

fn tell(span: usize, text: &str) {
    let spans = locked(&SPANS);
    let Span {
        metadata, fields, ..
    } = &spans[span];
    let line = format!("{}:{text}", metadata.name());
    let id = fields.id.clone();
    locked(&LINES).entry(id).or_default().push(line);
}

fn tell_in_spans(innermost: Option<usize>, told: &Fields) {
    let (mut path, mut workflow_id) = (String::new(), String::new());
    let spans = locked(&SPANS);
    let of = |span: usize| &spans[span];
    let inside_out = std::iter::successors(innermost.map(of), |span| span.parent.map(of));
    for Span {
        metadata, fields, ..
    } in inside_out.filter(|it| it.metadata.target() == "durably")
    {
        let fields_text = fields.text.trim_start();
        path = format!("{}{{{fields_text}}}:{path}", metadata.name());
        if !fields.workflow_id.is_empty() {
            workflow_id.clone_from(&fields.workflow_id);
        }
    }
    if !workflow_id.is_empty() {
        let line = format!("{path}{}", told.text.replacen(" message=", " ", 1));
        locked(&IN_SPANS).entry(workflow_id).or_default().push(line);
    }
}

/// The index of the span that this thread is in.
fn innermost() -> Option<usize> {
    ENTERED.with_borrow(|entered| entered.last().copied())
}

fn id_of(index: usize) -> Id {
    Id::from_u64(index as u64 + 1)
}

fn index(span: &Id) -> usize {
    span.into_u64() as usize - 1
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Fields {
    text: String,
    id: String,
    workflow_id: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "id" {
            self.id = value.to_owned();
        }
        self.record_debug(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text += &format!(" {}={value:?}", field.name());
        if field.name() == "workflow_id" {
            self.workflow_id = format!("{value:?}").trim_matches('"').to_owned();
        }
        if field.name() == "id" && self.id.is_empty() {
            self.id = format!("{value:?}").trim_matches('"').to_owned();
        }
    }
}
