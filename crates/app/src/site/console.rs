//! `[console]` of `klinke.toml`: the pages, and how people prove who they are besides a password.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use klinke_adapters::net::{ClientTls, Host, ServerTls};
use klinke_adapters::secret::Secret;
use klinke_adapters::units::{Period, above_zero};
use klinke_console::house::request::is_plain;
use klinke_console::people::elsewhere::Groups;
use klinke_console::people::ldap::{self, House};
use klinke_console::people::link::{Maker, Makers};
use klinke_console::people::oidc::{self, Provider, Settings};
use klinke_console::people::session::Lengths;
use klinke_console::people::{People, Roles};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::directory::Found;
use crate::outgoing::Carrier;

/// The console: pages for people.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Console {
    /// Address and port; a port alone means loopback. Without `tls` only loopback is allowed. Since 0.1.
    pub listen: Host,
    /// Our certificate and key. Since 0.1.
    pub tls: Option<ServerTls>,
    /// Where browsers reach it, without a path: `https://klinke.kh.example:8443`. Passkeys belong
    /// to its host, and log-ins by `oidc` need it.
    /// Since 0.1.
    pub address: Option<String>,
    /// How long somebody stays logged in who does nothing. Since 0.1.
    #[serde(default = "default_idle", deserialize_with = "above_zero")]
    pub idle: Period,
    /// How long somebody stays logged in at the most. Since 0.1.
    #[serde(default = "default_session", deserialize_with = "above_zero")]
    pub session: Period,
    /// How long an emergency access lasts. Since 0.1.
    #[serde(default = "default_idle", deserialize_with = "above_zero")]
    pub emergency: Period,
    /// Log-in at an OpenID provider, besides passwords. Since 0.1.
    pub oidc: Option<Oidc>,
    /// Log-in with name and password of a directory (LDAP, Active Directory), besides passwords. Since 0.1.
    pub ldap: Option<Ldap>,
    /// Who may make signed links to studies, by a name that stands in the link and in the audit log; none when
    /// absent. Since 0.1.
    #[serde(default)]
    pub links: BTreeMap<String, Links>,
}

/// A maker of signed links to studies: a RIS, or `klinke link`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Links {
    /// The key that it signs with: at least 16 bytes, shared with nobody else. Since 0.1.
    pub secret: Secret,
    /// How long a link may be good at the most. Default `"24h"`. Since 0.1.
    #[serde(default = "default_longest", deserialize_with = "above_zero")]
    pub longest: Period,
}

impl Links {
    /// As the console takes it. The error names the file that can't be read, or says why it holds no key.
    pub fn maker(&self) -> Result<Maker, String> {
        Maker::new(self.secret.read()?.expose().as_bytes(), self.longest.0)
    }
}

/// Log-in at an OpenID provider. It must know `<address>/login/oidc/done` as the place to send people back to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Oidc {
    /// What people call it; stands on the log-in page. Since 0.1.
    pub title: String,
    /// Its issuer identifier, as its discovery document says it: `https://sso.kh.example/realms/klinik`. Since 0.1.
    pub issuer: String,
    /// What it calls us: the client identifier. Since 0.1.
    pub client: String,
    /// Our secret there; a public client has none. Since 0.1.
    pub secret: Option<Secret>,
    /// What is asked for besides `openid`. Default `["profile"]`. Since 0.1.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// The claim with the account's name. Default `"preferred_username"`. Since 0.1.
    #[serde(default = "default_name")]
    pub name: String,
    /// The claim with what people call them. Default `"name"`. Since 0.1.
    #[serde(default = "default_called")]
    pub called: String,
    /// The claim with the groups, or the way to it: `realm_access.roles`. Default `"groups"`. Since 0.1.
    #[serde(default = "default_groups")]
    pub groups: String,
    /// For each role the groups whose members have it. With it whoever is in one of them gets an account by
    /// themselves, and whoever is in none is refused; without it roles are given here, to accounts that were
    /// made here. Since 0.1.
    #[serde(default)]
    pub roles: BTreeMap<String, BTreeSet<String>>,
    /// How its certificate is verified. Since 0.1.
    #[serde(default)]
    pub tls: ClientTls,
}

