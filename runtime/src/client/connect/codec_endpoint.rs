//! The codec endpoint of a profile.

use std::fmt;

use super::{Hidden, address::without_credentials};
use crate::{codec::Codecs, error::ConnectError};

/// Where the CLI encodes and decodes payloads, and clients whose program names no codecs.
#[derive(Clone)]
pub(super) struct CodecEndpoint {
    pub(super) url: String,
    /// The value of the header `authorization`.
    pub(super) authorization: Option<String>,
}

impl CodecEndpoint {
    /// The codecs of a client that requests this endpoint.
    #[cfg(feature = "remote-codec")]
    pub(super) fn codecs(&self) -> Result<Codecs, ConnectError> {
        let mut remote = super::RemoteCodec::new(&self.url)?;
        if let Some(value) = &self.authorization {
            remote = remote.header("authorization", value)?;
        }
        Ok(Codecs::new().codec(remote))
    }

    /// Whoever names an endpoint has payloads that are encoded: a client without codecs would send its own in plain
    /// text, and could read none.
    #[cfg(not(feature = "remote-codec"))]
    pub(super) fn codecs(&self) -> Result<Codecs, ConnectError> {
        let url = without_credentials(&self.url);
        Err(super::profile::wrong(format!(
            "it has the codec endpoint `{url}` (`codec.endpoint`, TEMPORAL_CODEC_ENDPOINT), and this client has no \
             codec: its payloads would be sent as they are. Pass the codecs of the endpoint to \
             `ClientBuilder::from_env()?.codec(..)`; or let the endpoint encode and decode by the feature \
             `remote-codec` of durably; or send payloads as they are by `.codecs(Codecs::new())`"
        )))
    }
}

/// What authorizes requests is not shown.
impl fmt::Debug for CodecEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = without_credentials(&self.url);
        f.debug_struct("CodecEndpoint")
            .field("url", &url)
            .field(
                "authorization",
                &self.authorization.as_ref().map(|_| Hidden),
            )
            .finish()
    }
}
