//! A profile as data: what a site decides about de-identification.

use super::keyed::Key;
use super::options::{ProfileOption, ProfileOptions};
use super::pixels::PixelRule;
use super::private::SafePrivate;
use super::pseudonyms::Kind;
use crate::{charset, pixel};

/// What is to be done with instances. Start from [`Profile::new`] and change what differs.
#[derive(Debug, Clone)]
pub struct Profile {
    /// What De-identification Method (0012,0063) says, at most 64 characters.
    pub method: String,
    /// The options of PS3.15 that were chosen.
    pub options: ProfileOptions,
    /// The key from which UIDs, pseudonyms and shifts of dates come. Who has it can try values until one fits.
    pub key: Key,
    /// With modified dates: by how many days dates move at most, to and fro. Never by 0.
    pub shift_days_max: u32,
    /// How texts are cleaned.
    pub text: TextPolicy,
    /// What gets a pseudonym where the table allows a dummy (Z, D and their conditional forms). The rest is emptied,
    /// or gets a dummy that is the same for all.
    pub pseudonyms: Vec<Kind>,
    /// Whether names, dates, times and UIDs that the table does not list are handled by their VR, as note 4 of
    /// section E.1.1 proposes, elements that nobody can read are removed, and, with Clean Descriptors, texts that the
    /// table does not list lose the names and identifiers that are known.
    pub beyond_table: bool,
    /// Rules about burned-in annotations, asked before those built in; the first that fits counts.
    pub pixel_rules: Vec<PixelRule>,
    /// Whether the rules built in are asked.
    pub built_in_rules: bool,
    /// Private elements known to be safe, besides those of Table E.3.10-1.
    pub safe_private: Vec<SafePrivate>,
    /// What pixel data may take while they are decoded.
    pub pixel_limits: pixel::Limits,
    /// What is done where character sets are missing or wrong.
    pub charset: charset::Rules,
}

/// How a text is cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextPolicy {
    /// What is known of persons in the data set is taken out, and what looks like a date, a telephone number, an
    /// address of e-mail, an age or a name with a title.
    #[default]
    Clean,
    /// The whole value is replaced.
    Replace,
}

impl Profile {
    /// The basic profile with these options.
    pub fn new(key: Key, options: &[ProfileOption]) -> Self {
        Profile {
            method: "PS3.15 2024b Basic Application Level Confidentiality Profile".to_owned(),
            options: ProfileOptions::of(options),
            key,
            shift_days_max: 365,
            text: TextPolicy::Clean,
            pseudonyms: vec![Kind::PatientId, Kind::PatientName, Kind::AccessionNumber, Kind::StudyId],
            beyond_table: true,
            pixel_rules: Vec::new(),
            built_in_rules: true,
            safe_private: Vec::new(),
            pixel_limits: pixel::Limits::default(),
            charset: charset::Rules::default(),
        }
    }
}
