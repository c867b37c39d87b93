//! The program `durably-server`: runs the embedded server until a signal stops it.

mod log;

use std::env::VarError;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(any(feature = "sqlite", feature = "tls"))]
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use durably_server::{Clock, Server};
use tracing::Level;

use crate::log::Log;

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1);
    match parse(arguments) {
        Ok(Command::Help) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Command::Version) => {
            println!("durably-server {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Ok(Command::Serve(options)) => match serve(*options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("durably-server: {error}");
                ExitCode::FAILURE
            }
        },
        Err(problem) => {
            eprintln!("durably-server: {problem}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

#[tokio::main]
async fn serve(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(level) = options.log {
        tracing::subscriber::set_global_default(Log::new(level))?;
    }
    let clock = match options.skip_time {
        SkipTime::Never => Clock::system(),
        SkipTime::OnceUnlocked => Clock::test_server(),
        SkipTime::FromTheStart => Clock::test_server().unlocked(),
    };
    let mut builder = Server::builder()
        .listen(SocketAddr::from((options.ip, options.port)))
        .clock(clock);
    if let Some(retention) = options.retention {
        builder = builder.retention(retention);
    }
    if options.fairness {
        builder = builder.fairness();
    }
    for namespace in options.namespaces {
        builder = builder.namespace(namespace);
    }
    for (name, value_type) in options.search_attributes {
        builder = builder.search_attribute(name, value_type);
    }
    if let Some(key) = options.api_key {
        builder = builder.api_key(key.0);
    }
    #[cfg(feature = "tls")]
    {
        if let (Some(certificate), Some(key)) = (options.tls.certificate, options.tls.key) {
            builder = builder.tls(certificate, key);
        }
        if let Some(authorities) = options.tls.client_ca {
            builder = builder.client_ca(authorities);
        }
    }
    #[cfg(feature = "sqlite")]
    if let Some(database) = options.database {
        builder = builder.database(database);
    }
    let server = builder.start().await?;
    if let Some(address) = server.address() {
        println!("durably-server listens on {address}");
    }
    let failed = tokio::select! {
        interrupt = interrupted() => {
            interrupt?;
            eprintln!("shutting down");
            None
        }
        failed = server.failed() => Some(failed),
    };
    server.shutdown().await;
    match failed {
        Some(failed) => Err(failed.into()),
        None => Ok(()),
    }
}

/// Waits for ctrl-c or, on Unix, SIGTERM.
async fn interrupted() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupt = tokio::signal::ctrl_c() => interrupt,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

#[derive(Debug, PartialEq)]
enum Command {
    Help,
    Version,
    Serve(Box<Options>),
}

#[derive(Debug, PartialEq)]
struct Options {
    ip: std::net::IpAddr,
    port: u16,
    namespaces: Vec<String>,
    /// By name, with the name of the type.
    search_attributes: Vec<(String, String)>,
    retention: Option<Duration>,
    #[cfg(feature = "sqlite")]
    database: Option<PathBuf>,
    api_key: Option<Secret>,
    #[cfg(feature = "tls")]
    tls: TlsOptions,
    log: Option<Level>,
    skip_time: SkipTime,
    fairness: bool,
}

#[cfg(feature = "tls")]
#[derive(Debug, Default, PartialEq)]
struct TlsOptions {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    client_ca: Option<PathBuf>,
}

/// A value that is not shown.
#[derive(PartialEq)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<hidden>")
    }
}

