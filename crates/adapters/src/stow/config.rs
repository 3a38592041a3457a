//! Settings of STOW-RS.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::net::ClientTls;
use crate::secret::{Basic, Secret};
use crate::units::Period;

/// An archive that takes instances over DICOMweb.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationConfig {
    /// Where to: the whole URL of its studies, `https://pacs.kh.example/dicom-web/studies`. Since 0.1.
    pub url: String,
    /// A token to come with. Since 0.1.
    pub bearer: Option<Secret>,
    /// A user to come as. Since 0.1.
    pub basic: Option<Basic>,
    /// TLS, with `https`; as by default when left out. Since 0.1.
    pub tls: Option<ClientTls>,
    /// Most connections at a time. Default 1. Since 0.1.
    #[serde(default = "one")]
    pub connections: usize,
    /// Longest time until a connection stands. Default `"10s"`. Since 0.1.
    #[serde(default = "ten_seconds")]
    pub connect_timeout: Period,
    /// Longest time for an answer. Default `"60s"`. Since 0.1.
    #[serde(default = "sixty_seconds")]
    pub answer_timeout: Period,
    /// After how long a silence the system asks whether the partner is still there. Default `"60s"`. Since 0.1.
    #[serde(default = "sixty_seconds")]
    pub keep_alive: Period,
}

fn one() -> usize {
    1
}

fn ten_seconds() -> Period {
    Period::seconds(10)
}

fn sixty_seconds() -> Period {
    Period::seconds(60)
}

impl DestinationConfig {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
        self.bearer.iter_mut().for_each(|secret| secret.resolve(folder));
        self.basic.iter_mut().for_each(|basic| basic.password.resolve(folder));
    }
}
