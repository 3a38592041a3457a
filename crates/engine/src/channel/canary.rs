//! A changed version of a channel's steps that handles some of its envelopes, beside the version that is live.
//!
//! Which of the two handles an envelope is chosen when its steps run, and follows from the envelope alone: after
//! a restart the choice is the same. The steps run one envelope after the other whichever handles it, so lanes keep their order.

use std::panic::{AssertUnwindSafe, catch_unwind};

use klinke_model::{Envelope, VersionId};

use super::work::{Way, Work, apply, name};
use crate::document::Path;
use crate::step::{Context, Step};

/// All of the envelopes, as [`Choice::Share`] counts them.
pub const WHOLE: u32 = 10_000;

/// A changed version of a channel's steps.
pub struct Canary {
    /// The changed files as text; kept as a version of the channel.
    pub text: String,
    /// The choice in words, to tell whether it has changed.
    pub terms: String,
    /// The charset of payloads that do not say theirs.
    pub charset: Option<String>,
    /// The changed steps.
    pub steps: Vec<Box<dyn Step>>,
    /// The ways out, by the names of the channel's destinations.
    pub exits: Vec<Way>,
    /// Which envelopes it handles.
    pub choice: Choice,
}

/// Which envelopes a canary handles.
pub enum Choice {
    /// So many of [`WHOLE`], told apart by what stands at a path: what belongs to one lane is always handled by
    /// the same side. Without a path by the envelope's number.
    Share {
        /// How many.
        of_ten_thousand: u32,
        /// Where the key stands.
        key: Option<Path>,
    },
    /// Those that these steps let pass.
    Passing(Vec<Box<dyn Step>>),
}

/// A canary at work.
pub(crate) struct Side {
    pub version: VersionId,
    pub work: Work,
    pub choice: Choice,
}

impl Side {
    /// True when this side handles the envelope. What can't be opened stays with the live version.
    pub fn takes(&self, envelope: &Envelope) -> bool {
        match &self.choice {
            Choice::Share { of_ten_thousand, key: None } => {
                share(&envelope.id.0.to_le_bytes()) < *of_ten_thousand
            }
            choice => catch_unwind(AssertUnwindSafe(|| self.looks(choice, envelope))).unwrap_or(false),
        }
    }

    fn looks(&self, choice: &Choice, envelope: &Envelope) -> bool {
        let opened = self.work.format.open(&envelope.payload, self.work.charset.as_deref());
        let Ok(document) = opened else { return false };
        match choice {
            Choice::Share { of_ten_thousand, key } => {
                let value = key.as_ref().and_then(|path| document.value(path).ok());
                value.is_some_and(|value| share(value.text().as_bytes()) < *of_ten_thousand)
            }
            Choice::Passing(steps) => {
                let mut context = Context::new(envelope, &self.work.channel);
                let mut documents = vec![document];
                for (index, step) in steps.iter().enumerate() {
                    match apply(step.as_ref(), &mut context, documents, &name(index, step.as_ref())) {
                        Ok(passed) => documents = passed,
                        Err(_) => return false,
                    }
                }
                !documents.is_empty()
            }
        }
    }
}

/// Where a key falls between 0 and [`WHOLE`]; the same in every run and on every machine (FNV-1a).
fn share(key: &[u8]) -> u32 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = key.iter().fold(0xcbf2_9ce4_8422_2325, mix);
    // The low digits of short keys are not spread well by themselves.
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    u32::try_from((hash ^ (hash >> 33)) % u64::from(WHOLE)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_met_and_the_same_key_falls_on_the_same_side() {
        for wanted in [100, 500, 5_000] {
            let count = (0..20_000).filter(|n| share(format!("47{n}").as_bytes()) < wanted).count();
            let expected = 2 * wanted as usize;
            assert!(count.abs_diff(expected) < expected / 5, "{count} of {expected}");
            let numbers = (1..=20_000u64).filter(|n| share(&n.to_le_bytes()) < wanted).count();
            assert!(numbers.abs_diff(expected) < expected / 5, "{numbers} of {expected}");
        }
        assert_eq!(share(b"4711"), share(b"4711"));
    }
}
