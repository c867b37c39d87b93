//! Tests of changes of deployments and of the routing that follows.

use durably_history::{DeploymentVersion, RoutingTarget, Time};

use super::{
    Change, ChangeError, Deployment, Deployments, QueueType, Ramp, RoutingRequest, Usage, Version,
    limits,
};

/// How all versions are used.
pub(crate) struct Used {
    is_unused: bool,
    has_backlog: bool,
}

/// No worker polls, no run is pinned, and no task waits.
pub(crate) const UNUSED: Used = Used {
    is_unused: true,
    has_backlog: false,
};
const USED: Used = Used {
    is_unused: false,
    has_backlog: true,
};

impl Usage for Used {
    type Error = ChangeError;

    fn is_unused(&self, _: &Deployment, _: &Version) -> Result<bool, ChangeError> {
        Ok(self.is_unused)
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
    assert_eq!(first, Change::Queue(WORKFLOW, "q".into()));
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
