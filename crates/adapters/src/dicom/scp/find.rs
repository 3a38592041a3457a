//! C-FIND (PS3.4, C.4.1): patient and study root, all levels, and the worklist (K.4.1); cancelled when the peer says so.

use std::ops::ControlFlow;

use bytes::Bytes;
use klinke_archive::Error;
use klinke_archive::find::{Names, Query};
use klinke_dimse::data::DataSet;
use klinke_dimse::message::{Command, Kind, Status};
use klinke_dimse::session::Event;
use klinke_dimse::uids;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tracing::warn;

use super::super::identifier;
use super::super::line::Broken;
use super::super::node::title;
use super::super::peer::Service;
use super::{IDENTIFIER_SIZE_BYTES_MAX, Visit};

/// How many answers may wait for the socket.
const ANSWERS_MAX: usize = 64;

impl Visit {
    pub(super) async fn find(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        let is_worklist = self.is_about(context, uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND);
        let service = if is_worklist { Service::Worklist } else { Service::Find };
        if !self.may(service, context, command).await? {
            return Ok(());
        }
        let Some(bytes) = self.data(IDENTIFIER_SIZE_BYTES_MAX).await? else {
            return self
                .answer(context, command, Status::OUT_OF_RESOURCES, "no identifier, or one that is too long")
                .await;
        };
        let asked = identifier::read(bytes, &self.line.syntax(context), &self.peer);
        if is_worklist {
            return self.find_steps(context, command, asked).await;
        }
        let Some(level) = identifier::level(&asked) else {
            let status = Status::DATA_SET_NOT_OF_SOP_CLASS;
            return self.answer(context, command, status, "no Query/Retrieve Level (0008,0052)").await;
        };
        let query = Query { names: self.names(), ..Query::of(&asked, level) };
        let (archive, ae_title) = (self.node.archive.clone(), self.node.config.ae_title.clone());
        self.tell_found(context, command, move |tell| {
            archive.find(&query, &mut |found| tell(identifier::answer(&asked, &found, &ae_title)))
        })
        .await
    }

    /// How names are compared for the partner.
    pub(super) fn names(&self) -> Names {
        if self.peer.fuzzy { Names::Fuzzy } else { Names::Plain }
    }

    /// Sends what a search finds, each as it is found, then how it ended.
    pub(super) async fn tell_found(
        &mut self,
        context: u8,
        command: &Command,
        search: impl FnOnce(&mut dyn FnMut(DataSet) -> ControlFlow<()>) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Broken> {
        let (sender, mut answers) = mpsc::channel::<Bytes>(ANSWERS_MAX);
        let (syntax, charset) = (self.line.syntax(context), identifier::charset_for(&self.peer));
        let searching = spawn_blocking(move || {
            search(&mut |answer| match sender.blocking_send(identifier::write(&answer, &syntax, &charset)) {
                Ok(()) => ControlFlow::Continue(()),
                // Nobody wants more.
                Err(_) => ControlFlow::Break(()),
            })
        });
        let Some(pending) = command.response(Status::PENDING) else { return Ok(()) };
        let pending = pending.with_data(true);
        loop {
            tokio::select! {
                answer = answers.recv() => match answer {
                    Some(answer) => self.line.send_with(context, &pending, answer).await?,
                    None => break,
                },
                event = self.line.next() => if self.is_cancel(event, command)? {
                    return self.answer(context, command, Status::CANCEL, "").await;
                },
            }
        }
        match searching.await.unwrap_or_else(|_| Err(Error::Backend("searching broke off".to_owned()))) {
            Ok(()) => self.answer(context, command, Status::SUCCESS, "").await,
            Err(error) => {
                warn!(calling = %title(&self.calling), "a query failed: {error}");
                self.answer(context, command, Status::CANNOT_UNDERSTAND, &error.to_string()).await
            }
        }
    }

    /// Whether an event in the middle of an operation cancels it; the end of the association is an error.
    pub(super) fn is_cancel(&mut self, event: Event, command: &Command) -> Result<bool, Broken> {
        match event {
            Event::Command { command: cancel, .. } => {
                Ok(cancel.kind == Kind::CCancelRequest && cancel.message_id == command.message_id)
            }
            Event::Ended(ending) => Err(self.line.ended(ending)),
            _ => Ok(false),
        }
    }
}
