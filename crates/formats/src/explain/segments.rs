//! Segment by segment, field by field.

use std::collections::HashMap;

use klinke_hl7v2::definitions::{Dictionary, Field, structure_of};
use klinke_hl7v2::grouping;
use klinke_hl7v2::message::{Part, Segment};
use serde::Serialize;

use super::reader::{Reader, text};
use super::values::{data_size, value};

/// A segment in words.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentWords {
    /// Its identifier, such as `PID`.
    pub id: String,
    /// Its path in the payload: `PID`, or `OBX[3]` for the third.
    pub path: String,
    /// Its name in the reader's language; empty for one that nobody defines.
    pub name: String,
    /// Its position in the payload, counted from 0.
    pub position: usize,
    /// The groups around it with their numbers: `PATIENT_RESULT[1]/ORDER_OBSERVATION[2]`; empty at the top.
    pub group: String,
    /// Its fields that say something, in order.
    pub fields: Vec<FieldWords>,
}

/// A field in words.
#[derive(Debug, Clone, Serialize)]
pub struct FieldWords {
    /// Its path: `PID-5`, `OBX[3]-5`.
    pub path: String,
    /// Its name; empty for one that nobody defines.
    pub name: String,
    /// Its data type, that of OBX-5 by OBX-2; empty for one that nobody defines.
    pub data_type: String,
    /// The text as it stands in the message, decoded but not unescaped, cut where it is long.
    pub raw: String,
    /// What it says in words; of several repetitions one behind the other.
    pub text: String,
    /// Its components where it has several, those of all repetitions.
    pub components: Vec<ComponentWords>,
}

