//! A JavaScript runtime made ready: limits set, built-in objects frozen, nothing of the outside in it.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{Array, CatchResultExt, Class, Context, Ctx, Function, Runtime};

use super::Limits;
use super::desk::Desk;
use super::kept::Kept;
use super::message::Message;
use super::natives::natives;

/// Runs once in every new context.
const BOOTSTRAP: &str = include_str!("bootstrap.js");

/// The built-in objects that scripts have. Not among them: weak references (they show when memory is
/// collected), performance (a clock).
type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// When the running script has to stop.
#[derive(Debug)]
pub(super) struct Watch {
    begin: Instant,
    /// Nanoseconds after `begin`; 0 is never.
    deadline: AtomicU64,
    expired: AtomicBool,
}

impl Watch {
    fn nanoseconds(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Starts the time of one call.
    pub(super) fn start(&self, most: Duration) {
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        self.expired.store(false, Ordering::Relaxed);
        self.deadline.store(self.nanoseconds().saturating_add(most).max(1), Ordering::Relaxed);
    }

    pub(super) fn stop(&self) {
        self.deadline.store(0, Ordering::Relaxed);
    }

    /// True when the time of the call is over.
    pub(super) fn is_over(&self) -> bool {
        let deadline = self.deadline.load(Ordering::Relaxed);
        let over = deadline != 0 && self.nanoseconds() > deadline;
        if over {
            self.expired.store(true, Ordering::Relaxed);
        }
        over
    }

    /// True when the call was stopped because its time was over.
    pub(super) fn has_expired(&self) -> bool {
        self.expired.load(Ordering::Relaxed)
    }
}

/// A runtime and its one context.
pub(super) struct Realm {
    pub(super) watch: Arc<Watch>,
    pub(super) context: Context,
    pub(super) runtime: Runtime,
}

impl fmt::Debug for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Realm")
    }
}

impl Realm {
    /// A fresh one. An error is ours, not a script's: too little memory, for one.
    pub(super) fn new(limits: &Limits, desk: &Desk) -> Result<Realm, String> {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        runtime.set_memory_limit(limits.memory_bytes_max);
        runtime.set_max_stack_size(limits.stack_bytes_max);
        let watch = Arc::new(Watch {
            begin: Instant::now(),
            deadline: AtomicU64::new(0),
            expired: AtomicBool::new(false),
        });
        let handler = watch.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || handler.is_over())));
        let context = Context::custom::<Intrinsics>(&runtime).map_err(|error| error.to_string())?;
        context.with(|ctx| {
            bootstrap(&ctx, desk)
                .catch(&ctx)
                .map_err(|error| format!("the script host did not start: {error}"))
        })?;
        Ok(Realm { watch, context, runtime })
    }
}

fn bootstrap<'js>(ctx: &Ctx<'js>, desk: &Desk) -> rquickjs::Result<()> {
    let setup: Function<'js> = evaluate(ctx, "klinke", BOOTSTRAP.to_owned())?;
    let prototype = Class::<Message>::prototype(ctx)?;
    let constructor = Class::<Message>::create_constructor(ctx)?;
    if let (Some(prototype), Some(constructor)) = (&prototype, constructor) {
        prototype.set("constructor", constructor)?;
    }
    let made: Array<'js> = setup.call((natives(ctx, desk)?, prototype))?;
    let kept = Kept { klinke: made.get(0)?, ctx: made.get(1)?, scripts: RefCell::default() };
    // There is none yet, and nobody looks at one.
    let _ = ctx.store_userdata(kept);
    Ok(())
}

/// Evaluates a text under a file's name.
pub(super) fn evaluate<'js, T: rquickjs::FromJs<'js>>(
    ctx: &Ctx<'js>,
    file: &str,
    text: String,
) -> rquickjs::Result<T> {
    let mut options = EvalOptions::default();
    options.filename = Some(file.to_owned());
    options.backtrace_barrier = true;
    ctx.eval_with_options(text, options)
}
