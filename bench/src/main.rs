//! Runs our programs and the official SDK's side by side, in one run, and prints a table of
//! ratios. `cargo run --release [SECTION...]`; see README.md for the sections and what they need.

mod command;
mod mistakes;
mod table;

use command::{Values, build_cold, built, cargo_build, median, real_server, run};
use table::Table;

/// Workflows, activities (or signals) each, and how many at once, of the workloads on the real
/// server: small enough that the server keeps up.
const ACTIVITY_LOAD: [&str; 3] = ["400", "1", "40"];
const SIGNAL_LOAD: [&str; 3] = ["20", "50", "20"];
const IDLE_LOAD: [&str; 3] = ["3000", "1", "50"];

fn main() {
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).expect("the sources are still there");
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wants = |section: &str| wanted.is_empty() || wanted.iter().any(|name| name == section);
    if wants("mistakes") {
        mistakes::count();
    }
    if wanted.iter().any(|section| section != "mistakes") || wanted.is_empty() {
        measure(wants);
    }
}

fn measure(wants: impl Fn(&str) -> bool) {
    cargo_build();
    let mut table = Table::default();

    if wants("embedded") {
        embedded(&mut table);
    }
    if wants("store") {
        store(&mut table);
    }
    if wants("local") {
        local(&mut table);
    }
    if wants("waiting") {
        waiting(&mut table);
    }
    if wants("many") {
        many(&mut table);
    }
    if wants("rate") {
        rate(&mut table);
    }
    if wants("codec") {
        codec(&mut table);
    }
    if ["real", "replay", "idle", "workers", "telemetry"]
        .iter()
        .any(|section| wants(section))
    {
        let server = real_server();
        if wants("real") {
            real(&mut table, &server.address);
        }
        if wants("replay") {
            replay(&mut table, &server);
        }
        if wants("idle") {
            idle(&mut table, &server.address);
        }
        if wants("telemetry") {
            telemetry(&mut table, &server.address);
        }
        if wants("workers") {
            idle_workers(&mut table, &server.address);
        }
    }
    if wants("build") {
        cold_build(&mut table);
    }
    print!("\n{table}");
}

/// The embedded server has no counterpart at the peer: the target stands in its column.
fn embedded(table: &mut Table) {
    let memory = ours(&["5000", "1", "100", "act", "memory"], "");
    table.at_least("embedded in process, workflows/s", memory["wf/s"], 5_000.0);
    let sqlite = ours(&["5000", "1", "100", "act", "sqlite"], "");
    table.at_least(
        "the same with an SQLite file, workflows/s",
        sqlite["wf/s"],
        2_000.0,
    );
    let loopback = ours(&["3000", "1", "100", "act", "loopback"], "");
    table.at_least(
        "embedded over loopback gRPC, workflows/s",
        loopback["wf/s"],
        1_500.0,
    );
    let chain = ours(&["1", "2000", "1", "act", "memory"], "");
    table.at_most(
        "one activity after another, ms each",
        1e3 / chain["op/s"],
        0.5,
    );
    let month = run("month", &[], &[]);
    table.at_most("a test that sleeps 30 days, ms", month["month_ms"], 50.0);
    let year = run("year", &[], &[]);
    assert_eq!(year["year_runs"], 365.0, "each day has its workflow");
    table.at_most(
        "a test of a daily schedule over a year, with its workflows, ms",
        year["year_ms"],
        200.0,
    );
}

