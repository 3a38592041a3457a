//! Changed channels on trial: shadows and canaries.

use schemars::JsonSchema;
use serde::Deserialize;

use super::given::said;
use crate::api::call::Plain;
use crate::house::canary::Canary;
use crate::house::deploy::Plan;
use crate::house::request::Request;
use crate::house::shadow::Shadow;
use crate::house::trial::{Ask, Outlook, Terms, may_name_from_afar};
use crate::web::Fault;

/// Which, where one channel may be named.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shadows {
    /// This channel alone.
    #[schemars(length(min = 1, max = 100))]
    channel: Option<String>,
}

impl Plain for Shadows {
    type Answer = Vec<Shadow>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Shadow(Ask::Status { channel: self.channel }))
    }
}

/// The same of canaries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Canaries {
    /// This channel alone.
    #[schemars(length(min = 1, max = 100))]
    channel: Option<String>,
}

impl Plain for Canaries {
    type Answer = Vec<Canary>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Canary(Ask::Status { channel: self.channel }))
    }
}

/// What would be on trial.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The channel.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// A revision of the site's repository, or `.` for the site's folder as it lies now.
    #[schemars(length(min = 1, max = 200))]
    against: String,
}

impl Plain for Look {
    type Answer = Outlook;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Shadow(Ask::Look { channel: self.name, against: from_afar(self.against)? }))
    }
}

/// What begins to run along.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartShadow {
    /// The channel.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// A revision of the site's repository, or `.` for the site's folder as it lies now.
    #[schemars(length(min = 1, max = 200))]
    against: String,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for StartShadow {
    type Answer = Vec<Shadow>;

    fn request(self) -> Result<Request, Fault> {
        let (channel, against, reason) = (self.name, from_afar(self.against)?, Some(said(&self.reason)?));
        Ok(Request::Shadow(Ask::Start { channel, against, terms: None, reason }))
    }
}

/// What begins to handle some of the messages.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartCanary {
    /// The channel.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// A revision of the site's repository, or `.` for the site's folder as it lies now.
    #[schemars(length(min = 1, max = 200))]
    against: String,
    /// Which messages.
    terms: Messages,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for StartCanary {
    type Answer = Plan;

    fn request(self) -> Result<Request, Fault> {
        let (channel, against) = (self.name, from_afar(self.against)?);
        let (terms, reason) = (Some(self.terms.into()), Some(said(&self.reason)?));
        Ok(Request::Canary(Ask::Start { channel, against, terms, reason }))
    }
}

/// Which messages it handles from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCanary {
    /// The channel.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// Which messages.
    terms: Messages,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for ChangeCanary {
    type Answer = Plan;

    fn request(self) -> Result<Request, Fault> {
        let (terms, reason) = (self.terms.into(), Some(said(&self.reason)?));
        Ok(Request::Canary(Ask::Change { channel: self.name, terms, reason }))
    }
}

/// Which messages a canary handles: a share, or those of a key.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Messages {
    /// So many of ten thousand.
    Share(#[schemars(range(min = 1, max = 10_000))] u32),
    /// Those that meet a condition, written as in `only`.
    Key(#[schemars(length(min = 1, max = 500))] String),
}

impl From<Messages> for Terms {
    fn from(messages: Messages) -> Terms {
        match messages {
            Messages::Share(share) => Terms::Share(share),
            Messages::Key(key) => Terms::Key(key),
        }
    }
}

/// Whose trial ends, and why.
macro_rules! end {
    ($name:ident, $about:literal, $answer:ty, $kind:ident, $ask:ident) => {
        #[doc = $about]
        #[derive(Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The channel.
            #[schemars(length(min = 1, max = 100))]
            name: String,
            /// Why; no patient data.
            #[schemars(length(min = 1, max = 500))]
            reason: String,
        }

        impl Plain for $name {
            type Answer = $answer;

            fn request(self) -> Result<Request, Fault> {
                let reason = Some(said(&self.reason)?);
                Ok(Request::$kind(Ask::$ask { channel: self.name, reason }))
            }
        }
    };
}

end!(TakeShadow, "The shadow to take over, and why.", Plan, Shadow, Take);
end!(DropShadow, "The shadow to throw away, and why.", Vec<Shadow>, Shadow, Drop);
end!(TakeCanary, "The canary to take over, and why.", Plan, Canary, Take);
end!(DropCanary, "The canary to throw away, and why.", Plan, Canary, Drop);

fn from_afar(against: String) -> Result<String, Fault> {
    match may_name_from_afar(&against) {
        true => Ok(against),
        false => Err(Fault::unfit("/against: must be a revision, or `.` for the site's folder")),
    }
}
