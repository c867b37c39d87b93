//! The service as a process of its own, on an embedded server of this one, and on the Temporal server that
//! `DURABLY_REAL_ADDRESS` names.

use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use durably::{Server, prelude::*};
use durably_example_service::{api, service, store::Store};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
};

/// A folder for a database, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Result<Self> {
        let path =
            std::env::temp_dir().join(format!("durably-service-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn database(&self) -> String {
        format!("sqlite://{}", self.0.join("orders.db").display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What remains is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A namespace on the server that the service works on.
struct Cluster {
    client: Client,
    address: String,
    /// Stops when dropped; none if the server is not ours.
    _server: Option<Server>,
}

impl Cluster {
    async fn embedded() -> Result<Self> {
        let server = Server::start().await?;
        Ok(Self {
            client: server.client().await?,
            address: server.address().expect("it listens").to_string(),
            _server: Some(server),
        })
    }

    /// A new namespace on the real server; none if the environment has no address of one.
    async fn real(test: &str) -> Result<Option<Self>> {
        let Ok(address) = std::env::var("DURABLY_REAL_ADDRESS") else {
            println!("skipped on the real server (set DURABLY_REAL_ADDRESS)");
            return Ok(None);
        };
        let client = Client::connect(&address).await?;
        let namespace = format!("service-{test}-{}", std::process::id());
        client.register_namespace(&namespace).await?;
        let client = client.in_namespace(namespace);
        let began = Instant::now();
        while let Err(error) = client.count("").await {
            assert!(began.elapsed() < Duration::from_secs(60), "{error}");
            tokio::time::sleep(millis(100)).await;
        }
        Ok(Some(Self {
            client,
            address,
            _server: None,
        }))
    }
}

/// The service, killed when dropped.
struct Service {
    process: Child,
    output: tokio::io::Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Service {
    async fn start(cluster: &Cluster, database: &str) -> Result<Self> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_durably-example-service"))
            .env("TEMPORAL_ADDRESS", &cluster.address)
            .env("TEMPORAL_NAMESPACE", cluster.client.namespace())
            .env("DATABASE_URL", database)
            .env("LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().expect("it is piped");
        let mut output = BufReader::new(output).lines();
        let line = output.next_line().await?.unwrap_or_default();
        let address = line.strip_prefix("listens on ");
        let address = address
            .unwrap_or_else(|| panic!("no address: {line}"))
            .to_owned();
        Ok(Self {
            process,
            output,
            address,
        })
    }

    /// The status and the body of a response.
    async fn request(&self, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
        let mut connection = TcpStream::connect(&self.address).await?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: orders\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        connection.write_all(request.as_bytes()).await?;
        let mut response = String::new();
        connection.read_to_string(&mut response).await?;
        let status = response
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let (_, body) = response.split_once("\r\n\r\n").unwrap_or_default();
        Ok((status.unwrap_or_default(), body.to_owned()))
    }

    async fn place(&self, id: &str, item: &str) -> Result<u16> {
        let order = format!(r#"{{"id":"{id}","item":"{item}","cents":4900}}"#);
        Ok(self.request("POST", "/orders", &order).await?.0)
    }

    /// Waits until a path has this response.
    async fn wait_for(&self, path: &str, expected: (u16, &str)) -> Result<()> {
        let began = Instant::now();
        loop {
            let (status, body) = self.request("GET", path, "").await?;
            if (status, &*body) == expected {
                return Ok(());
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{path}: {status} {body}"
            );
            tokio::time::sleep(millis(20)).await;
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill")
            .args([name, &pid])
            .status();
        assert!(sent.is_ok_and(|sent| sent.success()), "{name}");
    }

    /// Waits for its end after SIGTERM.
    async fn stop(mut self) -> Result<()> {
        self.signal("-TERM");
        assert_eq!(self.output.next_line().await?.as_deref(), Some("stopped"));
        assert!(self.process.wait().await?.success());
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_started_and_charged_once_whatever_is_lost() -> Result<()> {
    is_started_and_charged_once(&Cluster::embedded().await?, "embedded").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_started_and_charged_once_on_the_real_server() -> Result<()> {
    match Cluster::real("orders").await? {
        Some(cluster) => is_started_and_charged_once(&cluster, "real").await,
        None => Ok(()),
    }
}

async fn is_started_and_charged_once(cluster: &Cluster, folder: &str) -> Result<()> {
    let folder = Folder::new(folder)?;
    let database = folder.database();
    let service = Service::start(cluster, &database).await?;
    service.wait_for(api::READY, (200, "")).await?;
    assert_eq!(service.request("GET", api::LIVE, "").await?.0, 200);

    // The first attempt charges, and its result is lost; the customer's program repeats its request, too.
    for _ in 0..2 {
        assert_eq!(service.place("1", "lamp that loses results").await?, 202);
    }
    service
        .wait_for("/orders/1", (200, r#"{"charged":4900}"#))
        .await?;
    let store = Store::open(&database).await?;
    assert_eq!(store.charges("1").await?, [4900]);
    assert_eq!(service.request("GET", "/orders/nobody", "").await?.0, 404);

    // It is killed with an order that nobody has started yet, as far as it is not.
    assert_eq!(service.place("2", "ring").await?, 202);
    service.signal("-KILL");
    drop(service);
    let service = Service::start(cluster, &database).await?;
    service
        .wait_for("/orders/2", (200, r#"{"charged":4900}"#))
        .await?;
    assert_eq!(store.in_outbox().await?, []);
    assert_eq!(store.charges("2").await?, [4900]);

    for order in ["1", "2"] {
        let path = format!("/orders/{order}/close");
        assert_eq!(service.request("POST", &path, "").await?.0, 202);
    }
    let result: String = cluster.client.handle("order-2").result().await?;
    assert_eq!(result, "ring is on its way");
    // An order that is repeated when its workflow has completed is not started again.
    assert_eq!(service.place("2", "ring").await?, 202);
    service.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_and_a_client_in_python_take_part() -> Result<()> {
    python_takes_part(&Cluster::embedded().await?, "letters").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_and_a_client_in_python_take_part_on_the_real_server() -> Result<()> {
    match Cluster::real("letters").await? {
        Some(cluster) => python_takes_part(&cluster, "real-letters").await,
        None => Ok(()),
    }
}

async fn python_takes_part(cluster: &Cluster, folder: &str) -> Result<()> {
    let Ok(python) = std::env::var("DURABLY_PYTHON") else {
        println!("skipped: letters.py (set DURABLY_PYTHON)");
        return Ok(());
    };
    let folder = Folder::new(folder)?;
    let service = Service::start(cluster, &folder.database()).await?;
    assert_eq!(service.place("7", "lamp").await?, 202);
    let letters = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/letters.py"))
        .args([&cluster.address, cluster.client.namespace(), "7"])
        .kill_on_drop(true)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&letters.stdout);
    let failed = String::from_utf8_lossy(&letters.stderr);
    assert_eq!(
        said, "4900 cents, a letter says that the lamp is on its way\n",
        "{failed}"
    );
    service.stop().await
}

/// The value at a path of names and indices.
fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('/')
        .fold(value, |value, step| match step.parse::<usize>() {
            Ok(index) => &value[index],
            Err(_) => &value[step],
        })
}

#[test]
fn the_manifests_say_what_the_code_does() -> Result<()> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    let manifests = std::fs::read_to_string(format!("{folder}kubernetes.yaml"))?;
    let manifests: Vec<Value> = manifests
        .split("\n---\n")
        .map(serde_saphyr::from_str)
        .collect::<Result<_, _>>()?;
    let of_kind = |kind: &str| {
        let found = manifests.iter().find(|it| it["kind"] == kind);
        found.unwrap_or_else(|| panic!("there is no {kind}"))
    };
    let pod = at(of_kind("Deployment"), "spec/template/spec");
    let container = at(pod, "containers/0");
    let port = at(container, "ports/0");
    assert_eq!(port["containerPort"].as_u64(), Some(api::PORT.into()));
    for (probe, path) in [("livenessProbe", api::LIVE), ("readinessProbe", api::READY)] {
        let get = at(container, &format!("{probe}/httpGet"));
        assert_eq!(get["path"], path, "{probe}");
        assert_eq!(get["port"], port["name"], "{probe}");
    }
    let grace = pod["terminationGracePeriodSeconds"].as_u64();
    assert!(
        grace.is_some_and(|grace| grace > service::STOP.as_secs()),
        "{grace:?}"
    );
    assert!(service::GRACE < service::STOP);
    let exposed = of_kind("Service");
    assert_eq!(at(exposed, "spec/ports/0/targetPort"), &port["name"]);
    let labels = at(of_kind("Deployment"), "spec/template/metadata/labels");
    assert_eq!(at(exposed, "spec/selector"), labels);
    assert_eq!(
        at(of_kind("Deployment"), "spec/selector/matchLabels"),
        labels
    );

    let dockerfile = std::fs::read_to_string(format!("{folder}Dockerfile"))?;
    let has = |line: &str| assert!(dockerfile.lines().any(|it| it == line), "{line}");
    has(&format!("EXPOSE {}", api::PORT));
    let database = at(container, "env/2/value").as_str().expect("it is a text");
    has(&format!("ENV DATABASE_URL={database}"));
    let key = at(container, "env/3");
    assert_eq!(key["name"], "TEMPORAL_API_KEY");
    assert_eq!(at(key, "valueFrom/secretKeyRef/optional"), true);
    has(
        "RUN cargo build --release --features tls --manifest-path examples/service/Cargo.toml --target-dir /target",
    );
    let mount = at(container, "volumeMounts/0/mountPath")
        .as_str()
        .expect("it is a text");
    has(&format!("VOLUME {mount}"));
    let binary = env!("CARGO_PKG_NAME");
    assert!(
        dockerfile.contains(&format!("/target/release/{binary} ")),
        "the binary of this package"
    );
    Ok(())
}
