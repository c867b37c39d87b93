//! A server in a process of its own, to be killed: `test-server DATABASE PORT`.

use durably_server::Server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(database), Some(port)) = (arguments.next(), arguments.next()) else {
        return Err("usage: test-server DATABASE PORT".into());
    };
    let server = Server::builder()
        .database(database)
        .port(port.parse()?)
        .start()
        .await?;
    println!("ready");
    std::future::pending::<()>().await;
    drop(server);
    Ok(())
}
