//! Lists that are not of executions, in pages.

use std::collections::BTreeMap;

use durably::prelude::*;
use durably_proto::api::workflowservice::v1::*;
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{NAMESPACE, Service},
    unique,
};
use tonic::Code;

on_both_servers! {
    namespaces_are_listed_in_pages
    worker_deployments_are_listed_in_pages
    damaged_tokens_are_refused
}

/// How often each of these names is on the pages of a list. Other tests have names of their own in it.
async fn on_pages<P>(
    names: &[String],
    mut page: impl AsyncFnMut(Vec<u8>) -> Result<P>,
    read: impl Fn(P) -> (Vec<String>, Vec<u8>),
) -> Result<Vec<usize>> {
    let mut found = BTreeMap::<String, usize>::new();
    let mut token = Vec::new();
    loop {
        let (listed, next) = read(page(token).await?);
        assert!(listed.len() <= 2, "a page of two: {listed:?}");
        for name in listed {
            *found.entry(name).or_default() += 1;
        }
        if next.is_empty() {
            break;
        }
        token = next;
    }
    let times = names.iter().map(|name| found.get(name).copied());
    Ok(times.map(Option::unwrap_or_default).collect())
}

async fn namespaces_are_listed_in_pages(world: &World) -> Result<()> {
    let service = world.service().await?;
    let names = [(); 3].map(|()| unique("listed"));
    for name in &names {
        world.client.register_namespace(name).await?;
    }
    let times = on_pages(
        &names,
        async |next_page_token| {
            let request = ListNamespacesRequest {
                page_size: 2,
                next_page_token,
                ..Default::default()
            };
            Ok(service.clone().list_namespaces(request).await?.into_inner())
        },
        |page| {
            let infos = page.namespaces.into_iter();
            let infos = infos.filter_map(|it| it.namespace_info);
            (infos.map(|info| info.name).collect(), page.next_page_token)
        },
    );
    assert_eq!(times.await?, [1, 1, 1]);
    Ok(())
}

/// Creates deployments, and waits until the server lists them.
async fn deployments<const N: usize>(service: &Service) -> Result<[String; N]> {
    let names = [(); N].map(|()| unique("listed"));
    for name in &names {
        let request = CreateWorkerDeploymentRequest {
            namespace: NAMESPACE.to_owned(),
            deployment_name: name.clone(),
            request_id: name.clone(),
            ..Default::default()
        };
        service.clone().create_worker_deployment(request).await?;
    }
    eventually("the deployments are listed", || async {
        let request = ListWorkerDeploymentsRequest {
            namespace: NAMESPACE.to_owned(),
            page_size: 1000,
            ..Default::default()
        };
        let listed = service.clone().list_worker_deployments(request).await;
        let listed = listed.ok()?.into_inner().worker_deployments;
        let is_listed = |name: &String| listed.iter().any(|it| it.name == *name);
        names.iter().all(is_listed).then_some(())
    })
    .await;
    Ok(names)
}

async fn worker_deployments_are_listed_in_pages(world: &World) -> Result<()> {
    let service = world.service().await?;
    let names: [String; 3] = deployments(&service).await?;
    let times = on_pages(
        &names,
        async |next_page_token| {
            let request = ListWorkerDeploymentsRequest {
                namespace: NAMESPACE.to_owned(),
                page_size: 2,
                next_page_token,
            };
            let listed = service.clone().list_worker_deployments(request).await?;
            Ok(listed.into_inner())
        },
        |page| {
            let deployments = page.worker_deployments.into_iter();
            (
                deployments.map(|it| it.name).collect(),
                page.next_page_token,
            )
        },
    );
    assert_eq!(times.await?, [1, 1, 1]);
    Ok(())
}

async fn damaged_tokens_are_refused(world: &World) -> Result<()> {
    let service = world.service().await?;
    let namespace = NAMESPACE.to_owned();
    for token in [&b"junk"[..], b"\xff\xfe", b"[]"] {
        let next_page_token = token.to_vec();
        let deployments = ListWorkerDeploymentsRequest {
            namespace: namespace.clone(),
            page_size: 1,
            next_page_token: next_page_token.clone(),
        };
        let workers = ListWorkersRequest {
            namespace: namespace.clone(),
            page_size: 1,
            next_page_token: next_page_token.clone(),
            ..Default::default()
        };
        let schedules = ListSchedulesRequest {
            namespace: namespace.clone(),
            maximum_page_size: 1,
            next_page_token: next_page_token.clone(),
            ..Default::default()
        };
        let batches = ListBatchOperationsRequest {
            namespace: namespace.clone(),
            page_size: 1,
            next_page_token,
        };
        let mut service = service.clone();
        for (list, refused) in [
            (
                "deployments",
                service.list_worker_deployments(deployments).await.err(),
            ),
            ("workers", service.list_workers(workers).await.err()),
            ("schedules", service.list_schedules(schedules).await.err()),
            (
                "batches",
                service.list_batch_operations(batches).await.err(),
            ),
        ] {
            let refused = refused.unwrap_or_else(|| panic!("{list}: the token is damaged"));
            let (code, message) = (refused.code(), refused.message());
            match (world.is_ours(), list) {
                (true, _) => {
                    assert_eq!(code, Code::InvalidArgument, "{list}");
                    assert_eq!(message, "Invalid NextPageToken.", "{list}");
                }
                (false, "workers") => {
                    assert_eq!(code, Code::InvalidArgument);
                    assert_eq!(message, "invalid next_page_token");
                }
                // The real server answers with an internal error.
                (false, _) => {
                    let is_failure = message.starts_with("something went wrong, please retry");
                    assert!(is_failure, "{list}: {message}");
                }
            }
        }
    }
    Ok(())
}
