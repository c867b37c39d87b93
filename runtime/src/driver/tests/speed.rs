use super::*;

#[derive(Default)]
struct Thousand;
table!(Thousand, run: |_, ctx, _| running(async move {
    let mut length = 0;
    for n in 0..1_000 {
        length += greet(&ctx, if n % 2 == 0 { "even" } else { "odd" }).await?.len();
    }
    Ok(length)
}));

/// Prints what user code of the replay benchmark costs; run it with `--release -- --nocapture`.
#[test]
fn a_thousand_activities_one_after_the_other() {
    let mut case = Case::replayed::<Thousand>(&[]);
    let result: Vec<_> = (1..=1_000).map(|seq| completed(seq, "Hello")).collect();
    let mut intents = Vec::new();
    let before = std::time::Instant::now();
    case.run.handle(Job::Settle, &mut intents).unwrap();
    for job in result {
        case.run.handle(case.advance(), &mut intents).unwrap();
        case.run.handle(job, &mut intents).unwrap();
        case.run.handle(Job::Settle, &mut intents).unwrap();
    }
    println!("1000 activities took {:?}", before.elapsed());
    assert_eq!(intents.len(), 1_001);
    assert_eq!(say(&intents[1_000].intent), "done: 5000");
}

#[test]
fn an_idle_run_is_small() {
    use crate::{driver::run::Live, instance::core::Core};
    let fixed = size_of::<Live<Thousand>>() + size_of::<Core>() + size_of::<RunStarted>();
    // An open timer takes the first four places of its queue; the run's future is the user's.
    assert!(fixed < 2_048, "{fixed} bytes before anything is asked for");
}
