//! Where a partner's DICOMweb is, and as whom we come.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::net::ClientTls;
use crate::secret::{Basic, Secret};
use crate::units::{Period, above_zero};

/// A partner's DICOMweb.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// Where its services begin: `https://pacs.kh.example/dicom-web`. Since 0.1.
    pub url: String,
    /// A token to come with. Since 0.1.
    pub bearer: Option<Secret>,
    /// A user to come as. Since 0.1.
    pub basic: Option<Basic>,
    /// Headers to send. Since 0.1.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// TLS, with `https`; as by default when left out. Since 0.1.
    pub tls: Option<ClientTls>,
    /// Longest time for the beginning of an answer. Default `"5min"`. Since 0.1.
    #[serde(default = "answer", deserialize_with = "above_zero")]
    pub answer: Period,
    /// Longest silence inside an answer. Default `"60s"`. Since 0.1.
    #[serde(default = "silence", deserialize_with = "above_zero")]
    pub silence: Period,
    /// Most matches that are asked for at a time. Default 500. Since 0.1.
    #[serde(default = "page", deserialize_with = "above_zero")]
    pub page: usize,
}

fn answer() -> Period {
    Period::seconds(300)
}

fn silence() -> Period {
    Period::seconds(60)
}

fn page() -> usize {
    500
}

impl ClientConfig {
    /// A partner at a URL, all else by default.
    pub fn at(url: &str) -> Self {
        ClientConfig {
            url: url.to_owned(),
            bearer: None,
            basic: None,
            headers: BTreeMap::new(),
            tls: None,
            answer: answer(),
            silence: silence(),
            page: page(),
        }
    }

    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
        self.bearer.iter_mut().for_each(|secret| secret.resolve(folder));
        self.basic.iter_mut().for_each(|basic| basic.password.resolve(folder));
    }
}
