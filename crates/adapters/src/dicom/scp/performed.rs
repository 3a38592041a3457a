//! Performed procedure steps (PS3.4, Annex F): N-CREATE, N-SET and N-GET.

use klinke_archive::performed::Told;
use klinke_archive::{Archive, Error};
use klinke_dimse::data::DataSet;
use klinke_dimse::message::{Command, Status};
use klinke_dimse::uids;
use klinke_model::Timestamp;
use tracing::{info, warn};

use super::super::identifier;
use super::super::line::Broken;
use super::super::node::title;
use super::super::peer::Service;
use super::{IDENTIFIER_SIZE_BYTES_MAX, Visit};
use crate::uid;

/// Error ID (0000,0903): the step may no longer be updated (PS3.4, Table F.7.2-2).
const NO_LONGER_UPDATED: u16 = 0xA506;

impl Visit {
    /// N-CREATE: a modality begins.
    pub(super) async fn begin_step(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        let Some(attributes) = self.told(context, command).await? else { return Ok(()) };
        let Some(uid) = command.sop_instance().map(str::to_owned).or_else(uid::made) else {
            return self.answer(context, command, Status::PROCESSING_FAILURE, "no UID can be made").await;
        };
        let (from, instance) = (self.calling.clone(), uid.clone());
        let begin =
            move |archive: &Archive| archive.begin_performed(&instance, &attributes, &from, Timestamp::now());
        let told = self.node.with_archive(begin).await;
        // Where the peer leaves the UID to us, the answer tells it.
        let named = Command { affected_sop_instance: Some(uid), ..command.clone() };
        self.answer_told(context, &named, told).await
    }

    /// N-SET: a modality tells more, or that it is over.
    pub(super) async fn change_step(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        let Some(changes) = self.told(context, command).await? else { return Ok(()) };
        let uid = command.sop_instance().unwrap_or_default().to_owned();
        let change = move |archive: &Archive| archive.change_performed(&uid, &changes, Timestamp::now());
        let told = self.node.with_archive(change).await;
        self.answer_told(context, command, told).await
    }

    /// N-GET: somebody asks for what was told.
    pub(super) async fn get_step(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        let is_of_steps = self.is_about(context, uids::MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE)
            || self.is_about(context, uids::MODALITY_PERFORMED_PROCEDURE_STEP);
        if !is_of_steps {
            return self.refuse(context, command).await;
        }
        if !self.may(Service::ProcedureStep, context, command).await? {
            return Ok(());
        }
        if command.has_data {
            self.data(0).await?;
        }
        let uid = command.sop_instance().unwrap_or_default().to_owned();
        let performed = match self.node.with_archive(move |archive| archive.performed(&uid)).await {
            Ok(Some(performed)) => performed,
            Ok(None) => return self.answer(context, command, Status::NO_SUCH_SOP_INSTANCE, "").await,
            Err(error) => {
                warn!(calling = %title(&self.calling), "a performed procedure step could not be read: {error}");
                return self.answer(context, command, Status::PROCESSING_FAILURE, &error.to_string()).await;
            }
        };
        let wanted = &command.attribute_identifiers;
        let is_wanted =
            |element: &&klinke_dimse::data::Element| wanted.is_empty() || wanted.contains(&element.tag);
        let set: DataSet = performed.attributes.iter().filter(is_wanted).cloned().collect();
        let bytes = identifier::write(&set, &self.line.syntax(context), &identifier::charset_for(&self.peer));
        match command.response(Status::SUCCESS) {
            Some(response) => self.line.send_with(context, &response.with_data(true), bytes).await,
            None => Ok(()),
        }
    }

    /// The attributes of a request; refused, and nothing, where it may not be made.
    async fn told(&mut self, context: u8, command: &Command) -> Result<Option<DataSet>, Broken> {
        if !self.is_about(context, uids::MODALITY_PERFORMED_PROCEDURE_STEP) {
            self.refuse(context, command).await?;
            return Ok(None);
        }
        if !self.may(Service::ProcedureStep, context, command).await? {
            return Ok(None);
        }
        let bytes = if command.has_data { self.data(IDENTIFIER_SIZE_BYTES_MAX).await? } else { None };
        match bytes {
            Some(bytes) => Ok(Some(identifier::read(bytes, &self.line.syntax(context), &self.peer))),
            None => {
                let comment = "no attributes, or too many of them";
                self.answer(context, command, Status::PROCESSING_FAILURE, comment).await?;
                Ok(None)
            }
        }
    }

    async fn answer_told(
        &mut self,
        context: u8,
        command: &Command,
        told: Result<Told, Error>,
    ) -> Result<(), Broken> {
        let (status, comment) = match &told {
            Ok(Told::Kept) => (Status::SUCCESS, String::new()),
            Ok(Told::Duplicate) => (Status::DUPLICATE_SOP_INSTANCE, String::new()),
            Ok(Told::Missing) => (Status::NO_SUCH_SOP_INSTANCE, String::new()),
            Ok(Told::Final) => (
                Status::PROCESSING_FAILURE,
                "Performed Procedure Step Object may no longer be updated".to_owned(),
            ),
            Ok(Told::NoStatus) => {
                (Status::MISSING_ATTRIBUTE, "no Performed Procedure Step Status (0040,0252)".to_owned())
            }
            Ok(Told::BadStatus) => (
                Status::INVALID_ATTRIBUTE_VALUE,
                "Performed Procedure Step Status (0040,0252) may not be this here".to_owned(),
            ),
            Err(Error::Full(text) | Error::Unwritable(text)) => (Status::RESOURCE_LIMITATION, text.clone()),
            Err(error) => (Status::PROCESSING_FAILURE, error.to_string()),
        };
        if status != Status::SUCCESS {
            let kind = command.kind;
            info!(calling = %title(&self.calling), "{kind} of a performed procedure step was refused: {status}");
        }
        let Some(mut response) = command.response(status) else { return Ok(()) };
        if !comment.is_empty() {
            response = response.with_comment(&comment);
        }
        if matches!(told, Ok(Told::Final)) {
            response.error_id = Some(NO_LONGER_UPDATED);
        }
        self.line.send(context, &response).await
    }
}
