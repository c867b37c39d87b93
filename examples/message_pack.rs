//! Another format than JSON: MessagePack, by one small trait. The client has it, and its workers.
//!
//! `cargo run --example message_pack`

use durably::{
    data::{EncodingError, Format, FormatReader, FormatValue},
    prelude::*,
};

struct MessagePack;

impl Format for MessagePack {
    fn encoding(&self) -> &'static str {
        "binary/msgpack"
    }

    fn write(&self, value: FormatValue<'_>) -> Result<Vec<u8>, EncodingError> {
        Ok(rmp_serde::to_vec_named(&value)?)
    }

    fn read(&self, data: &[u8], reader: FormatReader<'_>) -> Result<(), EncodingError> {
        reader.read(&mut rmp_serde::Deserializer::new(data))
    }
}

/// One measurement; MessagePack can hold what JSON cannot.
#[durably::data]
#[derive(Clone, Debug)]
struct Reading {
    sensor: String,
    celsius: f64,
}

/// Drops what no sensor means.
#[activity(start_to_close = "10s")]
async fn clean(readings: Vec<Reading>) -> Vec<Reading> {
    let is_real = |reading: &Reading| reading.celsius.is_finite();
    readings.into_iter().filter(is_real).collect()
}

#[derive(Default)]
struct Station;

#[workflow(task_queue = "weather")]
impl Station {
    #[run]
    async fn run(&mut self, ctx: &Ctx, readings: Vec<Reading>) -> Result<Vec<Reading>> {
        Ok(clean::call(ctx, readings).await?)
    }
}

#[durably::main]
async fn main() -> Result<()> {
    // With a server of its own: `Client::builder("localhost:7233").format(MessagePack).await?`
    let client = Client::development().await?.with_format(MessagePack);
    let worker = Worker::new(&client, "weather")
        .workflow::<Station>()
        .activity::<clean>()
        .spawn()
        .await?;

    let reading = |sensor: &str, celsius| Reading {
        sensor: sensor.to_owned(),
        celsius,
    };
    let readings = vec![reading("roof", 21.5), reading("cellar", f64::NAN)];
    let real = Station::start(&client, readings).result().await?;
    println!("{real:?}");
    assert_eq!(real.len(), 1);
    worker.shutdown().await
}