/// What a server with a database does as its file grows: 100,000 open runs, then 1,000,000 closed ones.
fn store(table: &mut Table) {
    let folder = built("kept");
    let fresh = || {
        _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("the target folder is writable");
    };
    let kept = |what: &str, argument: &str| {
        let file = folder.join("kept.db");
        let file = file.to_str().expect("the target folder has a plain name");
        run("kept", &[file, what, argument], &[])
    };
    fresh();
    let empty = kept("restart", "");
    table.at_most("server start on an empty file, ms", empty["start_ms"], 50.0);
    let starts = kept("starts", "1000");
    table.at_most(
        "one start of a workflow, in the file, ms",
        starts["start_median_ms"],
        5.0,
    );
    fresh();
    kept("open", "100000");
    let open = kept("restart", "WorkflowType = 'Sleep'");
    table.at_most(
        "server start, 100,000 open runs, ms",
        open["start_ms"],
        2_000.0,
    );
    table.at_most("its memory, MB", open["rss_bytes"] / 1e6, 1_000.0);
    fresh();
    kept("closed", "1000000");
    let closed = kept("restart", "ExecutionStatus = 'Completed'");
    table.at_most(
        "server start, 1,000,000 closed runs, ms",
        closed["start_ms"],
        2_000.0,
    );
    table.at_most(
        "first page of a filtered list, ms",
        closed["again_page_ms"],
        20.0,
    );
    _ = std::fs::remove_dir_all(&folder);
}

/// CPU of the whole process, the embedded server included.
fn local(table: &mut Table) {
    let chain = ours(&["200", "500", "1", "local", "memory"], "");
    table.at_most(
        "one local activity after another, CPU us each",
        chain["cpu_us_per_op"],
        20.0,
    );
    let at_once = ours(&["500", "200", "1", "local-at-once", "memory"], "");
    table.at_most(
        "200 local activities in one task, CPU us each",
        at_once["cpu_us_per_op"],
        20.0,
    );
}

/// Twice as many branches that wait for one condition may take little more than twice as long.
fn waiting(table: &mut Table) {
    let took = run("waiting", &["10000", "3"], &[]);
    for how in ["spawned", "joined"] {
        table.at_most(
            &format!("20,000 waiting branches ({how}), times those of 10,000"),
            took[&*format!("{how}_ratio")],
            2.5,
        );
    }
}

/// What one of many costs may rise with their number only by what no longer fits into the caches.
fn many(table: &mut Table) {
    for kind in ["timers", "activities", "children"] {
        let each = |n: &str| run("fanout", &["replayed", kind, n], &[]);
        let (few, more) = (each("1000"), each("10000"));
        for (how, ends) in [
            ("together_us", "together"),
            ("apart_us", "in tasks of their own"),
        ] {
            table.at_most(
                &format!("one of 10,000 {kind} that end {ends}, times one of 1,000"),
                more[how] / few[how],
                4.0,
            );
        }
    }
    let event = |events: &str| run("fanout", &["chain", events], &[])["event_us"];
    table.at_most(
        "replay of one of 50,000 events, times one of 5,000",
        event("50000") / event("5000"),
        2.0,
    );
    let timers = |n: &str| run("fanout", &["served", "timers", n], &[])["run_ms"] - 1e3;
    table.at_most(
        "10,000 timers of a second at once, ms beyond it",
        timers("10000"),
        1e3,
    );
}

/// AES-256-GCM on payloads of 1 KB: a workflow's argument and result, each encrypted and decrypted.
fn codec(table: &mut Table) {
    let (plain, encrypted) = in_turn(["echo", "encrypted"], "20000", &[]);
    table.at_most(
        "AES-256-GCM on payloads of 1 KB, CPU us a workflow",
        encrypted - plain,
        20.0,
    );
}

/// Metrics for Prometheus and a subscriber that records all spans.
fn telemetry(table: &mut Table, address: &str) {
    let address = [("TEMPORAL_ADDRESS", address)];
    let (plain, observed) = in_turn(["plain", "observed"], "400", &address);
    table.at_most(
        "worker CPU a workflow with metrics and spans, times that without",
        observed / plain,
        1.1,
    );
}

