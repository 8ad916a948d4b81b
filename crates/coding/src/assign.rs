//! Giving codes under a scheme: who is due, what the code says, and the numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_analytics::Analytics;
use kehu_core::code_scheme::{CodeScheme, CompiledScheme, Prefix, Recoding};
use kehu_core::taxonomy::Taxonomy;
use kehu_core::{CustomerId, Value};
use kehu_server::{Fault, names};
use kehu_storage::{
    Database, Transaction,
    coding::{
        classes::{self, View},
        codes::{self, CodeColumns, EndReason, Given, LeftOut, NewCode},
        schemes,
    },
    definitions,
    facts::{self, CustomerSet},
};

use crate::convert::analytics_fault;
use crate::measure;

/// Hundredths of a prefix's capacity from which on its use is warned about.
const WARN_PERCENT: i64 = 80;

/// A scheme, ready to give codes.
pub(crate) struct Assigner {
    scheme: CodeScheme,
    compiled: CompiledScheme,
    analytics: Analytics,
}

/// Customers that are to get a code as of a date.
pub(crate) struct Due {
    as_of: NaiveDate,
    /// In the order of the customers' first references.
    codes: Vec<DueCode>,
    /// Those whose code the scheme cannot write, and why.
    unwritable: Vec<(CustomerId, String)>,
    /// Those among the customers who are noted as left out.
    noted: Vec<CustomerId>,
}

/// A code but for its number.
struct DueCode {
    customer: CustomerId,
    class_code: String,
    prefix: Prefix,
}

impl Due {
    /// Whether nobody is due, and nobody was when it was last looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.unwritable.is_empty() && self.noted.is_empty()
    }
}

impl Assigner {
    /// The scheme with this id. [`Fault::Precondition`] when it cannot give codes any more.
    pub(crate) async fn new(
        db: &Database,
        analytics: &Analytics,
        scheme: &str,
    ) -> Result<Self, Fault> {
        let scheme = definitions::get::<CodeScheme>(db, scheme, None).await?.definition;
        let compiled = compiled(&scheme)?;
        let catalogue = analytics.catalogue().await.map_err(analytics_fault)?;
        for table in &scheme.tables {
            if catalogue.find(&table.attribute).is_none() {
                return Err(broken(&scheme, &catalogue.missing(&table.attribute)));
            }
        }
        Ok(Self { scheme, compiled, analytics: analytics.clone() })
    }

    /// The taxonomy on whose classes it depends who is due; `None` where everybody is.
    pub(crate) fn taxonomy(&self) -> Option<&str> {
        Some(self.scheme.taxonomy.as_str()).filter(|taxonomy| !taxonomy.is_empty())
    }

    /// Who of the customers is to get a code for what is true on `as_of`: those that have a
    /// class (every customer, under a scheme without a taxonomy) and no code, or one of a class
    /// they have left, if the scheme says so.
    pub(crate) async fn due(
        &self,
        db: &Database,
        customers: &CustomerSet,
        as_of: NaiveDate,
    ) -> Result<Due, Fault> {
        let mut candidates = self.classified(db, customers, as_of).await?;
        let current = codes::current_of(db, &self.scheme.id, customers).await?;
        let current = Current::of(&current);
        candidates.retain(|(customer, class_code)| {
            self.needs_code(current.get(*customer), class_code, as_of)
        });
        let noted = codes::left_out_of(db, &self.scheme.id, customers).await?;
        let (mut codes, unwritable) = self.prefixes(candidates, as_of).await?;
        sort(db, &mut codes).await?;
        Ok(Due { as_of, codes, unwritable, noted })
    }

