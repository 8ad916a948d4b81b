//! What stands beside a name and is none: legal forms of companies, titles of persons.
//!
//! All in the form that [`fold`](super::fold) gives. Of legal forms (ISO 20275 lists some thousands) these
//! are the ones that trade data is full of; what is missing costs a match, so add it here.

/// Chinese and Japanese legal forms, wherever they stand; longer ones before those within them.
const UNSPACED_ANYWHERE: [&str; 8] = [
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "株式会社",
    "有限会社",
    "合同会社",
    "有限合伙",
    "个体工商户",
];

/// What a Chinese name may end with; a branch (分公司) is somebody else than its company.
const UNSPACED_AT_THE_END: [&str; 4] = ["集团", "总公司", "公司", "普通合伙"];

/// What ends so is no company but a part of one.
const BRANCHES: [&str; 2] = ["分公司", "子公司"];

/// Legal forms as one word, and what is added to them.
const WORDS: [&str; 65] = [
    "ab",
    "ag",
    "aps",
    "as",
    "asa",
    "bv",
    "bvba",
    "co",
    "company",
    "corp",
    "corporation",
    "cv",
    "doo",
    "eood",
    "gbr",
    "gesmbh",
    "gmbh",
    "group",
    "holding",
    "holdings",
    "inc",
    "incorporated",
    "kft",
    "kg",
    "kgaa",
    "kk",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "oao",
    "ohg",
    "ood",
    "ooo",
    "oy",
    "oyj",
    "pao",
    "plc",
    "private",
    "pt",
    "pte",
    "pty",
    "pvt",
    "sa",
    "sarl",
    "sas",
    "sasu",
    "se",
    "sl",
    "snc",
    "spa",
    "sprl",
    "srl",
    "sro",
    "ug",
    "zao",
    "ооо",
    "зао",
    "пао",
    "주식회사",
    "유한회사",
];

/// Legal forms of several words.
const PHRASES: [&[&str]; 4] = [&["sdn", "bhd"], &["sp", "z", "oo"], &["de", "rl"], &["sa", "de"]];

/// Legal forms that are written before a name as well, and the article.
const LEADING: [&str; 8] = ["the", "pt", "ooo", "ооо", "зао", "пао", "주식회사", "유한회사"];

/// Legal forms in brackets.
pub(super) const BRACKETED: [&str; 4] = ["(株)", "(有)", "(주)", "(유)"];

const TITLES: [&str; 12] =
    ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "herr", "frau", "mme", "sr"];

const UNSPACED_TITLES: [&str; 5] = ["先生", "女士", "小姐", "太太", "老师"];

/// A Chinese or Japanese word without the legal forms in it; whether there were any.
pub(super) fn strip_unspaced(word: &str) -> (String, bool) {
    let mut name = word.to_owned();
    for form in UNSPACED_ANYWHERE {
        name = name.replace(form, "");
    }
    if BRANCHES.iter().any(|branch| name.ends_with(branch)) {
        let changed = name != word;
        return (name, changed);
    }
    while let Some(form) = UNSPACED_AT_THE_END.iter().find(|form| name.ends_with(**form)) {
        name.truncate(name.len() - form.len());
    }
    let changed = name != word;
    (name, changed)
}

/// Takes legal forms off both ends of the words of a name, of which one stays; whether there were any
/// that no person's name ends with, as that of Maria Sá does.
pub(super) fn strip_words(words: &mut Vec<String>) -> bool {
    let mut sure = false;
    while let Some(length) = trailing(words).filter(|length| *length < words.len()) {
        sure |= words.split_off(words.len() - length).iter().any(|word| word.chars().count() > 2);
    }
    while words.len() > 1 && LEADING.contains(&words[0].as_str()) {
        words.remove(0);
    }
    sure
}

/// How many words at the end are a legal form; `and` before one belongs to it.
fn trailing(words: &[String]) -> Option<usize> {
    let ends = |phrase: &&&[&str]| {
        let at = words.len().checked_sub(phrase.len());
        at.is_some_and(|at| words[at..].iter().map(String::as_str).eq(phrase.iter().copied()))
    };
    if let Some(phrase) = PHRASES.iter().find(ends) {
        return Some(phrase.len());
    }
    let last = words.last()?.as_str();
    if !WORDS.contains(&last) {
        return None;
    }
    let follows_and = words.len() > 2 && words[words.len() - 2] == "and";
    Some(if follows_and { 2 } else { 1 })
}

/// Takes titles out of the words of a person's name, of which one stays; whether there were any.
pub(super) fn strip_titles(words: &mut Vec<String>) -> bool {
    let mut stripped = false;
    words.retain(|word| {
        let title = TITLES.contains(&word.as_str());
        stripped |= title;
        !title
    });
    for word in words.iter_mut() {
        // 王先生 could be any of millions.
        let name = UNSPACED_TITLES.iter().find_map(|title| word.strip_suffix(title));
        if let Some(name) = name.filter(|name| name.chars().count() > 1) {
            *word = name.to_owned();
            stripped = true;
        }
    }
    stripped
}
