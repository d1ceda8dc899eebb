//! Twin values of a fleet: constants and generators.

use serde_json::Value;

use super::super::spans::Node;
use super::super::suggest;
use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{IdPattern, Percent, Shape, Template};

const GENERATORS: [&str; 5] = ["$choose", "$weighted", "$cycle", "$range", "$pattern"];
const MISSING: &str = "$missingPercent";

/// Why a generator cannot be used; the place is its value.
struct Unusable(&'static str);

impl<'d> Lowering<'d> {
    /// The templates of one section of a group; nothing after a finding.
    pub(super) fn templates(&mut self, at: &At<'_>) -> Option<Vec<(String, Template)>> {
        let node = self.find(at)?;
        self.warn_ambiguous(node);
        self.object(node)
    }

    fn object(&mut self, node: Node<'d>) -> Option<Vec<(String, Template)>> {
        let document = self.document();
        let lowered: Vec<_> =
            document.children(node).map(|(key, child)| Some((key.to_owned(), self.template(child)?))).collect();
        lowered.into_iter().collect()
    }

    fn template(&mut self, node: Node<'d>) -> Option<Template> {
        let always = |shape| Template { shape, missing: Percent::ZERO };
        let Value::Object(map) = node.value else { return Some(always(Shape::Constant(node.value.clone()))) };
        if map.keys().any(|key| key.starts_with('$')) {
            return self.generator(node);
        }
        if has_generator(node.value) {
            return self.object(node).map(Shape::Object).map(always);
        }
        Some(always(Shape::Constant(node.value.clone())))
    }

    fn generator(&mut self, node: Node<'d>) -> Option<Template> {
        let document = self.document();
        let mut missing = Some(Percent::ZERO);
        let mut shapes = Vec::new();
        let mut usable = true;
        for (key, child) in document.children(node) {
            if key == MISSING {
                missing = child.value.as_f64().and_then(|number| Percent::new(number).ok());
                usable &= missing.is_some() || self.unusable(child, key, &Unusable("a number from 0 to 100"));
            } else if GENERATORS.contains(&key) {
                match shape(key, child.value) {
                    Ok(shape) => shapes.push(shape),
                    Err(why) => usable = self.unusable(child, key, &why),
                }
            } else {
                usable = self.unknown_generator(child, key);
            }
        }
        if usable && shapes.len() != 1 {
            let finding =
                Diagnostic::error(Code::ExactlyOneOf, document.key_span(node), "a generated value needs one generator")
                    .label(if shapes.is_empty() { "none is there" } else { "more than one is there" })
                    .help(format!("write one of {}", suggest::listed(GENERATORS, "or")));
            self.push(node, finding);
            return None;
        }
        let shape = shapes.pop().filter(|_| usable)?;
        Some(Template { shape, missing: missing? })
    }

    /// Reports a generator's value; always false.
    fn unusable(&mut self, node: Node<'d>, key: &str, why: &Unusable) -> bool {
        let span = self.document().value_span(node);
        let message = format!("`{key}` takes {}", why.0);
        self.push(
            node,
            Diagnostic::error(Code::InvalidValue, span, message).label("something else").help(example(key)),
        );
        false
    }

    /// Reports a key that is no generator; always false.
    fn unknown_generator(&mut self, node: Node<'d>, key: &str) -> bool {
        let span = self.document().key_span(node);
        let known = GENERATORS.into_iter().chain([MISSING]);
        let (message, help) = match suggest::nearest(key, known) {
            Some(near) => (format!("unknown generator `{key}`"), format!("did you mean `{near}`?")),
            None if key.starts_with('$') => {
                (format!("unknown generator `{key}`"), format!("write one of {}", suggest::listed(GENERATORS, "or")))
            }
            None => (
                format!("`{key}` stands beside a generator"),
                "a map holds either `$` keys or ordinary ones; nest one in the other".to_owned(),
            ),
        };
        self.push(node, Diagnostic::error(Code::UnknownField, span, message).label("not a generator").help(help));
        false
    }
}

fn example(key: &str) -> &'static str {
    match key {
        "$choose" => "write it like `{$choose: [a, b]}`",
        "$weighted" => "write it like `{$weighted: [{value: a, weight: 3}, {value: b, weight: 1}]}`",
        "$cycle" => "write it like `{$cycle: [a, b]}`",
        "$range" => "write it like `{$range: [1, 12]}`",
        "$pattern" => "write it like `{$pattern: \"room-{n:03}\"}`",
        _ => "write it like `$missingPercent: 5`",
    }
}

fn has_generator(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| key.starts_with('$') || has_generator(value)),
        _ => false,
    }
}

fn shape(key: &str, value: &Value) -> Result<Shape, Unusable> {
    match key {
        "$choose" => Ok(Shape::Weighted(items(value)?.iter().map(|item| (item.clone(), 1)).collect())),
        "$cycle" => Ok(Shape::Cycle(items(value)?.to_vec())),
        "$weighted" => items(value)?.iter().map(weighted).collect::<Result<_, _>>().map(Shape::Weighted),
        "$range" => range(value),
        _ => {
            let pattern = value.as_str().and_then(|text| IdPattern::parse(text).ok());
            pattern.map(Shape::Pattern).ok_or(Unusable("a text with one counter such as `{n}`"))
        }
    }
}

fn items(value: &Value) -> Result<&[Value], Unusable> {
    value.as_array().filter(|items| !items.is_empty()).map(Vec::as_slice).ok_or(Unusable("a list of values"))
}

fn weighted(item: &Value) -> Result<(Value, u32), Unusable> {
    const FORM: Unusable = Unusable("a list of `{value: ..., weight: ...}` with weights from 1");
    let map = item.as_object().filter(|map| map.len() == 2).ok_or(FORM)?;
    let value = map.get("value").ok_or(FORM)?;
    let weight = map.get("weight").and_then(Value::as_u64).and_then(|weight| u32::try_from(weight).ok());
    weight.filter(|weight| *weight > 0).map(|weight| (value.clone(), weight)).ok_or(FORM)
}

fn range(value: &Value) -> Result<Shape, Unusable> {
    const FORM: Unusable = Unusable("two numbers, the smaller one first");
    let [from, to] = value.as_array().ok_or(FORM)?.as_slice() else { return Err(FORM) };
    if let (Some(from), Some(to)) = (from.as_i64(), to.as_i64()) {
        return if from <= to { Ok(Shape::Integers { from, to }) } else { Err(FORM) };
    }
    match (from.as_f64(), to.as_f64()) {
        (Some(from), Some(to)) if from <= to => Ok(Shape::Decimals { from, to }),
        _ => Err(FORM),
    }
}
