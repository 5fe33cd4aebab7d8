//! The services that may be passed on, and what each is called where.

use seawall_policy::class::Service;

use crate::breakers::Dependency;
use crate::config::{ProxyConfig, UploadConfig, UpstreamUrl};

/// A service behind the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upstream {
    Rest,
    Auth,
    Storage,
    Functions,
    Realtime,
}

impl Upstream {
    /// Its name in metrics and messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Auth => "auth",
            Self::Storage => "storage",
            Self::Functions => "functions",
            Self::Realtime => "realtime",
        }
    }

    /// Where it is mounted here.
    pub(crate) const fn mount(self) -> &'static str {
        match self {
            Self::Rest => "/rest/v1",
            Self::Auth => "/auth/v1",
            Self::Storage => "/storage/v1",
            Self::Functions => "/functions/v1",
            Self::Realtime => "/realtime/v1",
        }
    }

    /// Where it really lives, if it is passed on.
    pub(crate) fn url(self, config: &ProxyConfig) -> Option<&UpstreamUrl> {
        match self {
            Self::Rest => config.rest.as_ref(),
            Self::Auth => config.auth.as_ref(),
            Self::Storage => config.storage.as_ref(),
            Self::Functions => config.functions.as_ref(),
            Self::Realtime => config.realtime.as_ref(),
        }
    }

    /// The breaker before it.
    pub(crate) const fn dependency(self) -> Dependency {
        match self {
            Self::Rest => Dependency::Rest,
            Self::Auth => Dependency::Auth,
            Self::Storage => Dependency::Storage,
            Self::Functions => Dependency::Functions,
            Self::Realtime => Dependency::Realtime,
        }
    }

    /// How its answers are judged.
    pub(crate) const fn judged_as(self) -> Service {
        match self {
            Self::Rest | Self::Realtime => Service::Rest,
            Self::Auth => Service::Auth,
            Self::Storage => Service::Storage,
            Self::Functions => Service::Functions,
        }
    }

    /// Whether some of its requests are uploads.
    pub(crate) fn takes_uploads(self, config: &UploadConfig) -> bool {
        self == Self::Storage || config.paths.iter().any(|path| path.starts_with(self.mount()))
    }

    /// Whether it may speak WebSocket.
    pub(crate) const fn switches(self) -> bool {
        match self {
            Self::Realtime | Self::Functions => true,
            Self::Rest | Self::Auth | Self::Storage => false,
        }
    }
}
