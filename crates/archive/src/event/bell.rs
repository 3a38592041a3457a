//! Waking those who wait for something new.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What is called when something has changed: quick, never blocking.
pub type Ring = Arc<dyn Fn() + Send + Sync>;

/// Those who are to be woken.
#[derive(Default)]
pub(crate) struct Bell(Mutex<Vec<Weak<dyn Fn() + Send + Sync>>>);

impl Bell {
    pub fn add(&self, ring: &Ring) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.strong_count() > 0);
        all.push(Arc::downgrade(ring));
    }

    pub fn ring(&self) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).for_each(|ring| ring());
    }
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bell")
    }
}