/// When the server's clock skips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SkipTime {
    Never,
    /// While a client has unlocked it.
    OnceUnlocked,
    /// Unless a client has locked it.
    FromTheStart,
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut options = Options {
        ip: Ipv4Addr::LOCALHOST.into(),
        port: DEFAULT_PORT,
        namespaces: Vec::new(),
        search_attributes: Vec::new(),
        retention: None,
        #[cfg(feature = "sqlite")]
        database: None,
        api_key: None,
        #[cfg(feature = "tls")]
        tls: TlsOptions::default(),
        log: Some(Level::WARN),
        skip_time: SkipTime::Never,
        fairness: false,
    };
    let mut arguments = arguments.flat_map(|argument| match argument.split_once('=') {
        Some((name, value)) if name.starts_with("--") => vec![name.to_owned(), value.to_owned()],
        _ => vec![argument],
    });
    while let Some(name) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{name} needs a value"))
        };
        match name.as_str() {
            "-h" | "--help" => return Ok(Command::Help),
            "-V" | "--version" => return Ok(Command::Version),
            "-p" | "--port" => options.port = number(&name, &value()?)?,
            "--ip" => options.ip = number(&name, &value()?)?,
            "-n" | "--namespace" => options.namespaces.push(value()?),
            "--search-attribute" => options.search_attributes.push(attribute(&value()?)?),
            #[cfg(feature = "sqlite")]
            "-f" | "--db-filename" => options.database = Some(value()?.into()),
            #[cfg(not(feature = "sqlite"))]
            "-f" | "--db-filename" => {
                return Err(format!("{name} needs a build with the feature `sqlite`"));
            }
            "--api-key" => options.api_key = Some(Secret(value()?)),
            #[cfg(feature = "tls")]
            "--tls-cert" => options.tls.certificate = Some(value()?.into()),
            #[cfg(feature = "tls")]
            "--tls-key" => options.tls.key = Some(value()?.into()),
            #[cfg(feature = "tls")]
            "--tls-client-ca" => options.tls.client_ca = Some(value()?.into()),
            #[cfg(not(feature = "tls"))]
            "--tls-cert" | "--tls-key" | "--tls-client-ca" => {
                return Err(format!("{name} needs a build with the feature `tls`"));
            }
            "--retention" => options.retention = Some(duration(&value()?)?),
            "--log" => options.log = level(&value()?)?,
            "--fairness" => options.fairness = true,
            "--skip-time" => options.skip_time = SkipTime::OnceUnlocked,
            // The command line of the test server that the other SDKs start, `PORT
            // [--enable-time-skipping]`: their test environments can be given this program instead.
            "--enable-time-skipping" => options.skip_time = SkipTime::FromTheStart,
            port if port.parse::<u16>().is_ok() => {
                options.port = number("the port", port)?;
                if options.skip_time == SkipTime::Never {
                    options.skip_time = SkipTime::OnceUnlocked;
                }
            }
            _ => return Err(format!("unknown argument `{name}`")),
        }
    }
    if options.api_key.is_none() {
        options.api_key = match std::env::var(API_KEY) {
            Ok(key) => Some(Secret(key)),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => return Err(format!("{API_KEY} is not UTF-8")),
        };
    }
    #[cfg(feature = "tls")]
    if options.tls.certificate.is_some() != options.tls.key.is_some() {
        return Err("--tls-cert and --tls-key belong together".to_owned());
    }
    Ok(Command::Serve(Box::new(options)))
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("`{value}` is not a valid value for {name}"))
}

/// Reads a search attribute such as `CustomerId=Keyword`.
fn attribute(value: &str) -> Result<(String, String), String> {
    match value.split_once('=') {
        Some((name, value_type)) => Ok((name.to_owned(), value_type.to_owned())),
        None => Err(format!(
            "`{value}` is not a search attribute: a name and a type, as in `CustomerId=Keyword`"
        )),
    }
}

/// Reads a duration such as `36h`: a whole number with a unit.
fn duration(value: &str) -> Result<Duration, String> {
    let refused = || {
        format!(
            "`{value}` is not a duration: a number and one of the units s, m, h, d, as in `36h`"
        )
    };
    let unit = value.chars().next_back().ok_or_else(refused)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return Err(refused()),
    };
    let number: u64 = value
        .strip_suffix(unit)
        .and_then(|number| number.parse().ok())
        .filter(|number| *number > 0)
        .ok_or_else(refused)?;
    let seconds = number.checked_mul(seconds).ok_or_else(refused)?;
    Ok(Duration::from_secs(seconds))
}

fn level(value: &str) -> Result<Option<Level>, String> {
    match value {
        "off" => Ok(None),
        value => value
            .parse()
            .map(Some)
            .map_err(|_| format!("`{value}` is not one of off, error, warn, info, debug, trace")),
    }
}

const DEFAULT_PORT: u16 = 7233;

const HELP: &str = "\
A Temporal-compatible server in one process.

Usage: durably-server [OPTIONS]
       durably-server PORT [--enable-time-skipping]    compatible with the SDKs' test server

Options:
  -p, --port PORT        port to listen on; 0 picks a free one [default: 7233]
      --ip ADDRESS       address to listen on; without --api-key and --tls-client-ca whoever
                         reaches it can call every method [default: 127.0.0.1]
      --tls-cert FILE    certificate of the server, PEM: serves over TLS
      --tls-key FILE     its private key, PEM
      --tls-client-ca FILE
                         authorities, PEM, one of which has to have issued a client's certificate
      --api-key KEY      key that clients have to send [default: $DURABLY_SERVER_API_KEY, no key]
  -n, --namespace NAME   namespace to register in addition to `default`; repeatable
      --search-attribute NAME=TYPE
                         search attribute to register in these namespaces; TYPE is Text, Keyword, Int,
                         Double, Bool, Datetime or KeywordList; repeatable
  -f, --db-filename FILE SQLite file that keeps everything over restarts, created if there is none;
                         without it everything is in memory
      --retention TIME   how long closed workflows are kept, such as 36h or 30d [default: what the
                         database says, 1d for a new one]
      --log LEVEL        log level: off, error, warn, info, debug or trace [default: warn]
      --fairness         let the fairness keys of a priority take turns in each task queue
      --skip-time        skip time while a client has unlocked the clock through the TestService,
                         as the test environments of the SDKs do while they await a result
      --enable-time-skipping
                         skip time from the start, until a client locks the clock
  -h, --help             print this text
  -V, --version          print the version";

