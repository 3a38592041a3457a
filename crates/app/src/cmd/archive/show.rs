//! What is shown of the archive.

use std::process::ExitCode;

use klinke_console::house::archive::{
    Again, Change, Clash, Hold, Prior, Priors, Status, Thrown, Unknown, Verified, Went,
};

use crate::cmd::Ended;
use crate::lang::Pick;
use crate::out::{Out, Tone, bytes};

pub fn status(status: &Status, out: Out) -> Ended {
    if out.json {
        out.value(status)?;
        return Ok(ExitCode::SUCCESS);
    }
    let size = bytes(out.lang, status.bytes);
    let (patients, studies, series, instances) =
        (status.patients, status.studies, status.series, status.instances);
    out.line(out.lang.pick(
        format!("{patients} patients, {studies} studies, {series} series, {instances} instances, {size}"),
        format!("{patients} Patienten, {studies} Studien, {series} Serien, {instances} Instanzen, {size}"),
    ));
    let beside = status.beside;
    if beside > 0 {
        let text = out.lang.pick(
            format!("{beside} instances lie beside until somebody decides: `klinke archive … clashes`"),
            format!("{beside} Instanzen liegen daneben, bis jemand entscheidet: `klinke archive … clashes`"),
        );
        out.line(out.tone(Tone::Warn, text));
    }
    let (thrown, held) = (status.thrown, status.held);
    if thrown > 0 {
        out.line(out.lang.pick(
            format!("{thrown} instances are in the trash"),
            format!("{thrown} Instanzen sind im Papierkorb"),
        ));
    }
    if held > 0 {
        out.line(out.lang.pick(format!("{held} studies are held"), format!("{held} Studien sind geschützt")));
    }
    Ok(ExitCode::SUCCESS)
}

