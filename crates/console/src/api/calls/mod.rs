//! The calls, one list. A call is a type with its fields and one line here.

mod acts;
mod given;
mod messages;
mod people;
mod site;
mod state;

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
        call::<acts::SettleThem>("settle", Post, "/deliveries/settle", Act, "Skips, gives up, revives or drops deliveries"),
        call::<site::GetSite>("site", Get, "/site", ViewState, "The site's files, what a check says of them, where they stand in git"),
        call::<site::GetFile>("file", Get, "/site/file", ViewState, "The text of one of the site's files"),
        call::<site::Check>("check", Post, "/site/check", Administer, "What a check says of the site with one file changed; nothing is written"),
        call::<site::Reload>("reload", Post, "/site/reload", Administer, "Takes over what the site's files say now"),
        call::<site::ReplayThem>("replay", Post, "/replay", ViewPayload, "Runs kept messages through a changed channel and tells what differs; nothing is sent"),
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
