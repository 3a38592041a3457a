//! What somebody may do, and where. Roles are a small table in the site's files; which account has which
//! role is kept with the accounts, never in git.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// See how systems, channels, queues and deliveries stand: nothing of any patient.
    ViewState,
    /// Search by what is in messages, and open them.
    ViewPayload,
    /// Hold, release, skip, give up, revive, resend, edit and resend.
    Act,
    /// Read the audit log.
    Audit,
    /// Change accounts, reload the site's files, copy the store.
    Administer,
}

impl Right {
    /// All of them.
    pub const ALL: [Right; 5] =
        [Right::ViewState, Right::ViewPayload, Right::Act, Right::Audit, Right::Administer];

    /// As tokens and JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Right::ViewState => "view-state",
            Right::ViewPayload => "view-payload",
            Right::Act => "act",
            Right::Audit => "audit",
            Right::Administer => "administer",
        }
    }

    /// The inverse of [`Right::name`].
    pub fn named(name: &str) -> Option<Right> {
        Right::ALL.into_iter().find(|right| right.name() == name)
    }

    /// For people, in English and German.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Right::ViewState => ("see how things stand", "sehen, wie alles steht"),
            Right::ViewPayload => ("open messages", "Nachrichten öffnen"),
            Right::Act => ("act", "eingreifen"),
            Right::Audit => ("read the audit log", "das Protokoll lesen"),
            Right::Administer => ("administer", "verwalten"),
        }
    }
}

/// A role as the site writes it. Channels and systems are named; `*` stands for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Role {
    /// What people call it. Since 0.1.
    pub title: Option<String>,
    /// Channels and systems whose state may be seen: `["*"]` for all. Since 0.1.
    pub state: BTreeSet<String>,
    /// Channels and systems whose messages may be searched and opened. Since 0.1.
    pub payload: BTreeSet<String>,
    /// Channels and systems where deliveries may be held, released, skipped, given up, revived, and
    /// messages resent. Since 0.1.
    pub act: BTreeSet<String>,
    /// Whether the audit log may be read. Since 0.1.
    pub audit: bool,
    /// Whether accounts may be changed, the site reloaded and the store copied; the audit log may then be
    /// read, too. Since 0.1.
    pub administer: bool,
    /// Whether a purpose must be given before a message is opened. Since 0.1.
    pub purpose: bool,
    /// Whether those who have it may open messages in an emergency, for a limited time and with a reason,
    /// although `payload` does not say so. Since 0.1.
    pub emergency: bool,
}

/// The roles of a site by name: those that are always there, and those that the site names, which replace
/// built-in ones of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(BTreeMap<String, Role>);

impl Default for Roles {
    fn default() -> Self {
        let all = || BTreeSet::from(["*".to_owned()]);
        let viewer = Role { state: all(), emergency: true, ..Role::default() };
        let operator = Role { payload: all(), act: all(), emergency: false, ..viewer.clone() };
        let administrator = Role { audit: true, administer: true, ..operator.clone() };
        let auditor = Role { audit: true, emergency: false, ..viewer.clone() };
        let built_in = [
            ("administrator", administrator),
            ("operator", operator),
            ("viewer", viewer),
            ("auditor", auditor),
        ];
        Roles(built_in.into_iter().map(|(name, role)| (name.to_owned(), role)).collect())
    }
}

impl Roles {
    /// The role of the first account, and of whoever else has everything.
    pub const ADMINISTRATOR: &'static str = "administrator";

    /// The built-in roles, and a site's.
    pub fn with(site: BTreeMap<String, Role>) -> Self {
        let mut roles = Roles::default();
        roles.0.extend(site);
        roles
    }

    /// All of them by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Role)> {
        self.0.iter().map(|(name, role)| (name.as_str(), role))
    }

    /// True when there is a role of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What somebody with these roles may do. Roles that no longer exist grant nothing.
    pub fn grants<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Grants {
        let mut grants = Grants::default();
        let mut always_asks = true;
        for role in names.into_iter().filter_map(|name| self.0.get(name)) {
            grants.state.add(&role.state);
            grants.payload.add(&role.payload);
            grants.act.add(&role.act);
            grants.audit |= role.audit || role.administer;
            grants.administer |= role.administer;
            grants.emergency |= role.emergency;
            // A role that may open messages without a purpose is not bound by another one.
            always_asks &= role.purpose || role.payload.is_empty();
            grants.purpose |= role.purpose;
        }
        grants.purpose &= always_asks;
        grants
    }
}

/// Channels and systems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Places {
    /// None.
    #[default]
    None,
    /// Those of these names.
    Named(BTreeSet<String>),
    /// All.
    All,
}

impl Places {
    /// Of names, `*` for all.
    pub fn of(names: &BTreeSet<String>) -> Places {
        let mut places = Places::None;
        places.add(names);
        places
    }

    /// True when one of these channels or systems is among them.
    pub fn hold(&self, names: &[&str]) -> bool {
        match self {
            Places::None => false,
            Places::All => true,
            Places::Named(known) => names.iter().any(|name| known.contains(*name)),
        }
    }

    /// Those that are in both.
    pub fn and(&self, other: &Places) -> Places {
        match (self, other) {
            (Places::All, one) | (one, Places::All) => one.clone(),
            (Places::Named(one), Places::Named(other)) => {
                let both: BTreeSet<String> = one.intersection(other).cloned().collect();
                if both.is_empty() { Places::None } else { Places::Named(both) }
            }
            _ => Places::None,
        }
    }

