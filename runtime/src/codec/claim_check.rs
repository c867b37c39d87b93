//! Large payloads are kept in a store, and the server gets a reference.
//!
//! The reference is the message `temporal.api.sdk.v1.ExternalStorageReference`, which other SDKs write for
//! payloads in external storage, too; the object is the message of the payload.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use durably_engine::{Payload, payload::JSON_PROTOBUF};
use futures::{StreamExt, TryStreamExt, stream};
use ring::digest::{SHA256, digest};

use super::{CodecContext, CodecError, PayloadCodec, at, chain::SIDE_BY_SIDE};
use crate::wire::payload;

/// Payloads of fewer bytes stay where they are.
const MIN_BYTES: usize = 64 * 1024;
const MESSAGE_TYPE: &str = "messageType";
const REFERENCE: &str = "temporal.api.sdk.v1.ExternalStorageReference";
const DRIVER: &str = "sha256";
const HASH: &str = "sha256";

/// Where a [`ClaimCheck`] keeps payloads: a bucket, a table, a folder.
///
/// ```
/// use std::{collections::HashMap, sync::Mutex};
///
/// use durably::codec::{CodecError, Store};
///
/// #[derive(Default)]
/// struct Memory(Mutex<HashMap<String, Vec<u8>>>);
///
/// impl Store for Memory {
///     async fn put(&self, name: &str, object: Vec<u8>) -> Result<(), CodecError> {
///         self.0.lock().map_err(|error| error.to_string())?.insert(name.to_owned(), object);
///         Ok(())
///     }
///
///     async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, CodecError> {
///         Ok(self.0.lock().map_err(|error| error.to_string())?.get(name).cloned())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not keep payloads",
    label = "`durably::codec::Store` is not implemented",
    note = "`durably::codec::Folder` keeps them in a folder"
)]
pub trait Store: Send + Sync + 'static {
    /// Keeps an object under a name: 64 digits and lower-case letters, the SHA-256 of the object. It is durable when
    /// this returns. An object of this name that is there already is the same.
    ///
    /// # Errors
    /// It may not have been kept; the payload is not sent.
    fn put(
        &self,
        name: &str,
        object: Vec<u8>,
    ) -> impl Future<Output = Result<(), CodecError>> + Send;

    /// The object of a name; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be read now.
    fn get(&self, name: &str) -> impl Future<Output = Result<Option<Vec<u8>>, CodecError>> + Send;
}

/// Keeps large payloads in a [`Store`], under the hash of their content; the server and the history get a
/// reference. Equal payloads are kept once.
///
/// Objects are never deleted: a store deletes them by their age, which must be longer than workflows run and are
/// retained. As the first codec it keeps what the others have compressed and encrypted.
///
/// ```no_run
/// use durably::{Client, codec::{ClaimCheck, Folder}};
///
/// # async fn example() -> durably::Result<()> {
/// let payloads = ClaimCheck::new(Folder::new("/mnt/payloads")).min_bytes(128 * 1024);
/// let client = Client::builder("temporal.acme.com:7233").codec(payloads).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClaimCheck<S> {
    store: S,
    min_bytes: usize,
}

impl<S: Store> ClaimCheck<S> {
    /// Keeps payloads in this store.
    pub fn new(store: S) -> Self {
        Self {
            store,
            min_bytes: MIN_BYTES,
        }
    }

    /// Leaves payloads of fewer bytes where they are; 64 KiB if not set.
    #[must_use]
    pub fn min_bytes(mut self, bytes: usize) -> Self {
        self.min_bytes = bytes;
        self
    }

    async fn keep(&self, payload: Payload) -> Result<Payload, CodecError> {
        if payload.data().len() < self.min_bytes {
            return Ok(payload);
        }
        let object = payload::to_bytes(payload);
        let hash = hash(&object);
        let kept = self.store.put(&hash, object).await;
        kept.map_err(|error| format!("it cannot be kept as `{hash}`: {error}"))?;
        let reference = Reference {
            driver_name: DRIVER.to_owned(),
            claim_data: [(HASH.to_owned(), hash)].into(),
        };
        let json = serde_json::to_vec(&reference)?;
        Ok(Payload::new(JSON_PROTOBUF, json).with_metadata(MESSAGE_TYPE, REFERENCE.into()))
    }

    async fn fetch(&self, payload: Payload) -> Result<Payload, CodecError> {
        let is_reference = payload.encoding() == JSON_PROTOBUF
            && payload.metadata_of(MESSAGE_TYPE) == Some(REFERENCE.as_bytes());
        if !is_reference {
            return Ok(payload);
        }
        let reference: Reference = serde_json::from_slice(payload.data())
            .map_err(|error| format!("its reference cannot be read: {error}"))?;
        if reference.driver_name != DRIVER {
            let driver = reference.driver_name;
            return Err(format!("it is kept by the storage driver `{driver}`").into());
        }
        let name = reference.claim_data.get(HASH).map(String::as_str);
        // It is from outside, and becomes a part of paths.
        let Some(name) = name.filter(|name| is_hash(name)) else {
            return Err(format!("its reference has no `{HASH}` of 64 digits").into());
        };
        let found = self.store.get(name).await;
        let found = found.map_err(|error| format!("object `{name}` cannot be fetched: {error}"))?;
        let object = found.ok_or_else(|| format!("object `{name}` is not in the store"))?;
        if hash(&object) != name {
            return Err(format!("object `{name}` has been changed").into());
        }
        payload::from_bytes(&object)
            .map_err(|reason| format!("object `{name}` does not hold a payload: {reason}").into())
    }
}

