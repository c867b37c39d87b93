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
        answered(self.unless_stopped(sleep).await)
    }

    async fn sleep_until(
        &self,
        request: Request<SleepUntilRequest>,
    ) -> Result<Response<SleepResponse>, Status> {
        let time = request.into_inner().timestamp.unwrap_or_default();
        let sleep = sleep_until(&self.engine, time.into());
        answered(self.unless_stopped(sleep).await)
    }

    async fn unlock_time_skipping_with_sleep(
        &self,
        request: Request<SleepRequest>,
    ) -> Result<Response<SleepResponse>, Status> {
        unlock(&self.engine)?;
        let sleep = sleep(&self.engine, request.into_inner());
        let slept = self.unless_stopped(sleep).await;
        self.engine.clock.lock();
        answered(slept)
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

async fn sleep(engine: &Engine, request: SleepRequest) -> Result<SleepResponse, Error> {
    let duration = Duration::try_from(request.duration.unwrap_or_default())
        .map_err(|_| Error::Invalid("the duration to sleep is negative".to_owned()))?;
    sleep_until(engine, engine.clock.now() + duration).await
}

async fn sleep_until(engine: &Engine, time: Time) -> Result<SleepResponse, Error> {
    // The sender lives as long as the alarm does; without it the time has come as well.
    let _ = engine.timers.sleep_until(time).await;
    Ok(SleepResponse {})
}
