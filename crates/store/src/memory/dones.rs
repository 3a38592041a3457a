//! Calls `done`s in the order of their entries, one at a time.

use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

type Call = Box<dyn FnOnce() + Send>;

/// Calls `done`s in order: on a thread of its own, or within [`Dones::run`].
pub(super) enum Dones {
    Threaded { queue: Mutex<Option<Sender<Call>>>, thread: Option<JoinHandle<()>> },
    Inline { queue: Mutex<Queue> },
}

#[derive(Default)]
pub(super) struct Queue {
    calls: VecDeque<Call>,
    running: bool,
}

impl Dones {
    pub(super) fn threaded() -> Self {
        let (sender, calls) = channel::<Call>();
        let builder = std::thread::Builder::new().name("store-memory".to_owned());
        let thread = builder.spawn(move || calls.into_iter().for_each(|call| call()));
        match thread {
            Ok(thread) => Dones::Threaded { queue: Mutex::new(Some(sender)), thread: Some(thread) },
            // A machine that gives no thread still gets its answers.
            Err(_) => Dones::inline(),
        }
    }

    pub(super) fn inline() -> Self {
        Dones::Inline { queue: Mutex::default() }
    }

    /// One of the same kind.
    pub(super) fn another(&self) -> Self {
        match self {
            Dones::Threaded { .. } => Dones::threaded(),
            Dones::Inline { .. } => Dones::inline(),
        }
    }

    /// Queues a call; the caller holds the lock that orders entries.
    pub(super) fn push(&self, call: Call) {
        match self {
            Dones::Threaded { queue, .. } => {
                if let Some(queue) = queue.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                    // The thread ends only after this sender is gone.
                    let _ = queue.send(call);
                }
            }
            Dones::Inline { queue } => {
                queue.lock().unwrap_or_else(PoisonError::into_inner).calls.push_back(call);
            }
        }
    }

    /// Makes the queued calls, unless another call is under way: that one then goes on with them.
    pub(super) fn run(&self) {
        let Dones::Inline { queue } = self else { return };
        let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut lock().running, true) {
            return;
        }
        loop {
            let mut locked = lock();
            let Some(call) = locked.calls.pop_front() else {
                locked.running = false;
                return;
            };
            drop(locked);
            call();
        }
    }
}

impl Drop for Dones {
    fn drop(&mut self) {
        if let Dones::Threaded { queue, thread } = self {
            queue.get_mut().unwrap_or_else(PoisonError::into_inner).take();
            // A `done` may hold the last handle of the store; a thread can't wait for itself.
            if let Some(thread) = thread.take()
                && thread.thread().id() != std::thread::current().id()
            {
                let _ = thread.join();
            }
        }
    }
}
