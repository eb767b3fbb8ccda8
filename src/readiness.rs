//! Whether traffic should come to this node, and if not, what is missing.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kernel::{Bus, Health};
use store::Db;

use crate::roles::Role;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What readiness is made of.
#[derive(Clone, Debug)]
pub struct Readiness {
    health: Health,
    database: Option<Db>,
    buses: Arc<Mutex<Vec<(Role, Bus)>>>,
}

impl Readiness {
    /// Asks the node's health, and its database where it has one.
    pub fn new(health: Health, database: Option<Db>) -> Self {
        Self {
            health,
            database,
            buses: Arc::default(),
        }
    }

    /// Asks a role's bus too from now on.
    pub fn add_bus(&self, role: Role, bus: Bus) {
        self.buses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((role, bus));
    }

    /// What is missing; nothing when the node is ready.
    pub async fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if !self.health.is_ready() {
            missing.push("the node is starting or stopping".to_owned());
        }
        missing.extend(self.unconnected());
        if let Some(database) = &self.database
            && !matches!(
                tokio::time::timeout(PATIENCE, database.read()).await,
                Ok(Ok(_))
            )
        {
            missing.push("the database does not answer".to_owned());
        }
        missing
    }

    fn unconnected(&self) -> Vec<String> {
        let buses = self.buses.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = buses.iter().filter(|(_, bus)| !bus.is_connected());
        gone.map(|(role, _)| format!("the bus is not connected for {}", role.name()))
            .collect()
    }
}
