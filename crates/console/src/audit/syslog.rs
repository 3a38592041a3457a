//! Entries as DICOM audit messages (DICOM PS3.15 A.5) in syslog lines (RFC 5424, as PS3.15 A.6 uses it).
//!
//! One entry is one message. What DICOM has no event for is told by the nearest one:
//!
//! | action | event | type |
//! |---|---|---|
//! | start, stop | 110100 Application Activity | 110120, 110121 |
//! | log-in, log-out | 110114 User Authentication | 110122, 110123 |
//! | open-payload, resend, edit | 110110 Patient Record | |
//! | search | 110112 Query | |
//! | export, backup | 110106 Export | |
//! | read-audit | 110101 Audit Log Used | |
//! | account, token | 110113 Security Alert | 110137 User Security Attributes Changed |
//! | emergency | 110113 Security Alert | 110127 Emergency Override Started |
//! | reload | 110113 Security Alert | 110131 Software Configuration |
//! | prune | 110113 Security Alert | 110135 Object Security Attributes Changed |
//! | hold, release, skip, kill, revive | 110113 Security Alert | 110132 Use of Restricted Function |
//!
//! The action's own word, the entry's number and its seal are details of an object of every message, so
//! that nothing is lost. Not supported: sending; the lines are made for a file or another program.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::entry::{Action, Entry, Outcome, Who, WhoKind};
use super::log::Line;

/// Facility 10 (security), severity 5 (notice).
const PRIORITY: u8 = 10 * 8 + 5;

/// A code of DICOM with its meaning.
struct Code(&'static str, &'static str);

/// One entry as a line, without its line end. Entries that can't be read have none.
pub fn line(line: &Line, host: &str, site: &str) -> Option<String> {
    let entry = line.entry.as_ref()?;
    let mut out = String::new();
    let host = printable(host);
    // What writes to a String does not fail.
    let _ = write!(out, "<{PRIORITY}>1 {} {host} klinke - DICOM+RFC3881 - \u{feff}", line.at);
    message(&mut out, line, entry, site);
    Some(out)
}

/// A name as the head of a syslog line takes it.
fn printable(host: &str) -> String {
    let host: String = host.chars().filter(char::is_ascii_graphic).take(255).collect();
    if host.is_empty() { "-".to_owned() } else { host }
}

fn message(out: &mut String, line: &Line, entry: &Entry, site: &str) {
    let (event, kind) = event(entry.action);
    let outcome = match entry.outcome {
        Outcome::Done => "0",
        Outcome::Failed => "4",
        Outcome::Refused => "8",
    };
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?><AuditMessage>");
    let _ = write!(
        out,
        "<EventIdentification EventActionCode=\"{}\" EventDateTime=\"{}\" EventOutcomeIndicator=\"{outcome}\">",
        action_code(entry.action),
        line.at
    );
    coded(out, "EventID", &event);
    if let Some(kind) = kind {
        coded(out, "EventTypeCode", &kind);
    }
    if let Some(note) = &entry.note {
        let _ = write!(out, "<EventOutcomeDescription>{}</EventOutcomeDescription>", Text(note));
    }
    out.push_str("</EventIdentification>");
    participant(out, &entry.who, &entry.from);
    let _ = write!(
        out,
        "<AuditSourceIdentification AuditEnterpriseSiteID=\"{0}\" AuditSourceID=\"klinke\">\
         <AuditSourceTypeCode csd-code=\"4\"/></AuditSourceIdentification>",
        Text(site)
    );
    objects(out, line, entry);
    out.push_str("</AuditMessage>");
}

fn coded(out: &mut String, element: &str, code: &Code) {
    let Code(code, meaning) = code;
    let _ = write!(out, "<{element} csd-code=\"{code}\" codeSystemName=\"DCM\" originalText=\"{meaning}\"/>");
}

fn participant(out: &mut String, who: &Who, from: &str) {
    let name = if who.name.is_empty() { "unknown" } else { &who.name };
    let _ = write!(out, "<ActiveParticipant UserID=\"{}\"", Text(name));
    if let Some(via) = &who.via {
        let _ = write!(out, " AlternativeUserID=\"{}\"", Text(via));
    }
    let _ = write!(out, " UserIsRequestor=\"{}\"", who.kind != WhoKind::Program);
    if !from.is_empty() {
        let kind = if from.parse::<std::net::IpAddr>().is_ok() { 2 } else { 1 };
        let _ = write!(out, " NetworkAccessPointID=\"{}\" NetworkAccessPointTypeCode=\"{kind}\"", Text(from));
    }
    out.push_str("/>");
}

