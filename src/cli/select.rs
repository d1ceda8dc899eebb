//! Which manifests a command line means.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::failure::Failure;
use super::plan_args::SelectionArgs;
use super::selector::Selector;
use crate::model::Manifest;
use crate::plan::Selection;

/// The selection that the command line makes.
///
/// # Errors
/// When it names a manifest that does not exist, or selects none.
pub(super) fn select(manifests: &[Arc<Manifest>], args: &SelectionArgs) -> Result<Selection, Failure> {
    if args.selector.is_none() && args.target.is_empty() {
        return Ok(Selection::Everything);
    }
    let selector = args.selector.as_deref().map(Selector::parse).transpose()?;
    let targets = args.target.iter().map(|name| named(manifests, name).map(|manifest| manifest.name.clone()));
    let targets = targets.collect::<Result<BTreeSet<_>, _>>()?;
    let is_selected = |manifest: &&Arc<Manifest>| {
        selector.as_ref().is_none_or(|selector| selector.matches(&manifest.labels))
            && (targets.is_empty() || targets.contains(&manifest.name))
    };
    let names: BTreeSet<_> = manifests.iter().filter(is_selected).map(|m| m.name.clone()).collect();
    match names.is_empty() {
        true => Err(Failure::NothingSelected(args.selector.clone().unwrap_or_default())),
        false => Ok(Selection::Only(names)),
    }
}

fn named<'m>(manifests: &'m [Arc<Manifest>], name: &str) -> Result<&'m Arc<Manifest>, Failure> {
    manifests.iter().find(|manifest| manifest.name.as_str() == name).ok_or_else(|| {
        let near = |known: &&str| strsim::osa_distance(known, name) <= 2;
        let mut known = manifests.iter().map(|manifest| manifest.name.as_str()).filter(near);
        let nearest = known.next().filter(|_| known.next().is_none()).map(str::to_owned);
        Failure::UnknownManifest { name: name.to_owned(), nearest }
    })
}
