//! What people wish of shadows.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use klinke_console::house::deploy::ShadowState;
use klinke_console::house::shadow::Shadow;
use klinke_console::house::trial::{Ask, Outlook};
use klinke_model::Timestamp;
use klinke_store::ChannelInfo;
use serde_json::Value;

use super::Kept;
use crate::control::answer::Counter;
use crate::control::systems::texts;
use crate::deploy::Revisions;
use crate::site::fault;
use crate::wire;
use crate::wire::version::Version;

/// Answers all but taking over, which is a matter of what runs.
pub fn answer(counter: &Counter, ask: Ask) -> Result<Value> {
    match ask {
        Ask::Look { channel, against } => Ok(serde_json::to_value(look(counter, &channel, &against)?)?),
        Ask::Start { terms: Some(_), .. } | Ask::Change { .. } => {
            bail!("a shadow sees all messages: it has no share of them")
        }
        Ask::Start { channel, against, .. } => {
            begin(counter, &channel, &against)?;
            Ok(serde_json::to_value(views(counter, Some(&channel))?)?)
        }
        Ask::Status { channel } => Ok(serde_json::to_value(views(counter, channel.as_deref())?)?),
        Ask::Take { .. } => bail!("nothing serves this site; start `klinke serve`"),
        Ask::Drop { channel, .. } => {
            if !counter.shadows.end(&channel)? {
                bail!("no shadow runs along with `{channel}`");
            }
            let _laying = counter.shadows.laying.blocking_lock();
            revisions(counter)?.sweep(&counter.shadows.folders());
            Ok(serde_json::to_value(views(counter, None)?)?)
        }
    }
}

/// The changed files of a channel, laid beside those that are live.
struct Beside {
    folder: String,
    revision: String,
    live: Version,
    changed: Version,
    restarts: bool,
    known: ChannelInfo,
}

fn beside(counter: &Counter, revisions: &Revisions, channel: &str, against: &str) -> Result<Beside> {
    let standing = match counter.shadows.live() {
        Some(live) => live,
        None => Arc::new(revisions.standing().map_err(|faults| fault::as_error(&faults))?),
    };
    let known = counter.store.channels()?.into_iter().find(|one| one.name == channel);
    let (Some(known), Some(own)) = (known, standing.channels.get(channel)) else {
        bail!("no channel `{channel}` runs; `klinke status` lists them");
    };
    let (folder, revision) = revisions.bring_along(against)?;
    let site = revisions.in_place(&folder, &revision).with_context(|| against.to_owned())?;
    let file = site.channels.get(channel);
    let file = file.with_context(|| format!("there is no channel `{channel}` in {against}"))?;
    wire::channel(&site, channel, file, &counter.world, &crate::serve::no_relay)
        .map_err(|faults| fault::as_error(&faults))
        .with_context(|| against.to_owned())?;
    let (live, changed) = (Version::of(standing.of(channel), own), Version::of(&site, file));
    let restarts = live.frame(own) != changed.frame(file);
    if live == changed && !restarts {
        bail!("{against} says of `{channel}` what runs already");
    }
    Ok(Beside { folder, revision, live, changed, restarts, known })
}

/// What would be on trial. The files that were laid down to look at them go again.
pub fn look(counter: &Counter, channel: &str, against: &str) -> Result<Outlook> {
    let _laying = counter.shadows.laying.blocking_lock();
    let revisions = revisions(counter)?;
    let found = beside(counter, &revisions, channel, against);
    revisions.sweep(&counter.shadows.folders());
    let found = found?;
    Ok(Outlook {
        channel: channel.to_owned(),
        revision: found.revision,
        restarts: found.restarts,
        live: texts(found.live),
        changed: texts(found.changed),
    })
}

fn begin(counter: &Counter, channel: &str, against: &str) -> Result<()> {
    let _laying = counter.shadows.laying.blocking_lock();
    let revisions = revisions(counter)?;
    let found = beside(counter, &revisions, channel, against)?;
    counter.world.rehearsal(channel, &found.changed.text())?;
    let kept = Kept {
        folder: found.folder,
        revision: found.revision,
        text: found.changed.text(),
        restarts: found.restarts,
        since: Timestamp::now().0,
        received: found.known.tally.received,
        after: found.known.last.map_or(0, |last| last.0),
        ..Kept::default()
    };
    counter.shadows.begin(channel, kept)?;
    revisions.sweep(&counter.shadows.folders());
    Ok(())
}

/// How all shadows stand, without what differs.
pub fn states(counter: &Counter) -> Vec<ShadowState> {
    let all = counter.shadows.lock();
    let state = |(name, shadow): (&String, &super::Shadow)| ShadowState {
        channel: name.clone(),
        revision: shadow.kept.revision.clone(),
        since: shadow.kept.since().to_string(),
        envelopes: shadow.tally.envelopes(),
        differ: shadow.tally.differ(),
        trouble: shadow.trouble.clone(),
    };
    all.iter().map(state).collect()
}

fn revisions(counter: &Counter) -> Result<Revisions> {
    let files = counter.files();
    let home = files.home.as_ref().context("the site's folder is not known")?;
    Revisions::open(home, files.environment.as_deref())
}

fn views(counter: &Counter, channel: Option<&str>) -> Result<Vec<Shadow>> {
    let channels = counter.store.channels()?;
    let all = counter.shadows.lock();
    let wanted = all.iter().filter(|(name, _)| channel.is_none_or(|wanted| wanted == *name));
    let view = |(name, shadow): (&String, &super::Shadow)| {
        let kept = &shadow.kept;
        let known = channels.iter().find(|one| one.name == *name);
        let came = known.map_or(0, |one| one.tally.received).saturating_sub(kept.received);
        let has_all = known.and_then(|one| one.last).is_none_or(|last| last.0 <= kept.after);
        Shadow {
            channel: name.clone(),
            revision: kept.revision.clone(),
            since: kept.since().to_string(),
            last: kept.after,
            behind: if has_all { 0 } else { came.saturating_sub(shadow.tally.envelopes()).max(1) },
            restarts: kept.restarts,
            trouble: shadow.trouble.clone(),
            differences: shadow.tally.clone().into_replayed(name, 0.0),
        }
    };
    Ok(wanted.map(view).collect())
}
