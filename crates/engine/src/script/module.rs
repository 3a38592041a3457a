//! One file of a script, read: its text without types, its imports and its exports.
//!
//! A file becomes a function that gives its exports. The host calls that function for every message, so
//! each message finds the file's variables as they are written: nothing of one message reaches the next.
//! The function's head stands on a line of its own before the text, so that columns stay and lines are
//! one more than the author's ([`LINES_BEFORE`]).

use std::collections::{BTreeMap, BTreeSet};

use oxc_allocator::Allocator;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType, Span};

use super::error::ScriptError;
use super::strip::Stripper;

/// How many lines stand before the author's first one.
pub(super) const LINES_BEFORE: u32 = 1;
/// Most bytes of one file.
const FILE_BYTES_MAX: usize = 128 << 10;
/// Stack of the reading thread for each byte of the file. A byte opens one level of nesting at most
/// (`((((…`), the parser and the walk recurse once per level, and unoptimised frames are large.
const STACK_BYTES_PER_BYTE: usize = if cfg!(debug_assertions) { 16 << 10 } else { 4 << 10 };
/// Stack of the reading thread for an empty file.
const STACK_BYTES_MIN: usize = 1 << 20;

/// A name that one file takes from another.
#[derive(Debug)]
pub(super) struct Name {
    /// What the other file calls it; `None` is everything (`* as x`).
    pub(super) imported: Option<String>,
    /// What it is called here.
    pub(super) local: String,
    /// Where it is written.
    pub(super) at: usize,
}

/// One `import` or `export … from`.
#[derive(Debug)]
pub(super) struct Import {
    /// As written.
    pub(super) specifier: String,
    /// Where it is written.
    pub(super) at: usize,
    /// Names that become variables here.
    pub(super) names: Vec<Name>,
    /// Names that are exported again and are no variables here.
    pub(super) exported: Vec<Name>,
    /// True for `export * from`.
    pub(super) star: bool,
}

/// A file, read.
#[derive(Debug)]
pub(super) struct Module {
    /// The file's name in the site.
    pub(super) file: String,
    /// Its text, as written.
    pub(super) source: String,
    /// Its text without types, imports and exports.
    pub(super) body: String,
    pub(super) imports: Vec<Import>,
    /// Exported values: the name outside, the name inside.
    pub(super) exports: BTreeMap<String, String>,
    /// Exported types, which are nothing while running.
    pub(super) types: BTreeSet<String>,
    /// Constant sentences that it throws.
    pub(super) sentences: BTreeSet<String>,
}

impl Module {
    /// Reads a file. TypeScript for `.ts` and `.mts`, JavaScript for `.js` and `.mjs`.
    pub(super) fn read(file: &str, source: &str) -> Result<Module, ScriptError> {
        let typescript = match file.rsplit_once('.').map(|(_, extension)| extension) {
            Some("ts" | "mts") => true,
            Some("js" | "mjs") => false,
            _ => {
                return Err(ScriptError::at(
                    file,
                    source,
                    0,
                    "a script's name ends in .ts, .mts, .js or .mjs",
                ));
            }
        };
        if source.len() > FILE_BYTES_MAX {
            return Err(ScriptError::at(file, source, 0, "the file is larger than 128 KB"));
        }
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let kind = if typescript { SourceType::ts() } else { SourceType::mjs() };
        // On a thread with a stack for whatever nesting the file has: a file cannot overflow it.
        let stack_bytes = STACK_BYTES_MIN + source.len() * STACK_BYTES_PER_BYTE;
        let read = std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().name("klinke-script-read".to_owned());
            let thread =
                builder.stack_size(stack_bytes).spawn_scoped(scope, || Self::parse(file, source, kind));
            thread.ok().and_then(|thread| thread.join().ok())
        });
        read.unwrap_or_else(|| {
            Err(ScriptError::at(file, source, 0, "the file could not be read: no memory or a fault"))
        })
    }

    fn parse(file: &str, source: &str, kind: SourceType) -> Result<Module, ScriptError> {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, source, kind.with_module(true)).parse();
        if let Some(error) = parsed.errors.first() {
            let at =
                error.labels.as_ref().and_then(|labels| labels.first()).map_or(0, |label| label.offset());
            return Err(ScriptError::at(file, source, at, sentence(&error.message)));
        }
        let mut reader = Reader::new(source);
        reader.program(&parsed.program);
        reader.finish(file)
    }

    /// The function that gives the file's exports, as the host compiles it. `exports` says which names
    /// each import's file really has; what it hasn't is a type and left out.
    pub(super) fn factory(&self, exports: &[&BTreeSet<String>]) -> String {
        let parameters: Vec<String> = (0..self.imports.len()).map(|at| format!("${at}")).collect();
        let mut head = String::new();
        let mut tail = String::new();
        for ((at, import), known) in self.imports.iter().enumerate().zip(exports) {
            for name in &import.names {
                match &name.imported {
                    None => head.push_str(&format!("const {}=${at};", name.local)),
                    Some(imported) if known.contains(imported) => {
                        head.push_str(&format!("const {}=${at}[{imported:?}];", name.local));
                    }
                    Some(_) => {}
                }
            }
            for name in &import.exported {
                match &name.imported {
                    None => tail.push_str(&format!("{:?}:${at},", name.local)),
                    Some(imported) if known.contains(imported) => {
                        tail.push_str(&format!("{:?}:${at}[{imported:?}],", name.local));
                    }
                    Some(_) => {}
                }
            }
            for name in known.iter().filter(|name| import.star && *name != "default") {
                tail.push_str(&format!("{name:?}:${at}[{name:?}],"));
            }
        }
        for (outside, inside) in &self.exports {
            tail.push_str(&format!("{outside:?}:{inside},"));
        }
        let parameters = parameters.join(",");
        let body = &self.body;
        format!(
            "(function({parameters}){{\"use strict\";let $main;{head}\n{body}\nreturn{{__proto__:null,{tail}}}}})"
        )
    }
}

