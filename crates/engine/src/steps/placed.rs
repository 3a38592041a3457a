//! A step at its place: with its title, its condition, and the format it was compiled for.

use super::Condition;
use crate::document::Document;
use crate::step::{Context, Step, StepError, Yield};

#[derive(Debug)]
pub(super) struct Placed {
    pub(super) inner: Box<dyn Step>,
    pub(super) when: Option<Condition>,
    pub(super) title: Option<String>,
    /// The only format it touches, if it is so bound.
    pub(super) format: Option<&'static str>,
}

impl Placed {
    fn concerns(&self, context: &mut Context<'_>, document: &dyn Document) -> Result<bool, StepError> {
        if self.format.is_some_and(|format| format != document.format()) {
            return Ok(false);
        }
        match &self.when {
            Some(when) => when.holds(context, document),
            None => Ok(true),
        }
    }
}

impl Step for Placed {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    fn gives(&self) -> Option<&'static str> {
        // Under a condition some documents stay what they were.
        self.inner.gives()
    }

    fn apply(&self, context: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError> {
        if self.concerns(context, document.as_ref())? {
            self.inner.apply(context, document)
        } else {
            Ok(Yield::One(document))
        }
    }

    /// What does not concern the step keeps its order; what the step makes of the others stands where
    /// the first of them stood.
    fn apply_all(
        &self,
        context: &mut Context<'_>,
        documents: Vec<Box<dyn Document>>,
    ) -> Result<Yield, StepError> {
        let (mut concerned, mut others, mut first) = (Vec::new(), Vec::new(), None);
        for (part, document) in documents.into_iter().enumerate() {
            context.count(part);
            if self.concerns(context, document.as_ref())? {
                first.get_or_insert(others.len());
                concerned.push(document);
            } else {
                others.push(document);
            }
        }
        let Some(first) = first else { return Ok(together(others)) };
        let made = match self.inner.apply_all(context, concerned)? {
            Yield::One(document) => vec![document],
            Yield::Many(documents) => documents,
            Yield::End(reason) if others.is_empty() => return Ok(Yield::End(reason)),
            Yield::End(_) => Vec::new(),
        };
        others.splice(first..first, made);
        Ok(together(others))
    }
}

fn together(mut documents: Vec<Box<dyn Document>>) -> Yield {
    match (documents.len(), documents.pop()) {
        (1, Some(document)) => Yield::One(document),
        (_, last) => {
            documents.extend(last);
            Yield::Many(documents)
        }
    }
}
