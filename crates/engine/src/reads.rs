//! Reads of the store, which block: where they are made.

use std::sync::Arc;

use klinke_store::Store;

use crate::fault::StartError;

/// Where the engine reads from its store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// On the runtime's threads for blocking work: right for every store that touches a disk.
    #[default]
    Blocking,
    /// On the engine's own task: for a store in memory, and for simulations that must run the same way
    /// every time.
    Here,
}

/// A store, and where it is read.
#[derive(Clone)]
pub(crate) struct Reader {
    pub store: Arc<dyn Store>,
    pub reads: Reads,
}

impl Reader {
    /// Makes a read.
    pub async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Store) -> klinke_store::Result<T> + Send + 'static,
    ) -> Result<T, StartError> {
        if self.reads == Reads::Here {
            return Ok(ask(self.store.as_ref())?);
        }
        let store = self.store.clone();
        let asked = tokio::task::spawn_blocking(move || ask(store.as_ref())).await;
        Ok(asked.map_err(|error| StartError::Broken(error.to_string()))??)
    }
}
