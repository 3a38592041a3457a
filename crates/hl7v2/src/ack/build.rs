//! Builds acknowledgments.

use super::{Code, ErrorCode, ErrorDetail, Expectation, Kind, Mode, component, expectation, part};
use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::message::Message;
use crate::place::Place;
use crate::time::Timestamp;
use crate::{escape, version};

/// How MSH-9 is written. Partners break on one form or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// `ACK` up to version 2.3.1, `ACK^A01^ACK` from 2.4.
    #[default]
    ByVersion,
    /// `ACK`
    Ack,
    /// `ACK^A01`
    AckEvent,
    /// `ACK^A01^ACK`
    AckEventAck,
}

/// What an acknowledgment says beyond its code.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// MSH-10 of the acknowledgment: the caller's, unique, never that of the message.
    pub control_id: &'a str,
    /// MSH-7: what is now.
    pub now: Timestamp,
    /// How MSH-9 is written.
    pub form: Form,
    /// MSA-3. From version 2.7, which has no MSA-3, it goes to ERR-8 of a negative acknowledgment.
    pub text: &'a str,
    /// What is wrong, one ERR (or repetition of ERR-1) each.
    pub errors: &'a [ErrorDetail],
    /// MSA-4, for the sequence number protocol.
    pub expected_sequence: Option<i64>,
    /// MSH-3 and MSH-4 as raw fields, where they are not to be the message's MSH-5 and MSH-6.
    pub sender: Option<(&'a str, &'a str)>,
}

impl<'a> Options<'a> {
    /// With a control ID and the time, nothing else.
    pub fn new(control_id: &'a str, now: Timestamp) -> Self {
        Self {
            control_id,
            now,
            form: Form::ByVersion,
            text: "",
            errors: &[],
            expected_sequence: None,
            sender: None,
        }
    }
}

/// Build the acknowledgment of a message, in its delimiters, version and character set. `code` is
/// written as it is; whether one is wanted at all is [`super::expectation`]'s to say.
pub fn acknowledge(message: &Message, code: Code, options: &Options<'_>) -> Vec<u8> {
    let raw = |number| part(message, b"MSH", number).map(|p| p.raw()).unwrap_or_default();
    let known = Known {
        delimiters: *message.delimiters(),
        encoding_characters: part(message, b"MSH", 2).map(|p| p.raw()).unwrap_or_default(),
        charset: message.inner_charset(),
        addresses: [raw(5), raw(6), raw(3), raw(4)],
        event: component(message, b"MSH", 9, 2),
        control_id: raw(10),
        processing_id: raw(11),
        version: raw(12),
        version_text: component(message, b"MSH", 12, 1),
        charset_field: raw(18),
        expectation: expectation(message),
    };
    let bytes = known.build(code, options);
    message.turned_to_wire(bytes)
}

/// Build an acknowledgment for bytes that may be no message: what can be read of the header is used,
/// the usual delimiters otherwise.
pub fn acknowledge_bytes(bytes: &[u8], code: Code, options: &Options<'_>) -> Vec<u8> {
    match Message::parse(bytes.to_vec()) {
        Ok(message) => acknowledge(&message, code, options),
        Err(_) => Known::nothing().build(code, options),
    }
}

/// What is known of the message that is acknowledged.
struct Known<'a> {
    delimiters: Delimiters,
    encoding_characters: &'a [u8],
    charset: Charset,
    /// MSH-3 to MSH-6 of the acknowledgment, whole fields.
    addresses: [&'a [u8]; 4],
    event: String,
    control_id: &'a [u8],
    processing_id: &'a [u8],
    version: &'a [u8],
    version_text: String,
    charset_field: &'a [u8],
    expectation: Expectation,
}

/// Where a header says no version, the acknowledgment claims one in which ACK has its oldest form.
const VERSION_UNSAID: &[u8] = b"2.3";