impl<S: Store> PayloadCodec for ClaimCheck<S> {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        side_by_side(payloads, |payload| self.keep(payload)).await
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        side_by_side(payloads, |payload| self.fetch(payload)).await
    }
}

/// Transforms payloads side by side, because a store answers each by itself; they stay in their order.
async fn side_by_side<F>(
    payloads: Vec<Payload>,
    transform: impl Fn(Payload) -> F,
) -> Result<Vec<Payload>, CodecError>
where
    F: Future<Output = Result<Payload, CodecError>>,
{
    let all = payloads.into_iter().enumerate().map(|(index, payload)| {
        let transformed = transform(payload);
        async move { transformed.await.map_err(|error| at(index, error)) }
    });
    stream::iter(all).buffered(SIDE_BY_SIDE).try_collect().await
}

impl<S> fmt::Debug for ClaimCheck<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimCheck")
            .field("min_bytes", &self.min_bytes)
            .finish_non_exhaustive()
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    #[serde(default, alias = "driver_name")]
    driver_name: String,
    #[serde(default, alias = "claim_data")]
    claim_data: BTreeMap<String, String>,
}

fn hash(object: &[u8]) -> String {
    let hash = digest(&SHA256, object);
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn is_hash(name: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name.len() == 64 && name.bytes().all(is_digit)
}

/// A folder, of a disk or a network, that all clients and workers see: a [`Store`] of files, which are named by their
/// hashes and written whole or not at all.
///
/// ```no_run
/// use durably::codec::{ClaimCheck, Folder};
///
/// let codec = ClaimCheck::new(Folder::new("/mnt/payloads"));
/// # drop(codec);
/// ```
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder of this path, which is made when it is first needed.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// In one of 256 folders: some file systems are slow with many files in one.
    fn file(&self, name: &str) -> PathBuf {
        self.path.join(&name[..2]).join(name)
    }
}

// Codecs may block their thread.
impl Store for Folder {
    async fn put(&self, name: &str, object: Vec<u8>) -> Result<(), CodecError> {
        let file = self.file(name);
        if file.exists() {
            return Ok(());
        }
        let folder = file.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder)?;
        let written = write(folder, &file, &object).and_then(|()| sync(&[folder, &self.path]));
        written.map_err(|error| format!("{}: {error}", file.display()).into())
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, CodecError> {
        let file = self.file(name);
        match fs::read(&file) {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", file.display()).into()),
        }
    }
}

/// Writes a file beside its place and moves it there, so that nobody finds a part of it, also after a crash.
fn write(folder: &Path, file: &Path, object: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let unfinished = folder.join(format!("{}-{number}.tmp", process::id()));
    let written = (|| {
        let mut part = File::create(&unfinished)?;
        part.write_all(object)?;
        part.sync_all()?;
        fs::rename(&unfinished, file)
    })();
    if written.is_err() {
        _ = fs::remove_file(&unfinished);
    }
    written
}

