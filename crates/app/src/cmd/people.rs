//! `klinke people`: accounts of the console. The machine's own user may do this without a log-in: who can
//! read the store's files needs none.

use std::process::ExitCode;

use serde_json::Value;

use super::Ended;
use super::common::{SiteArg, SiteFirst};
use crate::lang::Pick;
use crate::out::{Out, Tone};
use klinke_console::house::request::Request;
use klinke_console::people::account::AccountView;
use klinke_console::people::care::{Ask, TokenView};
use klinke_console::people::elsewhere::Elsewhere;

/// List, add, remove or change accounts of the console
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke people list hospital/
  klinke people add hospital/ anna --role operator --title 'Anna Muster'
  klinke people add hospital/ bert --role viewer --from oidc
  klinke people role hospital/ anna viewer auditor
  klinke people reset hospital/ anna

`add` and `reset` print a one-time code; with it people choose their password on the console. No password
is ever given here.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// All accounts
    List {
        #[command(flatten)]
        site: SiteArg,
    },
    /// All roles, and what they may do
    Roles {
        #[command(flatten)]
        site: SiteArg,
    },
    /// Make an account; prints a one-time code
    Add {
        #[command(flatten)]
        site: SiteFirst,
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// A role; may be given more than once
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// What people call them
        #[arg(long, default_value = "")]
        title: String,
        /// Where they prove who they are, when not with a password here; prints no code
        #[arg(long, value_name = "WHERE")]
        from: Option<From>,
    },
    /// Remove an account with its sessions and tokens
    Remove {
        #[command(flatten)]
        one: One,
    },
    /// Take password, second factor, passkeys, sessions and tokens away; prints a one-time code
    Reset {
        #[command(flatten)]
        one: One,
    },
    /// Give an account other roles
    Role {
        #[command(flatten)]
        one: One,
        /// All its roles from now on
        #[arg(required = true)]
        roles: Vec<String>,
    },
    /// Keep an account from logging in
    Lock {
        #[command(flatten)]
        one: One,
    },
    /// Let a locked account log in again
    Unlock {
        #[command(flatten)]
        one: One,
    },
    /// All tokens of programs
    Tokens {
        #[command(flatten)]
        site: SiteArg,
    },
    /// Take a token away
    EndToken {
        #[command(flatten)]
        site: SiteFirst,
        /// The token's identifier
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// Where people prove who they are.
#[derive(Clone, Copy, clap::ValueEnum)]
enum From {
    /// At the OpenID provider of the site
    Oidc,
    /// In the directory of the site
    Ldap,
}

#[derive(clap::Args)]
struct One {
    #[command(flatten)]
    site: SiteFirst,
    /// The account's name
    #[arg(value_name = "NAME")]
    name: String,
}

pub fn run(args: &Args, out: Out) -> Ended {
    match &args.what {
        What::List { site } => list(site, out),
        What::Roles { site } => roles(site, out),
        What::Tokens { site } => tokens(site, out),
        What::Add { site, name, roles, title, from } => {
            let (name, title, roles) = (name.clone(), title.clone(), roles.iter().cloned().collect());
            let from = from.map(|from| match from {
                From::Oidc => Elsewhere::Oidc,
                From::Ldap => Elsewhere::Ldap,
            });
            let ask = Ask::Add { name, title, roles, from };
            if from.is_some() { done(&site.site(), ask, out) } else { coded(&site.site(), ask, out) }
        }
        What::Reset { one } => coded(&one.site.site(), Ask::Reset { name: one.name.clone() }, out),
        What::Remove { one } => done(&one.site.site(), Ask::Remove { name: one.name.clone() }, out),
        What::Role { one, roles } => {
            let roles = roles.iter().cloned().collect();
            done(&one.site.site(), Ask::Role { name: one.name.clone(), roles }, out)
        }
        What::Lock { one } => done(&one.site.site(), Ask::Lock { name: one.name.clone(), locked: true }, out),
        What::Unlock { one } => {
            done(&one.site.site(), Ask::Lock { name: one.name.clone(), locked: false }, out)
        }
        What::EndToken { site, id } => done(&site.site(), Ask::EndToken { id: id.clone() }, out),
    }
}

fn list(site: &SiteArg, out: Out) -> Ended {
    let accounts: Vec<AccountView> = site.ask(Request::People(Ask::List))?;
    if out.json {
        out.value(&accounts)?;
        return Ok(ExitCode::SUCCESS);
    }
    if accounts.is_empty() {
        out.line(out.lang.pick("there is no account", "es gibt kein Konto"));
        return Ok(ExitCode::from(1));
    }
    let heading = out.lang.pick(
        ["name", "called", "roles", "proves by", "last seen", "state"],
        ["Name", "heißt", "Rollen", "weist sich aus mit", "zuletzt da", "Stand"],
    );
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for one in accounts {
        let state = match (one.locked, one.invited) {
            (true, _) => out.tone(Tone::Bad, out.lang.pick("locked", "gesperrt")),
            (false, true) => out.tone(Tone::Warn, out.lang.pick("invited", "eingeladen")),
            (false, false) => String::new(),
        };
        rows.push(vec![
            one.name,
            one.title,
            one.roles.into_iter().collect::<Vec<_>>().join(" "),
            one.factors.join(" "),
            one.seen.unwrap_or_default(),
            state,
        ]);
    }
    out.table(&rows);
    Ok(ExitCode::SUCCESS)
}

fn roles(site: &SiteArg, out: Out) -> Ended {
    let roles: Vec<Value> = site.ask(Request::People(Ask::Roles))?;
    if out.json {
        out.value(&roles)?;
        return Ok(ExitCode::SUCCESS);
    }
    let heading = out.lang.pick(
        ["role", "state", "messages", "act", "audit", "administer", "emergency"],
        ["Rolle", "Stand", "Nachrichten", "eingreifen", "Protokoll", "verwalten", "Notzugriff"],
    );
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for one in &roles {
        let role = &one["role"];
        let places = |key: &str| {
            let all = role[key].as_array().cloned().unwrap_or_default();
            all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        };
        let yes = |key: &str| if role[key] == true { out.lang.pick("yes", "ja") } else { "" }.to_owned();
        rows.push(vec![
            one["name"].as_str().unwrap_or_default().to_owned(),
            places("state"),
            places("payload"),
            places("act"),
            yes("audit"),
            yes("administer"),
            yes("emergency"),
        ]);
    }
    out.table(&rows);
    Ok(ExitCode::SUCCESS)
}

fn tokens(site: &SiteArg, out: Out) -> Ended {
    let tokens: Vec<TokenView> = site.ask(Request::People(Ask::Tokens))?;
    if out.json {
        out.value(&tokens)?;
        return Ok(ExitCode::SUCCESS);
    }
    let heading = out.lang.pick(
        ["id", "account", "for", "rights", "until", "last used"],
        ["Kennung", "Konto", "wofür", "Rechte", "bis", "zuletzt benutzt"],
    );
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for one in tokens {
        let rights: Vec<_> = one.rights.iter().map(|right| right.name()).collect();
        let used = one.used.unwrap_or_default();
        rows.push(vec![one.id, one.account, one.title, rights.join(" "), one.until, used]);
    }
    out.table(&rows);
    Ok(ExitCode::SUCCESS)
}

/// Does what gives a one-time code, and prints it.
fn coded(site: &SiteArg, ask: Ask, out: Out) -> Ended {
    let done: Value = site.ask(Request::People(ask))?;
    if out.json {
        out.value(&done)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (name, code) = (done["name"].as_str().unwrap_or_default(), done["code"].as_str().unwrap_or_default());
    out.line(out.lang.pick(
        format!(
            "{name} chooses a password on the console under /welcome, within three days, with this code:"
        ),
        format!(
            "{name} wählt auf der Konsole unter /welcome binnen drei Tagen ein Passwort mit diesem Code:"
        ),
    ));
    out.line(out.tone(Tone::Bold, code));
    Ok(ExitCode::SUCCESS)
}

fn done(site: &SiteArg, ask: Ask, out: Out) -> Ended {
    let done: Value = site.ask(Request::People(ask))?;
    match out.json {
        true => out.value(&done)?,
        false => out.line(out.lang.pick("done", "erledigt")),
    }
    Ok(ExitCode::SUCCESS)
}