    fn add(&mut self, names: &BTreeSet<String>) {
        if names.contains("*") {
            *self = Places::All;
        }
        match self {
            Places::All => {}
            Places::Named(known) => known.extend(names.iter().cloned()),
            Places::None if names.is_empty() => {}
            Places::None => *self = Places::Named(names.clone()),
        }
    }
}

/// All that somebody may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Whose state may be seen.
    pub state: Places,
    /// Whose messages may be opened.
    pub payload: Places,
    /// Where something may be done.
    pub act: Places,
    /// Whether the audit log may be read.
    pub audit: bool,
    /// Whether accounts may be changed.
    pub administer: bool,
    /// Whether a purpose must be given before a message is opened.
    pub purpose: bool,
    /// Whether emergency access may be taken.
    pub emergency: bool,
}

impl Grants {
    /// Everything, everywhere.
    pub fn all() -> Grants {
        Grants {
            state: Places::All,
            payload: Places::All,
            act: Places::All,
            audit: true,
            administer: true,
            ..Grants::default()
        }
    }

    /// True when this right is given for one of these channels or systems.
    pub fn may(&self, right: Right, names: &[&str]) -> bool {
        match right {
            Right::ViewState => self.state.hold(names),
            Right::ViewPayload => self.payload.hold(names),
            Right::Act => self.act.hold(names),
            Right::Audit => self.audit,
            Right::Administer => self.administer,
        }
    }

    /// True when this right is given anywhere.
    pub fn may_somewhere(&self, right: Right) -> bool {
        match right {
            Right::ViewState => self.state != Places::None,
            Right::ViewPayload => self.payload != Places::None,
            Right::Act => self.act != Places::None,
            Right::Audit => self.audit,
            Right::Administer => self.administer,
        }
    }

    /// These rights alone, and nothing that was not there before.
    pub fn only(&self, rights: &BTreeSet<Right>) -> Grants {
        let keep = |right, places: &Places| match rights.contains(&right) {
            true => places.clone(),
            false => Places::None,
        };
        Grants {
            state: keep(Right::ViewState, &self.state),
            payload: keep(Right::ViewPayload, &self.payload),
            act: keep(Right::Act, &self.act),
            audit: self.audit && rights.contains(&Right::Audit),
            administer: self.administer && rights.contains(&Right::Administer),
            purpose: self.purpose,
            emergency: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn site() -> Roles {
        let ward = Role { state: names(&["adt"]), payload: names(&["adt", "lis"]), ..Role::default() };
        let asked = Role { payload: names(&["*"]), purpose: true, ..Role::default() };
        let viewer = Role { state: names(&["adt"]), ..Role::default() };
        let roles = [("ward", ward), ("asked", asked), ("viewer", viewer)];
        Roles::with(roles.into_iter().map(|(name, role)| (name.to_owned(), role)).collect())
    }

    #[test]
    fn a_right_holds_for_its_places_alone() {
        let grants = site().grants(["ward"]);
        assert!(grants.may(Right::ViewPayload, &["adt", "kis"]), "the channel is named");
        assert!(grants.may(Right::ViewPayload, &["results", "lis"]), "the system is named");
        assert!(!grants.may(Right::ViewPayload, &["results", "kis"]));
        assert!(!grants.may(Right::ViewPayload, &[]) && !grants.may(Right::ViewPayload, &[""]));
        assert!(!grants.may(Right::ViewState, &["results", "lis"]));
        assert!(!grants.may_somewhere(Right::Act) && !grants.may(Right::Administer, &["adt"]));
        assert!(!grants.may(Right::ViewPayload, &["*"]), "a name is no pattern");
    }

    #[test]
    fn roles_add_up_and_unknown_ones_give_nothing() {
        let roles = site();
        assert_eq!(roles.grants(["no-such-role"]), Grants::default());
        assert_eq!(roles.grants([]), Grants::default());
        let both = roles.grants(["ward", "operator"]);
        assert!(both.may(Right::Act, &["anything"]) && both.may(Right::ViewPayload, &["anything"]));
        assert!(roles.grants(["administrator"]).may(Right::Audit, &[]), "who administers reads the log");
        assert!(!roles.grants(["auditor"]).may_somewhere(Right::ViewPayload));
        assert!(
            !roles.grants(["viewer"]).may(Right::ViewState, &["orders"]),
            "the site's role replaces ours"
        );
    }

    #[test]
    fn a_purpose_is_asked_for_when_no_role_gives_the_right_without_one() {
        let roles = site();
        assert!(roles.grants(["asked"]).purpose);
        assert!(roles.grants(["asked", "viewer"]).purpose);
        assert!(!roles.grants(["asked", "operator"]).purpose);
        assert!(!roles.grants(["ward"]).purpose);
    }

    #[test]
    fn a_scope_takes_away_and_never_adds() {
        let grants = site().grants(["ward"]);
        let only = grants.only(&BTreeSet::from([Right::ViewPayload, Right::Administer]));
        assert!(only.may(Right::ViewPayload, &["adt"]) && !only.may(Right::ViewState, &["adt"]));
        assert!(!only.may(Right::Administer, &[]) && !only.may(Right::ViewPayload, &["other"]));
    }
}
