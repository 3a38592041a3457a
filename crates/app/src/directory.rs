//! A directory that people log in with: LDAP version 3 (RFC 4511), over TLS from the first byte (`ldaps://`) or
//! from StartTLS on (RFC 4513, 3).
//!
//! | step | what |
//! |---|---|
//! | 1 | with a reader: bind as the reader, look for the one entry that the filter finds. Without: bind as the person, under a name made of the template |
//! | 2 | with a reader: bind as that entry with the person's password, on a connection of its own |
//! | 3 | read the attributes, and the groups where they are entries of their own |
//!
//! What is typed goes into filters as RFC 4515 escapes it, into names as RFC 4514. A bind without a password
//! always succeeds (RFC 4513, 5.1.2) and is therefore never made. Referrals are not followed.

use std::time::Duration;

use klinke_adapters::net::ClientTls;
use klinke_console::people::ldap::{Directory, Entry, Person};
use klinke_console::people::outside::Coming;
use klinke_model::Redacted;
use ldap3::{LdapConnAsync, LdapConnSettings, Scope, SearchEntry, SearchOptions, dn_escape, ldap_escape};
use tokio::sync::Semaphore;

use crate::site::console::Ldap;

/// How long one step may take, and all of them.
const STEP: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(10);
/// People who are looked at together.
const AT_A_TIME: usize = 16;
/// The most groups that are read.
const GROUPS_MAX: i32 = 2_000;
/// Result codes (RFC 4511, 4.1.9) that say that a name and a password do not go together.
const NOT_RIGHT: [u32; 3] = [32, 34, 49];

/// The directory of a site.
pub struct Found {
    table: Ldap,
    secret: Option<Redacted<String>>,
    places: Semaphore,
}

type Connection = ldap3::Ldap;

impl Found {
    /// As the site says. The error names the file that can't be read.
    pub fn new(table: Ldap) -> Result<Found, String> {
        let secret = table.secret.as_ref().map(klinke_adapters::secret::Secret::read).transpose()?;
        Ok(Found { table, secret, places: Semaphore::new(AT_A_TIME) })
    }

    async fn open(&self) -> Result<Connection, String> {
        let url = &self.table.url;
        let tls: &ClientTls = &self.table.tls;
        let config = tls.config().map_err(|error| error.to_string())?;
        let settings = LdapConnSettings::new()
            .set_conn_timeout(STEP)
            .set_starttls(url.starts_with("ldap://") && self.table.starttls)
            .set_config(config);
        let (connection, ldap) =
            LdapConnAsync::with_settings(settings, url).await.map_err(|error| told(&error))?;
        tokio::spawn(async move { drop(connection.drive().await) });
        Ok(ldap)
    }

    /// True when the name and the password go together.
    async fn bind(&self, ldap: &mut Connection, name: &str, password: &str) -> Result<bool, String> {
        if password.is_empty() {
            return Ok(false);
        }
        let result =
            ldap.with_timeout(STEP).simple_bind(name, password).await.map_err(|error| told(&error))?;
        match result.rc {
            0 => Ok(true),
            code if NOT_RIGHT.contains(&code) => Ok(false),
            code => Err(format!("the directory refuses to look: result {code}")),
        }
    }

    /// The one entry that a filter finds; none when there are several.
    async fn entry(&self, ldap: &mut Connection, name: &str) -> Result<Option<SearchEntry>, String> {
        let filter = filter_of(&self.table.filter, "{name}", name);
        let wanted: Vec<&str> =
            [&self.table.subject, &self.table.called, &self.table.groups].map(String::as_str).to_vec();
        let mut found = self.search(ldap, &self.table.base, &filter, wanted, 2).await?;
        if found.len() > 1 {
            return Err("the filter finds more than one entry".to_owned());
        }
        Ok(found.pop())
    }

    async fn search(
        &self,
        ldap: &mut Connection,
        base: &str,
        filter: &str,
        wanted: Vec<&str>,
        most: i32,
    ) -> Result<Vec<SearchEntry>, String> {
        let options = SearchOptions::new().sizelimit(most).timelimit(STEP.as_secs() as i32);
        let ldap = ldap.with_timeout(STEP).with_search_options(options);
        let searched =
            ldap.search(base, Scope::Subtree, filter, wanted).await.map_err(|error| told(&error))?;
        // Result 4: there are more than were asked for; 10: somewhere else, where nobody goes.
        match searched.1.rc {
            0 | 4 => {}
            10 | 32 => return Ok(Vec::new()),
            code => return Err(format!("the directory refuses to search: result {code}")),
        }
        let is_entry = |one: &ldap3::ResultEntry| !one.is_ref() && !one.is_intermediate();
        Ok(searched.0.into_iter().filter(is_entry).map(SearchEntry::construct).collect())
    }

