//! Runs a checkout, and exports what it measures and records to the collector that
//! `OTEL_EXPORTER_OTLP_ENDPOINT` names, if it is set.

use durably::prelude::*;
use durably_example_otlp::{Exporters, check_out};

#[durably::main]
async fn main() -> Result<()> {
    let endpoint = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT");
    let exporters = Exporters::to(endpoint.as_deref().unwrap_or("http://localhost:4317"))?;
    tracing::subscriber::set_global_default(exporters.subscriber())?;
    for line in check_out(&exporters).await? {
        println!("{line}");
    }
    match endpoint {
        Ok(endpoint) => {
            exporters.shutdown().await?;
            println!("exported to {endpoint}");
        }
        Err(_) => println!("exported nothing: OTEL_EXPORTER_OTLP_ENDPOINT is not set"),
    }
    Ok(())
}