/// A parser's message as a sentence of ours begins: small letter, no full stop.
fn sentence(message: &str) -> String {
    let message = message.trim_end_matches('.');
    let mut characters = message.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => message.to_owned(),
    }
}

/// Reads the top level of a file; all below it is the stripper's.
struct Reader<'s> {
    strip: Stripper<'s>,
    imports: Vec<Import>,
    exports: BTreeMap<String, String>,
    types: BTreeSet<String>,
}

impl<'s> Reader<'s> {
    fn new(source: &'s str) -> Self {
        Reader {
            strip: Stripper::new(source),
            imports: Vec::new(),
            exports: BTreeMap::new(),
            types: BTreeSet::new(),
        }
    }

    fn program(&mut self, program: &Program<'_>) {
        if let Some(hashbang) = &program.hashbang {
            self.strip.blank(hashbang.span);
        }
        for statement in &program.body {
            match statement {
                Statement::ImportDeclaration(item) => self.import(item),
                Statement::ExportDefaultDeclaration(item) => self.export_default(item),
                Statement::ExportNamedDeclaration(item) => self.export_named(item),
                Statement::ExportAllDeclaration(item) => self.export_all(item),
                _ => self.strip.visit_statement(statement),
            }
        }
    }

    fn import(&mut self, item: &ImportDeclaration<'_>) {
        self.strip.blank_whole(item.span);
        if item.with_clause.is_some() || item.phase.is_some() {
            self.strip.refuse(item.span, "import takes no attributes here");
        }
        if item.import_kind.is_type() {
            return;
        }
        let mut names = Vec::new();
        for specifier in item.specifiers.iter().flatten() {
            let imported = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(name) if name.import_kind.is_type() => continue,
                ImportDeclarationSpecifier::ImportSpecifier(name) => Some(name.imported.name().to_string()),
                ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => Some("default".to_owned()),
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => None,
            };
            let local = specifier.local().name.to_string();
            names.push(Name { imported, local, at: specifier.span().start as usize });
        }
        self.add_import(&item.source, names, Vec::new(), false);
    }

    fn add_import(&mut self, source: &StringLiteral<'_>, names: Vec<Name>, exported: Vec<Name>, star: bool) {
        let at = source.span.start as usize;
        self.imports.push(Import { specifier: source.value.to_string(), at, names, exported, star });
    }

    fn export_default(&mut self, item: &ExportDefaultDeclaration<'_>) {
        let export = item.span.start as usize;
        let default = self.strip.text.next_token(export + "export".len());
        let default = (default, default + "default".len());
        let anonymous = match &item.declaration {
            ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => {
                self.strip.blank_whole(item.span);
                return;
            }
            ExportDefaultDeclarationKind::FunctionDeclaration(function) if function.body.is_none() => {
                self.strip.blank_whole(item.span);
                return;
            }
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => function.id.as_ref(),
            ExportDefaultDeclarationKind::ClassDeclaration(class) => class.id.as_ref(),
            _ => None,
        };
        self.strip.text.blank(export, export + "export".len());
        self.strip.text.blank(default.0, default.1);
        walk::walk_export_default_declaration(&mut self.strip, item);
        match anonymous {
            Some(name) => {
                self.exports.insert("default".to_owned(), name.name.to_string());
            }
            None => {
                self.strip.text.put(export, "$main=");
                self.exports.insert("default".to_owned(), "$main".to_owned());
                self.strip.text.end_statement(item.span.end as usize);
            }
        }
    }

    fn export_named(&mut self, item: &ExportNamedDeclaration<'_>) {
        if let Some(declaration) = &item.declaration {
            self.export_declaration(item.span, declaration);
            return;
        }
        self.strip.blank_whole(item.span);
        if item.with_clause.is_some() {
            self.strip.refuse(item.span, "export takes no attributes here");
        }
        let mut exported = Vec::new();
        for specifier in &item.specifiers {
            let outside = specifier.exported.name().to_string();
            let inside = specifier.local.name().to_string();
            if item.export_kind.is_type() || specifier.export_kind.is_type() {
                self.types.insert(outside);
            } else if item.source.is_some() {
                let at = specifier.span.start as usize;
                exported.push(Name { imported: Some(inside), local: outside, at });
            } else {
                self.exports.insert(outside, inside);
            }
        }
        if let Some(source) = item.source.as_ref().filter(|_| !item.export_kind.is_type()) {
            self.add_import(source, Vec::new(), exported, false);
        }
    }

    fn export_declaration(&mut self, whole: Span, declaration: &Declaration<'_>) {
        let name = match declaration {
            Declaration::TSTypeAliasDeclaration(item) => Some(&item.id),
            Declaration::TSInterfaceDeclaration(item) => Some(&item.id),
            _ => None,
        };
        let is_only_type = match declaration {
            Declaration::FunctionDeclaration(item) => item.declare || item.body.is_none(),
            Declaration::ClassDeclaration(item) => item.declare,
            Declaration::VariableDeclaration(item) => item.declare,
            Declaration::TSEnumDeclaration(item) => item.declare,
            Declaration::TSModuleDeclaration(item) => item.declare,
            _ => name.is_some(),
        };
        if is_only_type {
            self.types.extend(name.map(|name| name.name.to_string()));
            self.strip.blank_whole(whole);
            return;
        }
        match declaration {
            Declaration::VariableDeclaration(item) => {
                if !item.kind.is_const() {
                    self.strip.refuse(item.span, "an exported variable must be const");
                }
                for declarator in &item.declarations {
                    for name in declarator.id.get_binding_identifiers() {
                        self.exports.insert(name.name.to_string(), name.name.to_string());
                    }
                }
            }
            Declaration::FunctionDeclaration(item) => self.export_own(item.id.as_ref()),
            Declaration::ClassDeclaration(item) => self.export_own(item.id.as_ref()),
            _ => {}
        }
        let export = whole.start as usize;
        self.strip.text.blank(export, export + "export".len());
        self.strip.visit_exported(whole, declaration);
    }

    fn export_own(&mut self, name: Option<&BindingIdentifier<'_>>) {
        self.exports.extend(name.map(|name| (name.name.to_string(), name.name.to_string())));
    }

    fn export_all(&mut self, item: &ExportAllDeclaration<'_>) {
        self.strip.blank_whole(item.span);
        if item.export_kind.is_type() {
            return;
        }
        let at = item.span.start as usize;
        match &item.exported {
            Some(name) => {
                let name = Name { imported: None, local: name.name().to_string(), at };
                self.add_import(&item.source, Vec::new(), vec![name], false);
            }
            None => self.add_import(&item.source, Vec::new(), Vec::new(), true),
        }
    }

    fn finish(self, file: &str) -> Result<Module, ScriptError> {
        let Reader { strip, imports, exports, types } = self;
        let source = strip.text.source().to_owned();
        if let Some(refusal) = strip.refusals.into_iter().min_by_key(|refusal| refusal.at) {
            return Err(ScriptError::at(file, &source, refusal.at, refusal.text));
        }
        let body = strip.text.finish();
        Ok(Module {
            file: file.to_owned(),
            source,
            body,
            imports,
            exports,
            types,
            sentences: strip.sentences,
        })
    }
}