/// Three runs of each mode, in turn, so that a busy moment of the machine meets both.
fn in_turn(modes: [&str; 2], count: &str, env: &[(&str, &str)]) -> (f64, f64) {
    let each = |mode: &str| run("observed", &[mode, count], env);
    let [first, second, third] = [(); 3].map(|()| modes.map(each));
    let [[a, x], [b, y], [c, z]] = [first, second, third];
    let cpu = |runs: [Values; 3]| median(runs)["cpu_us_per_wf"];
    (cpu([a, b, c]), cpu([x, y, z]))
}

fn real(table: &mut Table, address: &str) {
    let (us, them) = side_by_side(ACTIVITY_LOAD, "act", address);
    table.lower_is_better(
        "worker CPU a workflow, us",
        us["cpu_us_per_wf"],
        them["cpu_us_per_wf"],
    );
    table.higher_is_better("workflows/s on the real server", us["wf/s"], them["wf/s"]);
    let (us, them) = side_by_side(SIGNAL_LOAD, "sig", address);
    table.lower_is_better(
        "CPU a signal, us",
        us["cpu_us_per_op"],
        them["cpu_us_per_op"],
    );
}

/// Three runs of each, in turn, so that a busy moment of the machine meets both.
fn side_by_side(load: [&str; 3], mode: &str, address: &str) -> (Values, Values) {
    let [count, each, concurrency] = load;
    let [first, second, third] = [(); 3].map(|()| {
        (
            ours(&[count, each, concurrency, mode, "remote"], address),
            peer(&[count, each, concurrency, mode], address),
        )
    });
    (
        median([first.0, second.0, third.0]),
        median([first.1, second.1, third.1]),
    )
}

fn replay(table: &mut Table, server: &command::RealServer) {
    let id = command::recorded_run(server);
    let file = server.history(&id);
    let us = run("replay", &[&file, "20"], &[]);
    let them = command::run_peer("replay", &[&id, "3"], &server.address);
    table.higher_is_better("replay, events/s", us["events/s"], them["events/s"]);
}

fn idle(table: &mut Table, address: &str) {
    let us = ours(
        &[IDLE_LOAD[0], IDLE_LOAD[1], IDLE_LOAD[2], "idle", "remote"],
        address,
    );
    let them = peer(&[IDLE_LOAD[0], IDLE_LOAD[1], IDLE_LOAD[2], "idle"], address);
    table.lower_is_better(
        "memory an idle workflow, bytes",
        us["idle_bytes"],
        them["idle_bytes"],
    );
}

/// A worker that is limited to a number of activities a second, under many that are queued.
fn rate(table: &mut Table) {
    let kept = run("workers", &["rate", "50000", "1000"], &[]);
    table.at_most(
        "1,000 activities a second, 50,000 queued: off by %",
        kept["off_percent"],
        2.0,
    );
    table.at_most(
        "the most of them in any second",
        kept["most_in_a_second"],
        1_020.0,
    );
}

/// Ten workers of one client, on queues of their own, that have nothing to do.
fn idle_workers(table: &mut Table, address: &str) {
    let idle = |n: &str| {
        run(
            "workers",
            &["idle", n, "60"],
            &[("TEMPORAL_ADDRESS", address)],
        )
    };
    let (one, ten) = (idle("1"), idle("10"));
    table.at_most(
        "memory of ten idle workers, times that of one",
        ten["rss_kib"] / one["rss_kib"],
        2.0,
    );
    table.at_most("CPU of ten idle workers, ms a minute", ten["cpu_ms"], 600.0);
    table.at_most("CPU of one idle worker, ms a minute", one["cpu_ms"], 600.0);
}

fn cold_build(table: &mut Table) {
    let (us, them) = (build_cold("hello/ours"), build_cold("hello/peer"));
    table.lower_is_better(
        "cold debug build of hello world, s",
        us.seconds,
        them.seconds,
    );
    table.lower_is_better("crates in hello world", us.crates, them.crates);
}

fn ours(args: &[&str], address: &str) -> Values {
    run("ours", args, &[("TEMPORAL_ADDRESS", address)])
}

fn peer(args: &[&str], address: &str) -> Values {
    command::run_peer("bench", args, address)
}
