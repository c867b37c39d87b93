use durably_engine::{Completion, Queries, QueryRequest};

use crate::case::{Code, End, Worker, World, commands, sticky, task};

const TALK: Code = |cx| {
    Box::pin(async move {
        cx.say("waiting");
        let word = cx.signal().await;
        cx.say(&word);
        cx.sleep(30).await;
        End::Complete(word)
    })
};

fn answer_of(completion: &Completion) -> String {
    match completion {
        Completion::Query(answer) => match &answer.result {
            Ok(payload) => String::from_utf8_lossy(payload.data()).into_owned(),
            Err(failure) => format!("failed: {}", failure.message),
        },
        Completion::Task(task) => panic!("expected the answer to a query, found {task:?}"),
    }
}

fn attached(ids: &[&str]) -> Queries {
    let query = |id: &&str| QueryRequest {
        id: (*id).to_owned(),
        name: "said".to_owned(),
        ..QueryRequest::default()
    };
    Queries::Attached(ids.iter().map(query).collect())
}

#[test]
fn query_task_is_answered_from_the_cached_run() {
    let (mut world, mut worker) = (World::new(), Worker::new(TALK));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    let answer = worker.handle(world.query("said")).unwrap();
    assert_eq!(answer_of(&answer), "waiting");
    let answer = worker.handle(world.query("other")).unwrap();
    assert_eq!(answer_of(&answer), "failed: no such query");
    world.signal("hello");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(
        commands(&answer),
        ["start timer 1"],
        "queries left no trace"
    );
}

#[test]
fn query_task_is_answered_by_replay_and_the_run_goes_on_from_there() {
    let (mut world, mut first) = (World::new(), Worker::new(TALK));
    let answer = first.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.signal("hello");
    let answer = first.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    world.signal("not told by a query");

    let mut query = world.query("said");
    query.history = world.history.clone();
    let mut worker = Worker::new(TALK);
    let answer = worker.handle(query).unwrap();
    assert_eq!(answer_of(&answer), "hello");
    assert_eq!(worker.replayed, [true, true]);

    world.fire();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete hello"]);
}

#[test]
fn closed_run_answers_queries() {
    let (mut world, mut worker) = (World::new(), Worker::new(TALK));
    world.signal("hello");
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.fire();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    let mut query = world.query("said");
    query.history = world.history.clone();
    let answer = Worker::new(TALK).handle(query).unwrap();
    assert_eq!(answer_of(&answer), "hello");
}

#[test]
fn attached_queries_see_the_run_as_the_task_leaves_it() {
    let (mut world, mut worker) = (World::new(), Worker::new(TALK));
    world.signal("hello");
    let mut asked = world.take_task();
    asked.queries = attached(&["a", "b"]);
    let answer = worker.handle(asked).unwrap();
    assert_eq!(commands(&answer), ["start timer 1"]);
    let answers: Vec<_> = task(&answer)
        .answers
        .iter()
        .map(|it| {
            (
                it.id.as_str(),
                it.result.as_ref().map(|it| it.data().to_vec()),
            )
        })
        .collect();
    assert_eq!(
        answers,
        [("a", Ok(b"hello".to_vec())), ("b", Ok(b"hello".to_vec()))]
    );
}
