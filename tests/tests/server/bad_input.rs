//! Malformed requests: a clear error, and the other runs carry on.

use durably::prelude::*;
use durably_proto::{
    api::workflowservice::v1::{
        RespondActivityTaskCompletedRequest, RespondWorkflowTaskCompletedRequest,
    },
    service::workflow::workflow_service_client::WorkflowServiceClient,
};
use durably_tests::{World, on_both_servers};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tonic::Code;

/// Ends at once.
#[derive(Default)]
struct Alive;

#[workflow]
impl Alive {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.sleep(millis(1)).await?;
        Ok(1)
    }
}

on_both_servers! {
    garbage_on_the_port_disturbs_nobody
    malformed_task_tokens_are_refused
}

async fn alive(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Alive>().spawn().await?;
    let result = Alive::start(&world.client)
        .task_queue(&world.queue)
        .result()
        .await?;
    assert_eq!(result, 1);
    worker.shutdown().await
}

async fn garbage_on_the_port_disturbs_nobody(world: &World) -> Result<()> {
    for garbage in [
        b"GET / HTTP/1.1\r\n\r\n".as_slice(),
        &[0xff; 4096],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut stream = TcpStream::connect(world.address()).await?;
        stream.write_all(garbage).await?;
        let _ = stream.shutdown().await;
    }
    alive(world).await
}

async fn malformed_task_tokens_are_refused(world: &World) -> Result<()> {
    let mut client = WorkflowServiceClient::connect(format!("http://{}", world.address())).await?;
    for token in [vec![], vec![7; 40]] {
        let status = client
            .respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest {
                namespace: "default".into(),
                task_token: token.clone(),
                ..Default::default()
            })
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        let status = client
            .respond_activity_task_completed(RespondActivityTaskCompletedRequest {
                namespace: "default".into(),
                task_token: token,
                ..Default::default()
            })
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }
    alive(world).await
}
