//! `TestService`: how the test suites of other SDKs skip time.

use std::time::Duration;

use durably_history::Time;
use durably_proto::api::testservice::v1::{
    GetCurrentTimeResponse, LockTimeSkippingRequest, LockTimeSkippingResponse, SleepRequest,
    SleepResponse, SleepUntilRequest, UnlockTimeSkippingRequest, UnlockTimeSkippingResponse,
};
use durably_proto::service::testing::test_service_server::TestService;
use tonic::{Request, Response, Status};

use super::{Frontend, answered};
use crate::engine::Engine;
use crate::error::Error;
use crate::timer::service::Standstill;

#[tonic::async_trait]
impl TestService for Frontend {
    async fn lock_time_skipping(
        &self,
        _: Request<LockTimeSkippingRequest>,
    ) -> Result<Response<LockTimeSkippingResponse>, Status> {
        self.engine.clock.lock();
        Ok(Response::new(LockTimeSkippingResponse {}))
    }

    async fn unlock_time_skipping(
        &self,
        _: Request<UnlockTimeSkippingRequest>,
    ) -> Result<Response<UnlockTimeSkippingResponse>, Status> {
        answered(unlock(&self.engine).map(|()| UnlockTimeSkippingResponse {}))
    }

    async fn sleep(
        &self,
        request: Request<SleepRequest>,
    ) -> Result<Response<SleepResponse>, Status> {
        let sleep = sleep(&self.engine, request.into_inner());
        answered(self.unless_stopped(sleep).await.map(slept))
    }

    async fn sleep_until(
        &self,
        request: Request<SleepUntilRequest>,
    ) -> Result<Response<SleepResponse>, Status> {
        let time = request.into_inner().timestamp.unwrap_or_default();
        let sleep = sleep_until(&self.engine, time.into());
        answered(self.unless_stopped(sleep).await.map(slept))
    }

    async fn unlock_time_skipping_with_sleep(
        &self,
        request: Request<SleepRequest>,
    ) -> Result<Response<SleepResponse>, Status> {
        unlock(&self.engine)?;
        let unlocked = Unlocked(&self.engine);
        let sleep = sleep(&self.engine, request.into_inner());
        let standstill = self.unless_stopped(sleep).await;
        drop(unlocked);
        answered(standstill.map(slept))
    }

    async fn get_current_time(
        &self,
        _: Request<()>,
    ) -> Result<Response<GetCurrentTimeResponse>, Status> {
        Ok(Response::new(GetCurrentTimeResponse {
            time: Some(self.engine.clock.now().into()),
        }))
    }
}

fn unlock(engine: &Engine) -> Result<(), Error> {
    if !engine.clock.unlock() {
        return Err(Error::Precondition(
            "time skipping is not locked; every unlock needs a lock before it".to_owned(),
        ));
    }
    engine.timers.wake.notify_one();
    Ok(())
}

/// The time for which a sleeping client has unlocked the clock; a client that hangs up ends it, too.
struct Unlocked<'a>(&'a Engine);

impl Drop for Unlocked<'_> {
    fn drop(&mut self) {
        self.0.clock.lock();
    }
}

async fn sleep(engine: &Engine, request: SleepRequest) -> Result<Option<Standstill>, Error> {
    let duration = Duration::try_from(request.duration.unwrap_or_default())
        .map_err(|_| Error::Invalid("the duration to sleep is negative".to_owned()))?;
    sleep_until(engine, engine.clock.now() + duration).await
}

async fn sleep_until(engine: &Engine, time: Time) -> Result<Option<Standstill>, Error> {
    Ok(engine.timers.sleep_until(time).await)
}

fn slept(_: Option<Standstill>) -> SleepResponse {
    SleepResponse {}
}
