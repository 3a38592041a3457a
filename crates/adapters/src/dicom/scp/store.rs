//! C-STORE (PS3.4, Annex B): acknowledged when the instance is on stable storage and in the index.

use klinke_archive::index::Added;
use klinke_archive::{Arrival, Error, Received};
use klinke_dimse::message::{Command, Status};
use klinke_dimse::session::Event;
use tracing::{info, warn};

use super::super::identifier;
use super::super::line::Broken;
use super::super::node::title;
use super::super::peer::Service;
use super::super::taking::{Taking, status};
use super::{STUDIES_MAX, Visit};

impl Visit {
    pub(super) async fn store(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        if !self.may(Service::Store, context, command).await? {
            return Ok(());
        }
        let received = self.take(context, command).await?;
        let (status, comment) = match &received {
            Ok(received) => {
                if self.studies.len() < STUDIES_MAX {
                    self.studies.insert(received.identity.study.clone());
                }
                if let Added::Beside(reason) = received.added {
                    let reason = reason.name();
                    warn!(calling = %title(&self.calling), reason, "an instance lies beside until somebody decides");
                }
                (Status::SUCCESS, String::new())
            }
            Err(error) => {
                info!(calling = %title(&self.calling), "an instance was refused: {error}");
                (status(error), error.to_string())
            }
        };
        self.answer(context, command, status, &comment).await
    }

    /// Receives the data set to its end, whatever comes of it.
    async fn take(&mut self, context: u8, command: &Command) -> Result<Result<Received, Error>, Broken> {
        let arrival = Arrival {
            class: command.sop_class().unwrap_or_default().to_owned(),
            instance: command.sop_instance().unwrap_or_default().to_owned(),
            syntax: self.line.syntax(context),
            from: self.calling.clone(),
            to: self.called.clone(),
            clash: self.peer.clash(),
            charset: identifier::rules(&self.peer),
            study: None,
            quota: self.peer.quota.map(|quota| quota.0 as u64),
        };
        let mut taking = Taking::begin(&self.node.archive, arrival);
        loop {
            match self.line.next().await {
                Event::Data { bytes, last, .. } => {
                    taking = taking.bytes(bytes).await;
                    if last {
                        return Ok(taking.finish().await);
                    }
                }
                Event::Ended(ending) => return Err(self.line.ended(ending)),
                _ => {}
            }
        }
    }
}
