//! `[console]` of `klinke.toml`: the pages, and how people prove who they are besides a password.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use klinke_adapters::net::{ClientTls, Host, ServerTls};
use klinke_adapters::secret::Secret;
use klinke_adapters::units::{Period, above_zero};
use klinke_console::people::elsewhere::Groups;
use klinke_console::people::oidc::{self, Provider, Settings};
use klinke_console::people::session::Lengths;
use klinke_console::people::{People, Roles};
use schemars::JsonSchema;
use serde::Deserialize;

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

fn default_idle() -> Period {
    Period::seconds(30 * 60)
}

fn default_session() -> Period {
    Period::seconds(12 * 3_600)
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

/// Gives people the ways in that a site names. What can't be used keeps nobody else out.
pub fn open_ways(people: &People, console: Option<&Console>) {
    let named = console.and_then(|table| Some((table.oidc.as_ref()?, table.address.as_deref()?)));
    let provider = named.map(|(oidc, address)| oidc.provider(address)).transpose();
    people.set_address(console.and_then(|table| table.address.as_deref()));
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