/// Makes names durable: that of a file with its folder, that of the folder with the one above.
fn sync(folders: &[&Path]) -> io::Result<()> {
    if cfg!(unix) {
        for folder in folders {
            File::open(folder)?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use crate::codec::At;

    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("durably-{name}-{}", process::id()));
            _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn files(&self) -> Vec<PathBuf> {
            let read = |path: &Path| {
                fs::read_dir(path)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|it| it.path())
            };
            read(&self.0).flat_map(|folder| read(&folder)).collect()
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            _ = fs::remove_dir_all(&self.0);
        }
    }

    fn large() -> Payload {
        Payload::json(format!("\"{}\"", "x".repeat(100)).into_bytes())
            .with_metadata("messageType", b"Report".to_vec())
    }

    fn encoded(codec: &ClaimCheck<Folder>, payload: Payload) -> Result<Payload, String> {
        let done = codec
            .keep(payload)
            .now_or_never()
            .expect("it does not wait");
        done.map_err(|error| error.to_string())
    }

    fn decoded(codec: &ClaimCheck<Folder>, payload: Payload) -> Result<Payload, String> {
        let done = codec
            .fetch(payload)
            .now_or_never()
            .expect("it does not wait");
        done.map_err(|error| error.to_string())
    }

    #[test]
    fn a_large_payload_is_kept_once_and_a_small_one_stays() {
        let folder = Temporary::new("kept-once");
        let codec = ClaimCheck::new(Folder::new(&folder.0)).min_bytes(100);
        let small = Payload::json(b"1".to_vec());
        assert_eq!(encoded(&codec, small.clone()), Ok(small.clone()));
        assert_eq!(decoded(&codec, small.clone()), Ok(small));
        assert!(folder.files().is_empty());

        let reference = encoded(&codec, large()).expect("it is kept");
        assert_eq!(encoded(&codec, large()).as_ref(), Ok(&reference));
        let files = folder.files();
        assert_eq!(files.len(), 1, "{files:?}");
        let hash = files[0]
            .file_name()
            .and_then(|it| it.to_str())
            .expect("it is the hash");
        assert_eq!(
            String::from_utf8_lossy(reference.data()),
            format!(r#"{{"driverName":"sha256","claimData":{{"sha256":"{hash}"}}}}"#)
        );
        assert_eq!(reference.encoding(), "json/protobuf");
        assert_eq!(decoded(&codec, reference), Ok(large()));
    }

    /// Answers no request before there are this many.
    struct Together(tokio::sync::Barrier);

    impl Store for Together {
        async fn put(&self, _: &str, _: Vec<u8>) -> Result<(), CodecError> {
            self.0.wait().await;
            Ok(())
        }

        async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, CodecError> {
            self.0.wait().await;
            Err(format!("no {name}").into())
        }
    }

    #[test]
    fn payloads_of_a_batch_are_kept_and_fetched_side_by_side() {
        let codec = ClaimCheck::new(Together(tokio::sync::Barrier::new(3))).min_bytes(1);
        let context = CodecContext::of_namespace("default");
        let payloads = ["1", "2", "3"]
            .map(|json| Payload::json(json.into()))
            .to_vec();
        let names: Vec<_> = payloads
            .iter()
            .map(|payload| hash(&payload::to_bytes(payload.clone())))
            .collect();
        let kept = codec.encode(payloads, &context).now_or_never();
        let kept = kept.expect("none waits for another").expect("all are kept");
        for (reference, name) in kept.iter().zip(&names) {
            let reference = String::from_utf8_lossy(reference.data());
            assert!(reference.contains(name), "{reference}");
        }
        let fetched = codec.decode(kept, &context).now_or_never();
        let fault = fetched.expect("none waits for another").unwrap_err();
        assert_eq!(fault.downcast_ref::<At>().map(|at| at.index), Some(0));
        assert!(fault.to_string().contains(&names[0]), "{fault}");
    }

    #[test]
    fn an_object_that_is_gone_or_changed_is_an_error() {
        let folder = Temporary::new("changed");
        let codec = ClaimCheck::new(Folder::new(&folder.0)).min_bytes(100);
        let reference = encoded(&codec, large()).expect("it is kept");
        let file = folder.files().remove(0);
        let hash = file
            .file_name()
            .and_then(|it| it.to_str())
            .expect("it is the hash");
        fs::write(&file, b"other").expect("it can be written");
        assert_eq!(
            decoded(&codec, reference.clone()).unwrap_err(),
            format!("object `{hash}` has been changed")
        );
        fs::remove_file(&file).expect("it can be removed");
        assert_eq!(
            decoded(&codec, reference).unwrap_err(),
            format!("object `{hash}` is not in the store")
        );
    }

    #[test]
    fn a_reference_cannot_name_another_file() {
        let folder = Temporary::new("paths");
        let codec = ClaimCheck::new(Folder::new(&folder.0));
        let without = "its reference has no `sha256` of 64 digits".to_owned();
        let escaping = format!("../../{}", "a".repeat(58));
        for (json, expected) in [
            (
                "{".to_owned(),
                "its reference cannot be read: EOF while parsing an object at line 1 column 1"
                    .to_owned(),
            ),
            (
                r#"{"driverName":"s3"}"#.to_owned(),
                "it is kept by the storage driver `s3`".to_owned(),
            ),
            (r#"{"driverName":"sha256"}"#.to_owned(), without.clone()),
            (
                format!(r#"{{"driverName":"sha256","claimData":{{"sha256":"{escaping}"}}}}"#),
                without.clone(),
            ),
            (
                format!(
                    r#"{{"driverName":"sha256","claimData":{{"sha256":"{}"}}}}"#,
                    "A".repeat(64)
                ),
                without,
            ),
        ] {
            let reference = Payload::new(JSON_PROTOBUF, json.into_bytes());
            let reference = reference.with_metadata(MESSAGE_TYPE, REFERENCE.into());
            assert_eq!(decoded(&codec, reference).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let folder = Temporary::new("no-folder");
        fs::write(&folder.0, b"a file").expect("it can be written");
        let codec = ClaimCheck::new(Folder::new(&folder.0)).min_bytes(1);
        let reason = encoded(&codec, large()).unwrap_err();
        assert!(reason.starts_with("it cannot be kept as `"), "{reason}");
        fs::remove_file(&folder.0).expect("it can be removed");
    }
}
