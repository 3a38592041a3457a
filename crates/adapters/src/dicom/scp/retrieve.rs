//! C-MOVE and C-GET (PS3.4, C.4.2 and C.4.3): instances go to another AE, or back over the same association.
//!
//! The counts are true: an instance counts as completed when its receiver has answered 0000, as a warning when it has answered
//! Bxxx, as failed otherwise, also when there is no presentation context for it. The UIDs of those that failed are
//! told with the last response.

use std::pin::pin;

use klinke_archive::Level;
use klinke_archive::index::{Instance, Selection};
use klinke_dimse::data::DataSet;
use klinke_dimse::message::{Command, Kind, Priority, Status, SubOperations};
use klinke_dimse::session::Event;
use klinke_dimse::{VR, tags};
use tracing::{info, warn};

use super::super::identifier;
use super::super::line::Broken;
use super::super::node::title;
use super::super::peer::Service;
use super::super::scu::{Carried, Load, Origin, Sender};
use super::{IDENTIFIER_SIZE_BYTES_MAX, Visit};

/// How many instances are looked up at a time.
const PAGE_LENGTH: usize = 500;
/// How many UIDs of failed instances are told at most.
const FAILED_UIDS_MAX: usize = 10_000;
/// A pending response comes after so many sub-operations at the latest.
const PENDING_EVERY: usize = 10;

/// What became of the sub-operations so far.
#[derive(Default)]
struct Tally {
    remaining: u64,
    completed: u64,
    warning: u64,
    failed: Vec<String>,
}

impl Tally {
    fn count(&mut self, uid: &str, carried: &Carried) {
        self.remaining = self.remaining.saturating_sub(1);
        match carried {
            Carried::Done => self.completed += 1,
            Carried::Warning(_) => self.warning += 1,
            _ => self.failed.push(uid.to_owned()),
        }
    }

    fn response(&self, command: &Command, status: Status) -> Option<Command> {
        let count = |count: u64| Some(u16::try_from(count).unwrap_or(u16::MAX));
        let is_last = !status.is_pending() && status != Status::CANCEL;
        let sub_operations = SubOperations {
            remaining: if is_last { None } else { count(self.remaining) },
            completed: count(self.completed),
            failed: count(self.failed.len() as u64),
            warning: count(self.warning),
        };
        Some(Command { sub_operations, ..command.response(status)? })
    }

    fn status(&self) -> Status {
        match (self.failed.is_empty() && self.warning == 0, self.completed + self.warning) {
            (true, _) => Status::SUCCESS,
            (false, 0) => Status::OUT_OF_RESOURCES_SUB_OPERATIONS,
            (false, _) => Status::SUB_OPERATIONS_TERMINATED,
        }
    }
}

impl Visit {
    pub(super) async fn retrieve_by_move(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        let Some((selection, level)) = self.wanted(context, command).await? else { return Ok(()) };
        let destination = command.move_destination.clone().unwrap_or_default();
        let receiver = self.node.peers.titled(&destination).filter(|peer| peer.address.is_some());
        let Some(receiver) = receiver else {
            warn!(calling = %title(&self.calling), destination = %title(&destination), "a move to an AE title without an address");
            return self.answer(context, command, Status::MOVE_DESTINATION_UNKNOWN, "").await;
        };
        let Some(all) = self.instances(context, command, selection).await? else { return Ok(()) };
        let origin = Origin {
            calling: receiver.calling.clone().unwrap_or_else(|| self.called.clone()),
            mover: Some((self.calling.clone(), command.message_id)),
        };
        let as_received = receiver.as_received;
        let mut sender = Sender::new(receiver, origin);
        let mut tally = Tally { remaining: all.len() as u64, ..Tally::default() };
        info!(calling = %title(&self.calling), destination = %title(&destination), level = level.name(), instances = all.len(), "a move");
        sender.expect(
            &all.iter().map(|one| (one.class.as_str(), one.file.syntax.as_str())).collect::<Vec<_>>(),
        );
        for (place, instance) in all.iter().enumerate() {
            let load = Load::of(&self.node.archive, instance, as_received);
            let Some(carried) = self.carry(&mut sender, &load, command).await? else {
                sender.abort().await;
                return self.finish(context, command, &tally, Status::CANCEL).await;
            };
            tally.count(&instance.uid, &carried);
            if (place + 1) % PENDING_EVERY == 0 && tally.remaining > 0 {
                self.tell(context, command, &tally).await?;
            }
        }
        sender.release().await;
        let status = tally.status();
        self.finish(context, command, &tally, status).await
    }

