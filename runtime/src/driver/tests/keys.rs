//! What is always encrypted, on a worker without its key: the task fails, and nothing is lost.

use super::{
    interceptors::{Through, in_host},
    *,
};
use crate::{
    data::{Encoded, Encrypted},
    definition::Update,
    error::{AppError, DataError, DataFault, Error},
};

/// What a worker without keys says of a value.
fn no_keys(what: &str) -> String {
    format!(
        "cannot read {what} as `Encoded<Encrypted<u64>>`: it is always encrypted, and this client has no keys; \
         `Codecs::encrypted_values` or the codec `Encryption` sets them, in a replay by `.codecs(..)`"
    )
}

/// Reads what only a worker with the key can read.
fn read(args: &Args) -> Result<Encrypted<u64>> {
    let Encoded(card) = args.get::<Encoded<Encrypted<u64>>>(0)?;
    Ok(card)
}

/// A mistake of the sender's, which no key makes good.
fn unreadable(fault: DataFault) -> DataError {
    DataError::read::<Encrypted<u64>>("argument 1 `card`".to_owned(), fault)
}

fn plain() -> DataError {
    unreadable(DataFault::NotEncrypted {
        encoding: "json/plain".to_owned(),
    })
}

fn damaged() -> DataError {
    unreadable(DataFault::Damaged {
        reason: "it is truncated".to_owned(),
    })
}

#[derive(Debug)]
struct Wrapped(Error);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no card")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.0.as_std())
    }
}

#[derive(Default)]
struct Till {
    asked: bool,
}
table!(Till,
    run: |state, ctx, args| running(async move {
        ctx.wait_until(move || state.with(|it| it.asked)).await?;
        Ok(read(&args)?.expose().to_owned())
    }),
    signals: &[
        on("pay", |_, _, mut args| {
            let _card: Encoded<Encrypted<u64>> = args.next("card")?;
            done(Ok(()))
        }),
        on("plain", |_, _, _| Err(plain().into())),
        on("damaged", |_, _, _| Err(damaged().into())),
        on("dynamic", |_, _, args| done(read(&args).map(drop))),
        on("later", |_, _, args| running(async move { read(&args).map(drop) })),
        on("wrapped", |_, _, args| done(read(&args).map(drop).map_err(|it| Wrapped(it).into()))),
        on("said", |_, _, args| done(match read(&args) {
            Ok(_) => Ok(()),
            Err(_) => Err(AppError::new("NoCard", "no card").into()),
        })),
        on("end", |state, _, _| done({ state.with(|it| it.asked = true); Ok(()) })),
    ],
    queries: &[("card", |_, _, mut args| {
        let card: Encoded<Encrypted<u64>> = args.next("card")?;
        encode_result(card.0.expose())
    })],
    updates: &[
        Update {
            name: "checked",
            unfinished: Unfinished::Warn,
            validate: Some(|_, _, mut args| args.next::<Encoded<Encrypted<u64>>>("card").map(drop)),
            call: |_, _, _| done(Ok(())),
        },
        Update {
            name: "charge",
            unfinished: Unfinished::Warn,
            validate: None,
            call: |_, _, mut args| {
                let _card: Encoded<Encrypted<u64>> = args.next("card")?;
                done(Ok(()))
            },
        },
        Update {
            name: "returned",
            unfinished: Unfinished::Warn,
            validate: None,
            call: |_, _, args| done(read(&args).map(drop)),
        },
        Update {
            name: "plain",
            unfinished: Unfinished::Warn,
            validate: None,
            call: |_, _, _| Err(plain().into()),
        },
        Update {
            name: "damaged",
            unfinished: Unfinished::Warn,
            validate: None,
            call: |_, _, _| Err(damaged().into()),
        },
    ],
);

/// Runs that have begun and wait, without and with interceptors.
fn begun() -> [Case; 2] {
    [Case::unborn::<Till>(), in_host::<Till>(Through)].map(|mut case| {
        case.begin((7,)).expect("the run begins");
        case.settle();
        case
    })
}

/// How the task fails that has this job; an async handler runs when the run settles.
fn failure(case: &mut Case, job: Job) -> TaskFailure {
    let failed = case.try_handle(job).err();
    failed.unwrap_or_else(|| case.try_handle(Job::Settle).expect_err("the task fails"))
}

#[test]
fn a_signal_that_cannot_be_decrypted_fails_the_task_wherever_it_is_read() {
    for (name, message) in [
        ("pay", no_keys("argument 1 `card` of signal `pay`")),
        ("dynamic", no_keys("argument 1 of signal `dynamic`")),
        ("later", no_keys("argument 1 of signal `later`")),
        ("wrapped", "no card".to_owned()),
    ] {
        for mut case in begun() {
            let failed = failure(&mut case, signal(name, (7,)));
            assert_eq!(failed.failure.message, message);
            assert!(!failed.nondeterminism);
        }
    }
}

#[test]
fn a_signal_that_was_not_encrypted_or_is_damaged_is_skipped() {
    for name in ["plain", "damaged"] {
        for mut case in begun() {
            assert_eq!(case.signal(name, (7,)), [""; 0]);
            assert_eq!(case.settle(), [""; 0]);
        }
    }
}

#[test]
fn an_update_that_cannot_be_decrypted_fails_the_task_also_in_its_validator_and_in_a_replay() {
    for (name, what) in [
        ("checked", "argument 1 `card` of update `checked`"),
        ("charge", "argument 1 `card` of update `charge`"),
        ("returned", "argument 1 of update `returned`"),
    ] {
        // A replay does not validate again.
        for replaying in [false, name != "checked"] {
            for mut case in begun() {
                let failed = failure(&mut case, update("u", name, (7,), replaying));
                assert_eq!(failed.failure.message, no_keys(what));
                assert!(!failed.nondeterminism);
            }
        }
    }
}

#[test]
fn an_update_that_was_not_encrypted_or_is_damaged_is_rejected() {
    for (name, error) in [("plain", plain()), ("damaged", damaged())] {
        for mut case in begun() {
            assert_eq!(case.update("u", name, (7,)), [format!("reject u: {error}")]);
        }
    }
}

#[test]
fn a_query_that_cannot_be_decrypted_fails_and_the_run_goes_on() {
    for mut case in begun() {
        let what = "argument 1 `card` of query `card`";
        assert_eq!(case.query("card", (7,)), Err(no_keys(what)));
        assert_eq!(case.settle(), [""; 0]);
    }
}

#[test]
fn a_run_that_returns_that_it_cannot_decrypt_does_not_end_and_one_that_says_something_else_does() {
    for mut case in begun() {
        case.signal("end", ());
        let failed = case.try_handle(Job::Settle).expect_err("the task fails");
        assert_eq!(
            failed.failure.message,
            no_keys("argument 1 of workflow `Till`")
        );
    }
    for mut case in begun() {
        case.signal("said", (7,));
        assert_eq!(case.settle(), ["failed: no card"]);
    }
}
