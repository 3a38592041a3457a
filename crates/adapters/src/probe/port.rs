//! A port of our own: open, and with a certificate that is valid. Nothing connects to it: that would be
//! counted as a partner.

use std::path::PathBuf;

use klinke_diagnosis::{Did, Layer, Seen, Speech, Step};
use klinke_engine::BoxFuture;
use tokio::time::Instant;

use super::{How, Probe, secure};
use crate::net::{Host, kernel, tls};

/// A port on which we listen.
#[derive(Clone, Debug)]
pub struct Port {
    /// Where.
    pub host: Host,
    /// The file of our certificate.
    pub certificate: Option<PathBuf>,
    /// What is to speak there, where that can be told.
    pub speech: Option<Speech>,
}

impl Probe for Port {
    fn climb(&self, _: How) -> BoxFuture<'static, Vec<Step>> {
        let port = self.clone();
        Box::pin(async move { port.look() })
    }

    fn is_own(&self) -> bool {
        true
    }

    fn speech(&self) -> Option<Speech> {
        self.speech
    }
}

impl Port {
    fn look(&self) -> Vec<Step> {
        let began = Instant::now();
        let step = |did, saw| Step { layer: Layer::Own, did, saw, took: began.elapsed() };
        let mut steps = Vec::new();
        // Port 0 is chosen anew at each start.
        if self.host.port != 0 {
            let saw = match kernel::is_listening(self.host.port) {
                Some(true) => Seen::Open,
                Some(false) => Seen::NotOpen,
                None => Seen::Unknown,
            };
            steps.push(step(Did::LookedAtPort(self.host.to_string()), saw));
        }
        if let Some(file) = &self.certificate {
            let saw = match tls::certificates(file) {
                Ok(list) => list.first().and_then(secure::days_left).map_or(Seen::Unknown, Seen::Days),
                Err(error) => Seen::Unreadable(error.to_string()),
            };
            steps.push(step(Did::ReadCertificate(file.display().to_string()), saw));
        }
        steps
    }
}