/// A component, or a subcomponent where there are several.
#[derive(Debug, Clone, Serialize)]
pub struct ComponentWords {
    /// Its path: `PID-3.1`, `PID-3[2].4.2`.
    pub path: String,
    /// Its name; empty for one that nobody defines.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// How many repetitions and components of one field are listed.
const COMPONENTS_MAX: usize = 200;
/// How much of the raw text is kept, in characters.
const RAW_MAX: usize = 200;

/// How often each segment was met so far in the payload.
pub(super) type Occurrences = HashMap<[u8; 3], usize>;

/// Puts segments in words; `position` is that of the first one in the payload.
pub(super) fn words(
    reader: &Reader<'_>,
    occurrences: &mut Occurrences,
    position: usize,
) -> Vec<SegmentWords> {
    let groups = groups(reader);
    let segments = reader.segments.iter().enumerate();
    let words = segments.map(|(index, segment)| {
        let occurrence = occurrences.entry(segment.name_bytes()).or_default();
        *occurrence += 1;
        let id = segment.name();
        let path = if *occurrence == 1 { id.to_owned() } else { format!("{id}[{occurrence}]") };
        SegmentWords {
            id: id.to_owned(),
            name: reader.dictionary.segment_name(id).unwrap_or_default().to_owned(),
            position: position + index,
            group: groups.get(index).cloned().unwrap_or_default(),
            fields: fields(reader, segment, &path),
            path,
        }
    });
    words.collect()
}

/// The groups around each segment.
fn groups(reader: &Reader<'_>) -> Vec<String> {
    let [kind, event, declared] = [1, 2, 3].map(|component| reader.component("MSH", 9, component));
    let structure = structure_of(reader.dictionary.version(), &kind, &event, &declared);
    let Some(structure) = structure else { return Vec::new() };
    let names: Vec<&str> = reader.segments.iter().map(|segment| segment.name()).collect();
    let tree = grouping::group(&names, structure);
    let around = |position| {
        let nodes = tree.around(position).into_iter().skip(1);
        let nodes: Vec<String> = nodes.map(|node| format!("{}[{}]", node.name, node.repetition)).collect();
        nodes.join("/")
    };
    (0..names.len()).map(around).collect()
}

fn fields(reader: &Reader<'_>, segment: &Segment<'_>, path: &str) -> Vec<FieldWords> {
    let mut fields = Vec::new();
    for (number, part) in segment.fields() {
        // The delimiters say nothing to people.
        let is_delimiters = segment.is_header() && number <= 2;
        if part.raw().is_empty() || is_delimiters {
            continue;
        }
        let words = field(reader, segment, number, &part, &format!("{path}-{number}"));
        if !words.text.is_empty() {
            fields.push(words);
        }
    }
    fields
}

fn field(
    reader: &Reader<'_>,
    segment: &Segment<'_>,
    number: usize,
    part: &Part<'_>,
    path: &str,
) -> FieldWords {
    let definition = reader.dictionary.field(segment.name(), number);
    let data_type = data_type(&reader.dictionary, segment, number, definition);
    let table = definition.and_then(|field| field.table.as_deref()).unwrap_or_default();
    let repetitions: Vec<_> = part.repetitions().take(COMPONENTS_MAX).collect();
    let texts = repetitions.iter().map(|repetition| value(reader, repetition, &data_type, table));
    let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
    let mut components = Vec::new();
    if data_size(part).is_none() || data_type == "ED" {
        for (index, repetition) in repetitions.iter().enumerate() {
            let path = if index == 0 { path.to_owned() } else { format!("{path}[{}]", index + 1) };
            list_components(reader, repetition, &data_type, &path, &mut components);
        }
    }
    let raw = String::from_utf8_lossy(&part.raw()[..part.raw().len().min(4 * RAW_MAX)]).into_owned();
    FieldWords {
        path: path.to_owned(),
        name: definition.map(|field| field.name(reader.language)).unwrap_or_default().to_owned(),
        data_type,
        raw: raw.chars().take(RAW_MAX).collect(),
        text: texts.join("; "),
        components,
    }
}

/// The data type of a field; that of OBX-5 is in OBX-2.
fn data_type(
    dictionary: &Dictionary<'_>,
    segment: &Segment<'_>,
    number: usize,
    definition: Option<&Field>,
) -> String {
    if segment.name() == "OBX" && number == 5 {
        let named = text(segment, 2, 1).to_ascii_uppercase();
        return if dictionary.data_type(&named).is_some() { named } else { "ST".to_owned() };
    }
    definition.map(|field| field.data_type.to_string()).unwrap_or_default()
}

/// Lists components where there is more than one.
fn list_components(
    reader: &Reader<'_>,
    repetition: &Part<'_>,
    data_type: &str,
    path: &str,
    list: &mut Vec<ComponentWords>,
) {
    let components: Vec<_> = repetition.components().take(COMPONENTS_MAX).collect();
    let is_text = matches!(data_type, "ST" | "TX" | "FT" | "NM" | "ID" | "IS" | "SI");
    if components.len() < 2 || is_text {
        return;
    }
    for (index, component) in components.iter().enumerate() {
        if list.len() >= COMPONENTS_MAX {
            return;
        }
        let definition = reader.dictionary.component(data_type, index + 1);
        let inner = definition.map(|component| component.data_type.as_ref()).unwrap_or_default();
        let table = definition.and_then(|component| component.table.as_deref()).unwrap_or_default();
        let subcomponents = component.subcomponents().take(COMPONENTS_MAX);
        let subcomponents: Vec<_> =
            subcomponents.enumerate().filter(|(_, part)| !part.raw().is_empty()).collect();
        let name = definition.map(|field| field.name(reader.language)).unwrap_or_default();
        let path = format!("{path}.{}", index + 1);
        if subcomponents.len() < 2 {
            // A family name of one part is a text, and so is what stands alone in any other composite.
            let plain =
                if subcomponents.len() == 1 && table.is_empty() && !is_date(inner) { "ST" } else { inner };
            push(list, path, name, value(reader, component, plain, table));
            continue;
        }
        for (index, subcomponent) in subcomponents {
            let definition = reader.dictionary.component(inner, index + 1);
            let deepest = definition.map(|field| field.data_type.as_ref()).unwrap_or_default();
            let table = definition.and_then(|field| field.table.as_deref()).unwrap_or_default();
            let own = definition.map(|field| field.name(reader.language)).unwrap_or_default();
            let both = match (name.is_empty(), own.is_empty()) {
                (false, false) => format!("{name}: {own}"),
                _ => format!("{name}{own}"),
            };
            let path = format!("{path}.{}", index + 1);
            push(list, path, &both, value(reader, &subcomponent, deepest, table));
        }
    }
}

fn is_date(data_type: &str) -> bool {
    matches!(data_type, "TS" | "DTM" | "DT")
}

fn push(list: &mut Vec<ComponentWords>, path: String, name: &str, text: String) {
    if !text.is_empty() {
        list.push(ComponentWords { path, name: name.to_owned(), text });
    }
}