    /// The short code of each customer's class, ascending by customer.
    async fn classified(
        &self,
        db: &Database,
        customers: &CustomerSet,
        as_of: NaiveDate,
    ) -> Result<Vec<(CustomerId, String)>, Fault> {
        if self.scheme.taxonomy.is_empty() {
            let ids = facts::customer_ids(db, customers).await?;
            return Ok(ids.into_iter().map(|id| (CustomerId(id), String::new())).collect());
        }
        let view = View { true_on: Some(as_of), known_at: None };
        let classes = classes::at(db, &self.scheme.taxonomy, customers, view).await?;
        let versions: BTreeSet<i64> = classes.version_ids.iter().copied().collect();
        let versions: Vec<i64> = versions.into_iter().collect();
        let class_codes = class_codes(db, &versions).await?;
        let mut classified = Vec::with_capacity(classes.customers.len());
        let found = classes.version_ids.into_iter().zip(classes.classes);
        for (customer, class) in classes.customers.into_iter().zip(found) {
            let code = class_codes.get(&class).ok_or_else(|| {
                Fault::internal(format!("class {} is not in its taxonomy", class.1))
            })?;
            classified.push((CustomerId(customer), code.clone()));
        }
        Ok(classified)
    }

    fn needs_code(&self, current: Option<(&str, i32)>, class_code: &str, as_of: NaiveDate) -> bool {
        let Some((given_for, given_on)) = current else { return true };
        self.scheme.recoding == Recoding::OnClassChange
            && given_for != class_code
            && given_on <= kehu_storage::time::days(as_of)
    }

    /// What each code says of its customer, the attributes as of the date among it; and those
    /// whose class the scheme cannot write.
    async fn prefixes(
        &self,
        candidates: Vec<(CustomerId, String)>,
        as_of: NaiveDate,
    ) -> Result<(Vec<DueCode>, Vec<(CustomerId, String)>), Fault> {
        let customers = candidates.iter().map(|(customer, _)| customer.0).collect();
        let attributes = self.attributes(customers, as_of).await?;
        let (mut codes, mut unwritable) = (Vec::with_capacity(candidates.len()), Vec::new());
        for (customer, class_code) in candidates {
            let values = attributes.get(&customer);
            let attribute = |name: &str| values.and_then(|values| values.get(name)).cloned();
            let prefix = self.compiled.prefix(&class_code, &attribute, as_of);
            match prefix {
                Ok(prefix) => codes.push(DueCode { customer, class_code, prefix }),
                Err(error) => unwritable.push((customer, error.to_string())),
            }
        }
        Ok((codes, unwritable))
    }

    /// The attributes of the template for each customer; null ones are left out.
    async fn attributes(
        &self,
        customers: Vec<i64>,
        as_of: NaiveDate,
    ) -> Result<HashMap<CustomerId, BTreeMap<String, String>>, Fault> {
        if customers.is_empty() || self.scheme.tables.is_empty() {
            return Ok(HashMap::new());
        }
        let names: Vec<&str> =
            self.scheme.tables.iter().map(|table| table.attribute.as_str()).collect();
        let set = CustomerSet::Ids(customers);
        let frame = self.analytics.features(&set, as_of, &names).await.map_err(analytics_fault)?;
        let mut rows = HashMap::with_capacity(frame.len());
        for (row, customer) in frame.customers().into_iter().enumerate() {
            let texts = frame.row(row).into_iter();
            let texts = texts.filter_map(|(name, value)| Some((name, text(&value)?)));
            rows.insert(customer, texts.collect());
        }
        Ok(rows)
    }

