//! PURE. Growing devices from a fleet file: the same file and seed give the same devices.

use serde_json::{Map, Number, Value};

use super::state::{Draw, Link};
use crate::model::{Connectivity, DeviceGroup, Shape, Template};

/// A device to be.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::emulator) struct Seedling {
    /// Its id, as the pattern makes it; whether it is a device id is for the hub to say.
    pub(in crate::emulator) id: String,
    /// Its tags.
    pub(in crate::emulator) tags: Map<String, Value>,
    /// Its desired properties.
    pub(in crate::emulator) desired: Map<String, Value>,
    /// Its reported properties.
    pub(in crate::emulator) reported: Map<String, Value>,
    /// How it is connected.
    pub(in crate::emulator) link: Link,
}

/// A device of a group, by its number from 1.
pub(in crate::emulator) fn seedling(seed: u64, group: &DeviceGroup, number: u32) -> Seedling {
    let spot = Spot { number, draw: Draw::of(seed).about(&group.name).number(number.into()) };
    Seedling {
        id: group.id_pattern.render(number),
        tags: spot.object("tags", &group.tags),
        desired: spot.object("desired", &group.desired),
        reported: spot.object("reported", &group.reported),
        link: link(&group.connectivity, spot.draw.about("connectivity")),
    }
}

/// Which device a value is for.
#[derive(Debug, Clone, Copy)]
struct Spot {
    /// Its number in the group, from 1.
    number: u32,
    draw: Draw,
}

impl Spot {
    /// The members that the device has. Each draws by its own name, so that adding one does not
    /// change the others.
    fn object(self, name: &str, members: &[(String, Template)]) -> Map<String, Value> {
        let inside = Self { draw: self.draw.about(name), ..self };
        let present = members.iter().filter_map(|(name, template)| {
            let spot = Self { draw: inside.draw.about(name), ..inside };
            let missing = spot.draw.about("missing").hits(template.missing);
            (!missing).then(|| (name.clone(), spot.value(&template.shape)))
        });
        present.collect()
    }

    fn value(self, shape: &Shape) -> Value {
        match shape {
            Shape::Constant(value) => value.clone(),
            Shape::Object(members) => self.object("object", members).into(),
            Shape::Weighted(choices) => self.weighted(choices),
            Shape::Cycle(values) => {
                let at = usize::try_from(self.number - 1).unwrap_or_default().checked_rem(values.len());
                at.map_or(Value::Null, |at| values[at].clone())
            }
            Shape::Integers { from, to } => {
                let span = to.abs_diff(*from).saturating_add(1);
                from.saturating_add_unsigned(self.draw.below(span)).into()
            }
            Shape::Decimals { from, to } => decimal(from + (to - from) * self.draw.unit(), *from, *to),
            Shape::Pattern(pattern) => pattern.render(self.number).into(),
        }
    }

    fn weighted(self, choices: &[(Value, u32)]) -> Value {
        let total: u64 = choices.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut left = self.draw.below(total);
        for (value, weight) in choices {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return value.clone(),
            }
        }
        Value::Null
    }
}

/// Cut to one decimal, and kept within the bounds.
fn decimal(number: f64, from: f64, to: f64) -> Value {
    let rounded = ((number * 10.0).round() / 10.0).max(from).min(to);
    Number::from_f64(rounded).map_or(Value::Null, Value::Number)
}

fn link(connectivity: &Connectivity, draw: Draw) -> Link {
    let percent = draw.unit() * 100.0;
    let Connectivity { offline, flapping, flapping_period } = connectivity;
    if percent < offline.get() {
        Link::Down
    } else if percent < offline.get() + flapping.get() {
        let phase_ms = draw.about("phase").below(flapping_period.get().saturating_mul(2_000));
        Link::Flapping { phase_ms }
    } else {
        Link::Up
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::model::{IdPattern, Percent, Seconds};

    fn seedlings(seed: u64, group: &DeviceGroup) -> impl Iterator<Item = Seedling> {
        (1..=group.count).map(move |number| seedling(seed, group, number))
    }

    fn template(shape: Shape) -> Template {
        Template { shape, missing: Percent::ZERO }
    }

    fn group(tags: Vec<(&str, Template)>) -> DeviceGroup {
        DeviceGroup {
            name: "locks".to_owned(),
            count: 1_000,
            id_pattern: IdPattern::parse("lock-{n:05}").expect("a pattern"),
            tags: tags.into_iter().map(|(name, template)| (name.to_owned(), template)).collect(),
            desired: Vec::new(),
            reported: Vec::new(),
            connectivity: Connectivity {
                offline: Percent::whole(10),
                flapping: Percent::whole(20),
                flapping_period: Seconds::new(60),
            },
            reports_desired: false,
            methods: BTreeMap::new(),
        }
    }

    #[test]
    fn values_follow_their_shapes() {
        let group = group(vec![
            ("cycle", template(Shape::Cycle(vec![json!("a"), json!("b")]))),
            ("pattern", template(Shape::Pattern(IdPattern::parse("room-{n}").expect("a pattern")))),
            ("number", template(Shape::Integers { from: -3, to: 3 })),
            ("level", template(Shape::Decimals { from: 0.5, to: 1.5 })),
            ("weighted", template(Shape::Weighted(vec![(json!("rare"), 1), (json!("often"), 9)]))),
            ("some", Template { shape: Shape::Constant(json!(1)), missing: Percent::whole(50) }),
        ]);
        let devices: Vec<_> = seedlings(1, &group).collect();
        assert_eq!(devices[0].id, "lock-00001");
        assert_eq!(devices[1].tags["cycle"], json!("b"));
        assert_eq!(devices[2].tags["pattern"], json!("room-3"));
        let count = |test: &dyn Fn(&Seedling) -> bool| devices.iter().filter(|device| test(device)).count();
        assert_eq!(count(&|device| (-3..=3).contains(&device.tags["number"].as_i64().unwrap_or(9))), 1_000);
        assert_eq!(count(&|device| (0.5..=1.5).contains(&device.tags["level"].as_f64().unwrap_or(9.0))), 1_000);
        assert!((50..150).contains(&count(&|device| device.tags["weighted"] == json!("rare"))));
        assert!((400..600).contains(&count(&|device| device.tags.contains_key("some"))));
        assert!((60..140).contains(&count(&|device| device.link == Link::Down)));
        assert!((140..260).contains(&count(&|device| matches!(device.link, Link::Flapping { .. }))));
    }

    #[test]
    fn another_member_changes_nothing_else() {
        let one = group(vec![("n", template(Shape::Integers { from: 0, to: 1_000 }))]);
        let two = group(vec![
            ("m", template(Shape::Integers { from: 0, to: 1_000 })),
            ("n", template(Shape::Integers { from: 0, to: 1_000 })),
        ]);
        let values =
            |group: &DeviceGroup| seedlings(1, group).map(|device| device.tags["n"].clone()).collect::<Vec<_>>();
        assert_eq!(values(&one), values(&two));
    }
}
