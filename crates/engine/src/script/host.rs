//! The scripts of one channel: its runtime, and the step that calls a script.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rquickjs::{Ctx, Function};

use super::booth::Booth;
use super::desk::Desk;
use super::error::ScriptError;
use super::failure::Failure;
use super::kept::kept;
use super::program::{Program, Sources};
use super::realm::{Realm, evaluate};
use super::{Limits, Lookup, call};
use crate::document::Document;
use crate::step::{Context, Step, StepError, Yield};

/// The host of one channel's scripts. Cheap to clone: all clones are the same host.
#[derive(Clone, Debug)]
pub struct ScriptHost(Arc<Shared>);

/// A script as a step.
#[derive(Debug)]
pub struct ScriptStep {
    host: ScriptHost,
    program: Arc<Program>,
    number: u64,
}

/// The runtime in which scripts are checked when they are loaded: one for all hosts, since making one
/// takes milliseconds and nothing of a script stays in it.
static CHECKER: Mutex<Option<(Realm, Desk)>> = Mutex::new(None);

struct Shared {
    limits: Limits,
    desk: Desk,
    numbers: AtomicU64,
    booth: Booth,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptHost").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl ScriptHost {
    /// A host without tables. Its runtime is made with the first message.
    pub fn new(limits: Limits) -> Self {
        Self::make(limits, None)
    }

    /// A host whose scripts look things up in these tables.
    pub fn with_lookup(limits: Limits, lookup: Arc<dyn Lookup>) -> Self {
        Self::make(limits, Some(lookup))
    }

    fn make(limits: Limits, lookup: Option<Arc<dyn Lookup>>) -> Self {
        ScriptHost(Arc::new(Shared {
            limits,
            desk: Desk::new(lookup),
            numbers: AtomicU64::new(0),
            booth: Booth::default(),
        }))
    }

    /// Reads a script and what it imports, compiles all of it and evaluates its files once, so that what
    /// is wrong with the text is known when the site is loaded. The host's own runtime is still made with
    /// the first message.
    pub fn compile(&self, files: &Sources, entry: &str) -> Result<ScriptStep, ScriptError> {
        let program = Program::read(files, entry)?;
        let mut slot = lock(&CHECKER);
        let (realm, desk) = match slot.take() {
            Some(checker) => checker,
            None => {
                let desk = Desk::new(None);
                let realm = Realm::new(&Limits::default(), &desk).map_err(|text| ScriptError {
                    file: entry.to_owned(),
                    line: 1,
                    column: 1,
                    text,
                })?;
                (realm, desk)
            }
        };
        let checked = check(&realm, &desk, &program, self.0.limits.time_max);
        // A script that failed may have left anything; the next one is checked in a fresh runtime.
        if checked.is_ok() && !realm.runtime.is_job_pending() {
            *slot = Some((realm, desk));
        }
        checked?;
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        Ok(ScriptStep { host: self.clone(), program: Arc::new(program), number })
    }

    /// Drops the runtime; the next message makes a new one. False when there is none or it is in use.
    pub fn idle(&self) -> bool {
        self.0.booth.enter_now().is_some_and(|mut turn| turn.realm.take().is_some())
    }

    /// Bytes that the runtime holds now; 0 when there is none.
    pub fn memory_bytes(&self) -> u64 {
        let turn = self.0.booth.enter(None);
        let realm = turn.as_ref().and_then(|turn| turn.realm.as_ref());
        realm.map_or(0, |realm| u64::try_from(realm.runtime.memory_usage().malloc_size).unwrap_or(0))
    }
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Compiles a script and evaluates its files once, without a message.
fn check(realm: &Realm, desk: &Desk, program: &Program, time_max: Duration) -> Result<(), ScriptError> {
    realm.watch.start(time_max);
    let checked = realm.context.with(|ctx| {
        load(&ctx, program)
            .and_then(|function| function.call::<_, String>(()))
            .map_err(|error| Failure::catch(&ctx, &error).script_error(program, desk))
    });
    realm.watch.stop();
    let kind = match checked {
        Err(error) if realm.watch.has_expired() => {
            let text = format!("the script did not finish its top level within {time_max:?}");
            return Err(ScriptError { text, ..error });
        }
        other => other?,
    };
    if kind == "function" {
        return Ok(());
    }
    let source = program.source(&program.entry);
    let at = source.find("export").unwrap_or(0);
    Err(ScriptError::at(
        &program.entry,
        source,
        at,
        format!("the default export is no function, it is {kind}"),
    ))
}

/// The script's function, compiled in this runtime.
fn script<'js>(ctx: &Ctx<'js>, program: &Program, number: u64) -> rquickjs::Result<Function<'js>> {
    let kept = kept(ctx)?;
    if let Some(function) = kept.scripts.borrow().get(&number) {
        return Ok(function.clone());
    }
    let function = load(ctx, program)?;
    kept.scripts.borrow_mut().insert(number, function.clone());
    Ok(function)
}