    /// Gives the codes, in the order of first references, and returns how many. Whoever got one in
    /// the meantime keeps that. Who comes when the numbers of a prefix have run out keeps the code it
    /// has and is noted as left out. [`Fault::Conflict`] when another scheme gave one of the codes
    /// meanwhile: roll back and repeat.
    pub(crate) async fn give(
        &self,
        transaction: &Transaction,
        due: &Due,
        run_id: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<usize, Fault> {
        schemes::lock(transaction, &self.scheme.id).await?;
        let (pending, replaced) = self.still_due(transaction, due).await?;
        let (given, without) = self.number_all(transaction, pending, run_id, now).await?;
        let customers = given.iter().map(|code| code.customer);
        let ended: Vec<CustomerId> =
            customers.filter(|customer| replaced.contains(customer)).collect();
        codes::end(transaction, &self.scheme.id, &ended, now).await?;
        let of = Given { as_of: due.as_of, run_id, now };
        let left = codes::give(transaction, &self.scheme.id, &given, of).await?;
        if !left.is_empty() {
            return Err(Fault::Conflict);
        }
        let ended_now = (EndReason::ClassChange, now);
        codes::explain_end(transaction, &self.scheme.id, &ended, ended_now).await?;
        let left_out: Vec<LeftOut> = due
            .unwritable
            .iter()
            .cloned()
            .chain(without)
            .map(|(customer, reason)| LeftOut {
                customer,
                reason,
                as_of: due.as_of,
                recorded_at: now,
                run_id,
            })
            .collect();
        codes::leave_out(transaction, &self.scheme.id, &due.noted, &left_out).await?;
        measure::left_out("code_scheme", &self.scheme.id, left_out.len());
        Ok(given.len())
    }

    /// Who is due as the transaction sees it, under the lock, and who of them has a code that is
    /// to be replaced.
    async fn still_due<'a>(
        &self,
        transaction: &Transaction,
        due: &'a Due,
    ) -> Result<(Vec<&'a DueCode>, HashSet<CustomerId>), Fault> {
        let set = CustomerSet::Ids(due.codes.iter().map(|code| code.customer.0).collect());
        let current = codes::current_within(transaction, &self.scheme.id, &set).await?;
        let current = Current::of(&current);
        let mut pending: Vec<&DueCode> = due.codes.iter().collect();
        pending.retain(|code| {
            self.needs_code(current.get(code.customer), &code.class_code, due.as_of)
        });
        let customers = pending.iter().map(|code| code.customer);
        let replaced = customers.filter(|customer| current.get(*customer).is_some()).collect();
        Ok((pending, replaced))
    }

    /// The codes with their numbers, ascending by customer, and who got none. A number whose code
    /// exists already, of another scheme that writes the same, is skipped, which stays on record.
    async fn number_all(
        &self,
        transaction: &Transaction,
        mut pending: Vec<&DueCode>,
        run_id: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<NewCode>, Vec<(CustomerId, String)>), Fault> {
        let (mut numbered, mut without) = (Vec::with_capacity(pending.len()), Vec::new());
        while !pending.is_empty() {
            let codes = self.number(transaction, &pending, &mut without).await?;
            let normals: Vec<&str> = codes.iter().map(|code| code.normal.as_str()).collect();
            let taken = codes::taken(transaction, &normals).await?;
            let (skipped, codes): (Vec<NewCode>, Vec<NewCode>) =
                codes.into_iter().partition(|code| taken.contains(&code.normal));
            codes::skip(transaction, &self.scheme.id, &skipped, run_id, now).await?;
            numbered.extend(codes);
            let done: HashSet<CustomerId> = numbered
                .iter()
                .map(|code| code.customer)
                .chain(without.iter().map(|(customer, _)| *customer))
                .collect();
            pending.retain(|code| !done.contains(&code.customer));
        }
        numbered.sort_unstable_by_key(|code| code.customer);
        Ok((numbered, without))
    }

    /// The codes with their numbers: for each prefix the next ones, in the order given. Who
    /// comes after the last number goes to `without`.
    async fn number(
        &self,
        transaction: &Transaction,
        pending: &[&DueCode],
        without: &mut Vec<(CustomerId, String)>,
    ) -> Result<Vec<NewCode>, Fault> {
        let mut by_prefix: BTreeMap<&str, Vec<&DueCode>> = BTreeMap::new();
        for code in pending {
            by_prefix.entry(code.prefix.key()).or_default().push(code);
        }
        let mut codes = Vec::with_capacity(pending.len());
        for (prefix, group) in by_prefix {
            let numbers = self.take(transaction, prefix, group.len()).await?;
            let mut group = group.into_iter();
            for (number, code) in numbers.zip(group.by_ref()) {
                codes.push(self.render(code, number)?);
            }
            let full =
                format!("no number is left under {prefix}: widen the sequence in a new scheme");
            without.extend(group.map(|code| (code.customer, full.clone())));
        }
        Ok(codes)
    }

