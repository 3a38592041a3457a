//! A script with all the files it imports, ready to be compiled.

use std::collections::{BTreeMap, BTreeSet};

use super::error::ScriptError;
use super::module::{Import, LINES_BEFORE, Module};

/// The name of the built-in module.
const BUILT_IN: &str = "klinke";
/// What the built-in module exports; `bootstrap.js` makes it.
const BUILT_IN_NAMES: [&str; 7] =
    ["parseDate", "formatDate", "reformatDate", "pad", "base64", "sha256", "uuid"];
/// Most files of one script.
const FILES_MAX: usize = 256;

/// The texts of the site's script files by their name in the site (`channels/adt.ts`, `lib/wards.ts`).
pub type Sources = BTreeMap<String, String>;

/// A file's function: its name and text.
#[derive(Clone, Debug)]
pub(super) struct Factory {
    pub(super) file: String,
    pub(super) text: String,
}

/// A script, linked.
#[derive(Debug)]
pub(super) struct Program {
    /// The entry file.
    pub(super) entry: String,
    /// Every file's function, each after those that it imports from.
    pub(super) factories: Vec<Factory>,
    /// A function that is given the factories and the built-in module and gives the script's function.
    pub(super) link: String,
    modules: Vec<Module>,
}

impl Program {
    /// Reads the entry and all that it imports.
    pub(super) fn read(sources: &Sources, entry: &str) -> Result<Program, ScriptError> {
        let mut reader = Reader { sources, modules: Vec::new(), imports: Vec::new(), open: Vec::new() };
        let source = sources
            .get(entry)
            .ok_or_else(|| ScriptError::at(entry, "", 0, "there is no such script in the site"))?;
        reader.read(entry, source)?;
        let exports = reader.exports()?;
        let Reader { modules, imports, .. } = reader;
        let last = modules.len() - 1;
        if !exports[last].contains("default") {
            let text = "the script has no `export default (msg, ctx) => …`";
            return Err(ScriptError::at(entry, source, 0, text));
        }
        let built_in = built_in();
        let factories = modules.iter().zip(&imports).map(|(module, imports)| {
            let known: Vec<&BTreeSet<String>> =
                imports.iter().map(|import| import.map_or(&built_in, |at| &exports[at])).collect();
            Factory { file: module.file.clone(), text: module.factory(&known) }
        });
        let factories = factories.collect();
        Ok(Program { entry: entry.to_owned(), factories, link: link(&imports), modules })
    }

    /// Where the author wrote what runs at this line and column, which the engine counts in bytes; `None`
    /// when the script has no such file or line.
    pub(super) fn place(&self, file: &str, line: u32, column: u32) -> Option<String> {
        let module = self.modules.iter().find(|module| module.file == file)?;
        let line = line.saturating_sub(LINES_BEFORE).max(1);
        let text = module.source.split('\n').nth(line as usize - 1)?;
        let byte = (column as usize).saturating_sub(1).min(text.len());
        let column = text.char_indices().take_while(|(at, _)| *at < byte).count() + 1;
        Some(format!("{file}:{line}:{column}"))
    }

    /// A file's text.
    pub(super) fn source(&self, file: &str) -> &str {
        self.modules.iter().find(|module| module.file == file).map_or("", |module| &module.source)
    }

    /// True when one of the files throws this very sentence as a constant.
    pub(super) fn throws(&self, sentence: &str) -> bool {
        self.modules.iter().any(|module| module.sentences.contains(sentence))
    }

    /// True when one of the files has this name as a whole word.
    pub(super) fn has_word(&self, name: &str) -> bool {
        let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        name.chars().all(part)
            && self.modules.iter().any(|module| {
                module.source.match_indices(name).any(|(at, _)| {
                    let before = module.source[..at].chars().next_back();
                    let after = module.source[at + name.len()..].chars().next();
                    !before.is_some_and(part) && !after.is_some_and(part)
                })
            })
    }

    /// True when the text stands in one of the files, word for word.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.modules.iter().any(|module| module.source.contains(text))
    }
}

fn built_in() -> BTreeSet<String> {
    BUILT_IN_NAMES.iter().map(|name| (*name).to_owned()).collect()
}

/// The function that evaluates all files anew for each message and calls the entry's default export.
/// Without a message it says of which type that export is.
fn link(imports: &[Vec<Option<usize>>]) -> String {
    let names: Vec<String> = (0..imports.len()).map(|at| format!("f{at}")).collect();
    let mut body = String::new();
    for (at, imports) in imports.iter().enumerate() {
        let arguments: Vec<String> =
            imports.iter().map(|import| import.map_or("k".to_owned(), |at| format!("m{at}"))).collect();
        body.push_str(&format!("const m{at}=f{at}({});", arguments.join(",")));
    }
    let last = imports.len() - 1;
    let names = names.join(",");
    format!(
        "(function(f,k){{\"use strict\";const[{names}]=f;return function(msg,ctx){{{body}const main=m{last}.default;\
         return msg===undefined?typeof main:main(msg,ctx);}};}})"
    )
}

