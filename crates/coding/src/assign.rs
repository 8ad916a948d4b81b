//! Giving codes under a scheme: who is due, what the code says, and the numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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
        codes::{self, CodeColumns, NewCode},
        schemes,
    },
    definitions,
    facts::{self, CustomerSet},
};

use crate::convert::analytics_fault;

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
    /// Ascending by customer.
    codes: Vec<DueCode>,
}

/// A code but for its number.
struct DueCode {
    customer: CustomerId,
    class_code: String,
    prefix: Prefix,
}

impl Due {
    /// Whether nobody is due.
    pub(crate) fn is_empty(&self) -> bool {
        self.codes.is_empty()
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
        for table in &scheme.tables {
            if analytics.catalogue().find(&table.attribute).is_none() {
                return Err(broken(&scheme, &format!("there is no feature {}", table.attribute)));
            }
        }
        Ok(Self { scheme, compiled, analytics: analytics.clone() })
    }

    /// The id of the scheme.
    pub(crate) fn id(&self) -> &str {
        &self.scheme.id
    }

    /// Whether who is due depends on classes; otherwise everybody is.
    pub(crate) fn follows_classes(&self) -> bool {
        !self.scheme.taxonomy.is_empty()
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
        let codes = self.prefixes(candidates, as_of).await?;
        Ok(Due { as_of, codes })
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

    /// What each code says of its customer, the attributes as of the date among it.
    async fn prefixes(
        &self,
        candidates: Vec<(CustomerId, String)>,
        as_of: NaiveDate,
    ) -> Result<Vec<DueCode>, Fault> {
        let customers = candidates.iter().map(|(customer, _)| customer.0).collect();
        let attributes = self.attributes(customers, as_of).await?;
        let mut codes = Vec::with_capacity(candidates.len());
        for (customer, class_code) in candidates {
            let values = attributes.get(&customer);
            let attribute = |name: &str| values.and_then(|values| values.get(name)).cloned();
            let prefix = self.compiled.prefix(&class_code, &attribute, as_of);
            let prefix = prefix.map_err(|error| Fault::Precondition {
                kind: "CLASS_CODE_FITS",
                subject: names::resource(names::CODE_SCHEMES, &self.scheme.id),
                description: error.to_string(),
            })?;
            codes.push(DueCode { customer, class_code, prefix });
        }
        Ok(codes)
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

    /// Gives the codes, in the order of customers, and returns how many. Whoever got one in the
    /// meantime keeps that. [`Fault::CodesExhausted`] when a prefix has too few numbers left:
    /// roll back, then nothing is given.
    pub(crate) async fn give(
        &self,
        transaction: &Transaction,
        due: &Due,
        run_id: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<usize, Fault> {
        schemes::lock(transaction, &self.scheme.id).await?;
        let mut pending = self.still_due(transaction, due, now).await?;
        let count = pending.len();
        while !pending.is_empty() {
            let codes = self.number(transaction, &pending).await?;
            let left =
                codes::give(transaction, &self.scheme.id, &codes, due.as_of, run_id, now).await?;
            pending.retain(|code| left.contains(&code.customer));
        }
        Ok(count)
    }

    /// Who is due as the transaction sees it, under the lock. Codes that will be replaced are
    /// ended here.
    async fn still_due<'a>(
        &self,
        transaction: &Transaction,
        due: &'a Due,
        now: DateTime<Utc>,
    ) -> Result<Vec<&'a DueCode>, Fault> {
        let set = CustomerSet::Ids(due.codes.iter().map(|code| code.customer.0).collect());
        let current = codes::current_within(transaction, &self.scheme.id, &set).await?;
        let current = Current::of(&current);
        let mut pending: Vec<&DueCode> = due.codes.iter().collect();
        pending.retain(|code| {
            self.needs_code(current.get(code.customer), &code.class_code, due.as_of)
        });
        let replaced: Vec<CustomerId> = pending
            .iter()
            .map(|code| code.customer)
            .filter(|customer| current.get(*customer).is_some())
            .collect();
        codes::end(transaction, &self.scheme.id, &replaced, now).await?;
        Ok(pending)
    }

    /// The codes with their numbers: for each prefix the next ones, in the order of customers.
    async fn number(
        &self,
        transaction: &Transaction,
        pending: &[&DueCode],
    ) -> Result<Vec<NewCode>, Fault> {
        let mut by_prefix: BTreeMap<&str, Vec<&DueCode>> = BTreeMap::new();
        for code in pending {
            by_prefix.entry(code.prefix.key()).or_default().push(code);
        }
        let mut codes = Vec::with_capacity(pending.len());
        for (prefix, group) in by_prefix {
            let count = i64::try_from(group.len()).map_err(Fault::internal)?;
            let last = codes::take(transaction, &self.scheme.id, prefix, count).await?;
            self.check_capacity(prefix, last, count)?;
            for (code, number) in group.into_iter().zip(last - count + 1..) {
                codes.push(self.render(code, number)?);
            }
        }
        codes.sort_unstable_by_key(|code| code.customer);
        Ok(codes)
    }

    fn check_capacity(&self, prefix: &str, last: i64, count: i64) -> Result<(), Fault> {
        let capacity = i64::try_from(self.compiled.capacity()).unwrap_or(i64::MAX);
        if last > capacity {
            return Err(Fault::CodesExhausted { prefix: prefix.to_owned() });
        }
        let limit = capacity / 100 * WARN_PERCENT + capacity % 100 * WARN_PERCENT / 100;
        if last > limit && last - count <= limit {
            let scheme = &self.scheme.id;
            tracing::warn!(scheme, prefix, last, capacity, "a prefix is running out of codes");
        }
        Ok(())
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
