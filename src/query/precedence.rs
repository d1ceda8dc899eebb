//! How tightly operators bind; parser and printer must agree on it.

use super::ast::ArithmeticOp;

/// A greater precedence binds tighter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precedence {
    Or,
    And,
    Not,
    Compare,
    Sum,
    Product,
    Sign,
    /// Constants, paths and calls, which nothing can tear apart.
    Whole,
}

impl Precedence {
    pub(super) fn of(op: ArithmeticOp) -> Self {
        match op {
            ArithmeticOp::Add | ArithmeticOp::Subtract => Self::Sum,
            ArithmeticOp::Multiply | ArithmeticOp::Divide | ArithmeticOp::Remainder => Self::Product,
        }
    }

    /// What the right operand of an operator must have: operators of one precedence group to the
    /// left.
    pub(super) fn tighter(self) -> Self {
        match self {
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Compare,
            Self::Compare => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Sign,
            Self::Sign | Self::Whole => Self::Whole,
        }
    }
}
