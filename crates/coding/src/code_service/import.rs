//! Importing the codes that customers had before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use kehu_contract::coding::{
    CodeProblem, CodeProblemKind, ImportCodesRequest, ImportCodesResponse, ImportedCode,
    imported_code::Customer as Whose,
};
use kehu_core::code_scheme::{CodeScheme, CompiledScheme, SegmentKind, normalise};
use kehu_core::taxonomy::Taxonomy;
use kehu_core::{CustomerId, key};
use kehu_server::{Fault, Violations, clock, names};
use kehu_storage::{
    Transaction,
    coding::{
        classes,
        codes::{self, Given, Imported},
        schemes,
    },
    definitions, ingestion,
};

use crate::Coding;
use crate::assign::compiled;

/// Most codes in a request.
const MOST: usize = 1_000;
/// Longest code, in characters without separators.
const LONGEST: usize = 64;
/// Characters that are taken for each other when a code is read or typed.
const ALIKE: [&str; 5] = ["0OQ", "1IL", "2Z", "5S", "8B"];

/// A code of the request that may be imported.
struct Line {
    index: usize,
    code: String,
    normal: String,
    customer: CustomerId,
    class_code: String,
    /// The counter that its number would be from, and the number; none of an alias.
    number: Option<(String, i64)>,
}

impl Coding {
    pub(crate) async fn import_codes(
        &self,
        request: ImportCodesRequest,
    ) -> Result<ImportCodesResponse, Fault> {
        let mut violations = Violations::new();
        let scheme =
            names::parse_resource("scheme", names::CODE_SCHEMES, &request.scheme, &mut violations);
        if request.codes.is_empty() || request.codes.len() > MOST {
            violations.add("codes", format!("must be 1 to {MOST} codes"));
        }
        violations.finish()?;
        let scheme = scheme.unwrap_or_default();
        let scheme = definitions::get::<CodeScheme>(&self.db, &scheme, None).await?.definition;
        let mut problems = Vec::new();
        let lines = self.lines(&request, &scheme, &mut problems).await?;
        let given = Given { as_of: self.given_on(&scheme).await?, run_id: None, now: clock::now() };
        let transaction = self.db.begin().await?;
        schemes::lock(&transaction, &scheme.id).await?;
        let (lines, unchanged) = apart(&transaction, lines, &request, &mut problems).await?;
        let imported = lines.len();
        if !request.validate_only {
            write(&transaction, &scheme.id, lines, request.as_alias, given).await?;
            transaction.commit().await?;
        }
        problems.sort_by_key(|problem: &CodeProblem| problem.index);
        Ok(ImportCodesResponse {
            imported_count: i32::try_from(imported).unwrap_or(i32::MAX),
            unchanged_count: i32::try_from(unchanged).unwrap_or(i32::MAX),
            problems,
        })
    }

    /// The date that imported codes are given for: as that of codes that follow, the last for which
    /// everybody was classified.
    async fn given_on(&self, scheme: &CodeScheme) -> Result<NaiveDate, Fault> {
        let through = match scheme.taxonomy.as_str() {
            "" => None,
            taxonomy => classes::latest_classified(&self.db, Some(taxonomy), None).await?,
        };
        match through {
            Some(day) => Ok(day),
            None => self.business_date().await,
        }
    }

