//! Instance Availability Notification (PS3.4, Annex R): somebody tells that instances can be had; channels are told of it.

use klinke_archive::{Archive, Error};
use klinke_dimse::message::{Command, Status};
use klinke_dimse::{tags, uids};
use klinke_model::Timestamp;
use tracing::warn;

use super::super::identifier;
use super::super::line::Broken;
use super::super::node::title;
use super::super::peer::Service;
use super::Visit;
use crate::uid;

/// A study has no more instances than fit.
const SIZE_BYTES_MAX: usize = 32 << 20;

impl Visit {
    /// N-CREATE: somebody tells what can be had, and where.
    pub(super) async fn take_notice(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        if !self.may(Service::Availability, context, command).await? {
            return Ok(());
        }
        let bytes = if command.has_data { self.data(SIZE_BYTES_MAX).await? } else { None };
        let Some(bytes) = bytes else {
            let comment = "no attributes, or too many of them";
            return self.answer(context, command, Status::PROCESSING_FAILURE, comment).await;
        };
        let set = identifier::read(bytes, &self.line.syntax(context), &self.peer);
        if set.ascii(tags::STUDY_INSTANCE_UID).is_none() {
            let comment = "no Study Instance UID (0020,000D)";
            return self.answer(context, command, Status::MISSING_ATTRIBUTE, comment).await;
        }
        if set.items(tags::REFERENCED_SERIES_SEQUENCE).is_empty() {
            let comment = "no Referenced Series Sequence (0008,1115)";
            return self.answer(context, command, Status::MISSING_ATTRIBUTE, comment).await;
        }
        let from = self.calling.clone();
        let keep = move |archive: &Archive| archive.available(&set, &from, Timestamp::now());
        let (status, comment) = match self.node.with_archive(keep).await {
            Ok(()) => (Status::SUCCESS, String::new()),
            Err(Error::Full(text) | Error::Unwritable(text)) => (Status::RESOURCE_LIMITATION, text),
            Err(error) => {
                warn!(calling = %title(&self.calling), "a notification of availability was not kept: {error}");
                (Status::PROCESSING_FAILURE, error.to_string())
            }
        };
        // Where the peer leaves the UID to us, the answer tells it.
        let uid = command.sop_instance().map(str::to_owned).or_else(uid::made);
        let named = Command { affected_sop_instance: uid, ..command.clone() };
        self.answer(context, &named, status, &comment).await
    }

    /// Whether a context is about notifications of availability.
    pub(super) fn is_notice(&self, context: u8) -> bool {
        self.is_about(context, uids::INSTANCE_AVAILABILITY_NOTIFICATION)
    }
}
