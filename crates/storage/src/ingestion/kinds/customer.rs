//! Customers as their sources know them.

use std::collections::{BTreeSet, HashMap};

use kehu_core::CustomerId;

use super::{Entry, Kind};
use crate::Error;
use crate::ingestion::customers::{self, Row};
use crate::ingestion::versions::Writing;
use crate::ingestion::write::{Counts, Moved};
use crate::ingestion::{Mask, Profile, external_codes};

/// The kind.
pub(super) static KIND: Kind = Kind { name: "customer", timeline: &[], facts: &[], valued: None };

/// Customers of a batch before and after it.
struct Profiles {
    held: HashMap<CustomerId, (Profile, i64)>,
    changed: BTreeSet<CustomerId>,
}

/// Creates the customers that are new, whatever kind of record named them, and changes those whose
/// records say something new.
pub(super) async fn write(
    writing: &Writing<'_>,
    entries: &[Entry],
    moved: &mut Moved,
) -> Result<(), Error> {
    let Writing { transaction, resolved, now, .. } = *writing;
    let new: BTreeSet<CustomerId> = resolved.new.iter().copied().collect();
    let mut profiles = load(writing, entries, &new).await?;
    let coded = external_codes::write(writing, entries).await?;
    let mut counts = Counts::default();
    for entry in entries {
        let Entry::Customer { external_id, profile, codes } = entry else { continue };
        let customer = resolved.customer(external_id);
        let has_new_code = !codes.is_empty() && coded.contains(&customer);
        counts.count(profiles.apply(customer, profile) || has_new_code);
    }
    moved.tally.add(KIND.name, counts);
    let mut created = Vec::with_capacity(new.len());
    for &id in &new {
        let profile = profiles.held.remove(&id).map(|(profile, _)| profile).unwrap_or_default();
        created.push(Row { id, profile, version: 1 });
    }
    customers::insert(transaction, &created, now).await?;
    let changed: Vec<i64> = profiles.changed.difference(&new).map(|id| id.0).collect();
    let mut updated = Vec::with_capacity(changed.len());
    for row in customers::lock(transaction, &changed).await? {
        let id = CustomerId(row.customer_id);
        let (profile, version) = profiles.held.remove(&id).expect("what changed is held");
        if row.version != version {
            let text = "a customer is being changed by another writer, write it again";
            return Err(Error::Conflict(text.to_owned()));
        }
        updated.push(Row { id, profile, version: version + 1 });
    }
    customers::update(transaction, &updated, now).await?;
    moved.customers.extend(&new);
    moved.customers.extend(&profiles.changed);
    Ok(())
}

async fn load(
    writing: &Writing<'_>,
    entries: &[Entry],
    new: &BTreeSet<CustomerId>,
) -> Result<Profiles, Error> {
    let mut ids = BTreeSet::new();
    for entry in entries {
        if let Entry::Customer { external_id, .. } = entry {
            ids.insert(writing.resolved.customer(external_id));
        }
    }
    let old: Vec<i64> = ids.difference(new).map(|customer| customer.0).collect();
    let mut held = HashMap::new();
    for row in customers::find(writing.transaction, &old).await? {
        let (id, version) = (CustomerId(row.customer_id), row.version);
        held.insert(id, (customers::profile(row)?, version));
    }
    Ok(Profiles { held, changed: BTreeSet::new() })
}

impl Profiles {
    /// Takes over what a record says; whether it was new or changed anything.
    fn apply(&mut self, customer: CustomerId, given: &Profile) -> bool {
        let Some((held, _)) = self.held.get_mut(&customer) else {
            let mut profile = Profile::default();
            profile.apply(given, &Mask::Given);
            self.held.insert(customer, (profile, 1));
            self.changed.insert(customer);
            return true;
        };
        let before = held.clone();
        held.apply(given, &Mask::Given);
        let changed = *held != before;
        if changed {
            self.changed.insert(customer);
        }
        changed
    }
}
