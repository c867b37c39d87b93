//! The context of OpenTelemetry in which code runs, for code that it starts on another thread.

/// The current context; nothing without the feature `opentelemetry`.
#[derive(Clone, Debug)]
pub(crate) struct CurrentContext(#[cfg(feature = "opentelemetry")] opentelemetry::Context);

impl CurrentContext {
    pub(crate) fn get() -> Self {
        Self(
            #[cfg(feature = "opentelemetry")]
            opentelemetry::Context::current(),
        )
    }

    /// Runs code in this context, on whatever thread.
    pub(crate) fn in_scope<R>(self, code: impl FnOnce() -> R) -> R {
        #[cfg(feature = "opentelemetry")]
        let _attached = self.0.attach();
        code()
    }
}
