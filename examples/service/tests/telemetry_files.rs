//! Checks the configuration files of Prometheus, the collector and Grafana beside the example of telemetry. They stand here
//! because only this workspace has a YAML parser.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

/// Where the example serves its metrics.
const SCRAPED: &str = "localhost:9464";

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../telemetry"))
}

fn read(file: &str) -> String {
    let path = folder().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(file: &str) -> Value {
    serde_saphyr::from_str(&read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn strings(value: &Value) -> Vec<&str> {
    let items = value.as_array().into_iter().flatten();
    items.map(|it| it.as_str().expect("it is text")).collect()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    let entries = value.as_object().expect("it is a mapping");
    entries.keys().map(|key| &**key).collect()
}

fn assert_scrapes(config: &Value) {
    let jobs = config["scrape_configs"].as_array().expect("a list of jobs");
    let targets: Vec<_> = jobs
        .iter()
        .map(|job| strings(&job["static_configs"][0]["targets"]))
        .collect();
    assert_eq!(targets, [[SCRAPED]]);
}

#[test]
fn the_collector_has_a_pipeline_for_all_that_programs_send() {
    let config = yaml("collector.yaml");
    assert_eq!(
        keys(&config),
        BTreeSet::from(["exporters", "processors", "receivers", "service"])
    );
    let pipelines = config["service"]["pipelines"]
        .as_object()
        .expect("a mapping");
    let by_signal: BTreeMap<_, _> = pipelines
        .iter()
        .map(|(signal, pipeline)| (&**signal, strings(&pipeline["receivers"])))
        .collect();
    let expected = [
        ("metrics", vec!["prometheus", "otlp"]),
        ("traces", vec!["otlp"]),
    ];
    assert_eq!(by_signal, BTreeMap::from(expected));
    for part in ["exporters", "processors", "receivers"] {
        let used = pipelines.values().flat_map(|it| strings(&it[part]));
        assert_eq!(used.collect::<BTreeSet<_>>(), keys(&config[part]), "{part}");
    }
    assert_scrapes(&config["receivers"]["prometheus"]["config"]);
    let otlp = &config["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"];
    assert_eq!(otlp, "localhost:4317");
}

#[test]
fn prometheus_scrapes_the_example_and_evaluates_the_alerts() {
    let config = yaml("prometheus.yaml");
    assert_scrapes(&config);
    assert_eq!(strings(&config["rule_files"]), ["alerts.yaml"]);
    let example = std::fs::read_to_string(folder().with_extension("rs"));
    let port = SCRAPED.rsplit(':').next().expect("it has a port");
    assert!(example.expect("it is there").contains(port));

    let alerts = yaml("alerts.yaml");
    let mut names = BTreeSet::new();
    for group in alerts["groups"].as_array().expect("a list") {
        for rule in group["rules"].as_array().expect("a list") {
            let name = rule["alert"].as_str().expect("a name");
            assert!(names.insert(name), "{name} stands twice");
            assert_eq!(
                keys(rule),
                BTreeSet::from(["alert", "annotations", "expr", "for", "labels"]),
                "{name}"
            );
            let expression = rule["expr"].as_str().expect("an expression");
            let summary = rule["annotations"]["summary"].as_str().expect("a text");
            let labels = summary.split("{{ $labels.").skip(1);
            let labels = labels.map(|it| it.split(' ').next().expect("a name"));
            assert_expression(name, expression, labels.collect());
            let severity = rule["labels"]["severity"].as_str();
            assert!(matches!(severity, Some("page" | "ticket")), "{name}");
            let minutes = rule["for"].as_str().and_then(|it| it.strip_suffix('m'));
            assert!(
                minutes.is_some_and(|it| it.parse::<u32>().is_ok()),
                "{name}"
            );
        }
    }
    assert!(names.len() > 4, "{names:?}");
}

/// Its brackets match, and its results have these labels.
fn assert_expression(of: &str, expression: &str, labels: BTreeSet<&str>) {
    let mut open = Vec::new();
    for bracket in expression.chars() {
        match bracket {
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' => assert_eq!(open.pop(), Some(bracket), "{of}: {expression}"),
            _ => {}
        }
    }
    assert!(open.is_empty(), "{of}: {expression}");
    for by in expression.split(" by (").skip(1) {
        let by = by.split(')').next().expect("the brackets match");
        let by: BTreeSet<_> = by.split(", ").collect();
        assert!(labels.is_subset(&by), "{of}: {labels:?} of {by:?}");
    }
}

#[test]
fn grafana_shows_the_dashboard() {
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).expect("it is JSON");
    let variables = dashboard["templating"]["list"].as_array().expect("a list");
    let variables = variables
        .iter()
        .map(|it| it["name"].as_str().expect("a name"));
    let mut variables: BTreeSet<_> = variables.collect();
    variables.insert("__rate_interval");
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().expect("a list") {
        let title = panel["title"].as_str().expect("a title");
        assert!(ids.insert(panel["id"].as_u64()), "{title}");
        let place = |side| panel["gridPos"][side].as_u64().expect("a number");
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(
                    x < 24 && places.insert((x, y)),
                    "{title} overlaps at {x}, {y}"
                );
            }
        }
        let targets = panel["targets"].as_array().expect("a list");
        assert!(!targets.is_empty(), "{title}");
        for target in targets {
            let expression = target["expr"].as_str().expect("an expression");
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            let labels = legend.split("{{").skip(1);
            let labels = labels.map(|it| it.split("}}").next().expect("a name").trim());
            assert_expression(title, expression, labels.collect());
            for variable in expression.split('$').skip(1) {
                let is_of_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
                let name = variable.split(|it| !is_of_name(it)).next().expect("a name");
                assert!(variables.contains(name), "{title}: ${name}");
            }
        }
    }
    assert!(ids.len() > 8, "{ids:?}");
}
