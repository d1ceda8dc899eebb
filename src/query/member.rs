//! The prepared list of `IN` and `NIN`.

use rustc_hash::FxHashSet;

use super::ast::{Literal, Membership};
use super::document::Field;
use super::evaluate::Truth;

/// A test of membership, without its needle.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) membership: Membership,
    pub(super) list: List,
}

impl Member {
    /// Undefined for a needle that is undefined or cannot be compared.
    pub(super) fn test(&self, needle: Field<'_>) -> Truth {
        let Some(found) = self.list.contains(needle) else {
            return Truth::Undefined;
        };
        Truth::from(found == (self.membership == Membership::In))
    }
}

/// Constants by type. Strings are hashed, since conditions list hundreds of device ids.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    strings: FxHashSet<Box<str>>,
    numbers: Vec<f64>,
    has_true: bool,
    has_false: bool,
    has_null: bool,
}

impl List {
    /// `undefined` equals nothing, so it is left out.
    pub(super) fn new<'l>(items: impl Iterator<Item = &'l Literal>) -> Self {
        let mut list = Self::default();
        for item in items {
            match item {
                Literal::Undefined => {}
                Literal::Null => list.has_null = true,
                Literal::Boolean(true) => list.has_true = true,
                Literal::Boolean(false) => list.has_false = true,
                Literal::Number(number) => list.numbers.push(*number),
                Literal::String(text) => {
                    list.strings.insert(text.as_str().into());
                }
            }
        }
        list
    }

    /// All of it, if it lists nothing but strings.
    pub(super) fn texts(&self) -> Option<Vec<&str>> {
        let only_texts = self.numbers.is_empty() && !self.has_true && !self.has_false && !self.has_null;
        only_texts.then(|| self.strings.iter().map(|text| &**text).collect())
    }

    fn contains(&self, needle: Field<'_>) -> Option<bool> {
        Some(match needle {
            Field::Undefined | Field::Composite => return None,
            Field::Null => self.has_null,
            Field::Boolean(true) => self.has_true,
            Field::Boolean(false) => self.has_false,
            Field::Number(number) => self.numbers.contains(&number),
            Field::String(text) => self.strings.contains(text),
        })
    }
}
