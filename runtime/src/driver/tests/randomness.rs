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
