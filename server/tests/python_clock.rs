//! The time-skipping test environment of the Python SDK, on this server instead of its own.

use std::process::Command;

#[test]
fn the_python_sdks_test_environment_runs_on_it() {
    let Ok(python) = std::env::var("DURABLY_PYTHON") else {
        assert!(
            std::env::var("DURABLY_REAL").as_deref() != Ok("required"),
            "DURABLY_REAL=required, but DURABLY_PYTHON names no Python with the SDK"
        );
        println!("skipped: the Python SDK's test environment (set DURABLY_PYTHON)");
        return;
    };
    let output = Command::new(python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/time_skipping.py"
        ))
        .arg(env!("CARGO_BIN_EXE_durably-server"))
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("all as expected"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