/// Not on the command line, which other users of the machine can read.
const API_KEY: &str = "DURABLY_SERVER_API_KEY";

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read() {
        let line = "--port 0 --namespace=a -n b --log info --retention 2d --search-attribute A=Int \
                    --search-attribute=B=Keyword";
        let Ok(Command::Serve(options)) = parsed(line) else {
            panic!("the line is well formed");
        };
        assert_eq!(options.retention, Some(Duration::from_secs(2 * 24 * 3600)));
        assert_eq!(options.port, 0);
        assert_eq!(options.namespaces, ["a", "b"]);
        let attributes = [("A", "Int"), ("B", "Keyword")];
        let attributes = attributes.map(|(name, ty)| (name.to_owned(), ty.to_owned()));
        assert_eq!(options.search_attributes, attributes);
        assert_eq!(options.log, Some(Level::INFO));
        #[cfg(feature = "sqlite")]
        for line in ["-f app.db", "--db-filename app.db", "--db-filename=app.db"] {
            let Ok(Command::Serve(options)) = parsed(line) else {
                panic!("{line} is well formed");
            };
            assert_eq!(options.database, Some("app.db".into()), "{line}");
        }
        assert_eq!(parsed("--help"), Ok(Command::Help));
        assert_eq!(parsed("-V"), Ok(Command::Version));
    }

    #[test]
    fn a_key_is_not_shown() {
        let Ok(Command::Serve(options)) = parsed("--api-key s3cret --log off") else {
            panic!("the line is well formed");
        };
        assert!(!format!("{options:?}").contains("s3cret"), "{options:?}");
        assert!(options.api_key == Some(Secret("s3cret".to_owned())));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_certificate_comes_with_its_key() {
        let line = "--tls-cert a.pem --tls-key a.key --tls-client-ca ca.pem";
        let Ok(Command::Serve(options)) = parsed(line) else {
            panic!("{line} is well formed");
        };
        let expected = TlsOptions {
            certificate: Some("a.pem".into()),
            key: Some("a.key".into()),
            client_ca: Some("ca.pem".into()),
        };
        assert_eq!(options.tls, expected);
        let refused = Err("--tls-cert and --tls-key belong together".into());
        assert_eq!(parsed("--tls-cert a.pem"), refused);
        assert_eq!(parsed("--tls-key a.key"), refused);
    }

    #[test]
    fn the_command_line_of_the_sdks_test_server_is_accepted() {
        for (line, skip_time) in [
            ("7234", SkipTime::OnceUnlocked),
            ("7234 --enable-time-skipping", SkipTime::FromTheStart),
            ("--skip-time -p 7234", SkipTime::OnceUnlocked),
            ("-p 7234", SkipTime::Never),
        ] {
            let Ok(Command::Serve(options)) = parsed(line) else {
                panic!("{line} is well formed");
            };
            assert_eq!(
                (options.port, options.skip_time),
                (7234, skip_time),
                "{line}"
            );
        }
    }

    #[test]
    fn fairness_is_off_unless_it_is_switched_on() {
        for (line, fairness) in [("-p 7234", false), ("--fairness -p 7234", true)] {
            let Ok(Command::Serve(options)) = parsed(line) else {
                panic!("{line} is well formed");
            };
            assert_eq!((options.port, options.fairness), (7234, fairness), "{line}");
        }
    }

    #[test]
    fn wrong_options_are_named() {
        assert_eq!(parsed("--prot 1"), Err("unknown argument `--prot`".into()));
        assert_eq!(parsed("--port"), Err("--port needs a value".into()));
        assert_eq!(
            parsed("--port 99999"),
            Err("`99999` is not a valid value for --port".into())
        );
        assert!(parsed("--log loud").is_err());
        assert!(parsed("--search-attribute CustomerId").is_err());
        for retention in ["", "1", "d", "-1d", "0s", "1w", "1é", "99999999999999999d"] {
            let refused = parse(["--retention", retention].map(str::to_owned).into_iter());
            assert!(refused.is_err(), "{retention}");
        }
    }
}
