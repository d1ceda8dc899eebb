//! Conditions taken apart, so that many documents can be tested at once, column by column.

use super::ast::{CompareOp, Membership};
use super::document::{Document, ResolvedPath};
use super::evaluate::{Node, Truth};

/// A condition or a part of one.
#[derive(Clone, Copy, Debug)]
pub struct Clause<'c>(&'c Node);

/// What a [`Clause`] is made of.
#[derive(Clone, Debug)]
pub enum Parts<'c> {
    /// False if any of them is, else undefined if any of them is, else true.
    All(Vec<Clause<'c>>),
    /// True if any of them is, else undefined if any of them is, else false.
    Any(Vec<Clause<'c>>),
    /// The opposite; undefined stays undefined.
    Not(Clause<'c>),
    /// Something else, to be put to a document.
    Test(Test<'c>),
}

/// A part of a condition that is neither `AND`, `OR` nor `NOT`.
#[derive(Clone, Copy, Debug)]
pub struct Test<'c>(&'c Node);

impl<'c> Clause<'c> {
    pub(super) const fn new(node: &'c Node) -> Self {
        Self(node)
    }

    /// What it is made of.
    pub fn parts(self) -> Parts<'c> {
        let clauses = |nodes: &'c [Node]| nodes.iter().map(Self).collect();
        match self.0 {
            Node::And(operands) => Parts::All(clauses(operands)),
            Node::Or(operands) => Parts::Any(clauses(operands)),
            Node::Not(operand) => Parts::Not(Self(operand)),
            other => Parts::Test(Test(other)),
        }
    }

    /// The paths that it looks up, each once, by [`ResolvedPath::index`].
    pub fn paths(self) -> Vec<usize> {
        Test(self.0).paths()
    }

    /// The tests that every selected document passes.
    pub fn required(self) -> Vec<Test<'c>> {
        match self.parts() {
            Parts::All(clauses) => clauses.into_iter().flat_map(Self::required).collect(),
            Parts::Test(test) => vec![test],
            Parts::Any(_) | Parts::Not(_) => Vec::new(),
        }
    }
}

impl<'c> Test<'c> {
    /// Its value on a document.
    pub fn truth<D: Document + ?Sized>(self, document: &D) -> Truth {
        self.0.truth(document)
    }

    /// The paths that it looks up, each once, by [`ResolvedPath::index`].
    pub fn paths(self) -> Vec<usize> {
        let mut paths = Vec::new();
        collect_paths(self.0, &mut paths);
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// The path and the strings, if the test is true of exactly those documents that have one of the
    /// strings there.
    pub fn texts(self) -> Option<(&'c ResolvedPath, Vec<&'c str>)> {
        match self.0 {
            Node::Compare(CompareOp::Equal, left, right) => match (&**left, &**right) {
                (Node::Path(path), Node::String(text)) | (Node::String(text), Node::Path(path)) => {
                    Some((path, vec![text]))
                }
                _ => None,
            },
            Node::Member(needle, member) if member.membership == Membership::In => match &**needle {
                Node::Path(path) => Some((path, member.list.texts()?)),
                _ => None,
            },
            _ => None,
        }
    }
}

fn collect_paths(node: &Node, paths: &mut Vec<usize>) {
    match node {
        Node::Path(path) | Node::IsDefined(path) => paths.push(path.index()),
        Node::Or(operands) | Node::And(operands) => operands.iter().for_each(|one| collect_paths(one, paths)),
        Node::Not(operand) | Node::Negate(operand) | Node::Member(operand, _) => collect_paths(operand, paths),
        Node::Compare(_, left, right) | Node::Arithmetic(_, left, right) | Node::StartsWith(left, right) => {
            collect_paths(left, paths);
            collect_paths(right, paths);
        }
        Node::Undefined | Node::Null | Node::Boolean(_) | Node::Number(_) | Node::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Condition, parse_condition};
    use super::*;

    fn condition(text: &str) -> Condition {
        Condition::compile(&parse_condition(text).0.expect("a condition"))
    }

    #[test]
    fn takes_a_condition_apart() {
        let condition =
            condition("deviceId IN ['a', 'b'] AND (tags.x = 1 OR NOT tags.y + tags.x > 2) AND 'c' = deviceId");
        let clause = condition.clause().expect("there is one");
        let Parts::All(parts) = clause.parts() else { panic!("{clause:?}") };
        assert_eq!(parts.len(), 3);
        let required = clause.required();
        let texts: Vec<_> = required
            .iter()
            .filter_map(|test| test.texts())
            .map(|(_, mut texts)| {
                texts.sort_unstable();
                texts
            })
            .collect();
        assert_eq!(texts, [vec!["a", "b"], vec!["c"]]);
        let Parts::Any(any) = parts[1].parts() else { panic!("{:?}", parts[1]) };
        let Parts::Not(inner) = any[1].parts() else { panic!("{:?}", any[1]) };
        let Parts::Test(test) = inner.parts() else { panic!("{inner:?}") };
        assert_eq!(test.paths().len(), 2);
        assert_eq!(test.texts(), None);
    }
}