/// Log-in with name and password of a directory. Either `reader` looks people up, or they are bound to by the
/// template `bind`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ldap {
    /// What people call it; stands on the log-in page. Since 0.1.
    pub title: String,
    /// Its address: `ldaps://dc1.kh.example`, or `ldap://` with `starttls`. Since 0.1.
    pub url: String,
    /// Whether TLS begins with StartTLS, on a line that was opened without. Since 0.1.
    #[serde(default)]
    pub starttls: bool,
    /// Where people are looked for: `dc=kh,dc=example`. Since 0.1.
    pub base: String,
    /// Which entry is somebody's; `{name}` is what they typed. For Active Directory
    /// `"(sAMAccountName={name})"`. Default `"(uid={name})"`. Since 0.1.
    #[serde(default = "default_filter")]
    pub filter: String,
    /// The name of an entry that may look for people. Since 0.1.
    pub reader: Option<String>,
    /// Its password. Since 0.1.
    pub secret: Option<Secret>,
    /// The name under which people bind themselves, where there is no reader: `"{name}@kh.example"`,
    /// `"uid={name},ou=people,dc=kh,dc=example"`. Since 0.1.
    pub bind: Option<String>,
    /// The attribute that never changes, not even with a new name. For Active Directory `"objectGUID"`. Default
    /// `"entryUUID"`. Since 0.1.
    #[serde(default = "default_subject")]
    pub subject: String,
    /// The attribute with what people call them. Default `"displayName"`. Since 0.1.
    #[serde(default = "default_display")]
    pub called: String,
    /// The attribute with the groups of a person. Default `"memberOf"`. Since 0.1.
    #[serde(default = "default_member_of")]
    pub groups: String,
    /// Where groups are looked for that name their members, where people do not name their groups. Since 0.1.
    pub group_base: Option<String>,
    /// Which groups are somebody's; `{dn}` is the name of their entry. Default `"(member={dn})"`. Since 0.1.
    #[serde(default = "default_member")]
    pub group_filter: String,
    /// For each role the groups, by their whole names, whose members have it. With it whoever is in one of them
    /// gets an account by themselves, and whoever is in none is refused; without it roles are given here, to
    /// accounts that were made here. Since 0.1.
    #[serde(default)]
    pub roles: BTreeMap<String, BTreeSet<String>>,
    /// How its certificate is verified. Since 0.1.
    #[serde(default)]
    pub tls: ClientTls,
}

fn default_filter() -> String {
    "(uid={name})".to_owned()
}

fn default_subject() -> String {
    "entryUUID".to_owned()
}

fn default_display() -> String {
    "displayName".to_owned()
}

fn default_member_of() -> String {
    "memberOf".to_owned()
}

fn default_member() -> String {
    "(member={dn})".to_owned()
}

fn default_idle() -> Period {
    Period::seconds(30 * 60)
}

fn default_session() -> Period {
    Period::seconds(12 * 3_600)
}

fn default_longest() -> Period {
    Period::seconds(24 * 3_600)
}

fn default_scopes() -> Vec<String> {
    vec!["profile".to_owned()]
}

fn default_name() -> String {
    "preferred_username".to_owned()
}

fn default_called() -> String {
    "name".to_owned()
}

fn default_groups() -> String {
    "groups".to_owned()
}

/// What is wrong: the keys below `console` that lead to it, and why.
pub type Wrong = (Vec<String>, String);

impl Console {
    /// How long sessions last.
    pub fn lengths(&self) -> Lengths {
        Lengths { idle: self.idle.0, whole: self.session.0, emergency: self.emergency.0 }
    }

    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
        if let Some(oidc) = &mut self.oidc {
            oidc.secret.iter_mut().for_each(|secret| secret.resolve(folder));
            oidc.tls.resolve(folder);
        }
        if let Some(ldap) = &mut self.ldap {
            ldap.secret.iter_mut().for_each(|secret| secret.resolve(folder));
            ldap.tls.resolve(folder);
        }
        self.links.values_mut().for_each(|links| links.secret.resolve(folder));
    }

    /// What can't be although it is well formed.
    pub fn sound(&self, roles: &Roles) -> Result<(), Wrong> {
        let wrong = |keys: &[&str], text: String| {
            Err((keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>(), text))
        };
        if let Some(address) = &self.address
            && !(oidc::is_fit(address) && origin(address) == *address)
        {
            let text =
                "write https://, the host and perhaps a port, without a path: https://klinke.kh.example:8443";
            return wrong(&["address"], text.to_owned());
        }
        if let Some(name) = self.links.keys().find(|name| !is_plain(name)) {
            let text = "a name in links is made of letters, digits, `-`, `_` and `.`".to_owned();
            return wrong(&["links", name], text);
        }
        if let Some((key, text)) = self.ldap.as_ref().and_then(|ldap| ldap.wrong(roles)) {
            return wrong(&["ldap", key], text);
        }
        let Some(oidc) = &self.oidc else { return Ok(()) };
        if self.address.is_none() {
            return wrong(&["oidc"], "console.address must say where browsers reach this console".to_owned());
        }
        if !oidc::is_fit(&oidc.issuer) || oidc.issuer.contains('?') {
            let text = "an issuer is an address that begins with https://".to_owned();
            return wrong(&["oidc", "issuer"], text);
        }
        if let Some(role) = oidc.roles.keys().find(|role| !roles.has(role)) {
            return wrong(&["oidc", "roles", role], format!("there is no role `{role}`"));
        }
        Ok(())
    }
}

