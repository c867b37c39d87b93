//! Tests of changes of deployments and of the routing that follows.

use durably_history::{DeploymentVersion, RoutingTarget, Time};

use super::change::QueuePolled;
use super::{
    Change, ChangeError, Creation, Deletion, Deployment, Deployments, MetadataChange, QueueType,
    Ramp, RoutingRequest, Usage, Version, limits,
};

/// How all versions are used.
pub(crate) struct Used {
    is_polled: bool,
    is_pinned: bool,
    has_backlog: bool,
}

/// No worker polls, no run is pinned, and no task waits.
pub(crate) const UNUSED: Used = Used {
    is_polled: false,
    is_pinned: false,
    has_backlog: false,
};
const USED: Used = Used {
    is_polled: true,
    is_pinned: true,
    has_backlog: true,
};

impl Usage for Used {
    type Error = ChangeError;

    fn is_polled(&self, _: &Deployment, _: &Version) -> bool {
        self.is_polled
    }

    fn has_pinned_runs(&self, _: &DeploymentVersion) -> Result<bool, ChangeError> {
        Ok(self.is_pinned)
    }

    fn has_backlog(&self, _: &DeploymentVersion, _: QueueType, _: &str) -> bool {
        self.has_backlog
    }
}

const WORKFLOW: QueueType = QueueType::Workflow;

fn version(deployment: &str, build_id: &str) -> DeploymentVersion {
    DeploymentVersion {
        deployment: deployment.into(),
        build_id: build_id.into(),
    }
}

/// A request of a clock that stands still.
fn by<'a>(deployment: &'a str, identity: &'a str) -> RoutingRequest<'a> {
    RoutingRequest {
        deployment,
        conflict_token: &[],
        identity,
        allows_no_pollers: false,
        ignores_missing_queues: false,
        now: Time::default(),
    }
}

fn register(all: &mut Deployments, deployment: &str, build_id: &str, queue: &str) -> Change {
    let version = version(deployment, build_id);
    let registered = all.register(&version, WORKFLOW, queue, Time::default(), &USED);
    registered.expect("there are few versions")
}

fn set_current(all: &mut Deployments, deployment: &str, build_id: &str) -> Change {
    let set = all.set_current(build_id, by(deployment, "client"), &UNUSED);
    set.expect("the version exists")
}

fn ramp(build_id: &str, percentage: f32) -> Option<Ramp> {
    Some(Ramp {
        build_id: build_id.to_owned(),
        percentage,
    })
}

fn target(all: &Deployments, queue: &str) -> RoutingTarget {
    all.target(WORKFLOW, queue, "workflow")
}

#[test]
fn a_queue_of_two_deployments_has_the_version_that_was_made_current_last() {
    for order in [["invoices", "orders"], ["orders", "invoices"]] {
        let mut all = Deployments::default();
        for deployment in order {
            register(&mut all, deployment, "1", "q");
        }
        for deployment in order {
            set_current(&mut all, deployment, "1");
            let last = Some(version(deployment, "1"));
            assert_eq!(target(&all, "q").version, last, "of {order:?}");
        }
        // The same holds once they are read from a store.
        let stored = Deployments::stored(all.all().cloned().collect());
        assert_eq!(target(&stored, "q"), target(&all, "q"));
        for deployment in order {
            let set = all.set_ramping(ramp("", 100.0), by(deployment, "client"), &UNUSED);
            set.expect("it is not current");
        }
        register(&mut all, order[0], "2", "q");
        let set = all.set_ramping(ramp("2", 100.0), by(order[0], "client"), &UNUSED);
        set.expect("it is not current");
        let set = all.set_ramping(ramp("", 50.0), by(order[1], "client"), &UNUSED);
        set.expect("it is not current");
        let ramping = Some(version(order[0], "2"));
        assert_eq!(target(&all, "q").version, ramping, "a version comes first");
    }
}

#[test]
fn a_change_concerns_its_queues_and_nothing_if_all_is_as_it_was() {
    let mut all = Deployments::default();
    let first = register(&mut all, "orders", "1", "q");
    let polled = QueuePolled {
        deployment: "orders".into(),
        ty: WORKFLOW,
        queue: "q".into(),
    };
    assert_eq!(first, Change::Queue(polled));
    assert_eq!(register(&mut all, "orders", "1", "q"), Change::Nothing);
    let set = set_current(&mut all, "orders", "1");
    assert_eq!(set, Change::Deployment("orders".into()));
    assert_eq!(set_current(&mut all, "orders", "1"), Change::Nothing);
}

