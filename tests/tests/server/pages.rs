//! Pages of lists: their sizes, and what a token names when the list has changed.

use durably::prelude::*;
use durably_proto::api::{
    common::v1::WorkflowType,
    workflowservice::v1::{
        ListWorkflowExecutionsRequest, ScanWorkflowExecutionsRequest,
        TerminateWorkflowExecutionRequest,
    },
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{NAMESPACE, Service, execution},
    unique,
};

on_both_servers! {
    pages_of_any_size_are_the_list
    a_token_names_a_place_whatever_the_query
    a_stale_token_goes_on_behind_its_place
    a_damaged_token_is_refused
}

/// Seven workflows, listed from the last to the first; those with odd numbers are of another type.
struct Case {
    service: Service,
    prefix: String,
}

impl Case {
    async fn new(world: &World) -> Result<Self> {
        let mut service = world.service().await?;
        let prefix = unique("paged");
        for number in 0..7 {
            let mut start = world.start_request();
            start.workflow_id = format!("{prefix}/{number}");
            start.workflow_type = Some(WorkflowType {
                name: format!("{prefix}-{}", number % 2),
            });
            service.start_workflow_execution(start).await?;
        }
        let case = Self { service, prefix };
        case.until_listed(["6", "5", "4", "3", "2", "1", "0"]).await;
        Ok(case)
    }

    fn all(&self) -> String {
        format!("WorkflowId STARTS_WITH '{}/'", self.prefix)
    }

    /// Waits until the list is this.
    async fn until_listed(&self, expected: [&str; 7]) {
        eventually("the list", || async {
            let (listed, _) = self.page(&self.all(), 100, b"").await.ok()?;
            (listed == expected).then_some(())
        })
        .await;
    }

    /// A page, and the token of the next one.
    async fn page(
        &self,
        query: &str,
        size: i32,
        token: &[u8],
    ) -> std::result::Result<(Vec<String>, Vec<u8>), tonic::Status> {
        let request = ListWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            page_size: size,
            next_page_token: token.to_vec(),
            query: query.to_owned(),
        };
        let page = self
            .service
            .clone()
            .list_workflow_executions(request)
            .await?;
        let page = page.into_inner();
        let numbers = page.executions.into_iter().filter_map(|info| {
            let id = info.execution?.workflow_id;
            Some(id.rsplit_once('/')?.1.to_owned())
        });
        Ok((numbers.collect(), page.next_page_token))
    }

    async fn terminate(&self, number: u32) -> Result<()> {
        let request = TerminateWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(&format!("{}/{number}", self.prefix)),
            ..Default::default()
        };
        self.service
            .clone()
            .terminate_workflow_execution(request)
            .await?;
        Ok(())
    }
}

async fn pages_of_any_size_are_the_list(world: &World) -> Result<()> {
    let case = Case::new(world).await?;
    for (size, lengths) in [
        (1, &[1, 1, 1, 1, 1, 1, 1][..]),
        (3, &[3, 3, 1]),
        (7, &[7]),
        (8, &[7]),
        (1001, &[7]),
        (0, &[7]),
        (-1, &[7]),
    ] {
        let (mut listed, mut found, mut token) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let (page, next) = case.page(&case.all(), size, &token).await?;
            // The real server has an empty page behind one that the list has filled.
            if !page.is_empty() {
                found.push(page.len());
            }
            listed.extend(page);
            token = next;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(listed, ["6", "5", "4", "3", "2", "1", "0"], "{size}");
        assert_eq!(found, lengths, "{size}");
    }
    Ok(())
}

async fn a_token_names_a_place_whatever_the_query(world: &World) -> Result<()> {
    let case = Case::new(world).await?;
    let (first, token) = case.page(&case.all(), 3, b"").await?;
    assert_eq!(first, ["6", "5", "4"]);
    let even = format!("WorkflowType = '{}-0'", case.prefix);
    assert_eq!(case.page(&even, 3, &token).await?.0, ["2", "0"]);
    assert_eq!(case.page(&case.all(), 1, &token).await?.0, ["3"]);
    // A scan is a list.
    let request = ScanWorkflowExecutionsRequest {
        namespace: NAMESPACE.to_owned(),
        page_size: 2,
        next_page_token: token,
        query: case.all(),
    };
    let scanned = case
        .service
        .clone()
        .scan_workflow_executions(request)
        .await?;
    let scanned = scanned.into_inner();
    let ids: Vec<_> = scanned
        .executions
        .into_iter()
        .filter_map(|info| Some(info.execution?.workflow_id))
        .collect();
    assert_eq!(
        ids,
        ["3", "2"].map(|number| format!("{}/{number}", case.prefix))
    );
    let next = case.page(&case.all(), 3, &scanned.next_page_token).await?;
    assert_eq!(next.0, ["1", "0"]);
    Ok(())
}

async fn a_stale_token_goes_on_behind_its_place(world: &World) -> Result<()> {
    let case = Case::new(world).await?;
    let (first, token) = case.page(&case.all(), 3, b"").await?;
    assert_eq!(first, ["6", "5", "4"]);
    // Those that close go to the end of the list, the last closed before the others; 4 was the place.
    for number in [6, 5, 4, 1, 0] {
        case.terminate(number).await?;
    }
    case.until_listed(["3", "2", "0", "1", "4", "5", "6"]).await;
    let (next, _) = case.page(&case.all(), 100, &token).await?;
    assert_eq!(next, ["3", "2", "0", "1", "4", "5", "6"]);
    Ok(())
}

async fn a_damaged_token_is_refused(world: &World) -> Result<()> {
    let case = Case::new(world).await?;
    let (_, token) = case.page(&case.all(), 3, b"").await?;
    let damaged = [
        b"junk".to_vec(),
        b"\xff\xfe".to_vec(),
        b"[]".to_vec(),
        b"5".to_vec(),
        vec![b'x'; 100_000],
        token[..token.len() - 3].to_vec(),
        [&token[..], b"x"].concat(),
        token[1..].to_vec(),
    ];
    for token in damaged {
        let refused = case.page(&case.all(), 3, &token).await;
        let refused = refused.expect_err("the token is damaged");
        if world.is_ours() {
            assert_eq!(refused.code(), tonic::Code::InvalidArgument);
            assert_eq!(refused.message(), "Invalid NextPageToken.");
        } else {
            // It takes it for a failure of its own.
            let message = refused.message();
            assert!(
                message.starts_with("something went wrong, please retry"),
                "{message}"
            );
        }
    }
    Ok(())
}
