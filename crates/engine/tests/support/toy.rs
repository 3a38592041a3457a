//! A format of `key=value;key=value`, and steps made of closures.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;

use klinke_engine::document::{Document, DocumentError, Format, Fragment, Path, Value};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_model::Payload;

/// The format. What begins with `!` can't be opened.
pub struct Toy;

impl Format for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn open(&self, payload: &Payload, _charset: Option<&str>) -> Result<Box<dyn Document>, DocumentError> {
        let text = String::from_utf8_lossy(payload).into_owned();
        if text.starts_with('!') {
            return Err(DocumentError::new("byte 0: `!`"));
        }
        let pairs = text.split(';').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Ok(Box::new(Pairs { pairs, bytes: Some(payload.clone()) }))
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        Ok(Path::new(text, text.to_owned()))
    }

    fn identity(&self, payload: &[u8]) -> Option<u64> {
        let text = String::from_utf8_lossy(payload);
        let id = text.split(';').find_map(|pair| pair.strip_prefix("id="))?;
        Some(id.bytes().fold(7, |hash, byte| hash * 31 + u64::from(byte)))
    }

    /// `after=KEY` continues, `more=KEY` is continued.
    fn fragment(&self, payload: &[u8]) -> Option<Fragment> {
        let text = String::from_utf8_lossy(payload);
        let of = |key| text.split(';').find_map(|pair| pair.strip_prefix(key)).map(str::to_owned);
        let (continues, key) = (of("after="), of("more="));
        (continues.is_some() || key.is_some()).then_some(Fragment { continues, key })
    }

    /// All pairs but those of the fragments themselves.
    fn join(&self, fragments: &[Payload], _charset: Option<&str>) -> Result<Payload, DocumentError> {
        let texts: Vec<_> = fragments.iter().map(|one| String::from_utf8_lossy(one).into_owned()).collect();
        let pairs = texts.iter().flat_map(|text| text.split(';'));
        let kept: Vec<_> =
            pairs.filter(|pair| !pair.starts_with("after=") && !pair.starts_with("more=")).collect();
        Ok(Payload::new(kept.join(";").into_bytes()))
    }
}

#[derive(Clone, Debug)]
struct Pairs {
    pairs: Vec<(String, String)>,
    bytes: Option<Payload>,
}

impl Document for Pairs {
    fn format(&self) -> &'static str {
        "toy"
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        Toy.path(text)
    }

    fn value(&self, path: &Path) -> Result<Value<'_>, DocumentError> {
        let wanted = path.compiled::<String>()?;
        let found = self.pairs.iter().find(|(key, _)| key == wanted);
        Ok(found.map_or(Value::Absent, |(_, value)| value.as_str().into()))
    }

    fn values(&self, path: &Path) -> Result<Vec<Value<'_>>, DocumentError> {
        Ok(vec![self.value(path)?])
    }

    fn set(&mut self, path: &Path, value: Value<'_>) -> Result<(), DocumentError> {
        let wanted = path.compiled::<String>()?;
        self.pairs.retain(|(key, _)| key != wanted);
        self.pairs.push((wanted.clone(), value.text().to_owned()));
        self.bytes = None;
        Ok(())
    }

    fn delete(&mut self, path: &Path) -> Result<usize, DocumentError> {
        let (wanted, before) = (path.compiled::<String>()?, self.pairs.len());
        self.pairs.retain(|(key, _)| key != wanted);
        self.bytes = None;
        Ok(before - self.pairs.len())
    }

    fn count(&self, path: &Path) -> Result<usize, DocumentError> {
        Ok(usize::from(self.value(path)? != Value::Absent))
    }

    fn operate(
        &mut self,
        operation: &str,
        _arguments: &[Cow<'_, str>],
    ) -> Result<Option<String>, DocumentError> {
        Err(DocumentError::new(format!("`{operation}` is no operation; there are none")))
    }

    fn payload(&mut self) -> Result<Payload, DocumentError> {
        if let Some(bytes) = &self.bytes {
            return Ok(bytes.clone());
        }
        let pairs: Vec<String> = self.pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let bytes = Payload::new(pairs.join(";").into_bytes());
        self.bytes = Some(bytes.clone());
        Ok(bytes)
    }

    fn fork(&self) -> Box<dyn Document> {
        Box::new(self.clone())
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// A closure as a step.
struct Closure<F>(F);

impl<F> fmt::Debug for Closure<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closure")
    }
}

impl<F> Step for Closure<F>
where
    F: Fn(Box<dyn Document>) -> Result<Yield, StepError> + Send + Sync,
{
    fn kind(&self) -> &'static str {
        "closure"
    }

    fn apply(&self, _context: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError> {
        (self.0)(document)
    }
}

/// A step that does what the closure does.
pub fn step(
    apply: impl Fn(Box<dyn Document>) -> Result<Yield, StepError> + Send + Sync + 'static,
) -> Box<dyn Step> {
    Box::new(Closure(apply))
}

/// A step that lets through what has this value at a key.
pub fn only(key: &'static str, value: &'static str) -> Box<dyn Step> {
    step(move |document| {
        let found = document.value(&document.path(key)?)?.text() == value;
        Ok(if found { Yield::One(document) } else { Yield::End(format!("`{key}` is another")) })
    })
}

/// A step that sets a key.
pub fn set(key: &'static str, value: &'static str) -> Box<dyn Step> {
    step(move |mut document| {
        let path = document.path(key)?;
        document.set(&path, value.into())?;
        Ok(Yield::One(document))
    })
}