impl Oidc {
    /// As the console takes it. The error names the file that can't be read.
    fn provider(&self, address: &str) -> Result<Provider, String> {
        let settings = Settings {
            title: self.title.clone(),
            issuer: self.issuer.clone(),
            client: self.client.clone(),
            secret: self.secret.as_ref().map(Secret::read).transpose()?,
            scopes: self.scopes.clone(),
            name: self.name.clone(),
            called: self.called.clone(),
            groups: self.groups.clone(),
            roles: Groups(self.roles.clone()),
            address: address.to_owned(),
        };
        Ok(Provider::new(settings, Arc::new(Carrier::new(self.tls.clone()))))
    }
}

/// Groups in small letters: names of entries are the same in capitals.
fn small(roles: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    let one = |groups: &BTreeSet<String>| groups.iter().map(|group| group.to_lowercase()).collect();
    roles.iter().map(|(role, groups)| (role.clone(), one(groups))).collect()
}

impl Ldap {
    /// What can't be: the key, and why.
    fn wrong(&self, roles: &Roles) -> Option<(&'static str, String)> {
        let (scheme, rest) = self.url.split_once("://").unwrap_or_default();
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        let is_here = ["localhost", "127.0.0.1"].contains(&host) || rest.starts_with("[::1]");
        match scheme {
            "ldaps" if self.starttls => {
                return Some(("starttls", "ldaps:// has TLS from the beginning".to_owned()));
            }
            "ldaps" => {}
            "ldap" if self.starttls || is_here => {}
            _ => {
                let text = "passwords go over TLS: write ldaps://, or ldap:// with `starttls = true`";
                return Some(("url", text.to_owned()));
            }
        }
        if self.reader.is_some() == self.bind.is_some() {
            return Some(("reader", "give either `reader` or `bind`".to_owned()));
        }
        if self.reader.is_some() && self.secret.is_none() {
            return Some(("secret", "a reader needs its password".to_owned()));
        }
        let templates = [("filter", Some(&self.filter)), ("bind", self.bind.as_ref())];
        if let Some((key, _)) =
            templates.into_iter().find(|(_, one)| one.is_some_and(|one| !one.contains("{name}")))
        {
            return Some((key, "`{name}` must stand where the name goes".to_owned()));
        }
        if self.tls.name.is_some() {
            return Some((
                "tls",
                "the certificate has the name in `url`; `name` is not for directories".to_owned(),
            ));
        }
        let unknown = self.roles.keys().find(|role| !roles.has(role));
        unknown.map(|role| ("roles", format!("there is no role `{role}`")))
    }

    /// As the console takes it. The error names the file that can't be read.
    fn house(&self) -> Result<House, String> {
        let settings = ldap::Settings {
            title: self.title.clone(),
            // Servers come and go; what is below them stays.
            house: self.base.clone(),
            roles: Groups(small(&self.roles)),
        };
        Ok(House::new(settings, Box::new(Found::new(self.clone())?)))
    }
}

/// Who may make links. A maker whose key can't be used makes none, and is told of.
fn makers(console: Option<&Console>) -> Makers {
    let named = console.into_iter().flat_map(|table| &table.links);
    let one = |(name, links): (&String, &Links)| match links.maker() {
        Ok(maker) => Some((name.clone(), maker)),
        Err(why) => {
            tracing::error!(%name, why, "links of this maker lead nowhere");
            None
        }
    };
    named.filter_map(one).collect()
}

/// Gives people the ways in that a site names. What can't be used keeps nobody else out.
pub fn open_ways(people: &People, console: Option<&Console>) {
    let named = console.and_then(|table| Some((table.oidc.as_ref()?, table.address.as_deref()?)));
    let provider = named.map(|(oidc, address)| oidc.provider(address)).transpose();
    people.set_makers(makers(console));
    people.set_address(console.and_then(|table| table.address.as_deref()));
    let directory = console.and_then(|table| table.ldap.as_ref()).map(Ldap::house).transpose();
    people.set_directory(directory.unwrap_or_else(|why| {
        tracing::error!(why, "nobody can log in by the directory");
        None
    }));
    people.set_provider(provider.unwrap_or_else(|why| {
        tracing::error!(why, "nobody can log in by the OpenID provider");
        None
    }));
}

/// An address without what follows host and port.
fn origin(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    format!("{scheme}://{}", rest.split('/').next().unwrap_or_default())
}
