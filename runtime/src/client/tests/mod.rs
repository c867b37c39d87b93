//! The client against a server that answers as the test says.

#[cfg(feature = "tls")]
mod cloud;
mod codecs;
mod connection;
pub(super) mod connections;
mod failover;
pub(crate) mod fake;
mod faulty_codecs;
mod following;
mod headers;
mod histories;
mod keep_alive;
#[cfg(feature = "server")]
mod keyed;
mod malformed;
mod refusals;
#[cfg(feature = "remote-codec")]
mod remote_codec;
mod repeated;
mod runs;
mod schedules;
mod sending;
mod stuck;
mod time_skipping;
mod timeouts;
#[cfg(feature = "tls")]
mod tls;

use super::{Client, DynHandle, Handle, StartCall};
use crate::{
    data::{ArgsEncoder, EncodedArgs},
    definition::{CanUpdate, Definition, MethodsOf, NoQueue, Via, Workflow},
};

/// A workflow as the macros declare one, without code.
struct Account;

struct AccountMethods<V>(V);

impl<V> MethodsOf<V> for AccountMethods<V> {
    fn new(via: V) -> Self {
        Self(via)
    }
}

impl<V: CanUpdate> AccountMethods<V> {
    fn deposit(&self) -> V::Update<u64> {
        self.0.update(
            "deposit",
            ArgsEncoder::default().finish(),
            crate::__private::payload(),
        )
    }
}

impl Workflow for Account {
    const NAME: &'static str = "Account";
    const TASK_QUEUE: Option<&'static str> = None;
    type Output = u64;
    type Queue = NoQueue;
    type Methods<V: Via> = AccountMethods<V>;

    fn __output() -> crate::definition::private::PayloadOf<u64> {
        crate::definition::private::payload()
    }

    fn __definition() -> &'static Definition<Self> {
        unreachable!("no worker runs in these tests")
    }
}

#[test]
fn what_a_client_gives_can_be_shared_and_spawned() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    fn sent<T: Send>(_: T) {}
    shared::<Client>();
    shared::<Handle<Account>>();
    shared::<DynHandle>();
    shared::<crate::client::UpdateHandle<u64>>();
    sent(Client::connect("localhost:7233"));
    sent(Client::builder("localhost:7233").into_future());
    fn calls(client: &Client, handle: &Handle<Account>) {
        sent(StartCall::<Account, crate::definition::QueueSet>::new(
            client,
            EncodedArgs::from_payloads(Vec::new()),
        ));
        sent(
            StartCall::<Account, crate::definition::QueueSet>::new(
                client,
                EncodedArgs::from_payloads(Vec::new()),
            )
            .result(),
        );
        sent(client.list(""));
        sent(client.count(""));
        sent(handle.result());
        sent(handle.cancel());
        sent(handle.terminate("enough"));
        sent(handle.describe());
        sent(handle.history());
        let handle = handle.untyped();
        sent(handle.signal("close", ()).into_future());
        sent(handle.query::<u64>("balance", ()).into_future());
        sent(handle.update::<u64>("deposit", (5,)).into_future());
        sent(handle.update::<u64>("deposit", (5,)).accepted());
    }
    let _ = calls;
}