#[test]
fn what_is_set_already_is_set_once_more_by_another_client() {
    let mut all = Deployments::default();
    register(&mut all, "orders", "1", "q");
    register(&mut all, "orders", "2", "q");
    let token = |all: &Deployments| all.find("orders").expect("it exists").conflict_token();
    let stale = token(&all);
    let with = |identity, conflict_token| RoutingRequest {
        conflict_token,
        ..by("orders", identity)
    };
    set_current(&mut all, "orders", "1");
    // The token is not looked at if nothing changes.
    let same = all.set_current("1", with("client", &stale), &UNUSED);
    assert_eq!(same, Ok(Change::Nothing));
    let other = all.set_current("1", with("other", &stale), &UNUSED);
    assert_eq!(other, Err(ChangeError::Conflict));
    let fresh = token(&all);
    let other = all.set_current("1", with("other", &fresh), &UNUSED);
    assert!(other.is_ok(), "{other:?}");
    let deployment = all.find("orders").expect("it exists");
    assert_eq!(
        (deployment.revision, &*deployment.last_modifier),
        (1, "other")
    );
    assert_ne!(token(&all), fresh, "others are informed");

    let ramped = all.set_ramping(ramp("2", 5.0), by("orders", "client"), &UNUSED);
    assert!(ramped.is_ok(), "{ramped:?}");
    let same = all.set_ramping(ramp("2", 5.0), with("client", &stale), &UNUSED);
    assert_eq!(same, Ok(Change::Nothing));
    let more = all.set_ramping(ramp("2", 6.0), with("client", &stale), &UNUSED);
    assert_eq!(more, Err(ChangeError::Conflict));
}

#[test]
fn a_version_without_the_queue_of_tasks_that_wait_is_refused_once() {
    let mut all = Deployments::default();
    register(&mut all, "orders", "1", "q");
    register(&mut all, "orders", "2", "other");
    set_current(&mut all, "orders", "1");
    let missing = all.set_current("2", by("orders", "client"), &USED);
    let missing = missing.expect_err("tasks wait").to_string();
    assert_eq!(
        missing,
        "proposed current version 'orders:2' is missing active task queues from the current version; these would become unversioned if it is set as the current version"
    );
    assert!(
        all.clone()
            .set_current("2", by("orders", "client"), &UNUSED)
            .is_ok()
    );
    let missing = all.set_ramping(ramp("2", 5.0), by("orders", "client"), &USED);
    assert!(
        matches!(missing, Err(ChangeError::MissingQueues { .. })),
        "{missing:?}"
    );
    let forced = RoutingRequest {
        ignores_missing_queues: true,
        ..by("orders", "client")
    };
    assert!(all.set_ramping(ramp("2", 5.0), forced, &USED).is_ok());
    let more = all.set_ramping(ramp("2", 50.0), by("orders", "client"), &USED);
    assert!(more.is_ok(), "the version is the same: {more:?}");
    // Another deployment takes the queue over.
    register(&mut all, "invoices", "1", "q");
    set_current(&mut all, "invoices", "1");
    let moved = all.set_current("2", by("orders", "client"), &USED);
    assert!(moved.is_ok(), "{moved:?}");
}

#[test]
fn a_share_of_none_may_go_to_workers_outside_of_deployments() {
    let mut all = Deployments::default();
    register(&mut all, "orders", "1", "q");
    let none = all.set_ramping(ramp("", 0.0), by("orders", "client"), &UNUSED);
    assert!(none.is_ok(), "{none:?}");
    let some = all.set_ramping(ramp("", 1.0), by("orders", "client"), &UNUSED);
    let some = some.expect_err("all of it goes there").to_string();
    assert_eq!(
        some,
        "requested ramping version __unversioned__ is already current"
    );
}

