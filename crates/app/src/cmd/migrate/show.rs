//! What people are told of a migration.

use std::process::ExitCode;

use anyhow::Result;
use klinke_archive::migrate::{State, Tally};
use klinke_model::Timestamp;
use serde_json::{Value, json};

use crate::cmd::Ended;
use crate::lang::{Language, Pick};
use crate::migrate::job::Job;
use crate::migrate::outlook::Outlook;
use crate::migrate::page::words as state_words;
use crate::migrate::verify::Checked;
use crate::out::{Out, Tone, bytes};

/// After an inventory.
pub fn planned(job: &Job, is_whole: bool, out: Out) -> Ended {
    let tally = job.ledger.tally()?;
    let remarks: Vec<String> = job
        .ledger
        .slices()?
        .into_iter()
        .filter_map(|row| Some(format!("{}: {}", row.slice, row.remark?)))
        .collect();
    if out.json {
        out.value(&json!({
            "complete": is_whole, "studies": tally.all(), "instances": tally.wanted,
            "uncounted_studies": tally.uncounted, "remarks": remarks, "cap": job.ledger.value("cap")?,
        }))?;
    } else {
        let (studies, instances) = (tally.all(), tally.wanted);
        out.line(out.lang.pick(
            format!("{studies} studies, {instances} instances in {}", job.title),
            format!("{studies} Studien, {instances} Instanzen in {}", job.title),
        ));
        if let Some(cap) = job.ledger.value("cap")? {
            out.line(out.lang.pick(
                format!("it answers with {cap} matches at most; slices were split"),
                format!("es antwortet mit höchstens {cap} Treffern; Abschnitte wurden geteilt"),
            ));
        }
        remarks.iter().for_each(|remark| out.line(out.tone(Tone::Warn, remark)));
        if !is_whole {
            out.line(out.lang.pick("it was stopped; `plan` goes on", "angehalten; `plan` macht weiter"));
        }
    }
    Ok(ExitCode::from(u8::from(!is_whole || !remarks.is_empty())))
}

/// After it took over.
pub fn ran(job: &Job, out: Out) -> Ended {
    let tally = job.ledger.tally()?;
    status_of(job, &tally, None, out)?;
    let is_done = tally.given_up == 0 && tally.left == 0 && tally.of(State::Planned) == 0;
    Ok(ExitCode::from(u8::from(!is_done)))
}

/// How far it is.
pub fn status(job: &Job, is_served: bool, out: Out) -> Ended {
    status_of(job, &job.ledger.tally()?, Some(is_served), out)?;
    Ok(ExitCode::SUCCESS)
}

fn status_of(job: &Job, tally: &Tally, is_served: Option<bool>, out: Out) -> Result<()> {
    let now = Timestamp::now();
    let outlook = Outlook::of(&job.ledger, tally, job.schedule.as_ref(), now)?;
    let serving = job.ledger.value("serving")?.as_deref() == Some("1");
    let is_open = job.schedule.as_ref().is_none_or(|schedule| schedule.is_open(now));
    if out.json {
        let states: serde_json::Map<String, Value> =
            tally.studies.iter().map(|(state, count)| (state.name().to_owned(), json!(count))).collect();
        return out.value(&json!({
            "migration": job.name,
            "studies": states,
            "given_up": tally.given_up,
            "instances": { "counted_there": tally.wanted, "here": tally.taken, "missing": tally.missing },
            "bytes": tally.bytes,
            "slices": { "asked": tally.slices.0, "of": tally.slices.1 },
            "outlook": outlook,
            "serving": is_served.map(|is_served| is_served && serving),
            "open": is_open,
        }));
    }
    let lang = out.lang;
    let count = |state| tally.of(state);
    out.line(out.tone(Tone::Bold, format!("{} ({})", job.name, job.title)));
    if tally.slices.0 < tally.slices.1 {
        let (asked, of) = tally.slices;
        out.line(lang.pick(
            format!("inventory: {asked} of {of} slices"),
            format!("Verzeichnis: {asked} von {of} Abschnitten"),
        ));
    }
    let mut rows = vec![lang.pick(["studies", ""], ["Studien", ""]).map(str::to_owned).to_vec()];
    let words = |state| lang.pick(state_words(state).0, state_words(state).1).to_owned();
    rows.extend(State::ALL.map(|state| vec![words(state), count(state).to_string()]));
    out.table(&rows);
    if tally.given_up > 0 {
        let given_up = tally.given_up;
        let text = lang.pick(
            format!("{given_up} studies were given up; the report says why"),
            format!("{given_up} Studien wurden aufgegeben; der Bericht sagt, warum"),
        );
        out.line(out.tone(Tone::Bad, text));
    }
    out.line(instances(tally, lang));
    out.line(left(&outlook, lang));
    if is_served == Some(true) && serving && !is_open {
        out.line(lang.pick("it waits for its hours", "wartet auf seine Stunden"));
    }
    Ok(())
}

