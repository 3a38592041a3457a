//! The ways out, by their names.

pub mod mail;
pub mod syslog;
pub mod web;

use std::collections::BTreeMap;

use klinke_diagnosis::alert::{Rank, Reason};
use serde::Serialize;

use crate::site::Alerts;
use crate::site::alerts::Way;

/// What is carried. No patient data; single lines but for the text.
#[derive(Clone, Debug, Serialize)]
pub struct Parcel {
    /// The alert's number.
    pub id: u64,
    /// Its kind.
    pub kind: String,
    /// How much it matters.
    pub rank: Rank,
    /// Why it is told.
    pub reason: Reason,
    /// The site.
    pub site: String,
    /// The systems.
    pub systems: Vec<String>,
    /// Since when, RFC 3339.
    pub since: String,
    /// One line.
    pub title: String,
    /// Lines.
    pub text: String,
    /// Where it is acknowledged.
    pub link: Option<String>,
}

/// The ways of a site.
#[derive(Clone, Debug, Default)]
pub struct Ways(BTreeMap<String, Way>);

impl Ways {
    /// Of a site.
    pub fn of(alerts: &Alerts) -> Ways {
        Ways(alerts.way.clone())
    }

    /// True when there is one of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Their names, and what each is.
    pub fn names(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.0.iter().map(|(name, way)| (name.as_str(), word(way)))
    }

    /// Sends by one of them. The error holds no secret.
    pub async fn send(&self, name: &str, to: &str, parcel: &Parcel) -> Result<(), String> {
        let way = self.0.get(name).ok_or("there is no such way")?;
        if let Some(smtp) = &way.smtp {
            return mail::send(smtp, to, parcel).await;
        }
        if let Some(hook) = &way.webhook {
            return web::hook(hook, parcel).await;
        }
        if let Some(push) = &way.ntfy {
            return web::ntfy(push, to, parcel).await;
        }
        if let Some(push) = &way.gotify {
            return web::gotify(push, parcel).await;
        }
        if let Some(gateway) = &way.sms {
            return web::gateway(gateway, to, parcel).await;
        }
        match &way.syslog {
            Some(receiver) => syslog::send(receiver, parcel).await,
            None => Err("it is no way".to_owned()),
        }
    }
}

fn word(way: &Way) -> &'static str {
    let all = [
        (way.smtp.is_some(), "smtp"),
        (way.webhook.is_some(), "webhook"),
        (way.ntfy.is_some(), "ntfy"),
        (way.gotify.is_some(), "gotify"),
        (way.sms.is_some(), "sms"),
        (way.syslog.is_some(), "syslog"),
    ];
    all.into_iter().find(|(is, _)| *is).map_or("", |(_, word)| word)
}
