//! Signs out of what the ladder judged.

use super::kind::{self, Family, Rank};
use super::sign::Sign;
use crate::Lang;
use crate::ladder::{Judgement, Suspicion};
use crate::lang::Text;

/// Signs of all systems. Days of certificates are told by [`super::measure`], which knows them before the
/// ladder does.
pub fn of(judgements: &[Judgement]) -> Vec<Sign> {
    let mut signs = Vec::new();
    for one in judgements {
        for suspicion in &one.suspicions {
            signs.extend(sign(one, suspicion));
        }
    }
    signs
}

fn sign(one: &Judgement, suspicion: &Suspicion) -> Option<Sign> {
    let kind = kind::of_cause(suspicion.cause.code)?;
    if kind.code == "certificate-expires" {
        return None;
    }
    let name = one.title.as_ref().unwrap_or(&one.system);
    let what = Text::new(suspicion.summary(Lang::En), suspicion.summary(Lang::De));
    let mut sign = Sign::new(kind, &one.system, name, &[("what", what)]);
    // Two causes of one kind at one system are two alerts, unless they are ways of not reaching it.
    if kind.family != Family::Reach {
        sign.subject = format!("{name} ({})", suspicion.cause.code);
    }
    let next = suspicion.cause.next.iter().map(|next| next.with(&suspicion.words));
    sign.first = next.take(3).collect();
    sign.call = one.contact.as_ref().map(|contact| match &one.title {
        Some(title) => format!("{title}: {contact}"),
        None => contact.clone(),
    });
    sign.since = suspicion.since;
    if suspicion.minor && sign.rank == Rank::Urgent && kind.code != "disk-low" {
        sign.rank = sign.rank.lowered();
    }
    Some(sign)
}