/// What an object is: its type, role, kind of identifier and the kind's meaning.
struct Kind(u8, u8, u8, &'static str);

const PATIENT: Kind = Kind(1, 1, 2, "Patient Number");
const ENVELOPE: Kind = Kind(2, 3, 9, "Report Number");
const QUERY: Kind = Kind(2, 24, 10, "Search Criteria");
const USER: Kind = Kind(1, 11, 11, "User Identifier");
const PLACE: Kind = Kind(2, 23, 12, "URI");
const LOG: Kind = Kind(2, 13, 12, "URI");

fn objects(out: &mut String, line: &Line, entry: &Entry) {
    let object = &entry.object;
    for patient in &object.patients {
        one(out, &PATIENT, patient, patient, &[]);
    }
    for envelope in &object.envelopes {
        let number = envelope.to_string();
        one(out, &ENVELOPE, &number, &number, &[]);
    }
    if !object.sought.is_empty() {
        let sought: Vec<String> =
            object.sought.iter().map(|(name, value)| format!("{name}={value}")).collect();
        open(out, &QUERY, "search");
        let query = STANDARD.encode(sought.join("&"));
        let _ = write!(out, "<ParticipantObjectQuery>{query}</ParticipantObjectQuery>");
        out.push_str("</ParticipantObjectIdentification>");
    }
    for place in [&object.channel, &object.system, &object.destination].into_iter().flatten() {
        one(out, &PLACE, place, place, &[]);
    }
    if let Some(account) = &object.account {
        one(out, &USER, account, account, &[]);
    }
    let number = line.id.to_string();
    let mut details = vec![("action", entry.action.name()), ("number", &number), ("seal", &line.seal)];
    details.extend(entry.purpose.as_deref().map(|purpose| ("purpose", purpose)));
    one(out, &LOG, "klinke:audit", "Security Audit Log", &details);
}

fn open(out: &mut String, kind: &Kind, id: &str) {
    let Kind(code, role, id_kind, meaning) = kind;
    let _ = write!(
        out,
        "<ParticipantObjectIdentification ParticipantObjectID=\"{}\" ParticipantObjectTypeCode=\"{code}\" \
         ParticipantObjectTypeCodeRole=\"{role}\"><ParticipantObjectIDTypeCode csd-code=\"{id_kind}\" \
         codeSystemName=\"RFC-3881\" originalText=\"{meaning}\"/>",
        Text(id)
    );
}

fn one(out: &mut String, kind: &Kind, id: &str, name: &str, details: &[(&str, &str)]) {
    open(out, kind, id);
    let _ = write!(out, "<ParticipantObjectName>{}</ParticipantObjectName>", Text(name));
    for (name, value) in details {
        let value = STANDARD.encode(value);
        let _ = write!(out, "<ParticipantObjectDetail type=\"{name}\" value=\"{value}\"/>");
    }
    out.push_str("</ParticipantObjectIdentification>");
}

fn event(action: Action) -> (Code, Option<Code>) {
    const ALERT: Code = Code("110113", "Security Alert");
    let activity = || Code("110100", "Application Activity");
    let authentication = || Code("110114", "User Authentication");
    match action {
        Action::Start => (activity(), Some(Code("110120", "Application Start"))),
        Action::Stop => (activity(), Some(Code("110121", "Application Stop"))),
        Action::LogIn => (authentication(), Some(Code("110122", "Login"))),
        Action::LogOut => (authentication(), Some(Code("110123", "Logout"))),
        Action::OpenPayload | Action::Resend | Action::Edit | Action::ChangeIdentity => {
            (Code("110110", "Patient Record"), None)
        }
        Action::Search => (Code("110112", "Query"), None),
        Action::Export | Action::Backup => (Code("110106", "Export"), None),
        Action::Migrate | Action::Import => (Code("110107", "Import"), None),
        Action::ReadAudit => (Code("110101", "Audit Log Used"), None),
        Action::Account | Action::Token => (ALERT, Some(Code("110137", "User Security Attributes Changed"))),
        Action::Emergency => (ALERT, Some(Code("110127", "Emergency Override Started"))),
        Action::Reload
        | Action::Deploy
        | Action::Rollback
        | Action::Shadow
        | Action::Acknowledge
        | Action::Snooze
        | Action::HandOver
        | Action::Mute => (ALERT, Some(Code("110131", "Software Configuration"))),
        Action::Prune => (ALERT, Some(Code("110135", "Object Security Attributes Changed"))),
        Action::Hold
        | Action::Release
        | Action::StopChannel
        | Action::StartChannel
        | Action::Skip
        | Action::Kill
        | Action::Revive
        | Action::Drop
        | Action::Decide
        | Action::Unknown => (ALERT, Some(Code("110132", "Use of Restricted Function"))),
    }
}

fn action_code(action: Action) -> char {
    match action {
        Action::Migrate | Action::Import => 'C',
        Action::OpenPayload | Action::Export | Action::ReadAudit | Action::Backup => 'R',
        Action::Edit | Action::ChangeIdentity | Action::Account | Action::Token => 'U',
        Action::Prune => 'D',
        _ => 'E',
    }
}

/// A text as XML 1.0 holds it, in an attribute or between elements, on one line.
struct Text<'a>(&'a str);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' | '\r' => write!(f, "&#{};", u32::from(c))?,
                // XML 1.0 has no way to write these at all; the lines of Unicode would end ours.
                '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}' => {
                    f.write_str("\u{fffd}")?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(entry: Entry) -> Line {
        Line { id: 7, at: "2026-11-24T08:15:00.000Z".to_owned(), entry: Some(entry), seal: "ab".to_owned() }
    }

    #[test]
    fn an_opened_message_is_a_patient_record_that_was_read() {
        let mut entry = Entry::new(Who::account("anna"), "10.0.0.7", Action::OpenPayload);
        entry.object.patients = vec!["4711".to_owned()];
        entry.object.envelopes = vec![12];
        let out = line(&shown(entry), "engine-1", "KH Musterstadt").unwrap();
        let expected = "<85>1 2026-11-24T08:15:00.000Z engine-1 klinke - DICOM+RFC3881 - \u{feff}\
            <?xml version=\"1.0\" encoding=\"UTF-8\"?><AuditMessage>\
            <EventIdentification EventActionCode=\"R\" EventDateTime=\"2026-11-24T08:15:00.000Z\" EventOutcomeIndicator=\"0\">\
            <EventID csd-code=\"110110\" codeSystemName=\"DCM\" originalText=\"Patient Record\"/></EventIdentification>\
            <ActiveParticipant UserID=\"anna\" UserIsRequestor=\"true\" NetworkAccessPointID=\"10.0.0.7\" NetworkAccessPointTypeCode=\"2\"/>\
            <AuditSourceIdentification AuditEnterpriseSiteID=\"KH Musterstadt\" AuditSourceID=\"klinke\"><AuditSourceTypeCode csd-code=\"4\"/></AuditSourceIdentification>\
            <ParticipantObjectIdentification ParticipantObjectID=\"4711\" ParticipantObjectTypeCode=\"1\" ParticipantObjectTypeCodeRole=\"1\">\
            <ParticipantObjectIDTypeCode csd-code=\"2\" codeSystemName=\"RFC-3881\" originalText=\"Patient Number\"/><ParticipantObjectName>4711</ParticipantObjectName></ParticipantObjectIdentification>";
        assert!(out.starts_with(expected), "{out}");
        assert!(out.ends_with("</ParticipantObjectIdentification></AuditMessage>"));
        assert!(out.contains(
            "ParticipantObjectID=\"12\" ParticipantObjectTypeCode=\"2\" ParticipantObjectTypeCodeRole=\"3\""
        ));
    }

    #[test]
    fn whatever_people_type_stays_one_line_and_one_text() {
        let mut entry = Entry::new(Who::account("a\"><x>"), "h\nost", Action::LogIn);
        entry.purpose = Some("]]></AuditMessage>\n<85>1 forged".to_owned());
        entry.note = Some("line\r\n<85>1 forged\u{0}\u{2028}&".to_owned());
        let out = line(&shown(entry), "ho st\n", "<site>").unwrap();
        assert!(!out.contains(['\n', '\r', '\0', '\u{2028}']), "{out:?}");
        assert_eq!(out.matches("<AuditMessage>").count(), 1);
        assert_eq!(out.matches("</AuditMessage>").count(), 1);
        assert_eq!(out.matches("<85>").count(), 1);
        assert!(
            out.contains("UserID=\"a&quot;&gt;&lt;x&gt;\"") && out.contains("> host klinke")
                || out.contains(" host klinke ")
        );
    }

    #[test]
    fn every_action_has_an_event() {
        for action in Action::ALL {
            let out = line(&shown(Entry::new(Who::program(), "", action)), "", "s").unwrap();
            assert!(out.contains("<EventID csd-code=\"1101") && out.contains(" - klinke - "), "{out}");
        }
    }
}
