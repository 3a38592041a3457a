//! TypeScript to JavaScript by blanking what is type alone.
//!
//! Types are erased, nothing is moved: every token that stays keeps its line and column, so that an error
//! of the running script names the place in the file that its author wrote. What would need code to be
//! made (`enum`, `namespace`, parameter properties, decorators, `import x = require()`, and `<T>x`) is
//! refused, as the compiler's own option `erasableSyntaxOnly` does.
//!
//! Two traps are met. Blanking may join two statements that a type kept apart, so a semicolon takes the
//! place of the last blank; and it may leave a line end where JavaScript allows none (before `=>`, after
//! `return` or `async`), so the parenthesis moves over the blank.

use std::collections::BTreeSet;

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::BinaryOperator;
use oxc_syntax::scope::ScopeFlags;

use super::blank::Blanked;

/// A construct that scripts may not use: where, and the sentence that says so.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) at: usize,
    pub(super) text: String,
}

/// Walks a program and blanks its types.
#[derive(Debug)]
pub(super) struct Stripper<'s> {
    pub(super) text: Blanked<'s>,
    pub(super) refusals: Vec<Refusal>,
    /// The constant sentences that the script throws: safe to show in an error.
    pub(super) sentences: BTreeSet<String>,
    functions: usize,
}

impl<'s> Stripper<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Stripper {
            text: Blanked::new(source),
            refusals: Vec::new(),
            sentences: BTreeSet::new(),
            functions: 0,
        }
    }

    pub(super) fn refuse(&mut self, span: Span, text: &str) {
        self.refusals.push(Refusal { at: span.start as usize, text: text.to_owned() });
    }

    pub(super) fn blank(&mut self, span: Span) {
        self.text.blank(span.start as usize, span.end as usize);
    }

    /// Blanks a whole statement or class member; a semicolon keeps its neighbours apart.
    pub(super) fn blank_whole(&mut self, span: Span) {
        self.blank(span);
        self.text.put(span.start as usize, ";");
    }

    /// Blanks `mark` (`?` or `!`) when it is the next token after `from`.
    fn blank_mark(&mut self, from: u32, mark: u8) {
        let at = self.text.next_token(from as usize);
        if self.text.source().as_bytes().get(at) == Some(&mark) {
            self.text.blank(at, at + 1);
        }
    }

    /// Blanks `mark` when it is the last token before a type annotation. (The parser's span of a name
    /// ends after its annotation.)
    fn blank_mark_before(&mut self, annotation: u32, mark: u8) {
        let before = self.text.source().get(..annotation as usize).unwrap_or("").trim_end().as_bytes();
        if before.last() == Some(&mark) {
            self.text.blank(before.len() - 1, before.len());
        }
    }

    /// Blanks the modifiers of a class member, up to its key.
    fn blank_modifiers(&mut self, member: Span, key: Span) {
        let mut at = member.start as usize;
        let mut first = None;
        let mut last = "";
        loop {
            at = self.text.next_token(at);
            let word = self.text.word(at);
            if at >= key.start as usize || word.is_empty() {
                break;
            }
            if matches!(
                word,
                "public" | "private" | "protected" | "readonly" | "override" | "abstract" | "declare"
            ) {
                first.get_or_insert(at);
                self.text.blank(at, at + word.len());
            }
            last = word;
            at += word.len();
        }
        // `x = 1` followed by `private [y]` or `private *z()` must not become `x = 1[y]`.
        let joins = matches!(self.text.source().as_bytes().get(at), Some(b'[' | b'*'));
        if let Some(first) = first.filter(|_| joins && !matches!(last, "static" | "async" | "get" | "set")) {
            self.text.put(first, ";");
        }
    }

    /// A statement that ended in a type and not in a semicolon gets one in the type's last blank.
    fn close(&mut self, span: Span) {
        let last = (span.end as usize).saturating_sub(1);
        if self.text.is_blanked(last) && !self.text.put(last, ";") {
            self.text.end_statement(span.end as usize);
        }
    }

    /// Moves the opening parenthesis of parameters over blanked type parameters that hold a line end.
    fn join_parameters(&mut self, types: Option<Span>, parameters: Span) {
        let Some(types) = types else { return };
        if self.has_line_end(types) {
            let open = parameters.start as usize;
            if self.text.source().as_bytes().get(open) == Some(&b'(') {
                self.text.blank(open, open + 1);
                self.text.put(types.start as usize, "(");
            }
        }
    }

    fn has_line_end(&self, span: Span) -> bool {
        let text = self.text.source().get(span.start as usize..span.end as usize).unwrap_or("");
        text.contains(['\n', '\r', '\u{2028}', '\u{2029}'])
    }

    fn sentence(&mut self, callee: &Expression<'_>, arguments: &[Argument<'_>]) {
        let Expression::Identifier(callee) = callee else { return };
        if !callee.name.ends_with("Error") {
            return;
        }
        match arguments.first() {
            Some(Argument::StringLiteral(text)) => {
                self.sentences.insert(text.value.to_string());
            }
            Some(Argument::TemplateLiteral(text)) if text.expressions.is_empty() => {
                let cooked = text.quasis.first().and_then(|part| part.value.cooked);
                self.sentences.extend(cooked.map(|text| text.to_string()));
            }
            _ => {}
        }
    }

    fn binary_rest(&mut self, left: &Expression<'_>, operator: BinaryOperator) {
        let erased = matches!(left, Expression::TSAsExpression(_) | Expression::TSSatisfiesExpression(_));
        let binds_closer = operator.is_arithmetic() || operator.is_bitshift();
        if erased && binds_closer {
            let text = "put parentheses around the part before this operator: without its type it would be read otherwise";
            self.refuse(left.span(), text);
        }
    }
}

