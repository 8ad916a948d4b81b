//! Customers as their sources know them.

use std::collections::{BTreeMap, BTreeSet};

use kehu_core::CustomerId;

use super::{Entry, Kind};
use crate::business_date::Days;
use crate::ingestion::customers::{self, Row};
use crate::ingestion::golden::Golden;
use crate::ingestion::values::{self, Saying};
use crate::ingestion::versions::Writing;
use crate::ingestion::write::{Counts, Moved};
use crate::ingestion::{Mask, Profile, external_codes, merges};
use crate::{Error, time};

/// The kind.
pub(super) static KIND: Kind = Kind {
    name: super::CUSTOMER,
    timeline: &[],
    facts: &[],
    valued: None,
    versions: None,
    measured: &[],
};

/// Customers of a batch before and after it.
struct Profiles {
    /// Those that records say something about, and those that are new.
    golden: BTreeMap<CustomerId, Golden>,
    /// Those whose records have nothing that is not held.
    unchanged: BTreeSet<CustomerId>,
    /// New ones of whom nothing was said yet.
    unsaid: BTreeSet<CustomerId>,
    /// `None` where nothing is to be written.
    days: Option<Days>,
}

/// Creates the customers that are new, whatever kind of record named them, and changes those whose
/// records say something new.
pub(super) async fn write(
    writing: &Writing<'_>,
    entries: &[Entry],
    moved: &mut Moved,
) -> Result<(), Error> {
    let Writing { transaction, resolved, .. } = *writing;
    let mut profiles = Profiles::load(writing, entries).await?;
    let coded = external_codes::write(writing, entries).await?;
    let mut counts = Counts::default();
    for entry in entries {
        let Entry::Customer { external_id, codes, .. } = entry else { continue };
        let home = resolved.home(external_id);
        let has_new_code = !codes.is_empty() && coded.contains(&home);
        counts.count(profiles.take(writing, entry)? || has_new_code);
    }
    moved.tally.add(KIND.name, counts);
    for &id in &resolved.new {
        moved.customers.insert(id);
    }
    for (id, golden) in &profiles.golden {
        if let Some(day) = golden.first_day.filter(|_| golden.version > 0) {
            moved.profile(*id, day);
        }
    }
    profiles.write(writing).await?;
    values::write(transaction, profiles.golden.values().map(|golden| &golden.homes)).await
}

impl Profiles {
    /// Reads the customers that records say something about, and of those of whom they say something
    /// new the values.
    async fn load(writing: &Writing<'_>, entries: &[Entry]) -> Result<Self, Error> {
        let Writing { transaction, resolved, now, .. } = *writing;
        let unsaid: BTreeSet<CustomerId> = resolved.new.iter().copied().collect();
        let new = unsaid.iter().map(|id| (*id, Golden::default()));
        let mut golden: BTreeMap<CustomerId, Golden> = new.collect();
        let records = || entries.iter().filter_map(|entry| said(writing, entry));
        let old: BTreeSet<CustomerId> = records().map(|(id, ..)| id).collect();
        let old: Vec<i64> = old.difference(&unsaid).map(|id| id.0).collect();
        // Each of those that are merged keeps what is said of it, whatever holds of all of them.
        let absorbed = merges::absorbed_in(transaction, &old).await?;
        let merged: BTreeSet<i64> = absorbed.into_values().collect();
        for row in customers::find(transaction, &old).await? {
            let (id, version) = (CustomerId(row.customer_id), row.version);
            golden.insert(id, Golden::held(customers::profile(row)?, version));
        }
        let mut changing = BTreeSet::new();
        for (id, profile, at) in records() {
            let held = golden.entry(id).or_default();
            if at.is_some() || merged.contains(&id.0) || held.differs(profile, &Mask::Given) {
                changing.insert(id);
            }
        }
        let ids: Vec<i64> = changing.difference(&unsaid).map(|id| id.0).collect();
        for (id, homes) in values::load(transaction, &ids).await? {
            golden.entry(id).or_default().homes = homes;
        }
        let days = match changing.is_empty() {
            true => None,
            false => Some(Days::load(transaction, now).await?),
        };
        let unchanged = golden.keys().copied().filter(|id| !changing.contains(id)).collect();
        Ok(Self { golden, unchanged, unsaid, days })
    }

    /// Takes over what a record says; whether it was new or changed anything.
    fn take(&mut self, writing: &Writing<'_>, entry: &Entry) -> Result<bool, Error> {
        let Some((id, profile, at)) = said(writing, entry) else { return Ok(false) };
        let Entry::Customer { external_id, .. } = entry else { return Ok(false) };
        let created = self.unsaid.remove(&id);
        let Some(days) = self.days.as_ref().filter(|_| !self.unchanged.contains(&id)) else {
            return Ok(created);
        };
        let golden = self.golden.entry(id).or_default();
        let version = golden.version + 1;
        let (source_id, now) = (writing.source_id, time::micros(writing.now));
        let saying = Saying { source_id, at, after: None, version, now, days };
        let home = writing.resolved.home(external_id);
        Ok(golden.say(home, profile, &Mask::Given, &saying)? || created)
    }

    async fn write(&self, writing: &Writing<'_>) -> Result<(), Error> {
        let Writing { transaction, now, .. } = *writing;
        let row = |(id, golden): (&CustomerId, &Golden)| golden.row(*id);
        let created: Vec<Row> =
            self.golden.iter().filter(|(_, golden)| golden.version == 0).map(row).collect();
        customers::insert(transaction, &created, now).await?;
        let written = self.golden.iter().filter(|(_, one)| one.version > 0 && one.written);
        let written: Vec<i64> = written.map(|(id, _)| id.0).collect();
        let mut updated = Vec::with_capacity(written.len());
        for held in customers::lock(transaction, &written).await? {
            let id = CustomerId(held.customer_id);
            let golden = &self.golden[&id];
            if held.version != golden.version {
                let text = "a customer is being changed by another writer, write it again";
                return Err(Error::Conflict(text.to_owned()));
            }
            updated.push(golden.row(id));
        }
        customers::update(transaction, &updated, now).await
    }
}

/// Of whom a record of a customer says something, what, and when its source did, in microseconds.
fn said<'a>(
    writing: &Writing<'_>,
    entry: &'a Entry,
) -> Option<(CustomerId, &'a Profile, Option<i64>)> {
    let Entry::Customer { external_id, profile, source_updated_at, .. } = entry else {
        return None;
    };
    let at = source_updated_at.map(time::micros);
    Some((writing.resolved.customer(external_id), profile, at))
}
