//! Codecs that refuse, panic or do not return at each call of a client: each is an error with the reason, and nothing is
//! sent that could not be encoded.

mod received;
mod sent;

use std::sync::Arc;

use super::fake::{Fake, server};
use crate::{
    client::Client,
    data::Converter,
    interceptor::ClientChain,
    transport::faulty_codec::{Act, BAD, Repair, faulty},
};

async fn with_faulty(act: Act) -> (Arc<Fake>, Client, Repair) {
    let (fake, client) = server().await;
    let (codecs, repair) = faulty(act);
    let codecs = codecs.encode_failures();
    let caller = client.caller().clone().with_codecs(&codecs);
    let client = Client(Arc::new(caller), Converter::JSON, ClientChain::default());
    (fake, client, repair)
}

/// What a codec says of a payload.
#[derive(Clone, Copy)]
struct Payload {
    path: &'static str,
    of: &'static str,
    /// The same for all of the request.
    whole: &'static str,
    /// Whether a codec that panics knows it, and one that does not return.
    is_known: (bool, bool),
}

const fn alone(path: &'static str) -> Payload {
    Payload {
        path,
        of: " of workflow `acc-1`",
        whole: " of workflow `acc-1`",
        is_known: (true, true),
    }
}

impl Payload {
    /// The request has others of the same workflow.
    const fn together(self) -> Self {
        Self {
            is_known: (false, false),
            ..self
        }
    }

    /// The request has others, which are its arguments.
    const fn apart(self) -> Self {
        Self {
            is_known: (true, false),
            ..self
        }
    }

    const fn of_namespace(self) -> Self {
        Self {
            of: "",
            whole: "",
            ..self
        }
    }

    /// The request does not belong to a workflow, and the payload does.
    const fn in_schedule(self) -> Self {
        Self { whole: "", ..self }
    }

    fn told(self, act: Act, call: &str) -> String {
        let is_known = match act {
            Act::Refuse => true,
            Act::Panic => self.is_known.0,
            Act::Hang | Act::Block => self.is_known.1,
        };
        let what = match is_known {
            true => format!("payload `{}`", self.path),
            false => "payloads".to_owned(),
        };
        let of = match is_known || act.ends() {
            true => self.of,
            false => self.whole,
        };
        act.told(call, &format!("{what}{of}"))
    }
}

/// The message of a codec's fault, which a call has as a variant of its error.
macro_rules! fault {
    ($call:expr, $($error:ident)::+) => {
        match $call.await {
            Err($($error)::+::Rpc(RpcError::Codec { message })) => message,
            Err(other) => panic!("{}: {other:?}", stringify!($call)),
            Ok(_) => panic!("{}: it was not refused", stringify!($call)),
        }
    };
}
use fault;

fn bad() -> durably_engine::Payload {
    durably_engine::Payload::json(BAD.as_bytes().to_vec())
}
