//! Texts of data sets, as HL7 v2 has them.

use klinke_dimse::Tag;
use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::name::PersonName;
use klinke_dimse::tags;

/// A data set and the character set of its texts.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    pub set: &'a DataSet,
    pub charset: Charset,
}

/// A coded value: code, meaning, coding scheme.
pub(super) type Code = [String; 3];

impl<'a> Texts<'a> {
    /// The first value of a text.
    pub fn text(&self, tag: Tag) -> String {
        self.set.text(tag, &self.charset).map(|text| text.trim().to_owned()).unwrap_or_default()
    }

    /// The first of these that is there.
    pub fn first(&self, tags: &[Tag]) -> String {
        tags.iter().map(|tag| self.text(*tag)).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// All values of a text.
    pub fn all(&self, tag: Tag) -> Vec<String> {
        let texts = self.set.texts(tag, &self.charset).into_iter();
        texts.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    }

    /// The items of a sequence.
    pub fn items(&self, tag: Tag) -> impl Iterator<Item = Texts<'a>> + use<'a> {
        let charset = self.charset;
        self.set.items(tag).iter().map(move |set| Texts { set, charset })
    }

    /// The first item of a sequence.
    pub fn item(&self, tag: Tag) -> Option<Texts<'a>> {
        self.items(tag).next()
    }

    /// The first code of a sequence.
    pub fn code(&self, tag: Tag) -> Option<Code> {
        self.item(tag).map(|item| item.as_code())
    }

    /// This item of a code sequence (PS3.3, section 8.8).
    pub fn as_code(&self) -> Code {
        let value = self.first(&[tags::CODE_VALUE, tags::LONG_CODE_VALUE, tags::URN_CODE_VALUE]);
        [value, self.text(tags::CODE_MEANING), self.text(tags::CODING_SCHEME_DESIGNATOR)]
    }

    /// A date and a time as a time stamp; empty without a date.
    pub fn moment(&self, date: Tag, time: Tag) -> String {
        moment(&self.text(date), &self.text(time))
    }

    /// A name as XPN: the suffix stands before the prefix.
    pub fn xpn(&self, tag: Tag) -> Vec<String> {
        let name = PersonName::parse(&self.text(tag));
        let written = name.preferred().to_value();
        let parts: Vec<&str> = written.split('^').collect();
        [0, 1, 2, 4, 3].map(|at| parts.get(at).copied().unwrap_or_default().to_owned()).to_vec()
    }

    /// A name as XCN: as XPN, behind an identifier that is not known. Empty without a name.
    pub fn xcn(&self, tag: Tag) -> Vec<String> {
        if self.text(tag).is_empty() {
            return Vec::new();
        }
        std::iter::once(String::new()).chain(self.xpn(tag)).collect()
    }
}

/// DA and TM as a time stamp of HL7 (chapter 2.A.22), to the second; what is no date is nothing.
pub(super) fn moment(date: &str, time: &str) -> String {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (date, time) = (digits(date), digits(time.split('.').next().unwrap_or_default()));
    let is_whole = time.len() >= 4 && time.len().is_multiple_of(2);
    match date.len() {
        8 if is_whole => date + &time[..time.len().min(6)],
        8 => date,
        _ => String::new(),
    }
}