    /// What of the request is a code, and of a customer that there is.
    async fn lines(
        &self,
        request: &ImportCodesRequest,
        scheme: &CodeScheme,
        problems: &mut Vec<CodeProblem>,
    ) -> Result<Vec<Line>, Fault> {
        let compiled = if request.as_alias { None } else { Some(compiled(scheme)?) };
        let classes = match &compiled {
            Some(compiled) => self.class_texts(scheme, compiled).await?,
            None => HashMap::new(),
        };
        let mut lines = Vec::with_capacity(request.codes.len());
        for (index, imported) in request.codes.iter().enumerate() {
            let read = match &compiled {
                None => alias(&imported.code),
                Some(compiled) => under_scheme(&imported.code, compiled, &classes),
            };
            let read = match read {
                Ok(read) => read,
                Err(why) => {
                    let kind = CodeProblemKind::Malformed;
                    problems.push(problem(index, &imported.code, kind, None, why));
                    continue;
                }
            };
            match self.whose(imported).await? {
                Some(customer) => lines.push(Line { index, customer, ..read }),
                None => {
                    let kind = CodeProblemKind::CustomerUnknown;
                    let why = "no customer is known by that: import it first".to_owned();
                    problems.push(problem(index, &imported.code, kind, None, why));
                }
            }
        }
        Ok(lines)
    }

