//! The worklist (PS3.4, K.4.1): scheduled procedure steps as a modality asks for them.

use klinke_archive::worklist::WorklistQuery;
use klinke_dimse::data::{DataSet, Element, Value};
use klinke_dimse::message::Command;
use klinke_dimse::tags;

use super::super::identifier;
use super::super::line::Broken;
use super::Visit;

impl Visit {
    /// Answers with the steps that an identifier asks for.
    pub(super) async fn find_steps(
        &mut self,
        context: u8,
        command: &Command,
        asked: DataSet,
    ) -> Result<(), Broken> {
        let station = self.peer.worklist_own.then(|| self.calling.clone());
        let query = WorklistQuery { names: self.names(), station, ..WorklistQuery::of(&asked) };
        let archive = self.node.archive.clone();
        self.tell_found(context, command, move |tell| {
            archive.worklist(&query, &mut |step| tell(answer(&asked, &step.attributes)))
        })
        .await
    }
}

/// What was asked for, empty where it is not known: of sequences the attributes that were asked for, all of them where none was
/// named.
fn answer(asked: &DataSet, known: &DataSet) -> DataSet {
    let is_attribute = |element: &&Element| element.tag.1 != 0 && element.tag != tags::SPECIFIC_CHARACTER_SET;
    asked.iter().filter(is_attribute).map(|element| answered(element, known.get(element.tag))).collect()
}

fn answered(asked: &Element, known: Option<&Element>) -> Element {
    let Some(known) = known else { return identifier::empty(asked) };
    match (&known.value, asked.items().first()) {
        (Value::Sequence(items), Some(fields)) if !fields.is_empty() => {
            Element::sequence(known.tag, items.iter().map(|item| answer(fields, item)).collect())
        }
        _ => known.clone(),
    }
}