    pub(super) async fn retrieve_by_get(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        let Some((selection, level)) = self.wanted(context, command).await? else { return Ok(()) };
        let Some(all) = self.instances(context, command, selection).await? else { return Ok(()) };
        let mut tally = Tally { remaining: all.len() as u64, ..Tally::default() };
        info!(calling = %title(&self.calling), level = level.name(), instances = all.len(), "a retrieval");
        for (place, instance) in all.iter().enumerate() {
            let load = Load::of(&self.node.archive, instance, self.peer.as_received);
            let Some(carried) = self.carry_back(&load, command).await? else {
                return self.finish(context, command, &tally, Status::CANCEL).await;
            };
            tally.count(&instance.uid, &carried);
            if (place + 1) % PENDING_EVERY == 0 && tally.remaining > 0 {
                self.tell(context, command, &tally).await?;
            }
        }
        let status = tally.status();
        self.finish(context, command, &tally, status).await
    }

    /// What a retrieval asks for; refused, and nothing, where it asks for nothing.
    async fn wanted(&mut self, context: u8, command: &Command) -> Result<Option<(Selection, Level)>, Broken> {
        if !self.may(Service::Retrieve, context, command).await? {
            return Ok(None);
        }
        let Some(bytes) = self.data(IDENTIFIER_SIZE_BYTES_MAX).await? else {
            self.answer(context, command, Status::OUT_OF_RESOURCES, "no identifier, or one that is too long")
                .await?;
            return Ok(None);
        };
        let asked = identifier::read(bytes, &self.line.syntax(context), &self.peer);
        let level = identifier::level(&asked);
        let wanted = level.and_then(|level| Some((identifier::selection(&asked, level)?, level)));
        if wanted.is_none() {
            let comment = "no Query/Retrieve Level (0008,0052), or no unique key for it";
            self.answer(context, command, Status::DATA_SET_NOT_OF_SOP_CLASS, comment).await?;
        }
        Ok(wanted)
    }

    /// The instances of a selection; refused, and nothing, where they can't be looked up.
    async fn instances(
        &mut self,
        context: u8,
        command: &Command,
        selection: Selection,
    ) -> Result<Option<Vec<Instance>>, Broken> {
        let looked_up = self.node.with_archive(move |archive| {
            let mut all: Vec<Instance> = Vec::new();
            loop {
                let after = all.last().map_or(0, |last| last.number);
                let page = archive.instances(&selection, after, PAGE_LENGTH)?;
                let is_last = page.len() < PAGE_LENGTH;
                all.extend(page);
                if is_last {
                    return Ok(all);
                }
            }
        });
        match looked_up.await {
            Ok(all) => Ok(Some(all)),
            Err(error) => {
                self.answer(context, command, Status::CANNOT_UNDERSTAND, &error.to_string()).await?;
                Ok(None)
            }
        }
    }

    /// Sends an instance to somebody else; nothing where the peer cancelled meanwhile.
    async fn carry(
        &mut self,
        sender: &mut Sender,
        load: &Load,
        command: &Command,
    ) -> Result<Option<Carried>, Broken> {
        let mut carrying = pin!(sender.carry(load));
        loop {
            tokio::select! {
                carried = &mut carrying => return Ok(Some(carried)),
                event = self.line.next() => if self.is_cancel(event, command)? {
                    return Ok(None);
                },
            }
        }
    }

    /// Sends an instance over this association; nothing where the peer cancelled meanwhile.
    async fn carry_back(&mut self, load: &Load, command: &Command) -> Result<Option<Carried>, Broken> {
        let Some(negotiated) = self.line.negotiated() else { return Ok(None) };
        let Some((context, syntax)) = load.context(negotiated) else {
            return Ok(Some(Carried::Unfit("no presentation context for its SOP class".to_owned())));
        };
        let message = self.line.session().next_message_id();
        let request = Command::store_request(message, &load.class, &load.uid, Priority::Medium);
        if let Err(failed) = load.send(&mut self.line, context, &request, &syntax).await? {
            return Ok(Some(Carried::Unfit(failed)));
        }
        let mut is_cancelled = false;
        loop {
            match self.line.next().await {
                Event::Command { command: answer, .. } if answer.kind == Kind::CStoreResponse => {
                    let carried = Carried::of(answer.status);
                    return Ok((!is_cancelled).then_some(carried));
                }
                event => is_cancelled |= self.is_cancel(event, command)?,
            }
        }
    }

    async fn tell(&mut self, context: u8, command: &Command, tally: &Tally) -> Result<(), Broken> {
        match tally.response(command, Status::PENDING) {
            Some(response) => self.line.send(context, &response).await,
            None => Ok(()),
        }
    }

    /// The last response, with the UIDs of those that failed.
    async fn finish(
        &mut self,
        context: u8,
        command: &Command,
        tally: &Tally,
        status: Status,
    ) -> Result<(), Broken> {
        let Some(response) = tally.response(command, status) else { return Ok(()) };
        if tally.failed.is_empty() {
            return self.line.send(context, &response).await;
        }
        let uids: Vec<&str> = tally.failed.iter().take(FAILED_UIDS_MAX).map(String::as_str).collect();
        let mut failed = DataSet::new();
        failed.put_ascii(tags::FAILED_SOP_INSTANCE_UID_LIST, VR::UI, &uids.join("\\"));
        self.line.send_set(context, &response.with_data(true), &failed).await
    }
}