#[test]
fn a_version_without_pollers_is_created_if_the_client_allows_it() {
    let mut all = Deployments::default();
    let missing = all.set_current("1", by("orders", "client"), &UNUSED);
    assert!(
        matches!(missing, Err(ChangeError::UnknownDeployment(_))),
        "{missing:?}"
    );
    let allowed = RoutingRequest {
        allows_no_pollers: true,
        ..by("orders", "client")
    };
    assert!(all.set_current("1", allowed, &UNUSED).is_ok());
    assert!(all.set_ramping(ramp("2", 5.0), allowed, &UNUSED).is_ok());
    register(&mut all, "orders", "1", "q");
    assert_eq!(target(&all, "q").version, Some(version("orders", "1")));
}

#[test]
fn deployments_versions_and_queues_are_limited() {
    let mut all = Deployments::default();
    for number in 0..limits::QUEUES {
        register(&mut all, "orders", "1", &number.to_string());
    }
    let register = |all: &mut Deployments, deployment: &str, build_id: &str, usage: &Used| {
        let version = version(deployment, build_id);
        all.register(&version, WORKFLOW, "more", Time::default(), usage)
            .map_err(|error| error.to_string())
    };
    let refused = |text: &str| Err(text.to_owned());
    assert_eq!(
        register(&mut all, "orders", "1", &UNUSED),
        refused(
            "cannot add task queue more since maximum number of task queues (100) have been registered in deployment"
        )
    );
    for number in 2..=limits::VERSIONS {
        register(&mut all, "orders", &number.to_string(), &USED).expect("it is no more");
    }
    assert_eq!(
        register(&mut all, "orders", "more", &USED),
        refused(
            "cannot add version orders.more since maximum number of versions (100) have been registered in the deployment"
        )
    );
    // The oldest one that is not used makes room, and not the current one.
    set_current(&mut all, "orders", "1");
    register(&mut all, "orders", "more", &UNUSED).expect("there is room");
    let orders = all.find("orders").expect("it exists");
    let builds: Vec<_> = orders.versions.iter().map(|it| &*it.build_id).collect();
    assert_eq!((builds.len(), builds[0], builds[1]), (100, "1", "3"));
    for number in 2..=limits::DEPLOYMENTS {
        register(&mut all, &number.to_string(), "1", &USED).expect("it is no more");
    }
    assert_eq!(
        register(&mut all, "more", "1", &UNUSED),
        refused("reached maximum deployments in namespace (100)")
    );
    let mut all = Deployments::default();
    for number in 0..=limits::VERSIONS_OF_QUEUE {
        let name = (number / 100).to_string();
        register(&mut all, &name, &number.to_string(), &USED).expect("it is no more");
    }
    assert_eq!(
        register(&mut all, "3", "more", &UNUSED),
        refused("exceeding maximum number of Deployment Versions in this task queue (limit = 200)")
    );
}

const fn creation(request_id: &str) -> Creation<'_> {
    Creation {
        identity: "client",
        request_id,
        now: Time::from_unix_nanos(0),
    }
}

fn delete(all: &mut Deployments, build_id: &str, usage: &Used) -> Result<Change, ChangeError> {
    let deletion = Deletion {
        version: &version("orders", build_id),
        identity: "client",
        skips_drainage: false,
    };
    all.delete_version(deletion, usage)
}

#[test]
fn a_version_is_deleted_that_nobody_uses() {
    let mut all = Deployments::default();
    register(&mut all, "orders", "1", "q");
    register(&mut all, "orders", "2", "q");
    set_current(&mut all, "orders", "1");
    let is_routed = delete(&mut all, "1", &UNUSED).unwrap_err().to_string();
    assert_eq!(
        is_routed,
        "version 'orders:1' cannot be deleted since it is current or ramping"
    );
    set_current(&mut all, "orders", "2");
    let pinned = Used {
        is_pinned: true,
        ..UNUSED
    };
    let drains = delete(&mut all, "1", &pinned).unwrap_err().to_string();
    assert_eq!(
        drains,
        "version 'orders:1' cannot be deleted since it is draining"
    );
    let polled = Used {
        is_polled: true,
        ..UNUSED
    };
    let is_polled = delete(&mut all, "1", &polled).unwrap_err().to_string();
    assert_eq!(
        is_polled,
        "version 'orders:1' cannot be deleted since it has active pollers"
    );
    let has_versions = all.delete_deployment("orders").unwrap_err();
    assert_eq!(has_versions, ChangeError::HasVersions);
    let forced = Deletion {
        version: &version("orders", "1"),
        identity: "client",
        skips_drainage: true,
    };
    assert_ne!(all.delete_version(forced, &pinned), Ok(Change::Nothing));
    assert_eq!(delete(&mut all, "1", &UNUSED), Ok(Change::Nothing));
    let unset = all.set_current("", by("orders", "client"), &UNUSED);
    assert!(unset.is_ok(), "{unset:?}");
    assert_ne!(delete(&mut all, "2", &UNUSED), Ok(Change::Nothing));
    assert!(!all.has(&version("orders", "2"), WORKFLOW, "q"));
    assert!(all.routing(WORKFLOW, "q").is_none());
    assert_ne!(all.delete_deployment("orders"), Ok(Change::Nothing));
    assert_eq!(all.delete_deployment("orders"), Ok(Change::Nothing));
}

