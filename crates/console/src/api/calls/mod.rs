//! The calls, one list. A call is a type with its fields and one line here.

mod acts;
mod alerts;
mod archive;
mod given;
mod messages;
mod migrations;
mod people;
mod site;
mod state;
mod trials;
mod upkeep;

use std::sync::LazyLock;

use super::call::{Call, Method, call};
use crate::people::Right::{Act, Administer, Audit, ViewPayload, ViewState};

static ALL: LazyLock<Vec<Call>> = LazyLock::new(list);

/// All of them.
pub fn all() -> &'static [Call] {
    &ALL
}

#[rustfmt::skip]
fn list() -> Vec<Call> {
    use Method::{Delete, Get, Post, Put};
    vec![
        call::<state::Me>("me", Get, "/me", ViewState, "Who the token is, and what it may do"),
        call::<state::GetStatus>("status", Get, "/status", ViewState, "All channels and destinations with their books"),
        call::<state::Systems>("systems", Get, "/systems", ViewState, "The partners: who they are, what they send and get"),
        call::<state::RhythmOf>("rhythm", Get, "/systems/{name}/rhythm", ViewState, "In which rhythm a system sends: each hour of its week, what is expected now, what came; null while nothing was heard of it"),
        call::<state::ChannelOf>("channel", Get, "/channels/{name}", ViewState, "A channel's files and versions"),
        call::<state::HistoryOf>("history", Get, "/history", ViewState, "What was measured in the last hours, by minute"),
        call::<state::Diagnose>("diagnosis", Get, "/diagnosis", ViewState, "What is wrong, whose fault it is, and whom to call"),
        call::<state::Drift>("drift", Get, "/drift", ViewState, "What is new in partners' messages against their dialects"),
        call::<messages::Search>("messages", Get, "/messages", ViewState, "Messages, the newest first; by keys and text with the right to open them"),
        call::<messages::Arrivals>("arrivals", Get, "/arrivals", ViewState, "Messages in the order in which they came, page by page behind a cursor"),
        call::<messages::Trace>("trace", Get, "/trace", ViewPayload, "One case across all channels: by patient, case, order or control ID"),
        call::<messages::Show>("message", Get, "/messages/{id}", ViewState, "One message with every stage, its deliveries and attempts"),
        call::<messages::Read>("reading", Get, "/messages/{id}/reading", ViewState, "One message in plain words, with the fields of every stage"),
        call::<messages::Payload>("payload", Get, "/messages/{id}/payload", ViewPayload, "The payloads of one stage, whole"),
        call::<messages::Text>("text", Get, "/messages/{id}/text", Act, "A message as a text to be changed"),
        call::<messages::Alter>("alter", Post, "/messages/{id}/text", Act, "What a changed text would change, by field; nothing is sent"),
        call::<acts::Resend>("resend", Post, "/messages/resend", Act, "Sends kept messages again as new ones"),
        call::<acts::Edit>("edit", Post, "/messages/{id}/edit", Act, "Sends changed bytes as a new message"),
        call::<acts::Queues>("queues", Get, "/queues", ViewState, "Lanes with something waiting"),
        call::<acts::Dead>("dead", Get, "/dead", ViewState, "Deliveries that were given up, the newest first"),
        call::<acts::Hold>("hold", Post, "/queues/hold", Act, "Stops a lane, or a whole destination"),
        call::<acts::Release>("release", Post, "/queues/release", Act, "Lets a lane, or a whole destination, go on"),
        call::<acts::StopChannel>("stopChannel", Post, "/channels/{name}/stop", Act, "Stops a channel: its port is closed, what waits stays"),
        call::<acts::StartChannel>("startChannel", Post, "/channels/{name}/start", Act, "Lets a channel run again"),
        call::<acts::SettleThem>("settle", Post, "/deliveries/settle", Act, "Skips, gives up, revives or drops deliveries"),
        call::<site::GetSite>("site", Get, "/site", ViewState, "The site's files, what a check says of them, where they stand in git"),
        call::<site::GetFile>("file", Get, "/site/file", ViewState, "The text of one of the site's files"),
        call::<site::Check>("check", Post, "/site/check", Administer, "What a check says of the site with one file changed; nothing is written"),
        call::<site::Reload>("reload", Post, "/site/reload", Administer, "Takes over what the site's files say now"),
        call::<site::DeployOne>("deploy", Post, "/site/deploy", Administer, "Brings another revision of the site to life, if it passes check and examples"),
        call::<site::GoBack>("rollback", Post, "/site/rollback", Administer, "Goes back to an earlier revision and stays there"),
        call::<site::ReplayThem>("replay", Post, "/replay", ViewPayload, "Runs kept messages through a changed channel and tells what differs; nothing is sent"),
        call::<trials::Shadows>("shadows", Get, "/shadows", ViewPayload, "Changed channels that run along, and what differs so far"),
        call::<trials::Canaries>("canaries", Get, "/canaries", ViewState, "Changed channels that handle some of the messages, and how both sides fare"),
        call::<trials::Look>("outlook", Post, "/channels/{name}/outlook", Administer, "What would be on trial: the files of a changed channel beside those that are live"),
        call::<trials::StartShadow>("startShadow", Put, "/channels/{name}/shadow", Administer, "Lets a changed channel run along without delivering"),
        call::<trials::TakeShadow>("takeShadow", Post, "/channels/{name}/shadow/take", Administer, "Puts a shadow in the place of the channel that is live"),
        call::<trials::DropShadow>("dropShadow", Post, "/channels/{name}/shadow/drop", Administer, "Throws a shadow away, and what it has found"),
        call::<trials::StartCanary>("startCanary", Put, "/channels/{name}/canary", Administer, "Lets a changed channel handle some of the messages"),
        call::<trials::ChangeCanary>("changeCanary", Post, "/channels/{name}/canary/terms", Administer, "Lets a canary handle other messages"),
        call::<trials::TakeCanary>("takeCanary", Post, "/channels/{name}/canary/take", Administer, "Puts a canary in the place of the channel that is live"),
        call::<trials::DropCanary>("dropCanary", Post, "/channels/{name}/canary/drop", Administer, "Throws a canary away"),
        call::<alerts::List>("alerts", Get, "/alerts", ViewState, "Alerts: what stands open, what is over, who is on call"),
        call::<alerts::Acknowledge>("acknowledge", Post, "/alerts/{id}/acknowledge", Act, "Takes an alert upon oneself"),
        call::<alerts::Snooze>("snooze", Post, "/alerts/{id}/snooze", Act, "Puts an alert off: nothing is told of it until then, unless it becomes worse"),
        call::<alerts::HandOver>("handOver", Post, "/alerts/{id}/hand-over", Act, "Hands an alert over to a person or a rota, who is told at once"),
        call::<alerts::Mute>("mute", Post, "/mutes", Act, "Has nothing told of systems for a while: maintenance"),
        call::<alerts::Unmute>("unmute", Delete, "/mutes/{id}", Act, "Ends a mute"),
        call::<upkeep::Copy>("copyStore", Post, "/store/copies", Administer, "Copies the store while the site runs; answers when the copy is whole"),
        call::<upkeep::Verify>("verifyStore", Post, "/store/verify", Administer, "Checks every stored byte; answers when all is read"),
        call::<upkeep::Prune>("pruneStore", Post, "/store/prune", Administer, "Removes what the site's rules allow"),
        call::<upkeep::LearnOne>("learn", Post, "/systems/{name}/dialect", ViewPayload, "Learns a system's dialect from what is kept; holds no patient data, and changes no file"),
        call::<archive::GetStatus>("archive", Get, "/archive", ViewState, "How much is in the DICOM archive"),
        call::<archive::Verify>("verifyArchive", Post, "/archive/verify", Administer, "Reads every file of the archive and holds it against the index; answers when all is read"),
        call::<archive::Changes>("archiveChanges", Get, "/archive/changes", ViewPayload, "What was decided over what was received, the newest first"),
        call::<archive::Undo>("undoChange", Post, "/archive/changes/{id}/undo", Act, "Takes a merge, correction or move back"),
        call::<archive::Merge>("mergePatients", Post, "/archive/merge", Act, "Gives all of one patient to another one, also what is yet to come"),
        call::<archive::Correct>("correctPatient", Post, "/archive/correct", Act, "Lays attributes over those that a patient's instances have"),
        call::<archive::MoveStudy>("moveStudy", Post, "/archive/move", Act, "Gives a study to another patient"),
        call::<archive::Clashes>("clashes", Get, "/archive/clashes", ViewState, "What lies beside until somebody decides, the newest first"),
        call::<archive::Decide>("decideClash", Post, "/archive/clashes/{id}/decide", Act, "Decides what becomes of something that lies beside"),
        call::<archive::Holds>("archiveHolds", Get, "/archive/holds", ViewState, "Studies that may not be thrown away"),
        call::<archive::Inbox>("archiveInbox", Get, "/archive/inbox", ViewState, "Those who were turned away because the site does not name them, who came last first"),
        call::<archive::HoldStudy>("holdStudy", Put, "/archive/holds/{study}", Act, "Keeps a study from being thrown away"),
        call::<archive::ReleaseStudy>("releaseStudy", Post, "/archive/holds/{study}/release", Act, "Lets a study be thrown away again"),
        call::<archive::Trash>("archiveTrash", Get, "/archive/trash", ViewState, "What is in the archive's trash, the newest first"),
        call::<archive::Throw>("throwAway", Post, "/archive/throw", Administer, "Moves a study, or a part of it, into the trash"),
        call::<archive::Retention>("retain", Post, "/archive/retention", Administer, "Throws away what rules of retention let go, or says what would go"),
        call::<archive::GetPriors>("archivePriors", Get, "/archive/priors", ViewState, "Which earlier studies are fetched for patients who are scheduled, and how far that is"),
        call::<archive::FetchAgain>("fetchPriorsAgain", Post, "/archive/priors/again", Act, "Tries again to fetch what was tried in vain"),
        call::<archive::Restore>("restoreThrown", Post, "/archive/restore", Act, "Takes a study, or a part of it, out of the trash"),
        call::<migrations::List>("migrations", Get, "/migrations", ViewState, "Old archives that are taken over: how far each is, and how long it will still take"),
        call::<migrations::Status>("migration", Get, "/migrations/{name}", ViewState, "How far a migration is: studies by state and year, pace, hours, what could not be taken and why"),
        call::<migrations::ReportOf>("migrationReport", Get, "/migrations/{name}/report", ViewState, "What was there, what came, what is missing and why; names studies, and no patient"),
        call::<migrations::Run>("runMigration", Post, "/migrations/{name}/run", Administer, "Begins to take an old archive over, or goes on"),
        call::<migrations::Stop>("stopMigration", Post, "/migrations/{name}/stop", Administer, "Stops a migration, and a check of it; answers when what is under way was given back"),
        call::<migrations::First>("firstOfMigration", Post, "/migrations/{name}/first", Act, "Moves a study, or all of a patient, before all others"),
        call::<migrations::Verify>("verifyMigration", Post, "/migrations/{name}/verify", Administer, "Begins to hold each instance that the old archive names against ours; how far it is, the migration says"),
        call::<people::Searches>("searches", Get, "/searches", ViewState, "The searches that the account keeps"),
        call::<people::SaveSearch>("saveSearch", Put, "/searches/{name}", ViewState, "Keeps a search under a name"),
        call::<people::ForgetSearch>("forgetSearch", Delete, "/searches/{name}", ViewState, "Forgets a search"),
        call::<people::Accounts>("accounts", Get, "/accounts", Administer, "All accounts"),
        call::<people::AddAccount>("addAccount", Post, "/accounts", Administer, "A new account; answers with its one-time code"),
        call::<people::RemoveAccount>("removeAccount", Delete, "/accounts/{name}", Administer, "Removes an account, its sessions and tokens"),
        call::<people::SetRoles>("setRoles", Put, "/accounts/{name}/roles", Administer, "Gives an account other roles"),
        call::<people::SetLock>("setLock", Put, "/accounts/{name}/lock", Administer, "Locks an account, or unlocks it"),
        call::<people::Reset>("resetAccount", Post, "/accounts/{name}/reset", Administer, "Takes password, factors, sessions and tokens away; answers with a one-time code"),
        call::<people::RolesOf>("roles", Get, "/roles", Administer, "All roles"),
        call::<people::Tokens>("tokens", Get, "/tokens", Administer, "All tokens"),
        call::<people::EndToken>("endToken", Delete, "/tokens/{id}", Administer, "Takes a token away"),
        call::<people::Entries>("audit", Get, "/audit", Audit, "Entries of the audit log, the newest first"),
        call::<people::WhoSaw>("whoSaw", Get, "/audit/patient", Audit, "Who has seen a patient's data"),
        call::<people::Verify>("verify", Get, "/audit/verify", Audit, "Whether the audit log is whole"),
    ]
}