    /// The customer of a code, or the one that it is merged into.
    async fn whose(&self, imported: &ImportedCode) -> Result<Option<CustomerId>, Fault> {
        let found = match &imported.customer {
            Some(Whose::Reference(reference)) => {
                let key = key::clean_customer(&reference.external_id).0;
                if key.contains('\0') || reference.source.contains('\0') {
                    return Ok(None);
                }
                ingestion::find_reference(&self.db, &reference.source, &key).await?
            }
            Some(Whose::Name(name)) => {
                names::parse_customer("customer", name, &mut Violations::new())
            }
            None => None,
        };
        let Some(customer) = found else { return Ok(None) };
        let customer = self.standing(customer).await?;
        match self.check_exists(customer).await {
            Ok(()) => Ok(Some(customer)),
            Err(Fault::NotFound { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The short code of each class by how it stands in a code, as the newest version says.
    async fn class_texts(
        &self,
        scheme: &CodeScheme,
        compiled: &CompiledScheme,
    ) -> Result<HashMap<String, String>, Fault> {
        let mut texts = HashMap::new();
        if scheme.taxonomy.is_empty() {
            return Ok(texts);
        }
        for version in definitions::published::<Taxonomy>(&self.db, &scheme.taxonomy).await? {
            for class in version.definition.classes {
                if let Ok(Some(text)) = compiled.class_text(&class.code) {
                    texts.entry(text).or_insert(class.code);
                }
            }
        }
        Ok(texts)
    }
}

fn problem(
    index: usize,
    code: &str,
    kind: CodeProblemKind,
    customer: Option<CustomerId>,
    description: String,
) -> CodeProblem {
    CodeProblem {
        index: i32::try_from(index).unwrap_or(i32::MAX),
        code: code.chars().take(2 * LONGEST).collect(),
        kind: kind.into(),
        customer: customer.map(names::customer).unwrap_or_default(),
        description,
    }
}

/// A code of any form.
fn alias(code: &str) -> Result<Line, String> {
    let normal = normalise(code);
    if normal.is_empty() || normal.chars().count() > LONGEST || code.chars().any(char::is_control) {
        return Err(format!("must hold 1 to {LONGEST} letters and digits"));
    }
    let code = code.trim().to_owned();
    let (index, customer, class_code) = (0, CustomerId(0), String::new());
    Ok(Line { index, code, normal, customer, class_code, number: None })
}

/// A code as the scheme would have given it.
fn under_scheme(
    code: &str,
    compiled: &CompiledScheme,
    classes: &HashMap<String, String>,
) -> Result<Line, String> {
    let line = alias(code)?;
    let segments = compiled.decode(&line.normal).map_err(|error| error.to_string())?;
    let normal = compiled.normalise(&line.normal);
    let (mut prefix, mut class_code) = (String::new(), String::new());
    let mut number: Option<i64> = None;
    for segment in segments {
        match segment.kind {
            SegmentKind::Check => {}
            SegmentKind::Sequence => {
                prefix.push_str(&"#".repeat(segment.text.len()));
                number = segment.meaning.and_then(|number| number.parse().ok());
            }
            SegmentKind::Class => {
                let class = classes.get(&segment.text);
                let class = class.ok_or_else(|| format!("{} is no class", segment.text))?;
                class_code.clone_from(class);
                prefix.push_str(&segment.text);
            }
            _ => prefix.push_str(&segment.text),
        }
    }
    let number = number.filter(|number| *number > 0);
    let number = number.ok_or_else(|| "its number is not from 1 on".to_owned())?;
    Ok(Line { normal, class_code, number: Some((prefix, number)), ..line })
}

/// Keeps what is new, and counts what was imported before; what collides becomes a problem.
async fn apart(
    transaction: &Transaction,
    lines: Vec<Line>,
    request: &ImportCodesRequest,
    problems: &mut Vec<CodeProblem>,
) -> Result<(Vec<Line>, usize), Fault> {
    let mut wanted = BTreeSet::new();
    for line in &lines {
        wanted.insert(line.normal.clone());
        wanted.extend(alike(&line.normal));
    }
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let mut held = codes::owners(transaction, &wanted).await?;
    let (mut new, mut unchanged, mut coded) = (Vec::new(), 0, BTreeSet::new());
    for line in lines {
        if held.get(&line.normal) == Some(&line.customer) {
            unchanged += 1;
            continue;
        }
        let like =
            || alike(&line.normal).into_iter().find_map(|it| held.get(&it).map(|of| (it, *of)));
        let found = if let Some(owner) = held.get(&line.normal) {
            let why = "it was given to another customer: codes are given once".to_owned();
            Some((CodeProblemKind::Taken, Some(*owner), why))
        } else if !request.as_alias && coded.contains(&line.customer) {
            let why =
                "its customer has another code here: import one of them as an alias".to_owned();
            Some((CodeProblemKind::Several, Some(line.customer), why))
        } else {
            let like = if request.allow_look_alikes { None } else { like() };
            like.map(|(code, owner)| {
                let why = format!("it looks like {code}: import it with allow_look_alikes");
                (CodeProblemKind::LooksAlike, Some(owner), why)
            })
        };
        if let Some((kind, customer, why)) = found {
            problems.push(problem(line.index, &line.code, kind, customer, why));
            continue;
        }
        held.insert(line.normal.clone(), line.customer);
        coded.insert(line.customer);
        new.push(line);
    }
    Ok((new, unchanged))
}

/// The codes with one character taken for one that looks like it.
fn alike(normal: &str) -> Vec<String> {
    let characters: Vec<char> = normal.chars().collect();
    let mut found = Vec::new();
    for (place, own) in characters.iter().enumerate() {
        let group = ALIKE.iter().find(|group| group.contains(*own)).copied().unwrap_or_default();
        for other in group.chars().filter(|other| other != own) {
            let mut variant = characters.clone();
            variant[place] = other;
            found.push(variant.into_iter().collect());
        }
    }
    found
}

async fn write(
    transaction: &Transaction,
    scheme: &str,
    lines: Vec<Line>,
    as_alias: bool,
    given: Given,
) -> Result<(), Fault> {
    let mut counters: BTreeMap<String, i64> = BTreeMap::new();
    let mut imported = Vec::with_capacity(lines.len());
    for line in lines {
        if let Some((prefix, number)) = line.number {
            let last = counters.entry(prefix).or_insert(number);
            *last = number.max(*last);
        }
        let Line { code, normal, customer, class_code, .. } = line;
        imported.push(Imported { code, normal, customer, class_code });
    }
    for (prefix, number) in counters {
        codes::raise(transaction, scheme, &prefix, number).await?;
    }
    codes::import(transaction, scheme, &imported, as_alias, given).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_look_alike_differ_in_one_character_that_does() {
        assert_eq!(alike("A0"), ["AO", "AQ"]);
        assert_eq!(alike("ABC"), ["A8C"]);
        assert_eq!(alike("347"), Vec::<String>::new());
    }
}
