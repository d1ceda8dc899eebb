//! Expressions of policies, in the Common Expression Language (CEL, cel.dev): typed, without loops that
//! do not end, without access to anything but what they are given.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock};
use std::thread;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Env, Program};

/// The functions and macros that expressions may use. Optional values are left out: what is missing is
/// asked for with `has`.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// A valid expression, compiled.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    program: Arc<Program>,
}

/// Why a text is no expression. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidExpression {
    message: String,
    /// The bytes that are to blame.
    pub span: Range<usize>,
    /// What to type instead, when one can tell.
    pub help: Option<String>,
}

/// A variable of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it has; nothing of one that is a plain value.
    pub members: &'static [&'static str],
}

impl Expression {
    /// Longest expression, in bytes.
    pub const LEN_MAX: usize = 2_000;
    /// How deep `all`, `exists`, `filter` and `map` may stand in each other: each level multiplies the
    /// work by the length of a list.
    pub const NESTING_MAX: usize = 2;
    /// How deep its parts may stand in each other: the evaluation goes down as deep, on a stack that
    /// nobody chose for it.
    pub const DEPTH_MAX: usize = 32;
    /// Most opening brackets and question marks, wherever they stand: the parser goes down for each.
    pub const BRANCHES_MAX: usize = 150;
    /// Bytes of the stack that the parser gets, several times what it needs for the longest expression.
    const PARSER_STACK: usize = 128 << 20;
    /// What an expression can look at.
    pub const VARIABLES: &'static [Variable] = &[
        Variable {
            name: "action",
            members: &[
                "name",
                "labels",
                "kind",
                "action",
                "reason",
                "condition",
                "generation",
                "start",
                "startsNow",
                "latenessSeconds",
                "maxExecutionSeconds",
                "devices",
                "percentOfHub",
                "connected",
                "durationSeconds",
                "messages",
                "method",
                "patch",
            ],
        },
        Variable { name: "environment", members: &[] },
        Variable { name: "hub", members: &["sku", "units", "lanes", "devices"] },
        Variable {
            name: "plan",
            members: &["create", "replace", "cancel", "deferred", "blocked", "missed", "unchanged", "devices"],
        },
    ];
    /// Functions beside the operators and the macros.
    const FUNCTIONS: &'static [&'static str] = &[
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "int",
        "uint",
        "double",
        "string",
        "bool",
        "bytes",
        "dyn",
        "type",
    ];
    /// Types are values.
    const TYPES: &'static [&'static str] =
        &["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

    /// # Errors
    /// When the text is not CEL, is too long or nested too deeply, or names a variable, a member or a
    /// function that does not exist.
    pub fn parse(text: &str) -> Result<Self, InvalidExpression> {
        let whole = 0..text.len();
        let invalid = |message: String, span, help| InvalidExpression { message, span, help };
        if text.len() > Self::LEN_MAX {
            let message = format!("the expression has {} bytes, at most {} are allowed", text.len(), Self::LEN_MAX);
            return Err(invalid(message, whole, Some("split it into several rules".to_owned())));
        }
        if text.trim().is_empty() {
            let help = Some("write one such as `action.devices > 500`".to_owned());
            return Err(invalid("the expression is empty".to_owned(), whole, help));
        }
        if let Some((place, _)) = text.match_indices(['(', '[', '{', '?']).nth(Self::BRANCHES_MAX) {
            let message = format!("the expression has more than {} brackets and `?`", Self::BRANCHES_MAX);
            return Err(invalid(message, place..place + 1, Some("split it into several rules".to_owned())));
        }
        let parse = || Self::parse_short(text);
        let parsed = thread::scope(|scope| {
            let parser = thread::Builder::new().stack_size(Self::PARSER_STACK).spawn_scoped(scope, parse);
            parser.ok().and_then(|parser| parser.join().ok())
        });
        let unread = || invalid("the expression could not be read".to_owned(), whole, None);
        parsed.unwrap_or_else(|| Err(unread()))
    }

    /// Parses an expression that is short enough for the stack of the parser.
    fn parse_short(text: &str) -> Result<Self, InvalidExpression> {
        let program = ENV.compile(text).map_err(|errors| {
            let first = errors.errors.first();
            let place = first.map_or(0, |error| offset(text, error.pos));
            let message = first.map_or_else(|| "not an expression".to_owned(), |error| in_words(&error.msg));
            InvalidExpression { message, span: place..end_of_token(text, place), help: None }
        })?;
        let mut check = Check { program: &program, scope: Vec::new(), nesting: 0, depth: 0, text };
        check.visit(program.expression())?;
        Ok(Self { text: text.into(), program: Arc::new(program) })
    }

    /// The text as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What evaluates it.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The functions and macros that it was compiled for.
    #[must_use]
    pub fn env() -> Arc<Env> {
        Arc::clone(&ENV)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The byte of a line and a column, both from 1.
fn offset(text: &str, (line, column): (isize, isize)) -> usize {
    let before = |number: isize| usize::try_from(number - 1).unwrap_or_default();
    let start: usize = text.split_inclusive('\n').take(before(line)).map(str::len).sum();
    let at = (start + before(column)).min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

fn end_of_token(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    start + word.max(rest.chars().next().map_or(0, char::len_utf8))
}

/// What the parser says, without the list of all that could have come.
fn in_words(message: &str) -> String {
    let message = message.trim_start_matches("Syntax error: ");
    let message = message.split_once(" expecting ").map_or(message, |(found, _)| found);
    match message.strip_prefix("mismatched input '<EOF>'") {
        Some(_) => "the expression ends too early".to_owned(),
        None => format!("not an expression: {message}"),
    }
}

/// Names and nesting, checked on the way down.
struct Check<'e> {
    program: &'e Program,
    scope: Vec<&'e str>,
    /// Macros around this place.
    nesting: usize,
    /// Parts of any kind around it.
    depth: usize,
    text: &'e str,
}

impl<'e> Check<'e> {
    fn visit(&mut self, expr: &'e IdedExpr) -> Result<(), InvalidExpression> {
        if self.depth >= Expression::DEPTH_MAX {
            let message = format!("more than {} parts of the expression in each other", self.depth);
            return Err(self.invalid(expr, message, Some("split it into several rules".to_owned())));
        }
        self.depth += 1;
        let checked = self.part(expr);
        self.depth -= 1;
        checked
    }

    fn part(&mut self, expr: &'e IdedExpr) -> Result<(), InvalidExpression> {
        match &expr.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.variable(expr, name),
            Expr::Select(select) => {
                if let Expr::Ident(name) = &select.operand.expr
                    && !self.scope.contains(&name.as_str())
                {
                    self.member(expr, name, &select.field)?;
                }
                self.visit(&select.operand)
            }
            Expr::Call(call) => {
                self.function(expr, &call.func_name)?;
                call.target.iter().try_for_each(|target| self.visit(target))?;
                call.args.iter().try_for_each(|arg| self.visit(arg))
            }
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.visit(element)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(made) => {
                Err(self.invalid(expr, format!("there is no type `{}` to make", made.type_name), None))
            }
            Expr::Comprehension(over) => {
                self.visit(&over.iter_range)?;
                if self.nesting >= Expression::NESTING_MAX {
                    let message =
                        format!("more than {} `all`, `exists`, `filter` or `map` in each other", self.nesting);
                    return Err(self.invalid(expr, message, Some("split it into several rules".to_owned())));
                }
                let before = self.scope.len();
                self.scope.extend([over.iter_var.as_str(), over.accu_var.as_str()]);
                self.scope.extend(over.iter_var2.as_deref());
                self.nesting += 1;
                let parts = [&over.accu_init, &over.loop_cond, &over.loop_step, &over.result];
                let checked = parts.into_iter().try_for_each(|part| self.visit(part));
                self.scope.truncate(before);
                self.nesting -= 1;
                checked
            }
        }
    }

    fn entry(&mut self, entry: &'e EntryExpr) -> Result<(), InvalidExpression> {
        match entry {
            EntryExpr::StructField(field) => self.visit(&field.value),
            EntryExpr::MapEntry(entry) => self.visit(&entry.key).and_then(|()| self.visit(&entry.value)),
        }
    }

    fn variable(&self, expr: &IdedExpr, name: &str) -> Result<(), InvalidExpression> {
        let is_known = self.scope.contains(&name)
            || Expression::TYPES.contains(&name)
            || Expression::VARIABLES.iter().any(|variable| variable.name == name);
        if is_known {
            return Ok(());
        }
        let members = Expression::VARIABLES.iter().find(|variable| variable.members.contains(&name));
        let help = match members {
            Some(variable) => format!("write `{}.{name}`", variable.name),
            None => help_for(name, Expression::VARIABLES.iter().map(|variable| variable.name), "there are"),
        };
        Err(self.invalid(expr, format!("unknown variable `{name}`"), Some(help)))
    }

    fn member(&self, expr: &IdedExpr, of: &str, name: &str) -> Result<(), InvalidExpression> {
        let Some(variable) = Expression::VARIABLES.iter().find(|variable| variable.name == of) else { return Ok(()) };
        if variable.members.contains(&name) {
            return Ok(());
        }
        let help = help_for(name, variable.members.iter().copied(), "it has");
        let help = (!variable.members.is_empty()).then_some(help);
        Err(self.invalid(expr, format!("`{of}` has no member `{name}`"), help))
    }

    fn function(&self, expr: &IdedExpr, name: &str) -> Result<(), InvalidExpression> {
        let is_operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
        if is_operator || Expression::FUNCTIONS.contains(&name) {
            return Ok(());
        }
        let help = help_for(name, Expression::FUNCTIONS.iter().copied(), "there are");
        Err(self.invalid(expr, format!("unknown function `{name}`"), Some(help)))
    }

    fn invalid(&self, expr: &IdedExpr, message: String, help: Option<String>) -> InvalidExpression {
        let at = |offset: u32| (offset as usize).min(self.text.len());
        let span = self.program.source_info().offset_for(expr.id).map_or(0..self.text.len(), |(start, last)| {
            let start = at(start);
            start..at(last + 1).max(start)
        });
        let is_text = self.text.get(span.clone()).is_some();
        InvalidExpression { message, span: if is_text { span } else { 0..self.text.len() }, help }
    }
}

fn help_for<'n>(name: &str, known: impl Iterator<Item = &'n str> + Clone, there: &str) -> String {
    let near = known.clone().filter(|known| strsim::osa_distance(known, name) <= 2).collect::<Vec<_>>();
    match near.as_slice() {
        [only] => format!("did you mean `{only}`?"),
        _ => format!("{there} {}", known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let why = Expression::parse(text).expect_err(text);
        let help = why.help.as_deref().unwrap_or("-");
        format!("{} [{}] {help}", why.message, &text[why.span.clone()])
    }

    #[test]
    fn names_are_checked() {
        for text in [
            "action.devices > 500",
            "has(action.devices) && action.percentOfHub >= 10.5",
            "action.patch.exists(p, p.path.startsWith('desired.') && p.to == null)",
            "action.labels.team in ['a', 'b'] && environment == 'prod'",
            "type(action.generation) == int && action.name.matches('^re')",
            "action.patch.all(p, action.patch.exists(q, q.path == p.path))",
        ] {
            assert!(Expression::parse(text).is_ok(), "{text}: {:?}", Expression::parse(text));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(refused("devices > 5"), "unknown variable `devices` [devices] write `action.devices`");
        assert_eq!(refused("action.device > 5"), "`action` has no member `device` [.] did you mean `devices`?");
        assert_eq!(refused("action.name.matchs('a')"), "unknown function `matchs` [(] did you mean `matches`?");
        assert_eq!(refused("action.devices >"), "the expression ends too early [] -");
        assert_eq!(refused("'é' + actoin.name"), "unknown variable `actoin` [actoin] did you mean `action`?");
        assert_eq!(
            refused("[1].all(a, [1].all(b, [1].all(c, a < b)))"),
            "more than 2 `all`, `exists`, `filter` or `map` in each other [(] split it into several rules"
        );
    }

    /// On the stack of a test, which is small.
    #[test]
    fn no_depth_ends_the_program() {
        let nested =
            |open: &str, inner: &str, close: &str, n: usize| format!("{}{inner}{}", open.repeat(n), close.repeat(n));
        for n in [20, 60, 150, 900] {
            for text in [
                nested("(", "true", ")", n),
                nested("!(", "true", ")", n),
                nested("[", "", "]", n),
                nested("{1:", "1", "}", n),
                nested("int(", "1", ")", n),
                nested("(')'+", "''", ")", n),
                nested("true?", "true", ":true", n),
                "(".repeat(n),
                format!("1{}", "+1".repeat(n)),
                format!("1{}", "==1".repeat(n)),
                format!("true{}", "||true".repeat(n)),
                format!("[1]{}", "[0]".repeat(n)),
                format!("[1]{}", ".map(x,x)".repeat(n)),
                format!("'a'{}", ".size()".repeat(n)),
                format!("action{}", ".name".repeat(n)),
                format!("{}true", "!".repeat(n)),
                format!("{}1", "!-".repeat(n)),
            ] {
                if let Ok(expression) = Expression::parse(&text) {
                    // Whatever comes of it; that something comes of it is the point.
                    let _ = expression.program().execute(&cel::Context::with_env(Expression::env()));
                }
            }
        }
        let sums = format!("1{} > 5", "+1".repeat(40));
        assert_eq!(
            refused(&sums),
            "more than 32 parts of the expression in each other [+] split it into several rules"
        );
        let open = "(".repeat(200);
        assert_eq!(refused(&open), "the expression has more than 150 brackets and `?` [(] split it into several rules");
        let long = format!("action.name in [{}]", vec!["'a'"; 300].join(", "));
        assert!(Expression::parse(&long).is_ok(), "a list is as long as one likes");
        let chain = format!("action.name == 'a'{}", " || action.name == 'b'".repeat(70));
        assert!(Expression::parse(&chain).is_ok(), "{:?}", Expression::parse(&chain));
    }

    proptest::proptest! {
        #[test]
        fn no_text_ends_in_a_panic(text in "[a-z.()\\[\\]{}'\"0-9 +<>=!&|?:,é\\n-]{0,40}") {
            if let Err(why) = Expression::parse(&text) {
                proptest::prop_assert!(text.get(why.span.clone()).is_some(), "{:?}", why.span);
            }
        }
    }
}
