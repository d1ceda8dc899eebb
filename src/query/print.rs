//! Canonical text of syntax trees.
//!
//! Keywords are upper case, strings stand in single quotes, brackets only where the meaning needs
//! them, and spellings that mean the same (`<>`, `NOT IN`) become one. What is printed parses to an
//! equal tree.

use std::fmt::{self, Display, Formatter, Write as _};

use super::ast::{
    ArithmeticOp, Collection, Column, ColumnValue, CompareOp, Expr, ExprKind, Literal, Membership, Projection, Query,
    Selection, Spanned,
};
use super::path::Path;
use super::precedence::Precedence;

/// A string literal of the query language that holds exactly `text`, whatever it contains.
pub fn quote_literal(text: &str) -> String {
    Literal::String(text.to_owned()).to_string()
}

/// `deviceId IN ['a', 'b']`. With no device at all it selects none.
pub fn device_id_in<'d>(device_ids: impl IntoIterator<Item = &'d str>) -> Expr {
    let list = device_ids.into_iter().map(|id| Spanned::built(Literal::String(id.to_owned()))).collect();
    let path = Path::new(["deviceId"]).expect("a plain name is a path");
    Expr::member(Membership::In, Expr::path(path), list)
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined => f.write_str("undefined"),
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => value.fmt(f),
            Self::Number(number) if number.abs() >= 1e16 || (*number != 0.0 && number.abs() < 1e-6) => {
                write!(f, "{number:e}")
            }
            Self::Number(number) => number.fmt(f),
            Self::String(text) => {
                f.write_char('\'')?;
                for c in text.chars() {
                    match c {
                        '\'' | '\\' => write!(f, "\\{c}")?,
                        c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                        c => f.write_char(c)?,
                    }
                }
                f.write_char('\'')
            }
        }
    }
}

impl Display for CompareOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl Display for ArithmeticOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        })
    }
}

impl Display for Membership {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::In => "IN",
            Self::NotIn => "NIN",
        })
    }
}

fn precedence(kind: &ExprKind) -> Precedence {
    match kind {
        ExprKind::Or(_) => Precedence::Or,
        ExprKind::And(_) => Precedence::And,
        ExprKind::Not(_) => Precedence::Not,
        ExprKind::Compare { .. } | ExprKind::Member { .. } => Precedence::Compare,
        ExprKind::Arithmetic { op, .. } => Precedence::of(*op),
        ExprKind::Negate(_) => Precedence::Sign,
        ExprKind::Literal(Literal::Number(number)) if number.is_sign_negative() => Precedence::Sign,
        ExprKind::Literal(_) | ExprKind::Path(_) | ExprKind::IsDefined(_) | ExprKind::StartsWith { .. } => {
            Precedence::Whole
        }
    }
}

/// Prints an expression where at least `least` must hold it together.
struct Placed<'e>(&'e Expr, Precedence);

impl Display for Placed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if precedence(&self.0.node) < self.1 { write!(f, "({})", self.0.node) } else { self.0.node.fmt(f) }
    }
}

impl<T: Display> Display for Spanned<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

impl Display for ExprKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => literal.fmt(f),
            Self::Path(path) => path.fmt(f),
            // Operands of the same kind need no brackets: the operation is associative.
            Self::Or(operands) => joined(f, operands, " OR ", Precedence::Or),
            Self::And(operands) => joined(f, operands, " AND ", Precedence::And),
            Self::Not(operand) => write!(f, "NOT {}", Placed(operand, Precedence::Not)),
            Self::Compare { op, left, right } => {
                let (left, right) = (Placed(left, Precedence::Sum), Placed(right, Precedence::Sum));
                write!(f, "{left} {op} {right}")
            }
            Self::Member { membership, needle, list } => {
                write!(f, "{} {membership} [", Placed(needle, Precedence::Sum))?;
                separated(f, list)?;
                f.write_char(']')
            }
            Self::Arithmetic { op, left, right } => {
                // Arithmetic of floating-point numbers is not associative, so the right side keeps
                // its brackets.
                let own = Precedence::of(*op);
                let (left, right) = (Placed(left, own), Placed(right, own.tighter()));
                write!(f, "{left} {op} {right}")
            }
            Self::Negate(operand) => write!(f, "-{}", Placed(operand, Precedence::Whole)),
            Self::IsDefined(path) => write!(f, "IS_DEFINED({path})"),
            Self::StartsWith { text, prefix } => write!(f, "STARTSWITH({text}, {prefix})"),
        }
    }
}

fn joined(f: &mut Formatter<'_>, operands: &[Expr], operator: &str, own: Precedence) -> fmt::Result {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            f.write_str(operator)?;
        }
        Placed(operand, own).fmt(f)?;
    }
    Ok(())
}

fn separated<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

impl Display for Collection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text of a job's `queryCondition`.
impl Display for Selection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.from, &self.filter) {
            (Collection::Devices, None) => f.write_char('*'),
            (Collection::Devices, Some(filter)) => filter.fmt(f),
            // There is no `*` for modules; every module has an id.
            (from, None) => write!(f, "FROM {from} WHERE IS_DEFINED(moduleId)"),
            (from, Some(filter)) => write!(f, "FROM {from} WHERE {filter}"),
        }
    }
}

impl Display for Column {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.value {
            ColumnValue::Path(path) => path.fmt(f)?,
            ColumnValue::Count => f.write_str("COUNT()")?,
            ColumnValue::Aggregate(aggregate, path) => write!(f, "{}({path})", aggregate.as_str())?,
        }
        match &self.alias {
            Some(alias) => write!(f, " AS {alias}"),
            None => Ok(()),
        }
    }
}

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("SELECT ")?;
        if let Some(top) = self.top {
            write!(f, "TOP {top} ")?;
        }
        match &self.select {
            Projection::All => f.write_char('*')?,
            Projection::Columns(columns) => separated(f, columns)?,
        }
        write!(f, " FROM {}", self.from)?;
        if let Some(filter) = &self.filter {
            write!(f, " WHERE {filter}")?;
        }
        if !self.group_by.is_empty() {
            f.write_str(" GROUP BY ")?;
            separated(f, &self.group_by)?;
        }
        Ok(())
    }
}
