//! Everything one server knows, built once and passed to whoever needs it.

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::active::Active;
use crate::audit::Audit;
use crate::auth::Tokens;
use crate::breakers::Breakers;
use crate::bus::Bus;
use crate::business::Business;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::config::Config;
use crate::dev::Dev;
use crate::events::Events;
use crate::ingest::Ingest;
use crate::instances::Instances;
use crate::limits::Limits;
use crate::lint::Gate;
use crate::proxy::Proxy;
use crate::queue::Queue;
use crate::redis::Redis;
use crate::reports::Reports;
use crate::rest::Rest;
use crate::shed::Shed;
use crate::store::Store;
use crate::telemetry::{Metrics, Traces};

/// A shared reference to the server's parts.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts.
pub struct Parts {
    /// What the server was told at start.
    pub config: Config,
    /// Time.
    pub clock: Clock,
    /// Metrics.
    pub metrics: Metrics,
    /// Facts that somebody may want to hear of.
    pub(crate) events: Events,
    /// A breaker for each thing the server leans on.
    pub(crate) breakers: Arc<Breakers>,
    /// What instances share in memory; none where there is no Redis.
    pub(crate) redis: Option<Redis>,
    /// What parts tell of themselves to administrators.
    pub(crate) reports: Reports,
    /// Spans of requests; none where no collector is configured.
    pub(crate) traces: Option<Traces>,
    /// What pages counted.
    pub(crate) ingest: Ingest,
    /// Which instances there are.
    pub(crate) instances: Instances,
    /// Messages between instances.
    pub(crate) bus: Bus,
    /// The database of what Seawall stores; none where none is configured.
    pub(crate) store: Option<Store>,
    /// Who was seen lately.
    pub(crate) active: Active,
    /// What the business counts.
    pub(crate) business: Business,
    /// Kept answers; none where nothing is to be kept.
    pub(crate) cache: Option<Cache>,
    /// Records of requests; none where they are switched off or there is no store.
    pub(crate) audit: Option<Audit>,
    /// Writes that are carried out later; none where they are switched off or there is no store.
    pub(crate) queue: Option<Queue>,
    /// Direct mode: database, schema cache, execution.
    pub(crate) rest: Rest,
    /// Whether the database may be served.
    pub(crate) gate: Gate,
    /// Services that are passed on.
    pub(crate) proxy: Proxy,
    /// Rate limits.
    pub(crate) limits: Limits,
    /// Who is worked on, and who waits.
    pub(crate) shed: Shed,
    /// What is known about tokens.
    pub(crate) tokens: Tokens,
    /// Development services.
    pub(crate) dev: Dev,
    /// The hard cap on requests worked on at once.
    pub(crate) inflight: Arc<Semaphore>,
}

impl App {
    /// Puts the parts together; opens no connection.
    ///
    /// # Errors
    /// When a part refuses its configuration.
    pub fn new(config: Config) -> Result<Self, crate::serve::StartError> {
        let (clock, metrics) = (Clock::system(), Metrics::new());
        let events = Events::counted(clock, metrics.clone());
        let breakers = Arc::new(Breakers::new(!config.postgrest, clock, &metrics, &events));
        let redis = Redis::new(&config.cluster, Arc::clone(&breakers))?;
        let bus = Bus::new(&config);
        let traces = Traces::new(&config.traces)?;
        let store = Store::new(&config.cluster)?;
        let active = Active::new(&config);
        let business = Business::new(&config.business, &metrics);
        let cache = Cache::new(&config, redis.clone(), metrics.clone());
        let audit = Audit::new(&config, store.as_ref(), (clock, &metrics, &events))?;
        let queue = Queue::new(&config.queue, store.as_ref(), &metrics);
        let rest = Rest::new(&config, metrics.clone())?;
        let gate = Gate::new(&config.check);
        let proxy = Proxy::new(&config)?;
        let limits = Limits::new(&config, redis.clone(), clock, (metrics.clone(), events.clone()));
        let shed = Shed::new(config.shed, clock, metrics.clone());
        let tokens = Tokens::new(&config.auth, store.is_some(), config.queue.token_grace);
        let dev = Dev::new(&config, clock)?;
        let inflight = Arc::new(Semaphore::new(config.server.max_inflight));
        let reports = Reports::default();
        let (places, most) = (Arc::clone(&inflight), config.server.max_inflight);
        reports.add("inflight", move || {
            serde_json::json!({"active": most.saturating_sub(places.available_permits()), "max": most})
        });
        Ok(Self(Arc::new(Parts {
            config,
            clock,
            metrics,
            events,
            breakers,
            redis,
            reports,
            traces,
            ingest: Ingest::new(),
            instances: Instances::new(clock.unix().as_millis()),
            bus,
            store,
            active,
            business,
            cache,
            audit,
            queue,
            rest,
            limits,
            gate,
            proxy,
            shed,
            tokens,
            dev,
            inflight,
        })))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