pub fn verified(verified: &Verified, out: Out) -> Ended {
    let is_well = verified.damaged == 0 && verified.unknown == 0;
    if out.json {
        out.value(verified)?;
    } else {
        verified.faults.iter().for_each(|fault| out.line(format!("{}: {}", fault.path, fault.why)));
        let tone = if is_well { Tone::Good } else { Tone::Bad };
        let (sound, damaged, unknown) = (verified.sound, verified.damaged, verified.unknown);
        let text = out.lang.pick(
            format!("{sound} instances are sound, {damaged} are damaged, {unknown} files are in no index"),
            format!(
                "{sound} Instanzen sind heil, {damaged} beschädigt, {unknown} Dateien kennt der Index nicht"
            ),
        );
        out.line(out.tone(tone, text));
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub fn changes(changes: &[Change], out: Out) -> Ended {
    list(changes, out, |one| {
        let taken_back = if one.undone { out.lang.pick(" (taken back)", " (zurückgenommen)") } else { "" };
        let what = match one.what.as_str() {
            "merge" => out.lang.pick("merged", "zusammengeführt"),
            "correct" => out.lang.pick("corrected", "berichtigt"),
            "move" => out.lang.pick("moved", "umgehängt"),
            "undo" => out.lang.pick("taken back", "zurückgenommen"),
            "hold" => out.lang.pick("held", "geschützt"),
            "release" => out.lang.pick("released", "freigegeben"),
            "throw" => out.lang.pick("thrown away", "weggeworfen"),
            _ => out.lang.pick("restored", "wiederhergestellt"),
        };
        out.line(format!("{} {}  {what}{taken_back}", out.tone(Tone::Bold, one.number), one.at));
        let to = match (&one.old, &one.patient) {
            (Some(old), Some(new)) => Some(format!("{old} -> {new}")),
            (_, patient) => patient.clone(),
        };
        let undoes = one.undoes.map(|number| format!("{} {number}", out.lang.pick("change", "Änderung")));
        let files = one.files.map(|count| format!("{count} {}", out.lang.pick("files", "Dateien")));
        let attributes = one.attributes.iter().map(|(name, value)| format!("{name}={value}"));
        let parts = [one.study.clone(), to, undoes, files].into_iter().flatten().chain(attributes);
        out.line(format!("  {}", parts.collect::<Vec<_>>().join("  ")));
        out.line(who(&one.who, &[&one.why, &one.origin]));
    })
}

pub fn clashes(clashes: &[Clash], out: Out) -> Ended {
    list(clashes, out, |one| {
        let reason = match one.reason.as_str() {
            "other-bytes" => {
                out.lang.pick("its UID is here with other bytes", "seine UID ist hier mit anderen Bytes")
            }
            "other-study" => out
                .lang
                .pick("its series is here in another study", "seine Serie ist hier in einer anderen Studie"),
            "other-patient" => out.lang.pick(
                "its study is here with another patient",
                "seine Studie ist hier mit einem anderen Patienten",
            ),
            _ => out.lang.pick("another one took its place", "ein anderes nahm seinen Platz ein"),
        };
        out.line(format!("{}  {reason}", out.tone(Tone::Bold, one.number)));
        out.line(format!("  {} / {} / {}", one.study, one.series, one.instance));
        let line = |word: &str, from: &str, at: &str, size: u64| {
            out.line(format!("  {word}: {from}, {at}, {}", bytes(out.lang, size)));
        };
        line(out.lang.pick("theirs", "das neue"), &one.from, &one.at, one.bytes);
        if let Some(ours) = &one.ours {
            line(out.lang.pick("ours", "unseres"), &ours.from, &ours.at, ours.bytes);
        }
    })
}

pub fn holds(holds: &[Hold], out: Out) -> Ended {
    list(holds, out, |one| {
        out.line(format!("{}  {}", out.tone(Tone::Bold, &one.study), one.at));
        out.line(who(&one.who, &[&one.why]));
    })
}

pub fn inbox(inbox: &[Unknown], out: Out) -> Ended {
    list(inbox, out, |one| {
        let (times, called, host, last) = (one.times, &one.called, &one.host, &one.last);
        let text = out.lang.pick(
            format!("calls {called} from {host}, {times} times, last at {last}"),
            format!("ruft {called} von {host}, {times}-mal, zuletzt {last}"),
        );
        out.line(format!("{}  {text}", out.tone(Tone::Bold, &one.title)));
        one.lines().lines().for_each(|line| out.line(format!("    {line}")));
    })
}

pub fn retention(went: &[Went], is_dry: bool, out: Out) -> Ended {
    list(went, out, |one| {
        let (studies, instances, size) = (one.studies, one.instances, bytes(out.lang, one.bytes));
        let text = match is_dry {
            true => out.lang.pick(
                format!("{studies} studies, {instances} instances, {size} would go"),
                format!("{studies} Studien, {instances} Instanzen, {size} würden gehen"),
            ),
            false => out.lang.pick(
                format!("{studies} studies, {instances} instances, {size} are in the trash"),
                format!("{studies} Studien, {instances} Instanzen, {size} sind im Papierkorb"),
            ),
        };
        out.line(format!("{}: {text}", out.tone(Tone::Bold, &one.rule)));
        one.oldest.iter().for_each(|study| out.line(format!("  {study}")));
    })
}

pub fn trash(trash: &[Thrown], out: Out) -> Ended {
    list(trash, out, |one| {
        let size = bytes(out.lang, one.bytes);
        out.line(format!("{} {}  {size}", out.tone(Tone::Bold, one.number), one.at));
        out.line(format!("  {} / {} / {}", one.study, one.series, one.instance));
        out.line(who(&one.who, &[&one.why]));
    })
}

pub fn again(again: Again, out: Out) -> Ended {
    if out.json {
        out.value(&again)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Again { steps, studies } = again;
    out.line(out.lang.pick(
        format!("asked again for {steps} steps; {studies} studies are tried again"),
        format!("für {steps} Schritte wird wieder gefragt; {studies} Studien werden wieder versucht"),
    ));
    Ok(ExitCode::SUCCESS)
}

pub fn priors(priors: &[Priors], out: Out) -> Ended {
    list(priors, out, |one| {
        let Priors { waiting, asked, unanswered, planned, taken, partly, failed, .. } = one;
        out.line(format!("{}  {} ({})", out.tone(Tone::Bold, &one.name), one.from, one.way));
        out.line(out.lang.pick(
            format!("  steps: {waiting} wait, {asked} asked, {unanswered} unanswered"),
            format!("  Schritte: {waiting} warten, {asked} erfragt, {unanswered} ohne Antwort"),
        ));
        out.line(out.lang.pick(
            format!("  studies: {taken} here, {planned} to come, {partly} in part, {failed} failed"),
            format!(
                "  Studien: {taken} hier, {planned} kommen noch, {partly} zum Teil, {failed} gescheitert"
            ),
        ));
        one.open.iter().for_each(|prior| out.line(open(prior, out)));
    })
}

/// A step for which is asked, or a study that is to come.
fn open(prior: &Prior, out: Out) -> String {
    let state = match prior.state.as_str() {
        "waiting" => out.lang.pick("waits", "wartet"),
        "asked" => out.lang.pick("asked", "erfragt"),
        "planned" => out.lang.pick("to come", "kommt noch"),
        "running" => out.lang.pick("under way", "unterwegs"),
        "partly" => out.lang.pick("in part", "zum Teil"),
        _ => out.lang.pick("failed", "gescheitert"),
    };
    let what = prior.study.as_ref().unwrap_or(&prior.scheduled);
    let of = match (&prior.study, &prior.starts) {
        (Some(_), _) => format!("  {} {}", out.lang.pick("for", "für"), prior.scheduled),
        (None, Some(starts)) => format!("  {} {starts}", out.lang.pick("begins", "beginnt")),
        (None, None) => String::new(),
    };
    let due = prior.due.as_ref().map(|due| format!("  {} {due}", out.lang.pick("due", "fällig")));
    let reason = prior.reason.as_ref().map(|reason| format!("\n    {reason}"));
    format!("  {state}  {what}{of}{}{}", due.unwrap_or_default(), reason.unwrap_or_default())
}

/// Each of a list, or a word that there is none.
fn list<T: serde::Serialize>(all: &[T], out: Out, each: impl Fn(&T)) -> Ended {
    if out.json {
        out.value(&all)?;
    } else if all.is_empty() {
        out.line(out.tone(Tone::Good, out.lang.pick("nothing", "nichts")));
    } else {
        all.iter().for_each(each);
    }
    Ok(ExitCode::SUCCESS)
}

/// Who did it, and what is said of it.
fn who(name: &str, said: &[&str]) -> String {
    let said: Vec<&str> = said.iter().copied().filter(|text| !text.is_empty()).collect();
    match said.is_empty() {
        true => format!("  {name}"),
        false => format!("  {name}: {}", said.join(", ")),
    }
}
