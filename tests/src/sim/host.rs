//! The server of a simulation: started, crashed at a commit, and started again from its store.

use std::{rc::Rc, sync::Arc};

use durably_proto::service::workflow::workflow_service_server::WorkflowService;
use durably_server::{
    Server,
    simulation::{self, Disk},
};

use super::world::{Life, World};

/// One server, from its start to its crash.
pub(super) struct Incarnation {
    pub(super) service: Arc<dyn WorkflowService>,
    pub(super) disk: Disk,
    pub(super) life: Rc<Life>,
}

/// Keeps a server up until the simulation ends; crashes it while there are faults.
pub(super) async fn run(world: Rc<World>) {
    for number in 0.. {
        let disk = Disk::new(&world.database);
        let is_slow = world.draw(|rng| !rng.one_in(4));
        if is_slow {
            disk.hold();
        }
        let configuration = Server::builder()
            .grpc(false)
            .clock(simulation::clock(world.start));
        let seed = world.seed.wrapping_add(number << 32);
        let life = Life::new();
        if is_slow {
            life.spawn(flush(Rc::clone(&world), disk.clone()));
        }
        let server = simulation::start(&disk, seed, configuration).await;
        let server = server.expect("the database is readable");
        if world.is_faulty() && world.draw(|rng| !rng.one_in(4)) {
            disk.crash_in(1 + world.draw(|rng| rng.below(150)));
        }
        world.note(format_args!("server {number} starts, slow disk: {is_slow}"));
        *world.server.borrow_mut() = Some(Rc::new(Incarnation {
            service: server.service(),
            disk: disk.clone(),
            life: Rc::clone(&life),
        }));
        crashed(&world, &disk).await;
        let kept = world.draw(|rng| rng.below(disk.held() as u64 + 1)) as usize;
        world.note(format_args!(
            "server {number} crashes, {kept} of {} commits in flight are kept",
            disk.held()
        ));
        world.count("server crashes");
        disk.crash(kept);
        *world.server.borrow_mut() = None;
        world.handed.forget_unrecorded();
        life.end();
        drop(server);
        let down = world.draw(|rng| rng.millis_below(3000));
        tokio::time::sleep(down).await;
    }
}

/// Waits for the crash. One that has not come when faults end does not come at all.
async fn crashed(world: &World, disk: &Disk) {
    tokio::select! {
        biased;
        () = disk.crashed() => {}
        () = world.calm() => {
            disk.crash_in(u64::MAX);
            disk.crashed().await;
        }
    }
}

/// Makes commits durable, in groups and after a while; some fail.
async fn flush(world: Rc<World>, disk: Disk) {
    loop {
        disk.changed().await;
        if disk.has_crashed() {
            return;
        }
        let longest = match world.fault("slow commits", 50) {
            true => 1000,
            false => 5,
        };
        tokio::time::sleep(world.draw(|rng| rng.millis_below(longest))).await;
        let held = disk.held();
        if disk.has_crashed() || held == 0 {
            continue;
        }
        if world.fault("failed commits", 100) {
            world.note("a commit fails");
            world.handed.forget_unrecorded();
            disk.fail_first();
            continue;
        }
        let group = 1 + world.draw(|rng| rng.below(held as u64)) as usize;
        disk.flush(group);
    }
}