    async fn look(&self, person: &Person) -> Result<Option<Entry>, String> {
        let mut ldap = self.open().await?;
        let (name, password) = (person.name.as_str(), person.password.expose());
        let entry = match (&self.table.reader, &self.table.bind) {
            (Some(reader), _) => {
                let secret = self.secret.as_ref().map(|secret| secret.expose().as_str()).unwrap_or_default();
                if !self.bind(&mut ldap, reader, secret).await? {
                    return Err("the directory does not know our reader or its secret".to_owned());
                }
                let Some(entry) = self.entry(&mut ldap, name).await? else { return Ok(None) };
                let mut own = self.open().await?;
                let is_right = self.bind(&mut own, &entry.dn, password).await;
                let _ = own.unbind().await;
                if !is_right? {
                    return Ok(None);
                }
                entry
            }
            (None, Some(template)) => {
                let own = name_of(template, name);
                if !self.bind(&mut ldap, &own, password).await? {
                    return Ok(None);
                }
                match self.entry(&mut ldap, name).await? {
                    Some(entry) => entry,
                    None => return Err("whoever logs in can't read their own entry".to_owned()),
                }
            }
            (None, None) => return Err("neither `reader` nor `bind` is set".to_owned()),
        };
        let groups = self.groups(&mut ldap, &entry).await?;
        let _ = ldap.unbind().await;
        Ok(Some(self.read(entry, groups)))
    }

    /// The groups of an entry: its attribute, and entries that name it as a member.
    async fn groups(&self, ldap: &mut Connection, entry: &SearchEntry) -> Result<Vec<String>, String> {
        let mut groups = entry.attrs.get(&self.table.groups).cloned().unwrap_or_default();
        if let Some(base) = &self.table.group_base {
            let filter = filter_of(&self.table.group_filter, "{dn}", &entry.dn);
            let found = self.search(ldap, base, &filter, vec!["1.1"], GROUPS_MAX).await?;
            groups.extend(found.into_iter().map(|group| group.dn));
        }
        Ok(groups)
    }

    fn read(&self, entry: SearchEntry, groups: Vec<String>) -> Entry {
        let first = |key: &str| entry.attrs.get(key).and_then(|all| all.first()).cloned();
        // Identifiers of Active Directory are bytes, not text.
        let bytes = || entry.bin_attrs.get(&self.table.subject).and_then(|all| all.first());
        let subject = first(&self.table.subject).or_else(|| bytes().map(|bytes| hex(bytes)));
        // Names of entries are the same in capitals; the site's are made small, too.
        let groups = groups.iter().map(|group| group.to_lowercase()).collect();
        Entry { subject, title: first(&self.table.called).unwrap_or_default(), groups }
    }
}

impl Directory for Found {
    fn prove(&self, person: Person) -> Coming<'_, Option<Entry>> {
        Box::pin(async move {
            let look = async {
                let _place = self.places.acquire().await.map_err(|_| "the program ends".to_owned())?;
                self.look(&person).await
            };
            let looked = tokio::time::timeout(LIMIT, look).await;
            looked.unwrap_or_else(|_| Err("the directory did not answer in time".to_owned()))
        })
    }
}

/// A filter with a value in it (RFC 4515, 3).
fn filter_of(template: &str, mark: &str, value: &str) -> String {
    template.replace(mark, &ldap_escape(value))
}

/// The name that somebody binds under (RFC 4514, 2.4).
fn name_of(template: &str, value: &str) -> String {
    template.replace("{name}", &dn_escape(value))
}

/// An error without what was sent.
fn told(error: &ldap3::LdapError) -> String {
    error.to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_means_nothing_to_a_directory() {
        assert_eq!(filter_of("(uid={name})", "{name}", "a*)(uid=b\\\0"), r"(uid=a\2a\29\28uid=b\5c\00)");
        assert_eq!(filter_of("(uid={name})", "{name}", "anna.muster@kh"), "(uid=anna.muster@kh)");
        let bound = name_of("uid={name},ou=people", "a,ou=admins+x=\"y\"");
        assert!(bound.starts_with("uid=a\\2cou") || bound.starts_with("uid=a\\,ou"), "{bound}");
        assert_eq!(name_of("{name}@kh.example", "anna"), "anna@kh.example");
    }
}