/// Compiles a script's files and joins them to its function.
fn load<'js>(ctx: &Ctx<'js>, program: &Program) -> rquickjs::Result<Function<'js>> {
    let mut factories = Vec::with_capacity(program.factories.len());
    for factory in &program.factories {
        factories.push(evaluate::<Function<'_>>(ctx, &factory.file, factory.text.clone())?);
    }
    let link: Function<'_> = evaluate(ctx, "klinke", program.link.clone())?;
    link.call((factories, kept(ctx)?.klinke.clone()))
}

impl ScriptStep {
    /// The script's file.
    pub fn file(&self) -> &str {
        &self.program.entry
    }

    fn run(
        &self,
        realm: &Realm,
        document: Box<dyn Document>,
        time_max: Duration,
    ) -> Result<call::Outcome, call::Stopped> {
        let shared = &self.host.0;
        realm.watch.start(time_max);
        let outcome = realm.context.with(|ctx| {
            let function = script(&ctx, &self.program, self.number)
                .map_err(|error| call::Stopped::Thrown(Failure::catch(&ctx, &error)))?;
            call::run(&ctx, function, realm, document, &shared.desk)
        });
        realm.watch.stop();
        outcome
    }

    fn failed(&self, stopped: &call::Stopped, context: &mut Context<'_>) -> StepError {
        let entry = &self.program.entry;
        let limits = &self.host.0.limits;
        let (text, place) = match stopped {
            call::Stopped::Expired(failure) => {
                let text = format!("the script was stopped, it ran longer than {:?}", limits.time_max);
                (text, failure.place(&self.program))
            }
            call::Stopped::Thrown(failure) if failure.is_exhaustion() => {
                let most = limits.memory_bytes_max / (1 << 20);
                (
                    format!("the script was stopped, it needed more than {most} MB"),
                    failure.place(&self.program),
                )
            }
            call::Stopped::Thrown(failure) => {
                context.note(format!("script {entry} failed: {}", failure.whole_text()));
                (failure.safe_text(&self.program, &self.host.0.desk), failure.place(&self.program))
            }
            call::Stopped::Wrong(text) => (text.clone(), None),
        };
        let text = format!("envelope {}: {text}", context.number());
        StepError::at(place.unwrap_or_else(|| entry.clone()), text)
    }
}

impl Step for ScriptStep {
    fn kind(&self) -> &'static str {
        "script"
    }

    fn apply(&self, context: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError> {
        let shared = &self.host.0;
        let time_max = context.script_time_max.unwrap_or(shared.limits.time_max).min(shared.limits.time_max);
        // Who is in a hurry waits no longer for the script before than it may take itself.
        let mut turn = shared
            .booth
            .enter(context.script_time_max)
            .ok_or_else(|| StepError::new("another message has the script's runtime"))?;
        let realm = match turn.realm.take() {
            Some(realm) => realm,
            None => {
                Realm::new(&shared.limits, &shared.desk).map_err(|text| StepError::at(self.file(), text))?
            }
        };
        shared.desk.lay(context);
        let outcome = self.run(&realm, document, time_max);
        shared.desk.clear(context);
        // What ran out of time or memory, or left work behind, is not used again.
        let sound = match &outcome {
            Ok(_) | Err(call::Stopped::Wrong(_)) => true,
            Err(call::Stopped::Expired(_)) => false,
            Err(call::Stopped::Thrown(failure)) => !failure.is_unsound(),
        };
        if sound && !realm.watch.has_expired() && !realm.runtime.is_job_pending() {
            turn.realm = Some(realm);
        }
        drop(turn);
        match outcome {
            Ok(call::Outcome::One(document)) => Ok(Yield::One(document)),
            Ok(call::Outcome::Many(documents)) => Ok(Yield::Many(documents)),
            Ok(call::Outcome::Nothing) => Ok(Yield::End(format!("script {} returned nothing", self.file()))),
            Err(stopped) => Err(self.failed(&stopped, context)),
        }
    }
}