/// How many instances are here, of how many where the old archive counts them.
fn instances(tally: &Tally, lang: Language) -> String {
    let (here, wanted, size) = (tally.taken, tally.wanted, bytes(lang, tally.bytes));
    match tally.uncounted {
        // What others have stored of these studies is here as well.
        0 if here > wanted => lang.pick(
            format!("{here} instances are here, {size}; the old archive counts {wanted}"),
            format!("{here} Instanzen sind hier, {size}; das alte Archiv zählt {wanted}"),
        ),
        0 => lang.pick(
            format!("{here} of {wanted} instances are here, {size}"),
            format!("{here} von {wanted} Instanzen sind hier, {size}"),
        ),
        studies => lang.pick(
            format!("{here} instances are here, {size}; those of {studies} studies are not counted there"),
            format!("{here} Instanzen sind hier, {size}; die von {studies} Studien sind dort nicht gezählt"),
        ),
    }
}

/// How long it will still take, as far as it is known.
fn left(outlook: &Outlook, lang: Language) -> String {
    if outlook.instances_left == 0 && !outlook.is_partial {
        return lang.pick("nothing is left to be taken", "es ist nichts mehr zu übernehmen").to_owned();
    }
    let (Some(each), Some(over), Some(seconds)) =
        (outlook.instances_per_minute, outlook.over_minutes, outlook.seconds)
    else {
        let text = lang
            .pick("how long it will take is not known yet", "wie lange es dauert, ist noch nicht bekannt");
        return text.to_owned();
    };
    let time = period(seconds, lang);
    let mut text = lang.pick(
        format!("some {time} more, at {each:.0} instances a minute (over {over} minutes)"),
        format!("noch etwa {time}, bei {each:.0} Instanzen in der Minute (über {over} Minuten)"),
    );
    if outlook.is_partial || outlook.uncounted > 0 {
        text +=
            lang.pick("; longer, as not all is counted yet", "; länger, denn noch ist nicht alles gezählt");
    }
    text
}

fn period(seconds: u64, lang: Language) -> String {
    match seconds {
        0..=5_399 => format!("{} min", seconds.div_ceil(60).max(1)),
        5_400..=172_799 => format!("{} h", seconds.div_ceil(3_600)),
        _ => {
            let days = seconds.div_ceil(86_400);
            lang.pick(format!("{days} days"), format!("{days} Tage"))
        }
    }
}

/// What a check found.
pub fn checked(checked: &Checked, out: Out) -> Ended {
    let is_well = checked.partly == 0 && checked.untold == 0 && !checked.stopped;
    if out.json {
        out.value(checked)?;
        return Ok(ExitCode::from(u8::from(!is_well)));
    }
    let lang = out.lang;
    let (verified, partly, missing) = (checked.verified, checked.partly, checked.missing);
    let tone = if is_well { Tone::Good } else { Tone::Bad };
    out.line(out.tone(
        tone,
        lang.pick(
            format!("{verified} studies are here whole, {partly} are not; {missing} instances are missing"),
            format!("{verified} Studien sind ganz hier, {partly} nicht; {missing} Instanzen fehlen"),
        ),
    ));
    let notes = [
        (
            checked.more,
            "instances are here that the old archive does not name",
            "Instanzen sind hier, die das alte Archiv nicht nennt",
        ),
        (
            checked.untold,
            "studies of which the old archive would not tell",
            "Studien, über die das alte Archiv keine Auskunft gibt",
        ),
        (
            checked.compared,
            "instances were compared pixel by pixel",
            "Instanzen wurden Pixel für Pixel verglichen",
        ),
        (checked.different, "of them are different", "davon sind verschieden"),
        (
            checked.uncompared,
            "could not be fetched again to be compared",
            "ließen sich zum Vergleich nicht erneut holen",
        ),
    ];
    for (count, en, de) in notes.into_iter().filter(|(count, ..)| *count > 0) {
        out.line(format!("{count} {}", lang.pick(en, de)));
    }
    if missing > 0 {
        out.line(lang.pick("`run` takes what is missing", "`run` holt, was fehlt"));
    }
    Ok(ExitCode::from(u8::from(!is_well)))
}
