//! What every service stands on: settings, telemetry, run state and commands, heartbeat, probes, leases, graceful stop.
//!
//! A service parses its arguments, calls [`Chassis::start`], tells [`Chassis::expose`] how to read its load, does
//! its work until [`Chassis::stop`] is cancelled, and leaves. Nothing here knows what an order is.

pub mod admission;
pub mod clock;
pub mod command;
pub mod control;
mod denied;
mod figures;
pub mod heartbeat;
pub mod latency;
pub mod lease;
pub mod probe;
pub mod settings;
pub mod stop;
pub mod telemetry;
pub mod trouble;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use contract::heartbeat::Load;
use contract::lease::Holder;
use contract::order::Origin;
use contract::{Cloud, Country, InstanceId, Service, UtcMs};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use clock::now;
pub use command::Duty;
pub use control::Control;
pub use probe::ProbeArgs;
pub use settings::CommonArgs;
pub use trouble::Trouble;

/// Who this process is.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Which service.
    pub service: Service,
    /// Its name, unique within the service.
    pub id: InstanceId,
    /// Where it runs.
    pub cloud: Cloud,
    /// The country it belongs to; `zz` for all.
    pub country: Country,
    /// When it started.
    pub started_at: UtcMs,
}

impl Instance {
    /// How messages name it.
    pub fn origin(&self) -> Origin {
        Origin { instance: self.id.clone(), cloud: self.cloud.clone() }
    }
}

/// The running frame of a service.
#[derive(Debug)]
pub struct Chassis {
    /// Who this process is.
    pub instance: Arc<Instance>,
    /// The bus; connecting goes on in the background.
    pub bus: bus::Connection,
    /// Running, paused, draining or stopping.
    pub control: Control,
    /// Cancelled by SIGTERM, SIGINT or the end of standard input (when asked to watch it).
    pub stop: CancellationToken,
    /// What keeps this instance from working.
    pub trouble: Trouble,
    /// How large the streams are to be.
    pub profile: bus::topology::Profile,
    incarnation: String,
    log: telemetry::Log,
    beating: Mutex<Option<JoinHandle<()>>>,
    vitals: Arc<probe::Vitals>,
}

impl Chassis {
    /// Sets up telemetry, signals and the connection. Does not wait for the bus.
    pub async fn start(common: &CommonArgs, service: Service, id: InstanceId) -> anyhow::Result<Self> {
        let log = telemetry::install(common.log_file.as_deref(), &common.log_level)?;
        let stop = CancellationToken::new();
        stop::watch(&stop, common.stop_on_stdin_close)?;
        let told = bus::Told { url: Some(common.nats_url.clone()), context: None };
        // No context: a service runs as its deployment says, not as somebody's home folder does.
        let target = bus::target::resolve(&told, |name| std::env::var(name).ok(), None).await?;
        let settings =
            bus::Settings { access: target.access, ..bus::Settings::new(target.url, format!("{service}/{id}")) };
        let bus = bus::connect(&settings).await.context("the connection to the bus")?;
        denied::tell(&bus);
        let instance =
            Instance { service, id, cloud: common.cloud.clone(), country: common.country, started_at: now() };
        // The client's generator of unique inboxes is as good a source of unique names as any.
        let incarnation = bus.client.new_inbox().rsplit('.').next().unwrap_or_default().to_owned();
        tracing::info!(service = %service, instance = %instance.id, cloud = %instance.cloud, "starting");
        Ok(Self {
            instance: Arc::new(instance),
            bus,
            control: Control::new(),
            stop,
            trouble: Trouble::default(),
            profile: bus::topology::Profile { replicas: common.replicas, storage_percent: common.storage_percent },
            incarnation,
            log,
            beating: Mutex::new(None),
            vitals: Arc::default(),
        })
    }

    /// Answers `/livez`, `/readyz` and `/metrics` where the arguments say so, until the process ends; the address that was
    /// taken. An error when it cannot be taken.
    pub async fn answer_probes(&self, probes: ProbeArgs) -> anyhow::Result<Option<std::net::SocketAddr>> {
        let Some(address) = probes.probe_listen else { return Ok(None) };
        let asked = probe::Asked {
            instance: Arc::clone(&self.instance),
            bus: self.bus.clone(),
            control: self.control.clone(),
            trouble: self.trouble.clone(),
            vitals: Arc::clone(&self.vitals),
        };
        probe::answer(asked, address).await.map(Some)
    }

    /// Waits for the bus and makes sure that the streams exist, trying again until they do; `false` when
    /// the process was told to stop meanwhile.
    pub async fn ready(&self) -> bool {
        let ensured = async {
            loop {
                self.bus.up().await;
                match bus::topology::ensure(&self.bus.js, self.profile).await {
                    Ok(()) => return self.vitals.streams_seen(),
                    Err(error) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "streams not there yet, trying again");
                        tokio::time::sleep(RETRY_DELAY).await;
                    }
                }
            }
        };
        tokio::select! {
            () = ensured => true,
            () = self.stop.cancelled() => false,
        }
    }

    /// Answers the common commands, is discovered through the services API, and sends a heartbeat each second
    /// with what `read` tells: the load, and the revision of the stores taken up. `duties` are the commands that only
    /// this kind of service takes. All go on until the process ends.
    pub fn expose(&self, read: impl Fn() -> (Load, Option<u64>) + Send + Sync + 'static, duties: Vec<Duty>) {
        let teller = heartbeat::Teller {
            instance: Arc::clone(&self.instance),
            bus: self.bus.clone(),
            control: self.control.clone(),
            trouble: self.trouble.clone(),
            vitals: Arc::clone(&self.vitals),
        };
        let read: probe::Read = Arc::new(read);
        self.vitals.exposes(Arc::clone(&read));
        let beating = heartbeat::spawn(teller, read);
        *self.beating.lock().unwrap_or_else(PoisonError::into_inner) = Some(beating);
        command::spawn(Arc::clone(&self.instance), self.bus.clone(), self.control.clone(), self.log.clone(), duties);
    }

    /// How leases name this run of this process.
    pub fn holder(&self) -> Holder {
        Holder { instance: self.instance.id.clone(), incarnation: self.incarnation.clone() }
    }

    /// Says goodbye: the last heartbeat tells `stopping`, what is buffered is flushed. Bounded.
    pub async fn leave(&self) {
        self.control.set(contract::heartbeat::RunState::Stopping);
        let beating = self.beating.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(beating) = beating {
            heartbeat::farewell(beating, &self.bus).await;
        }
        tracing::info!("stopped");
    }
}

/// Wait between two tries of something that the server could not do: a tight loop during a leader election was
/// seen to make 280,000 attempts.
pub const RETRY_DELAY: std::time::Duration = std::time::Duration::from_millis(500);