impl<'a> Visit<'a> for Stripper<'_> {
    fn visit_statement(&mut self, it: &Statement<'a>) {
        match it {
            Statement::TSTypeAliasDeclaration(_) | Statement::TSInterfaceDeclaration(_) => {
                self.blank_whole(it.span());
            }
            Statement::TSEnumDeclaration(item) if item.declare => self.blank_whole(item.span),
            Statement::TSModuleDeclaration(item) if item.declare => self.blank_whole(item.span),
            Statement::TSEnumDeclaration(item) => {
                self.refuse(
                    item.span,
                    "enum needs code of its own; use an object: const Colour = { red: 1 } as const",
                );
            }
            Statement::TSModuleDeclaration(item) => {
                self.refuse(
                    item.span,
                    "namespace needs code of its own; put it into a file under lib/ and import it",
                );
            }
            Statement::TSImportEqualsDeclaration(item) => {
                self.refuse(item.span, "import x = … is not supported; write import { x } from \"lib/…\"");
            }
            Statement::TSExportAssignment(item) => {
                self.refuse(item.span, "export = is not supported; write export default");
            }
            Statement::TSNamespaceExportDeclaration(item) => {
                self.refuse(item.span, "export as namespace is not supported");
            }
            Statement::VariableDeclaration(item) if item.declare => self.blank_whole(item.span),
            Statement::FunctionDeclaration(item) if item.declare || item.body.is_none() => {
                self.blank_whole(item.span);
            }
            Statement::ClassDeclaration(item) if item.declare => self.blank_whole(item.span),
            _ => {
                walk::walk_statement(self, it);
                self.close(it.span());
            }
        }
    }

    fn visit_ts_type_annotation(&mut self, it: &TSTypeAnnotation<'a>) {
        self.blank(it.span);
    }

    fn visit_ts_type_parameter_declaration(&mut self, it: &TSTypeParameterDeclaration<'a>) {
        self.blank(it.span);
    }

    fn visit_ts_type_parameter_instantiation(&mut self, it: &TSTypeParameterInstantiation<'a>) {
        self.blank(it.span);
    }

    fn visit_binding_pattern(&mut self, it: &BindingPattern<'a>) {
        walk::walk_binding_pattern(self, it);
        match &it.type_annotation {
            Some(annotation) => self.blank_mark_before(annotation.span.start, b'?'),
            None if it.optional => self.blank_mark(it.kind.span().end, b'?'),
            None => {}
        }
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        walk::walk_variable_declarator(self, it);
        if let Some(annotation) = &it.id.type_annotation {
            self.blank_mark_before(annotation.span.start, b'!');
        }
    }

    fn visit_formal_parameter(&mut self, it: &FormalParameter<'a>) {
        if it.accessibility.is_some() || it.readonly || it.r#override {
            self.refuse(it.span, "a parameter that is also a property needs code of its own; declare the property and set it in the constructor");
        }
        walk::walk_formal_parameter(self, it);
    }

    fn visit_ts_this_parameter(&mut self, it: &TSThisParameter<'a>) {
        self.blank(it.span);
        self.blank_mark(it.span.end, b',');
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        self.functions += 1;
        walk::walk_function(self, it, flags);
        self.functions -= 1;
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.functions += 1;
        walk::walk_arrow_function_expression(self, it);
        self.functions -= 1;
        self.join_parameters(it.type_parameters.as_ref().map(|types| types.span), it.params.span);
        if let Some(result) = it.return_type.as_ref().filter(|result| self.has_line_end(result.span)) {
            let close = it.params.span.end as usize - 1;
            if self.text.source().as_bytes().get(close) == Some(&b')') {
                self.text.blank(close, close + 1);
                self.text.put(result.span.end as usize - 1, ")");
            }
        }
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        let head = [
            it.id.as_ref().map(|id| id.span.end),
            it.type_parameters.as_ref().map(|types| types.span.end),
            it.super_class.as_ref().map(|class| class.span().end),
            it.super_type_arguments.as_ref().map(|types| types.span.end),
        ];
        walk::walk_class(self, it);
        if it.r#abstract {
            let at = it.span.start as usize;
            match self.text.word(at) {
                "abstract" => self.text.blank(at, at + "abstract".len()),
                _ => {
                    let before = self.text.source()[..at].trim_end().len();
                    self.text.blank(before.saturating_sub("abstract".len()), before);
                }
            }
        }
        if !it.implements.is_empty() {
            let from = head.into_iter().flatten().max().unwrap_or(it.span.start + "class".len() as u32);
            self.text.blank(from as usize, it.body.span.start as usize);
        }
    }

    fn visit_class_element(&mut self, it: &ClassElement<'a>) {
        match it {
            ClassElement::TSIndexSignature(item) => self.blank_whole(item.span),
            ClassElement::MethodDefinition(item)
                if item.value.body.is_none()
                    || item.r#type == MethodDefinitionType::TSAbstractMethodDefinition =>
            {
                self.blank_whole(item.span);
            }
            ClassElement::PropertyDefinition(item)
                if item.declare || item.r#type == PropertyDefinitionType::TSAbstractPropertyDefinition =>
            {
                self.blank_whole(item.span);
            }
            ClassElement::AccessorProperty(item) => {
                self.refuse(item.span, "accessor fields are not supported; write get and set");
            }
            _ => {
                walk::walk_class_element(self, it);
                self.close(it.span());
            }
        }
    }

    fn visit_method_definition(&mut self, it: &MethodDefinition<'a>) {
        walk::walk_method_definition(self, it);
        self.blank_modifiers(it.span, it.key.span());
        if it.optional {
            self.blank_mark(key_end(&self.text, it.key.span(), it.computed), b'?');
        }
    }

    fn visit_property_definition(&mut self, it: &PropertyDefinition<'a>) {
        self.functions += 1;
        walk::walk_property_definition(self, it);
        self.functions -= 1;
        self.blank_modifiers(it.span, it.key.span());
        let after = key_end(&self.text, it.key.span(), it.computed);
        if it.optional {
            self.blank_mark(after, b'?');
        }
        if it.definite {
            self.blank_mark(after, b'!');
        }
    }

    fn visit_decorator(&mut self, it: &Decorator<'a>) {
        self.refuse(it.span, "decorators need code of their own and are not supported");
    }

    fn visit_ts_as_expression(&mut self, it: &TSAsExpression<'a>) {
        self.visit_expression(&it.expression);
        self.text.blank(it.expression.span().end as usize, it.span.end as usize);
    }

    fn visit_ts_satisfies_expression(&mut self, it: &TSSatisfiesExpression<'a>) {
        self.visit_expression(&it.expression);
        self.text.blank(it.expression.span().end as usize, it.span.end as usize);
    }

    fn visit_ts_non_null_expression(&mut self, it: &TSNonNullExpression<'a>) {
        self.visit_expression(&it.expression);
        self.text.blank(it.expression.span().end as usize, it.span.end as usize);
    }

    fn visit_ts_type_assertion(&mut self, it: &TSTypeAssertion<'a>) {
        self.refuse(it.span, "write `value as Type` instead of `<Type>value`");
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        walk::walk_binary_expression(self, it);
        self.binary_rest(&it.left, it.operator);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        self.sentence(&it.callee, &it.arguments);
        walk::walk_new_expression(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        self.sentence(&it.callee, &it.arguments);
        walk::walk_call_expression(self, it);
    }

    fn visit_throw_statement(&mut self, it: &ThrowStatement<'a>) {
        if let Expression::StringLiteral(text) = &it.argument {
            self.sentences.insert(text.value.to_string());
        }
        walk::walk_throw_statement(self, it);
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        self.refuse(
            it.span,
            "import() while running is not supported; write import { x } from \"lib/…\" at the top",
        );
    }

    fn visit_meta_property(&mut self, it: &MetaProperty<'a>) {
        if it.meta.name == "import" {
            self.refuse(it.span, "import.meta is not supported");
        }
    }

    fn visit_await_expression(&mut self, it: &AwaitExpression<'a>) {
        self.refuse_top_level_await(it.span);
        walk::walk_await_expression(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        if it.r#await {
            self.refuse_top_level_await(it.span);
        }
        walk::walk_for_of_statement(self, it);
    }
}

impl Stripper<'_> {
    /// Visits the declaration after a top-level `export`.
    pub(super) fn visit_exported(&mut self, whole: Span, declaration: &Declaration<'_>) {
        match declaration {
            Declaration::TSEnumDeclaration(_)
            | Declaration::TSModuleDeclaration(_)
            | Declaration::TSImportEqualsDeclaration(_) => self.refuse(whole, EXPORTED_CODE),
            _ => {
                self.visit_declaration(declaration);
                self.close(whole);
            }
        }
    }

    fn refuse_top_level_await(&mut self, span: Span) {
        if self.functions == 0 {
            self.refuse(span, "await outside of a function is not supported");
        }
    }
}

/// Said of an exported `enum`, `namespace` or `import x =`.
const EXPORTED_CODE: &str =
    "enum, namespace and import x = … need code of their own; export a const object or a function";

/// Where a member's key ends, its closing bracket included.
fn key_end(text: &Blanked<'_>, key: Span, computed: bool) -> u32 {
    let end = key.end as usize;
    let at = text.next_token(end);
    if computed && text.source().as_bytes().get(at) == Some(&b']') { at as u32 + 1 } else { key.end }
}
