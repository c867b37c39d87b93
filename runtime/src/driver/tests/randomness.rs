use rand::RngExt;

use super::*;

#[derive(Default)]
struct Draws;
table!(Draws, run: |_, ctx, _| running(async move {
    let dice: u32 = ctx.rng().random_range(1..=6);
    let before = (dice, ctx.random::<u64>(), ctx.uuid());
    ctx.sleep(secs(1)).await?;
    Ok((before, ctx.random::<bool>(), ctx.random::<u64>()))
}));

fn drawn(replaying: bool, reseed: Option<u64>) -> String {
    let mut case = Case::begun::<Draws>();
    case.replaying = replaying;
    case.pass(secs(0));
    case.settle();
    if let Some(randomness_seed) = reseed {
        case.handle(Job::Reseed { randomness_seed });
    }
    case.fire(1).remove(0)
}

#[test]
fn random_numbers_are_the_same_at_every_replay() {
    assert_eq!(drawn(false, None), drawn(true, None));
}

#[test]
fn a_reset_run_draws_other_numbers_from_there_on() {
    let (kept, reset) = (drawn(false, None), drawn(false, Some(8)));
    let before = |it: &str| it.split_once(']').unwrap().0.to_owned();
    assert_eq!(before(&kept), before(&reset));
    assert_ne!(kept, reset);
}

#[test]
fn uuids_are_of_version_4() {
    let drawn = drawn(false, None);
    let uuid = drawn.split('"').nth(1).unwrap();
    assert_eq!(uuid.parse::<uuid::Uuid>().unwrap().get_version_num(), 4);
}

#[derive(Default)]
struct Named;
table!(Named, run: |_, ctx, mut args| {
    let draws_more: bool = args.next("draws_more")?;
    running(async move {
        let draw = || ctx.rng_named("lottery").random::<u32>();
        let first = draw();
        if draws_more {
            let _ = (ctx.random::<u64>(), ctx.rng_named("shuffle").random::<u64>(), ctx.uuid7());
        }
        let second = draw();
        assert_ne!(first, second);
        ctx.sleep(secs(1)).await?;
        Ok((first, second, draw()))
    })
});

fn named(draws_more: bool, reseed: Option<u64>) -> String {
    let mut case = Case::unborn::<Named>();
    case.begin((draws_more,)).expect("the run begins");
    case.settle();
    if let Some(randomness_seed) = reseed {
        case.handle(Job::Reseed { randomness_seed });
    }
    case.fire(1).remove(0)
}

#[test]
fn a_named_sequence_is_not_changed_by_other_draws() {
    assert_eq!(named(false, None), named(true, None));
    assert_ne!(named(false, None), named(false, Some(8)));
    assert_eq!(named(false, Some(8)), named(true, Some(8)));
}

#[derive(Default)]
struct Ids;
table!(Ids, run: |_, ctx, _| running(async move {
    let mut ids: Vec<_> = (0..5_000).map(|_| ctx.uuid7()).collect();
    ctx.sleep(secs(100)).await?;
    ids.extend((0..10).map(|_| ctx.uuid7()));
    assert!(ids.is_sorted_by(|a, b| a < b));
    let all_of_version_7 = ids.iter().all(|id| id.get_version_num() == 7);
    Ok((all_of_version_7, ids[0], ids[5_000]))
}));

#[test]
fn uuids_of_version_7_grow_and_tell_the_time() {
    let ids = || {
        let mut case = Case::begun::<Ids>();
        case.settle();
        case.pass(secs(100));
        case.fire(1).remove(0)
    };
    let drawn = ids();
    // 1,000 s and 1,100 s after 1970.
    assert!(
        drawn.starts_with(r#"done: [true,"0000000f-4240-7"#),
        "{drawn}"
    );
    assert!(drawn.contains(r#","00000010-c8e0-7"#), "{drawn}");
    assert_eq!(drawn, ids());
}