#[test]
fn a_request_to_create_is_repeated() {
    let mut all = Deployments::default();
    let created = all.create_deployment("orders", creation("a"));
    assert_eq!(created, Ok(Change::Deployment("orders".into())));
    let again = all.create_deployment("orders", creation("a"));
    assert_eq!(again, Ok(Change::Nothing));
    let other = all.create_deployment("orders", creation("b")).unwrap_err();
    assert_eq!(
        other.to_string(),
        "Worker Deployment with name \"orders\" already exists"
    );
    let one = version("orders", "1");
    let created = all.create_version(&one, creation("a"), &UNUSED);
    assert_eq!(created, Ok(Change::Deployment("orders".into())));
    let again = all.create_version(&one, creation("a"), &UNUSED);
    assert_eq!(again, Ok(Change::Nothing));
    let other = all.create_version(&one, creation("b"), &UNUSED);
    assert_eq!(
        other.unwrap_err().to_string(),
        "Worker Deployment Version \"orders.1\" already exists"
    );
    // A poll has no request that could be repeated.
    register(&mut all, "invoices", "1", "q");
    let polled = all.create_deployment("invoices", creation(""));
    assert!(polled.is_err(), "{polled:?}");
}

#[test]
fn a_manager_alone_changes_the_routing() {
    let mut all = Deployments::default();
    register(&mut all, "orders", "1", "q");
    let set = all.set_manager("pipeline", by("orders", "client"));
    let set = set.expect("the deployment exists");
    assert_eq!(set, (Change::Deployment("orders".into()), String::new()));
    let same = all.set_manager("pipeline", by("orders", "client"));
    assert_eq!(same, Ok((Change::Nothing, "pipeline".to_owned())));
    let refused = all.set_current("1", by("orders", "client"), &UNUSED);
    assert!(
        matches!(refused, Err(ChangeError::OtherManager { .. })),
        "{refused:?}"
    );
    let refused = delete(&mut all, "1", &UNUSED);
    assert!(
        matches!(refused, Err(ChangeError::OtherManager { .. })),
        "{refused:?}"
    );
    let allowed = all.set_current("1", by("orders", "pipeline"), &UNUSED);
    assert!(allowed.is_ok(), "{allowed:?}");
    let stale = RoutingRequest {
        conflict_token: b"stale",
        ..by("orders", "client")
    };
    assert_eq!(all.set_manager("", stale), Err(ChangeError::Conflict));
}

#[test]
fn notes_of_a_version_are_set_and_removed() {
    let mut all = Deployments::default();
    register(&mut all, "orders", "1", "q");
    let change = |build_id: &str, names: &[&str], removals: &[&str]| MetadataChange {
        version: version("orders", build_id),
        identity: "client".to_owned(),
        upserts: names
            .iter()
            .map(|name| ((*name).to_owned(), Default::default()))
            .collect(),
        removals: removals.iter().map(|name| (*name).to_owned()).collect(),
    };
    let mut changed = |change| {
        let (_, notes) = all.change_metadata(change)?;
        Ok(notes.into_keys().collect::<Vec<_>>())
    };
    let both = changed(change("1", &["commit", "author"], &[]));
    assert_eq!(both, Ok(vec!["author".to_owned(), "commit".to_owned()]));
    let one = changed(change("1", &["author"], &["commit", "none"]));
    assert_eq!(one, Ok(vec!["author".to_owned()]));
    let unknown: Result<_, ChangeError> = changed(change("2", &["author"], &[]));
    assert!(
        matches!(unknown, Err(ChangeError::UnknownBuild { .. })),
        "{unknown:?}"
    );
}
