//! `TestService`: time skipping for the test environments of other SDKs.

use std::time::Duration;

use durably_history::Time;
use durably_proto::api::testservice::v1::{
    GetCurrentTimeResponse, LockTimeSkippingRequest, LockTimeSkippingResponse, SleepRequest,
    SleepResponse, SleepUntilRequest, UnlockTimeSkippingRequest, UnlockTimeSkippingResponse,
};
use durably_proto::service::testing::test_service_server::TestService;
use tonic::{Request, Response, Status};

use super::{Frontend, into_response};
use crate::backend::Backend;
use crate::clock::{Sleep, Timekeeper};
use crate::error::Error;

#[tonic::async_trait]
impl TestService for Frontend {
    async fn lock_time_skipping(
        &self,
        _: Request<LockTimeSkippingRequest>,
    ) -> Result<Response<LockTimeSkippingResponse>, Status> {
        self.backend.clock.lock();
        Ok(Response::new(LockTimeSkippingResponse {}))
    }

    async fn unlock_time_skipping(
        &self,
        _: Request<UnlockTimeSkippingRequest>,
    ) -> Result<Response<UnlockTimeSkippingResponse>, Status> {
        into_response(unlock(&self.backend).map(|()| UnlockTimeSkippingResponse {}))
    }

    async fn sleep(
        &self,
        request: Request<SleepRequest>,
    ) -> Result<Response<SleepResponse>, Status> {
        let sleep = sleep(&self.backend, request.into_inner(), Sleep::Locked);
        into_response(self.unless_stopped(sleep).await)
    }

    async fn sleep_until(
        &self,
        request: Request<SleepUntilRequest>,
    ) -> Result<Response<SleepResponse>, Status> {
        let time = request.into_inner().timestamp.unwrap_or_default();
        let sleep = sleep_until(&self.backend, time.into(), Sleep::Locked);
        into_response(self.unless_stopped(sleep).await)
    }

    async fn unlock_time_skipping_with_sleep(
        &self,
        request: Request<SleepRequest>,
    ) -> Result<Response<SleepResponse>, Status> {
        let sleep = sleep(&self.backend, request.into_inner(), Sleep::Unlocked);
        into_response(self.unless_stopped(sleep).await)
    }

    async fn get_current_time(
        &self,
        _: Request<()>,
    ) -> Result<Response<GetCurrentTimeResponse>, Status> {
        Ok(Response::new(GetCurrentTimeResponse {
            time: Some(self.backend.clock.now().into()),
        }))
    }
}

fn unlock(backend: &Backend) -> Result<(), Error> {
    match backend.clock.unlock() {
        true => Ok(()),
        false => Err(Error::Precondition(
            "time skipping is not locked; every unlock needs a lock before it".to_owned(),
        )),
    }
}

async fn sleep(
    backend: &Backend,
    request: SleepRequest,
    sleep: Sleep,
) -> Result<SleepResponse, Error> {
    let duration = Duration::try_from(request.duration.unwrap_or_default())
        .map_err(|_| Error::Invalid("the duration to sleep is negative".to_owned()))?;
    sleep_until(backend, backend.clock.now() + duration, sleep).await
}

async fn sleep_until(backend: &Backend, time: Time, sleep: Sleep) -> Result<SleepResponse, Error> {
    if !Timekeeper::can_skip_to(time) {
        return Err(Error::Invalid(
            "the time to sleep until is after the year 2261, near the end of the time that the \
             server can represent"
                .to_owned(),
        ));
    }
    // The alarm is set first; otherwise the clock could jump past it.
    let mut sleeper = backend.timers.sleeper(time);
    let sleeping = Sleeping::begin(&backend.clock, sleep);
    // The guard lives until the response is built, so that the clock does not jump past the time
    // that was slept for.
    let _wake_guard = sleeper.woken().await;
    drop(sleeping);
    Ok(SleepResponse {})
}

/// Guard of a client that sleeps; also ends the sleep of one that disconnects.
struct Sleeping<'a> {
    clock: &'a Timekeeper,
    sleep: Sleep,
}

impl<'a> Sleeping<'a> {
    fn begin(clock: &'a Timekeeper, sleep: Sleep) -> Self {
        clock.begin_sleep(sleep);
        Self { clock, sleep }
    }
}

impl Drop for Sleeping<'_> {
    fn drop(&mut self) {
        self.clock.end_sleep(self.sleep);
    }
}