    /// Takes numbers of a prefix, as many as there are.
    async fn take(
        &self,
        transaction: &Transaction,
        prefix: &str,
        count: usize,
    ) -> Result<RangeInclusive<i64>, Fault> {
        let count = i64::try_from(count).map_err(Fault::internal)?;
        let scheme = &self.scheme.id;
        let last = codes::take(transaction, scheme, prefix, count).await?;
        let capacity = i64::try_from(self.compiled.capacity()).unwrap_or(i64::MAX);
        let surplus = (last - capacity).clamp(0, count);
        if surplus > 0 {
            codes::put_back(transaction, scheme, prefix, surplus).await?;
            tracing::error!(scheme, prefix, capacity, surplus, "a prefix has run out of codes");
        }
        let limit = capacity / 100 * WARN_PERCENT + capacity % 100 * WARN_PERCENT / 100;
        if last > limit && last - count <= limit {
            tracing::warn!(scheme, prefix, last, capacity, "a prefix is running out of codes");
        }
        Ok(last - count + 1..=last - surplus)
    }

    fn render(&self, code: &DueCode, number: i64) -> Result<NewCode, Fault> {
        let counted = u64::try_from(number).map_err(Fault::internal)?;
        let rendered = self.compiled.render(&code.prefix, counted).map_err(Fault::internal)?;
        Ok(NewCode {
            code: rendered.displayed,
            normal: rendered.normalised,
            prefix: code.prefix.key().to_owned(),
            number,
            customer: code.customer,
            class_code: code.class_code.clone(),
        })
    }
}

/// Sorts by first reference: customers' numbers differ from load to load.
async fn sort(db: &Database, codes: &mut [DueCode]) -> Result<(), Fault> {
    if codes.len() < 2 {
        return Ok(());
    }
    let set = CustomerSet::Ids(codes.iter().map(|code| code.customer.0).collect());
    let first = facts::first_references(db, &set).await?;
    let place = |code: &DueCode| (first.get(&code.customer), code.customer);
    codes.sort_unstable_by(|left, right| place(left).cmp(&place(right)));
    Ok(())
}

/// A stored scheme ready to render and read codes. It was checked before it was kept, by a
/// program that may have been another one: [`Fault::Precondition`] when it does not pass here.
pub(crate) fn compiled(scheme: &CodeScheme) -> Result<CompiledScheme, Fault> {
    scheme.compile().map_err(|problems| {
        let problems = problems.into_iter().map(|it| format!("{}: {}", it.field, it.message));
        broken(scheme, &problems.collect::<Vec<_>>().join(", "))
    })
}

fn broken(scheme: &CodeScheme, why: &str) -> Fault {
    Fault::Precondition {
        kind: "CODE_SCHEME_COMPILES",
        subject: names::resource(names::CODE_SCHEMES, &scheme.id),
        description: format!("it cannot give codes: {why}"),
    }
}

/// The short code of each class of the versions, by version and class.
async fn class_codes(
    db: &Database,
    version_ids: &[i64],
) -> Result<HashMap<(i64, String), String>, Fault> {
    let mut codes = HashMap::new();
    for version in definitions::by_numbers::<Taxonomy>(db.reader(), version_ids).await? {
        for class in version.definition.classes {
            codes.insert((version.version_id, class.id), class.code);
        }
    }
    Ok(codes)
}

/// The current codes by customer: the class code and the day each was given for.
struct Current<'a>(HashMap<i64, (&'a str, i32)>);

impl<'a> Current<'a> {
    fn of(columns: &'a CodeColumns) -> Self {
        let given =
            columns.class_codes.iter().map(String::as_str).zip(columns.as_of.iter().copied());
        Self(columns.customers.iter().copied().zip(given).collect())
    }

    fn get(&self, customer: CustomerId) -> Option<(&'a str, i32)> {
        self.0.get(&customer.0).copied()
    }
}

/// The text of an attribute's value, as code tables name it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.normalize().to_string()),
        Value::Text(text) => Some(text.clone()),
    }
}