impl Known<'_> {
    fn nothing() -> Self {
        Self {
            delimiters: Delimiters::default(),
            encoding_characters: b"^~\\&",
            charset: Charset::ASCII,
            addresses: [b"", b"", b"", b""],
            event: String::new(),
            control_id: b"",
            processing_id: b"P",
            version: VERSION_UNSAID,
            version_text: String::new(),
            charset_field: b"",
            expectation: Expectation {
                mode: Mode::Original,
                accept: super::Condition::Never,
                application: super::Condition::Always,
            },
        }
    }

    fn build(&self, code: Code, options: &Options<'_>) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.header(code, options, &mut out);
        let removed_msa3 = version::at_least(&self.version_text, 2, 7);
        let msa3 = if removed_msa3 { Vec::new() } else { self.text(options.text) };
        let sequence = options.expected_sequence.map(|n| n.to_string().into_bytes()).unwrap_or_default();
        self.segment(b"MSA", &[code.as_str().as_bytes(), self.control_id, &msa3, &sequence], &mut out);
        self.errors(code, options, removed_msa3, &mut out);
        out
    }

    fn header(&self, code: Code, options: &Options<'_>, out: &mut Vec<u8>) {
        let message_type = self.message_type(options.form);
        let now = options.now.to_string();
        let control_id = self.text(options.control_id);
        let [mut application, mut facility, receiver, receiving_facility] = self.addresses;
        if let Some((own_application, own_facility)) = options.sender {
            (application, facility) = (own_application.as_bytes(), own_facility.as_bytes());
        }
        let version = if self.version.is_empty() { VERSION_UNSAID } else { self.version };
        let processing: &[u8] = if self.processing_id.is_empty() { b"P" } else { self.processing_id };
        // An acknowledgment asks for none; in original mode these fields stay blank.
        let enhanced = self.expectation.mode == Mode::Enhanced || code.kind() == Kind::Accept;
        let none: &[u8] = if enhanced { b"NE" } else { b"" };
        let fields: [&[u8]; 17] = [
            self.encoding_characters,
            application,
            facility,
            receiver,
            receiving_facility,
            now.as_bytes(),
            b"",
            message_type.as_bytes(),
            &control_id,
            processing,
            version,
            b"",
            b"",
            none,
            none,
            b"",
            self.charset_field,
        ];
        self.segment(b"MSH", &fields, out);
    }

    fn message_type(&self, form: Form) -> String {
        let event = self.event.trim();
        let component = char::from(self.delimiters.component);
        let form = match form {
            Form::ByVersion if version::at_least(&self.version_text, 2, 4) => Form::AckEventAck,
            Form::ByVersion => Form::Ack,
            form => form,
        };
        let usable = (1..=3).contains(&event.len()) && event.bytes().all(|b| b.is_ascii_alphanumeric());
        match form {
            Form::AckEvent if usable => format!("ACK{component}{event}"),
            Form::AckEventAck if usable => format!("ACK{component}{event}{component}ACK"),
            _ => "ACK".to_owned(),
        }
    }

    fn errors(&self, code: Code, options: &Options<'_>, removed_msa3: bool, out: &mut Vec<u8>) {
        let mut errors = options.errors.to_vec();
        if removed_msa3 && !code.is_positive() && !options.text.is_empty() {
            if errors.is_empty() {
                errors.push(ErrorDetail::new(ErrorCode::ApplicationInternal, None));
            }
            if errors[0].user_message.is_empty() {
                options.text.clone_into(&mut errors[0].user_message);
            }
        }
        if errors.is_empty() {
            return;
        }
        if !version::at_least(&self.version_text, 2, 5) {
            let repetition = self.delimiters.repetition.unwrap_or(b'~');
            let details: Vec<Vec<u8>> = errors.iter().map(|error| self.err_1(error)).collect();
            return self.segment(b"ERR", &[&details.join(&repetition)], out);
        }
        for error in &errors {
            let location = error.place.map(|place| self.location(&place, 6)).unwrap_or_default();
            let condition =
                self.components(&[&self.text(&error.code), &self.text(&error.code_text), b"HL70357"]);
            let (diagnostic, user) = (self.text(&error.diagnostic), self.text(&error.user_message));
            let severity = error.severity.as_str().as_bytes();
            self.segment(b"ERR", &[b"", &location, &condition, severity, b"", b"", &diagnostic, &user], out);
        }
    }

    /// ERR-1 up to version 2.4: segment, its number, field, and the condition as subcomponents.
    fn err_1(&self, error: &ErrorDetail) -> Vec<u8> {
        let mut parts = error.place.map(|place| self.location_parts(&place, 3)).unwrap_or_default();
        parts.resize(3, Vec::new());
        let subcomponent = self.delimiters.subcomponent.unwrap_or(b'&');
        parts.push(
            [self.text(&error.code), self.text(&error.code_text), b"HL70357".to_vec()].join(&subcomponent),
        );
        parts.join(&self.delimiters.component)
    }

    /// ERR-2 from version 2.5.
    fn location(&self, place: &Place, parts_max: usize) -> Vec<u8> {
        self.location_parts(place, parts_max).join(&self.delimiters.component)
    }

    fn location_parts(&self, place: &Place, parts_max: usize) -> Vec<Vec<u8>> {
        let Some(name) = place.segment_name() else { return Vec::new() };
        let numbers = [
            place.occurrence as usize,
            place.field as usize,
            place.repetition.max(u32::from(place.component > 0)) as usize,
            place.component as usize,
            place.subcomponent as usize,
        ];
        let known = numbers.iter().take_while(|number| **number > 0);
        let numbers = known.map(|number| number.to_string().into_bytes());
        std::iter::once(name.as_bytes().to_vec()).chain(numbers).take(parts_max).collect()
    }

    fn components(&self, parts: &[&[u8]]) -> Vec<u8> {
        parts.join(&self.delimiters.component)
    }

    /// Escaped and encoded; what can't be written becomes `?`.
    fn text(&self, text: &str) -> Vec<u8> {
        let escaped = escape::escape(text, &self.delimiters).map_or_else(
            |_| text.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect(),
            std::borrow::Cow::into_owned,
        );
        self.charset.encode_with_question_marks(&escaped).0
    }

    /// Write a segment; empty fields at its end are left out.
    fn segment(&self, name: &[u8; 3], fields: &[&[u8]], out: &mut Vec<u8>) {
        let used = fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
        out.extend_from_slice(name);
        for field in &fields[..used] {
            out.push(self.delimiters.field);
            out.extend_from_slice(field);
        }
        out.push(b'\r');
    }
}