/// Reads files depth first.
struct Reader<'s> {
    sources: &'s Sources,
    modules: Vec<Module>,
    /// For each module, which module each of its imports is; `None` is the built-in one.
    imports: Vec<Vec<Option<usize>>>,
    /// The files that are being read, to find circles.
    open: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, file: &str, source: &str) -> Result<usize, ScriptError> {
        if let Some(at) = self.modules.iter().position(|module| module.file == file) {
            return Ok(at);
        }
        let module = Module::read(file, source)?;
        if self.modules.len() + self.open.len() >= FILES_MAX {
            return Err(ScriptError::at(
                file,
                source,
                0,
                format!("the script has more than {FILES_MAX} files"),
            ));
        }
        self.open.push(file.to_owned());
        let mut targets = Vec::with_capacity(module.imports.len());
        for import in &module.imports {
            targets.push(self.follow(&module, import)?);
        }
        self.open.pop();
        self.modules.push(module);
        self.imports.push(targets);
        Ok(self.modules.len() - 1)
    }

    fn follow(&mut self, module: &Module, import: &Import) -> Result<Option<usize>, ScriptError> {
        if import.specifier == BUILT_IN {
            return Ok(None);
        }
        let failed = |text: String| ScriptError::at(&module.file, &module.source, import.at, text);
        let file = resolve(&module.file, &import.specifier).map_err(failed)?;
        let sources = self.sources;
        let Some((file, source)) = sources.get_key_value(&file) else {
            return Err(failed(format!("there is no script {file} in the site{}", nearest(sources, &file))));
        };
        if self.open.contains(file) {
            return Err(failed(format!(
                "{file} imports this file in turn; a circle of imports is not supported"
            )));
        }
        self.read(file, source).map(Some)
    }

    /// What every module exports, and that every imported name is there.
    fn exports(&self) -> Result<Vec<BTreeSet<String>>, ScriptError> {
        let built_in = built_in();
        let mut exports: Vec<BTreeSet<String>> = Vec::with_capacity(self.modules.len());
        for (module, targets) in self.modules.iter().zip(&self.imports) {
            let mut own: BTreeSet<String> = module.exports.keys().cloned().collect();
            for (import, target) in module.imports.iter().zip(targets) {
                let known = target.map_or(&built_in, |at| &exports[at]);
                for name in import.names.iter().chain(&import.exported) {
                    let Some(imported) = &name.imported else { continue };
                    if !known.contains(imported) && !self.is_type(*target, imported) {
                        let text = format!("{} exports no {imported}", import.specifier);
                        return Err(ScriptError::at(&module.file, &module.source, name.at, text));
                    }
                }
                let again = import
                    .exported
                    .iter()
                    .filter(|name| name.imported.as_ref().is_none_or(|imported| known.contains(imported)));
                own.extend(again.map(|name| name.local.clone()));
                if import.star {
                    own.extend(known.iter().filter(|name| *name != "default").cloned());
                }
            }
            exports.push(own);
        }
        Ok(exports)
    }

    /// True when the module, or one whose exports it passes on, exports a type of this name.
    fn is_type(&self, module: Option<usize>, name: &str) -> bool {
        let Some(at) = module else { return name.chars().next().is_some_and(char::is_uppercase) };
        let module = &self.modules[at];
        module.types.contains(name)
            || module.imports.iter().zip(&self.imports[at]).any(|(import, target)| {
                (import.star && target.is_some() && self.is_type(*target, name))
                    || import.exported.iter().any(|passed| {
                        passed.local == name
                            && passed.imported.as_ref().is_some_and(|inner| self.is_type(*target, inner))
                    })
            })
    }
}

/// The file that an import means: from the site's folder (`lib/x.ts`), or from the importing file's
/// (`./x.ts`, `../lib/x.ts`); never outside of the site.
fn resolve(from: &str, specifier: &str) -> Result<String, String> {
    let outside = || format!("the import {specifier} leads out of the site's folder");
    if specifier.contains(['\\', ':', '\0', '%']) || specifier.starts_with('/') {
        return Err(outside());
    }
    let relative = specifier.starts_with("./") || specifier.starts_with("../");
    if !relative && !specifier.starts_with("lib/") {
        return Err(format!(
            "there is no module {specifier}; a script imports from \"klinke\", \"lib/….ts\" or \"./….ts\""
        ));
    }
    let mut parts: Vec<&str> = if relative { from.split('/').collect() } else { vec![""] };
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "" => return Err(outside()),
            "." => {}
            ".." => {
                parts.pop().ok_or_else(outside)?;
            }
            _ => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// A hint at the same name with an extension.
fn nearest(sources: &Sources, file: &str) -> String {
    let with = |extension: &str| format!("{file}.{extension}");
    let found = ["ts", "mts", "js", "mjs"].map(with).into_iter().find(|name| sources.contains_key(name));
    found.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}
